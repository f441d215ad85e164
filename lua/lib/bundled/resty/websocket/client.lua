-- resty.websocket.client: the client's end of a WebSocket.
local protocol = require "resty.websocket.protocol"
local tcp = ngx.socket.tcp
local match = string.match
local char, concat, random = string.char, table.concat, math.random
local type, setmetatable = type, setmetatable

local _M = { _VERSION = "0.10" }
local mt = { __index = _M }

function _M.new(_, opts)
  local sock, err = tcp()
  if not sock then
    return nil, err
  end
  opts = opts or {}
  if opts.timeout then
    sock:settimeout(opts.timeout)
  end
  return setmetatable({
    sock = sock,
    max_payload_len = opts.max_payload_len or 65535,
    send_unmasked = opts.send_unmasked,
    send_masked = not opts.send_unmasked,
  }, mt)
end

local function handshake_lines(host, path, key, opts)
  local lines = {
    "GET " .. path .. " HTTP/1.1",
    "Upgrade: websocket",
    "Host: " .. (opts.host or host),
    "Sec-WebSocket-Key: " .. key,
    "Sec-WebSocket-Version: 13",
    "Connection: Upgrade",
  }
  local protocols = opts.protocols
  if protocols then
    lines[#lines + 1] = "Sec-WebSocket-Protocol: " .. (type(protocols) == "table" and concat(protocols, ",") or protocols)
  end
  if opts.origin then
    lines[#lines + 1] = "Origin: " .. opts.origin
  end
  for _, line in ipairs(opts.headers or {}) do
    lines[#lines + 1] = line
  end
  lines[#lines + 1] = "\r\n"
  return concat(lines, "\r\n")
end

-- connect takes "ws://host:port/path" or "wss://…"; the options are protocols,
-- origin, headers, host, pool, pool_size, backlog, ssl_verify, server_name and
-- keep_response.
function _M.connect(self, uri, opts)
  local sock = self.sock
  if not sock then
    return nil, "not initialized"
  end
  opts = opts or {}
  local scheme, host, port, path = match(uri, "^(wss?)://([^:/]+):?(%d*)(.*)$")
  if not scheme then
    return nil, "bad websocket uri"
  end
  if port == "" then
    port = scheme == "wss" and 443 or 80
  end
  if path == "" then
    path = "/"
  elseif path:sub(1, 1) ~= "/" then
    path = "/" .. path
  end
  local ssl = scheme == "wss"
  local socket_opts = { pool = opts.pool, pool_size = opts.pool_size, backlog = opts.backlog }
  local ok, err = sock:connect(host, tonumber(port), socket_opts)
  if not ok then
    return nil, "failed to connect: " .. err
  end
  if ssl then
    ok, err = sock:sslhandshake(false, opts.server_name or host, opts.ssl_verify)
    if not ok then
      return nil, "ssl handshake failed: " .. err
    end
  end
  if sock:getreusedtimes() > 0 then
    return 1
  end
  local nonce = {}
  for i = 1, 16 do
    nonce[i] = random(256) - 1
  end
  local key = ngx.encode_base64(char(unpack(nonce)))
  local sent
  sent, err = sock:send(handshake_lines(host .. ":" .. port, path, key, opts))
  if not sent then
    return nil, "failed to send the handshake request: " .. err
  end
  local reader = sock:receiveuntil("\r\n\r\n")
  local header
  header, err = reader()
  if not header then
    return nil, "failed to receive response header: " .. err
  end
  if not match(header, "^%s*HTTP/1%.1%s+101") then
    if match(header, "^%s*HTTP/1%.1%s+") then
      return nil, "unexpected HTTP response code: " .. (match(header, "^%s*HTTP/1%.1%s+(%d+)") or "?"), header
    end
    return nil, "bad HTTP response status line: " .. header
  end
  self.force_masking = false
  return 1, nil, header
end

function _M.set_keepalive(self, ...)
  local sock = self.sock
  if not sock then
    return nil, "not initialized"
  end
  return sock:setkeepalive(...)
end

-- close sends a close frame, unless one was sent or the connection is broken.
function _M.close(self)
  local sock = self.sock
  if not sock then
    return nil, "not initialized"
  end
  if not self.closed and not self.fatal then
    local bytes, err = self:send_close()
    if not bytes then
      return nil, "failed to send close frame: " .. err
    end
  end
  self.closed = true
  return sock:close()
end

protocol.methods(_M, true)

local send_close = _M.send_close

function _M.send_close(self, ...)
  self.closed = true
  return send_close(self, ...)
end

return _M
