-- resty.redis: a client of Redis on cosockets.
local tcp = ngx.socket.tcp
local null = ngx.null
local sub, byte, upper = string.sub, string.byte, string.upper
local concat = table.concat
local type, tostring, tonumber, select, unpack = type, tostring, tonumber, select, unpack

local _M = { _VERSION = "0.31" }

-- Commands that change what a connection may be used for.
local subscribing = { subscribe = true, psubscribe = true, ssubscribe = true }
local unsubscribing = { unsubscribe = "subscribe", punsubscribe = "psubscribe", sunsubscribe = "ssubscribe" }

function _M.new()
  local sock, err = tcp()
  if not sock then
    return nil, err
  end
  return setmetatable({ _sock = sock }, getmetatable(_M))
end

local function socket(self)
  local sock = rawget(self, "_sock")
  if not sock then
    return nil, "not initialized"
  end
  return sock
end

function _M.set_timeout(self, milliseconds)
  local sock, err = socket(self)
  if not sock then
    error(err, 2)
  end
  sock:settimeout(milliseconds)
end

function _M.set_timeouts(self, connect, send, read)
  local sock, err = socket(self)
  if not sock then
    error(err, 2)
  end
  sock:settimeouts(connect, send, read)
end

-- connect takes a host and a port, or "unix:path", and options.
function _M.connect(self, host, port, opts)
  local sock, err = socket(self)
  if not sock then
    return nil, err
  end
  if type(host) ~= "string" then
    error("bad argument #1 host: string expected, got " .. type(host), 2)
  end
  local isunix = sub(host, 1, 5) == "unix:"
  if isunix and (type(port) == "table" or port == nil) then
    opts, port = port, nil
  end
  if not isunix then
    port = tonumber(port or 6379)
    if not port then
      error("bad argument #2 port: number expected", 2)
    end
  end
  if opts ~= nil and type(opts) ~= "table" then
    error("bad argument #3 opts: table expected, got " .. type(opts), 2)
  end
  self._subscribed = false
  self._kinds = nil
  self._pipeline = nil
  local ok
  if isunix then
    ok, err = sock:connect(host, opts)
  else
    ok, err = sock:connect(host, port, opts)
  end
  if not ok then
    return nil, err
  end
  if opts and opts.ssl then
    ok, err = sock:sslhandshake(false, opts.server_name, opts.ssl_verify)
    if not ok then
      return nil, "failed to do ssl handshake: " .. err
    end
  end
  return ok, err
end

function _M.set_keepalive(self, ...)
  local sock, err = socket(self)
  if not sock then
    return nil, err
  end
  if rawget(self, "_subscribed") then
    return nil, "subscribed state"
  end
  return sock:setkeepalive(...)
end

function _M.get_reused_times(self)
  local sock, err = socket(self)
  if not sock then
    return nil, err
  end
  return sock:getreusedtimes()
end

function _M.close(self)
  local sock, err = socket(self)
  if not sock then
    return nil, err
  end
  self._subscribed = false
  return sock:close()
end

-- read gives one reply: false and the text of an error of Redis, nil and the
-- reason when the connection failed.
local function read(self, sock)
  local line, err = sock:receive()
  if not line then
    if err == "timeout" and not rawget(self, "_subscribed") then
      sock:close()
    end
    return nil, err
  end
  local prefix, rest = byte(line), sub(line, 2)
  if prefix == 36 then -- "$"
    local size = tonumber(rest)
    if size < 0 then
      return null
    end
    local data
    data, err = sock:receive(size)
    if not data then
      if err == "timeout" then
        sock:close()
      end
      return nil, err
    end
    local tail
    tail, err = sock:receive(2)
    if not tail then
      return nil, err
    end
    return data
  end
  if prefix == 43 then -- "+"
    return rest
  end
  if prefix == 58 then -- ":"
    return tonumber(rest)
  end
  if prefix == 45 then -- "-"
    return false, rest
  end
  if prefix ~= 42 then -- "*"
    return nil, "unknown prefix: \"" .. tostring(line) .. "\""
  end
  local count = tonumber(rest)
  if count < 0 then
    return null
  end
  local list = {}
  for i = 1, count do
    local value
    value, err = read(self, sock)
    if value == nil then
      return nil, err
    end
    if value == false then
      value = { false, err }
    end
    list[i] = value
  end
  return list
end

local function request(...)
  local count = select("#", ...)
  local parts = { "*" .. count .. "\r\n" }
  for i = 1, count do
    local word = select(i, ...)
    if type(word) ~= "string" then
      word = tostring(word)
    end
    parts[#parts + 1] = "$" .. #word .. "\r\n" .. word .. "\r\n"
  end
  return concat(parts)
end

-- note keeps the kinds of subscriptions that are still in force.
local function note(self, command, reply)
  if subscribing[command] then
    self._subscribed = true
    self._kinds = rawget(self, "_kinds") or {}
    self._kinds[command] = true
    return
  end
  local kind = unsubscribing[command]
  if kind and type(reply) == "table" and reply[3] == 0 then
    self._subscribed = false
    self._kinds = nil
  end
end

local function command(self, name, ...)
  local sock, err = socket(self)
  if not sock then
    return nil, err
  end
  local text = request(name, ...)
  local pipeline = rawget(self, "_pipeline")
  if pipeline then
    pipeline[#pipeline + 1] = text
    return
  end
  local sent
  sent, err = sock:send(text)
  if not sent then
    return nil, err
  end
  local reply, why = read(self, sock)
  if not reply then
    return reply, why
  end
  note(self, name, reply)
  return reply
end

-- read_reply waits for the next message of a subscription.
function _M.read_reply(self)
  local sock, err = socket(self)
  if not sock then
    return nil, err
  end
  if not rawget(self, "_subscribed") then
    return nil, "not subscribed"
  end
  local reply, why = read(self, sock)
  if not reply then
    return reply, why
  end
  if type(reply) == "table" and unsubscribing[reply[1]] then
    note(self, reply[1], reply)
  end
  return reply
end

-- hmset takes a table, or fields and values.
function _M.hmset(self, key, first, ...)
  if type(first) ~= "table" then
    return command(self, "hmset", key, first, ...)
  end
  local words = {}
  for name, value in pairs(first) do
    words[#words + 1] = name
    words[#words + 1] = value
  end
  return command(self, "hmset", key, unpack(words))
end

function _M.init_pipeline(self, count)
  self._pipeline = table.new and table.new(count or 4, 0) or {}
end

function _M.cancel_pipeline(self)
  self._pipeline = nil
end

-- commit_pipeline gives a list of replies, {false, text} for an error of Redis.
function _M.commit_pipeline(self)
  local pipeline = rawget(self, "_pipeline")
  if not pipeline then
    return nil, "no pipeline"
  end
  self._pipeline = nil
  local sock, err = socket(self)
  if not sock then
    return nil, err
  end
  local sent
  sent, err = sock:send(pipeline)
  if not sent then
    return nil, err
  end
  local replies = {}
  for i = 1, #pipeline do
    local reply, why = read(self, sock)
    if reply == nil then
      if why == "timeout" then
        sock:close()
      end
      return nil, why
    end
    if reply == false then
      reply = { false, why }
    end
    replies[i] = reply
  end
  return replies
end

function _M.array_to_hash(_, list)
  local hash = {}
  for i = 1, #list, 2 do
    hash[list[i]] = list[i + 1]
  end
  return hash
end

local function method(name)
  return function(self, ...)
    return command(self, name, ...)
  end
end

-- add_commands is kept for old scripts: every name is a command by itself.
function _M.add_commands(...)
  for i = 1, select("#", ...) do
    local name = select(i, ...)
    _M[name] = method(name)
  end
end

-- register_module_prefix makes client:prefix():name(...) the command
-- "prefix.name".
function _M.register_module_prefix(prefix)
  _M[prefix] = function(self)
    return setmetatable({}, {
      __index = function(_, name)
        return function(_, ...)
          return command(self, upper(prefix) .. "." .. name, ...)
        end
      end,
    })
  end
end

-- Objects share the module's metatable: a name that is no method is a command.
setmetatable(_M, {
  __index = function(_, name)
    local known = rawget(_M, name)
    if known ~= nil or type(name) ~= "string" or byte(name) == 95 then
      return known
    end
    known = method(name)
    rawset(_M, name, known)
    return known
  end,
})

return _M
