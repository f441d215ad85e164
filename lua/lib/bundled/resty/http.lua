-- resty.http: a client of HTTP/1.1 on cosockets.
local tcp = ngx.socket.tcp
local encode_args, encode_base64 = ngx.encode_args, ngx.encode_base64
local lower, match, sub, upper = string.lower, string.match, string.sub, string.upper
local concat = table.concat
local type, tonumber, tostring, setmetatable, rawget, rawset, pairs = type, tonumber, tostring, setmetatable, rawget, rawset, pairs

local _M = { _VERSION = "0.17.2" }
local mt = { __index = _M }

local user_agent = "lua-resty-http/" .. _M._VERSION .. " (Lua)"

-- Headers are found under their name in any case; the first spelling stays.
local function new_headers()
  local spellings = {}
  return setmetatable({}, {
    __newindex = function(t, name, value)
      local key = lower(name)
      spellings[key] = spellings[key] or name
      rawset(t, spellings[key], value)
    end,
    __index = function(t, name)
      local spelled = type(name) == "string" and spellings[lower(name)]
      return spelled and rawget(t, spelled) or nil
    end,
  })
end

function _M.new()
  local sock, err = tcp()
  if not sock then
    return nil, err
  end
  return setmetatable({ sock = sock, keepalive = true }, mt)
end

function _M.set_timeout(self, milliseconds)
  if not self.sock then
    return nil, "not initialized"
  end
  return self.sock:settimeout(milliseconds)
end

function _M.set_timeouts(self, connect, send, read)
  if not self.sock then
    return nil, "not initialized"
  end
  return self.sock:settimeouts(connect, send, read)
end

function _M.ssl_handshake(self, ...)
  if not self.sock then
    return nil, "not initialized"
  end
  self.ssl = true
  return self.sock:sslhandshake(...)
end

-- connect takes a table {scheme, host, port, ssl_verify, ssl_server_name,
-- pool, pool_size, backlog}, or a host, a port and options of the socket.
function _M.connect(self, options, port, opts)
  local sock = self.sock
  if not sock then
    return nil, "not initialized"
  end
  if type(options) ~= "table" then
    self.host, self.port, self.ssl = options, port, false
    self.keepalive = true
    if type(port) == "number" or tonumber(port) then
      return sock:connect(options, tonumber(port), opts)
    end
    return sock:connect(options, port)
  end
  local scheme, host = options.scheme, options.host
  if not host then
    return nil, "missing host"
  end
  local isunix = sub(host, 1, 5) == "unix:"
  port = options.port
  if not port and not isunix then
    port = scheme == "https" and 443 or 80
  end
  self.host, self.port, self.ssl = host, port, scheme == "https"
  self.keepalive = true
  local pool = options.pool
  if not pool and self.ssl then
    pool = concat({ "https", host, tostring(port), options.ssl_server_name or host, tostring(options.ssl_verify) }, ":")
  end
  local socket_opts = { pool = pool, pool_size = options.pool_size, backlog = options.backlog }
  local ok, err
  if isunix then
    ok, err = sock:connect(host, socket_opts)
  else
    ok, err = sock:connect(host, port, socket_opts)
  end
  if not ok then
    return nil, err
  end
  if self.ssl and sock:getreusedtimes() == 0 then
    local verify = options.ssl_verify
    if verify == nil then
      verify = true
    end
    ok, err = sock:sslhandshake(nil, options.ssl_server_name or host, verify)
    if not ok then
      self:close()
      return nil, err
    end
  end
  return true, nil
end

function _M.set_keepalive(self, ...)
  local sock = self.sock
  if not sock then
    return nil, "not initialized"
  end
  if self.keepalive then
    return sock:setkeepalive(...)
  end
  local ok, err = sock:close()
  if not ok then
    return nil, err
  end
  return 2, "connection must be closed"
end

function _M.get_reused_times(self)
  if not self.sock then
    return nil, "not initialized"
  end
  return self.sock:getreusedtimes()
end

function _M.close(self)
  if not self.sock then
    return nil, "not initialized"
  end
  return self.sock:close()
end

-- parse_uri gives {scheme, host, port, path, query}; with query_in_path the
-- query stays in the path.
function _M.parse_uri(_, uri, query_in_path)
  if query_in_path == nil then
    query_in_path = true
  end
  local scheme, authority, rest = match(uri, "^(https?)://([^/?]+)(.*)$")
  if not scheme then
    authority, rest = match(uri, "^//([^/?]+)(.*)$")
    if not authority then
      return nil, "bad uri: " .. tostring(uri)
    end
    scheme = ngx.var and ngx.var.scheme or "http"
  end
  local host, port = match(authority, "^(%[[^%]]+%]):?(%d*)$")
  if not host then
    host, port = match(authority, "^([^:]+):?(%d*)$")
  end
  if not host then
    return nil, "bad uri: " .. tostring(uri)
  end
  port = tonumber(port) or (scheme == "https" and 443 or 80)
  local path, query = match(rest, "^([^?]*)%??(.*)$")
  if path == "" then
    path = "/"
  end
  if query_in_path and query ~= "" then
    path = path .. "?" .. query
    query = ""
  end
  return { scheme, host, port, path, query }
end

local function header_lines(lines, headers)
  for name, value in pairs(headers) do
    if type(value) == "table" then
      for i = 1, #value do
        lines[#lines + 1] = name .. ": " .. tostring(value[i]) .. "\r\n"
      end
    else
      lines[#lines + 1] = name .. ": " .. tostring(value) .. "\r\n"
    end
  end
end

local function request_head(params)
  local path = params.path or "/"
  local query = params.query
  if type(query) == "table" then
    query = encode_args(query)
  end
  if query and query ~= "" then
    path = path .. (sub(query, 1, 1) == "?" and "" or "?") .. query
  end
  local version = params.version or 1.1
  local lines = { upper(params.method or "GET") .. " " .. path .. " HTTP/" .. (version == 1 and "1.0" or "1.1") .. "\r\n" }
  header_lines(lines, params.headers)
  lines[#lines + 1] = "\r\n"
  return lines
end

local function read_headers(sock)
  local headers = new_headers()
  while true do
    local line, err = sock:receive("*l")
    if not line then
      return nil, err
    end
    if line == "" then
      return headers
    end
    local name, value = match(line, "^([^:%s]+):%s*(.-)%s*$")
    if name then
      local present = headers[name]
      if present == nil then
        headers[name] = value
      elseif type(present) == "table" then
        present[#present + 1] = value
      else
        headers[name] = { present, value }
      end
    end
  end
end

-- Readers give pieces of at most a number of bytes, nil at the end.
local function length_reader(sock, length, default)
  local left = length
  return function(most)
    most = most or default or left
    if left <= 0 then
      return nil
    end
    local data, err, partial = sock:receive(most < left and most or left)
    if not data then
      return nil, err, partial
    end
    left = left - #data
    return data
  end
end

local function chunked_reader(sock, default)
  local left, done = 0, false
  return function(most)
    most = most or default
    if done then
      return nil
    end
    if left == 0 then
      local line, err = sock:receive("*l")
      if not line then
        return nil, err
      end
      left = tonumber(match(line, "^%s*(%x+)") or "", 16)
      if not left then
        return nil, "unable to read chunksize"
      end
      if left == 0 then
        done = true
        return nil
      end
    end
    local count = left
    if most and most < left then
      count = most
    end
    local data, err, partial = sock:receive(count)
    if not data then
      return nil, err, partial
    end
    left = left - count
    if left == 0 then
      local tail
      tail, err = sock:receive(2)
      if not tail then
        return nil, err
      end
    end
    return data
  end
end

local function close_reader(sock, default)
  return function(most)
    most = most or default
    if not most then
      return sock:receive("*a")
    end
    local data, err, partial = sock:receive(most)
    if data then
      return data
    end
    if err == "closed" then
      if partial and partial ~= "" then
        return partial
      end
      return nil
    end
    return nil, err
  end
end

local function no_body()
  return nil
end

local function read_body(res)
  local parts = {}
  while true do
    local piece, err = res.body_reader()
    if err then
      return nil, err, concat(parts)
    end
    if not piece then
      break
    end
    parts[#parts + 1] = piece
    if res._until_close then
      break
    end
  end
  return concat(parts)
end

local function read_trailers(res)
  local sock = res._sock
  while res._chunked do
    local line, err = sock:receive("*l")
    if not line then
      return nil, err
    end
    if line == "" then
      res._chunked = false
      break
    end
    local name, value = match(line, "^([^:%s]+):%s*(.-)%s*$")
    if name then
      res.headers[name] = value
    end
  end
end

local function send_body(sock, body)
  if type(body) == "function" then
    while true do
      local piece, err = body()
      if err then
        return nil, err
      end
      if not piece then
        return true
      end
      local ok
      ok, err = sock:send(piece)
      if not ok then
        return nil, err
      end
    end
  end
  return sock:send(body)
end

-- send_request sends a request without waiting for its answer.
function _M.send_request(self, params)
  local sock = self.sock
  if not sock then
    return nil, "not initialized"
  end
  local headers = new_headers()
  for name, value in pairs(params.headers or {}) do
    headers[name] = value
  end
  local body = params.body
  if type(body) == "table" then
    body = concat(body)
  elseif type(body) == "number" then
    body = tostring(body)
  end
  if not headers["Content-Length"] and not headers["Transfer-Encoding"] then
    if type(body) == "string" then
      headers["Content-Length"] = #body
    elseif body == nil and (params.method == "POST" or params.method == "PUT" or params.method == "PATCH") then
      headers["Content-Length"] = 0
    elseif type(body) == "function" then
      return nil, "Request body is a function but a length or chunked encoding is not specified"
    end
  end
  if not headers["Host"] then
    local host, port = self.host or "", self.port
    if sub(host, 1, 5) == "unix:" then
      return nil, "Unable to generate a useful Host header for a unix domain socket. Please provide one."
    end
    if port and port ~= (self.ssl and 443 or 80) then
      host = host .. ":" .. port
    end
    headers["Host"] = host
  end
  if not headers["User-Agent"] then
    headers["User-Agent"] = user_agent
  end
  if (params.version or 1.1) == 1 and not headers["Connection"] then
    headers["Connection"] = "Keep-Alive"
  end
  params.headers = headers
  local lines = request_head(params)
  local expects = lower(tostring(headers["Expect"] or "")) == "100-continue"
  if type(body) == "string" and not expects then
    lines[#lines + 1] = body
    body = nil
  end
  local sent, err = sock:send(lines)
  if not sent then
    return nil, err
  end
  if body and not expects then
    sent, err = send_body(sock, body)
    if not sent then
      return nil, err
    end
  end
  self._expects = expects and body or nil
  return true
end

local function status_line(sock)
  local line, err = sock:receive("*l")
  if not line then
    return nil, nil, nil, err
  end
  local version, status, reason = match(line, "^HTTP/(%d%.%d) (%d%d%d) ?(.*)$")
  if not version then
    return nil, nil, nil, "couldn't parse HTTP version from response status line: " .. line
  end
  return tonumber(status), tonumber(version), reason
end

-- read_response reads the head of the answer to a request.
function _M.read_response(self, params)
  local sock = self.sock
  local status, version, reason, err, headers
  repeat
    status, version, reason, err = status_line(sock)
    if not status then
      return nil, err
    end
    headers, err = read_headers(sock)
    if not headers then
      return nil, err
    end
    if status == 100 and self._expects then
      local ok
      ok, err = send_body(sock, self._expects)
      self._expects = nil
      if not ok then
        return nil, err
      end
    end
  until status >= 200 or status == 101
  local connection = headers["Connection"]
  connection = lower(type(connection) == "table" and concat(connection, ",") or connection or "")
  if connection:find("close", 1, true) or version == 1 and not connection:find("keep-alive", 1, true) or self._expects then
    self.keepalive = false
  end
  local res = { status = status, reason = reason, headers = headers, has_body = false, body_reader = no_body, _sock = sock }
  res.read_body, res.read_trailers = read_body, read_trailers
  if upper(params.method or "GET") == "HEAD" or status == 204 or status == 304 or status == 101 then
    return res
  end
  local encoding = headers["Transfer-Encoding"]
  local length = tonumber(headers["Content-Length"])
  res.has_body = true
  if encoding and lower(tostring(encoding)):find("chunked", 1, true) then
    res._chunked = true
    res.body_reader = chunked_reader(sock)
  elseif length then
    res.has_body = length > 0
    res.body_reader = length_reader(sock, length)
  else
    self.keepalive = false
    res._until_close = true
    res.body_reader = close_reader(sock)
  end
  return res
end

function _M.request(self, params)
  params.headers = params.headers or {}
  local ok, err = self:send_request(params)
  if not ok then
    return nil, err
  end
  return self:read_response(params)
end

-- request_uri connects, asks, reads the whole answer and keeps the connection.
function _M.request_uri(self, uri, params)
  local copy = {}
  for name, value in pairs(params or {}) do
    copy[name] = value
  end
  params = copy
  local parts, err = self:parse_uri(uri, false)
  if not parts then
    return nil, err
  end
  params.path = params.path or parts[4]
  if not params.query and parts[5] ~= "" then
    params.query = parts[5]
  end
  local ok
  ok, err = self:connect({
    scheme = parts[1],
    host = parts[2],
    port = parts[3],
    ssl_verify = params.ssl_verify,
    ssl_server_name = params.ssl_server_name,
    pool = params.keepalive_pool_name or params.pool,
    pool_size = params.pool_size,
    backlog = params.backlog,
  })
  if not ok then
    return nil, err
  end
  local res
  res, err = self:request(params)
  if not res then
    self:close()
    return nil, err
  end
  local body
  body, err = res:read_body()
  if not body then
    self:close()
    return nil, err
  end
  res:read_trailers()
  res.body = body
  if params.keepalive == false then
    self:close()
  else
    self:set_keepalive(params.keepalive_timeout, params.keepalive_pool)
  end
  return res
end

-- basic_auth gives the value of an Authorization header.
function _M.basic_auth(_, user, password)
  return "Basic " .. encode_base64(user .. ":" .. password)
end

-- get_client_body_reader gives a reader of the body of the current request.
function _M.get_client_body_reader(_, chunk_size, sock)
  local err
  if not sock then
    sock, err = ngx.req.socket()
    if not sock then
      return nil, err
    end
  end
  local headers = ngx.req.get_headers()
  local length = tonumber(headers.content_length)
  if length then
    return length_reader(sock, length, chunk_size or 65536)
  end
  if headers.transfer_encoding and lower(headers.transfer_encoding) == "chunked" then
    return chunked_reader(sock, chunk_size or 65536)
  end
  return nil
end

return _M
