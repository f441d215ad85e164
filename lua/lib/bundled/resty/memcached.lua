-- resty.memcached: a client of memcached's text protocol on cosockets.
local tcp = ngx.socket.tcp
local escape_uri, unescape_uri = ngx.escape_uri, ngx.unescape_uri
local match, sub = string.match, string.sub
local concat = table.concat
local type, tostring, setmetatable = type, tostring, setmetatable

local _M = { _VERSION = "0.17" }
local mt = { __index = _M }

-- new takes options: key_transform is a pair of functions for keys.
function _M.new(_, opts)
  local sock, err = tcp()
  if not sock then
    return nil, err
  end
  local escape, unescape = escape_uri, unescape_uri
  local transform = opts and opts.key_transform
  if transform then
    escape, unescape = transform[1], transform[2]
    if not escape or not unescape then
      return nil, "expecting key_transform = { escape, unescape } table"
    end
  end
  return setmetatable({ sock = sock, escape_key = escape, unescape_key = unescape }, mt)
end

function _M.set_timeout(self, milliseconds)
  if not self.sock then
    return nil, "not initialized"
  end
  self.sock:settimeout(milliseconds)
  return 1
end

function _M.set_timeouts(self, ...)
  if not self.sock then
    return nil, "not initialized"
  end
  self.sock:settimeouts(...)
  return 1
end

local function forward(name)
  return function(self, ...)
    local sock = self.sock
    if not sock then
      return nil, "not initialized"
    end
    return sock[name](sock, ...)
  end
end

_M.connect = forward("connect")
_M.sslhandshake = forward("sslhandshake")
_M.set_keepalive = forward("setkeepalive")
_M.get_reused_times = forward("getreusedtimes")
_M.close = forward("close")

-- ask sends a request and gives the first line of the answer.
local function ask(self, request)
  local sock = self.sock
  if not sock then
    return nil, "not initialized"
  end
  local sent, err = sock:send(request)
  if not sent then
    return nil, err
  end
  local line
  line, err = sock:receive()
  if not line then
    if err == "timeout" then
      sock:close()
    end
    return nil, err
  end
  return line
end

-- value reads the data behind a VALUE line.
local function value(sock, line, withcas)
  local key, flags, size, cas = match(line, "^VALUE (%S+) (%d+) (%d+) ?(%d*)$")
  if not key then
    return nil, line
  end
  local data, err = sock:receive(tonumber(size))
  if data then
    local tail
    tail, err = sock:receive(2)
    if tail then
      return key, data, flags, withcas and cas or nil
    end
  end
  if err == "timeout" then
    sock:close()
  end
  return nil, err
end

local function fetch_many(self, keys, name)
  if #keys == 0 then
    return {}, nil
  end
  local words = { name }
  for i = 1, #keys do
    words[i + 1] = self.escape_key(tostring(keys[i]))
  end
  local line, err = ask(self, concat(words, " ") .. "\r\n")
  if not line then
    return nil, err
  end
  local found = {}
  while line ~= "END" do
    local key, data, flags, cas = value(self.sock, line, name == "gets")
    if not key then
      return nil, data
    end
    found[self.unescape_key(key)] = cas and { data, flags, cas } or { data, flags }
    line, err = self.sock:receive()
    if not line then
      return nil, err
    end
  end
  return found
end

local function fetch(self, key, name)
  if type(key) == "table" then
    return fetch_many(self, key, name)
  end
  local withcas = name == "gets"
  local function fail(err)
    if withcas then
      return nil, nil, nil, err
    end
    return nil, nil, err
  end
  local line, err = ask(self, name .. " " .. self.escape_key(tostring(key)) .. "\r\n")
  if not line then
    return fail(err)
  end
  if line == "END" then
    return fail(nil)
  end
  local found, data, flags, cas = value(self.sock, line, withcas)
  if not found then
    return fail(data)
  end
  line, err = self.sock:receive()
  if not line then
    return fail(err)
  end
  if withcas then
    return data, flags, cas
  end
  return data, flags
end

function _M.get(self, key)
  return fetch(self, key, "get")
end

function _M.gets(self, key)
  return fetch(self, key, "gets")
end

local function text(v)
  if type(v) == "table" then
    return concat(v)
  end
  return tostring(v)
end

local function store(self, name, key, data, exptime, flags, cas)
  data = text(data)
  local words = { name, self.escape_key(tostring(key)), flags or 0, exptime or 0, #data }
  words[6] = cas
  local line, err = ask(self, concat(words, " ") .. "\r\n" .. data .. "\r\n")
  if not line then
    return nil, err
  end
  if line == "STORED" then
    return 1
  end
  return nil, line
end

for _, name in ipairs({ "set", "add", "replace", "append", "prepend" }) do
  _M[name] = function(self, key, data, exptime, flags)
    return store(self, name, key, data, exptime, flags)
  end
end

function _M.cas(self, key, data, cas, exptime, flags)
  return store(self, "cas", key, data, exptime, flags, cas)
end

-- expect sends a request whose good answer is one line.
local function expect(self, request, good)
  local line, err = ask(self, request .. "\r\n")
  if not line then
    return nil, err
  end
  if line ~= good then
    return nil, line
  end
  return 1
end

function _M.delete(self, key)
  return expect(self, "delete " .. self.escape_key(tostring(key)), "DELETED")
end

function _M.touch(self, key, exptime)
  return expect(self, "touch " .. self.escape_key(tostring(key)) .. " " .. exptime, "TOUCHED")
end

function _M.flush_all(self, time)
  return expect(self, time and "flush_all " .. time or "flush_all", "OK")
end

function _M.verbosity(self, level)
  return expect(self, "verbosity " .. level, "OK")
end

local function count(self, name, key, by)
  local line, err = ask(self, name .. " " .. self.escape_key(tostring(key)) .. " " .. by .. "\r\n")
  if not line then
    return nil, err
  end
  if not match(line, "^%d+") then
    return nil, line
  end
  return match(line, "^%d+")
end

function _M.incr(self, key, by)
  return count(self, "incr", key, by)
end

function _M.decr(self, key, by)
  return count(self, "decr", key, by)
end

function _M.stats(self, args)
  local line, err = ask(self, args and "stats " .. args .. "\r\n" or "stats\r\n")
  local lines = {}
  while line do
    if line == "END" or line == "RESET" then
      return lines
    end
    if not match(line, "^STAT ") and not match(line, "^ITEM ") then
      return nil, line
    end
    lines[#lines + 1] = sub(line, 6)
    line, err = self.sock:receive()
  end
  return nil, err
end

function _M.version(self)
  local line, err = ask(self, "version\r\n")
  if not line then
    return nil, err
  end
  local version = match(line, "^VERSION (.+)$")
  if not version then
    return nil, line
  end
  return version
end

function _M.quit(self)
  local sock = self.sock
  if not sock then
    return nil, "not initialized"
  end
  local sent, err = sock:send("quit\r\n")
  if not sent then
    return nil, err
  end
  return 1
end

return _M
