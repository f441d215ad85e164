-- resty.upstream.healthcheck: asks the servers of upstream groups whether they
-- are well, and takes those out that are not.
local upstream = require "ngx.upstream"
local tcp = ngx.socket.tcp
local match, sub = string.match, string.sub
local concat = table.concat
local pcall, tonumber, tostring, ipairs = pcall, tonumber, tostring, ipairs

local _M = { _VERSION = "0.08" }

-- watched has the names of the groups that this worker has a checker for.
local watched = {}

local function log(level, ...)
  ngx.log(level, "healthcheck: ", ...)
end

-- kinds are the two sorts of peers, as functions, keys and status pages name
-- them.
local kinds = {
  { backup = false, key = "p", list = upstream.get_primary_peers },
  { backup = true, key = "b", list = upstream.get_backup_peers },
}

local function key(check, what, peer)
  return what .. ":" .. check.upstream .. ":" .. peer.kind.key .. peer.id
end

-- take makes the state of a peer known to this worker's balancer.
local function take(check, peer, down)
  local ok, err = upstream.set_peer_down(check.upstream, peer.kind.backup, peer.id, down)
  if not ok then
    log(ngx.ERR, "failed to set peer down: ", err)
    return
  end
  peer.down = down
end

-- turn makes it known to all workers.
local function turn(check, peer, down)
  take(check, peer, down)
  local dict = check.dict
  dict:set(key(check, "d", peer), down)
  dict:incr("v:" .. check.upstream, 1, 0)
end

-- count adds to the results of one sort in a row, and ends a row of the other.
local function count(check, peer, well)
  local dict = check.dict
  local mine, other = key(check, well and "ok" or "nok", peer), key(check, well and "nok" or "ok", peer)
  dict:delete(other)
  local n, err = dict:incr(mine, 1, 0)
  if not n then
    log(ngx.ERR, "failed to count for peer ", peer.name, ": ", err)
    return
  end
  if not well and not peer.down and n >= check.fall then
    log(ngx.WARN, "peer ", peer.name, " is turned down after ", n, " failure(s)")
    turn(check, peer, true)
  elseif well and peer.down and n >= check.rise then
    log(ngx.WARN, "peer ", peer.name, " is turned up after ", n, " success(es)")
    turn(check, peer, false)
  end
end

-- probe asks one peer; it gives true, or nil and what is wrong.
local function probe(check, peer)
  local sock, err = tcp()
  if not sock then
    return nil, "failed to create stream socket: " .. err
  end
  sock:settimeout(check.timeout)
  local ok
  if peer.host then
    ok, err = sock:connect(peer.host, check.port or peer.port)
  else
    ok, err = sock:connect(peer.name)
  end
  if not ok then
    return nil, "failed to connect to " .. peer.name .. ": " .. err
  end
  if check.type == "https" then
    ok, err = sock:sslhandshake(nil, check.host, check.ssl_verify)
    if not ok then
      sock:close()
      return nil, "failed to ssl handshake to " .. peer.name .. ": " .. err
    end
  end
  ok, err = sock:send(check.http_req)
  if not ok then
    sock:close()
    return nil, "failed to send request to " .. peer.name .. ": " .. err
  end
  local line
  line, err = sock:receive()
  sock:close()
  if not line then
    return nil, "failed to receive status line from " .. peer.name .. ": " .. err
  end
  local status = tonumber(match(line, "^HTTP/%d+%.%d+%s+(%d%d%d)"))
  if not status then
    return nil, "bad status line from " .. peer.name .. ": " .. line
  end
  if check.statuses and not check.statuses[status] then
    return nil, "bad status code from " .. peer.name .. ": " .. status
  end
  return true
end

local function examine(check, peer)
  local ok, err = probe(check, peer)
  if not ok and not peer.down then
    log(ngx.ERR, err)
  end
  count(check, peer, ok)
end

-- round examines all peers, as many at once as concurrency says.
local function round(check)
  local peers = check.peers
  local taken = 0
  local function work()
    while taken < #peers do
      taken = taken + 1
      examine(check, peers[taken])
    end
  end
  local threads = {}
  for i = 2, check.concurrency do
    if i > #peers then
      break
    end
    threads[#threads + 1] = ngx.thread.spawn(work)
  end
  work()
  for _, thread in ipairs(threads) do
    ngx.thread.wait(thread)
  end
end

-- follow takes over what another worker has found.
local function follow(check)
  local version = check.dict:get("v:" .. check.upstream) or 0
  if version == check.version then
    return
  end
  check.version = version
  for _, peer in ipairs(check.peers) do
    local down = check.dict:get(key(check, "d", peer)) or false
    if down ~= peer.down then
      take(check, peer, down)
    end
  end
end

-- tick is a turn of the timer: the worker that gets the lock of the interval
-- examines, all of them follow.
local function tick(premature, check)
  if premature then
    return
  end
  local ok, err = pcall(function()
    follow(check)
    local mine, why = check.dict:add("l:" .. check.upstream, true, check.interval - 0.001)
    if mine then
      round(check)
    elseif why ~= "exists" then
      log(ngx.ERR, "failed to take the lock of ", check.upstream, ": ", why)
    end
  end)
  if not ok then
    log(ngx.ERR, "failed to run healthcheck cycle: ", err)
  end
  ok, err = ngx.timer.at(check.interval, tick, check)
  if not ok and err ~= "process exiting" then
    log(ngx.ERR, "failed to create timer: ", err)
  end
end

-- peersOf lists the peers of both kinds, with what they are asked at.
local function peersOf(name)
  local all = {}
  for _, kind in ipairs(kinds) do
    local peers, err = kind.list(name)
    if not peers then
      return nil, "failed to get peers: " .. err
    end
    for _, peer in ipairs(peers) do
      local one = { kind = kind, id = peer.id, name = peer.name, down = peer.down or false }
      if sub(peer.name, 1, 5) ~= "unix:" then
        one.host, one.port = match(peer.name, "^(.*):(%d+)$")
        one.port = tonumber(one.port)
      end
      all[#all + 1] = one
    end
  end
  return all
end

-- spawn_checker begins to watch a group; it is called in init_worker_by_lua.
function _M.spawn_checker(opts)
  local kind = opts.type
  if not kind then
    return nil, "\"type\" option required"
  end
  if kind ~= "http" and kind ~= "https" then
    return nil, "only \"http\" and \"https\" type are supported right now"
  end
  if not opts.http_req then
    return nil, "\"http_req\" option required"
  end
  if not opts.shm then
    return nil, "\"shm\" option required"
  end
  local dict = ngx.shared[opts.shm]
  if not dict then
    return nil, "shm \"" .. tostring(opts.shm) .. "\" not found"
  end
  if not opts.upstream then
    return nil, "no upstream specified"
  end
  local peers, err = peersOf(opts.upstream)
  if not peers then
    return nil, err
  end
  local statuses
  if opts.valid_statuses then
    statuses = {}
    for _, status in ipairs(opts.valid_statuses) do
      statuses[status] = true
    end
  end
  local check = {
    upstream = opts.upstream, type = kind, http_req = opts.http_req, dict = dict, peers = peers, statuses = statuses,
    host = opts.host, port = opts.port, ssl_verify = opts.ssl_verify ~= false,
    timeout = opts.timeout or 1000, interval = (opts.interval or 1000) / 1000,
    fall = opts.fall or 5, rise = opts.rise or 2, concurrency = opts.concurrency or 1, version = 0,
  }
  if check.interval < 0.002 then
    check.interval = 0.002
  end
  local ok
  ok, err = ngx.timer.at(0, tick, check)
  if not ok then
    return nil, "failed to create timer: " .. err
  end
  watched[opts.upstream] = true
  return true
end

-- eachPeer calls a function with the status of each peer of a group.
local function eachPeer(name, kind, report)
  local peers, err = kind.list(name)
  if not peers then
    return "failed to get peers in upstream " .. name .. ": " .. err
  end
  for _, peer in ipairs(peers) do
    report(peer.name, peer.down and "DOWN" or "UP")
  end
end

-- status_page tells of all groups and peers, for people.
function _M.status_page()
  local out = {}
  for i, name in ipairs(upstream.get_upstreams()) do
    out[#out + 1] = (i > 1 and "\n" or "") .. "Upstream " .. name .. (watched[name] and "" or " (NO checkers)") .. "\n"
    for _, kind in ipairs(kinds) do
      out[#out + 1] = kind.backup and "    Backup Peers\n" or "    Primary Peers\n"
      local err = eachPeer(name, kind, function(peer, status)
        out[#out + 1] = "        " .. peer .. " " .. status .. "\n"
      end)
      if err then
        return err
      end
    end
  end
  return concat(out)
end

-- prometheus_status_page tells the same in the text format of Prometheus.
function _M.prometheus_status_page()
  local out = {
    "# HELP nginx_upstream_status_info The running status of nginx upstream\n",
    "# TYPE nginx_upstream_status_info gauge\n",
  }
  for _, name in ipairs(upstream.get_upstreams()) do
    if not watched[name] then
      out[#out + 1] = "nginx_upstream_status_info{name=\"" .. name .. "\",endpoint=\"\",status=\"UNKNOWN\",role=\"\"} 0\n"
    else
      for _, kind in ipairs(kinds) do
        local err = eachPeer(name, kind, function(peer, status)
          out[#out + 1] = "nginx_upstream_status_info{name=\"" .. name .. "\",endpoint=\"" .. peer .. "\",status=\"" .. status
            .. "\",role=\"" .. (kind.backup and "BACKUP" or "PRIMARY") .. "\"} " .. (status == "UP" and 1 or 0) .. "\n"
        end)
        if err then
          return err
        end
      end
    end
  end
  return concat(out)
end

return _M
