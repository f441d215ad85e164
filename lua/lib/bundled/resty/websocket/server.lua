-- resty.websocket.server: the server's end of a WebSocket.
local protocol = require "resty.websocket.protocol"
local lower, find = string.lower, string.find
local type, setmetatable = type, setmetatable

local _M = { _VERSION = "0.10" }
local mt = { __index = _M }

local guid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

-- new answers the handshake of the current request. The options are timeout,
-- max_payload_len, send_masked and max_recv_len.
function _M.new(_, opts)
  if ngx.headers_sent then
    return nil, "response header already sent"
  end
  ngx.req.read_body()
  if ngx.req.http_version() ~= 1.1 then
    return nil, "bad http version"
  end
  local headers = ngx.req.get_headers()
  local function single(name)
    local value = headers[name]
    if type(value) == "table" then
      value = value[1]
    end
    return value
  end
  local upgrade = single("upgrade")
  if not upgrade or lower(upgrade) ~= "websocket" then
    return nil, "bad \"upgrade\" request header: " .. (upgrade or "nil")
  end
  local connection = single("connection")
  if not connection or not find(lower(connection), "upgrade", 1, true) then
    return nil, "bad \"connection\" request header"
  end
  local key = single("sec-websocket-key")
  if not key then
    return nil, "bad \"sec-websocket-key\" request header"
  end
  if single("sec-websocket-version") ~= "13" then
    return nil, "bad \"sec-websocket-version\" request header"
  end
  local subprotocol = headers["sec-websocket-protocol"]
  if type(subprotocol) == "table" then
    subprotocol = subprotocol[1]
  end
  if subprotocol then
    ngx.header["Sec-WebSocket-Protocol"] = subprotocol
  end
  ngx.header["Sec-WebSocket-Accept"] = ngx.encode_base64(ngx.sha1_bin(key .. guid))
  ngx.header["Upgrade"] = "websocket"
  ngx.header["Content-Type"] = nil
  ngx.status = 101
  local ok, err = ngx.send_headers()
  if not ok then
    return nil, "failed to send response header: " .. (err or "unknown")
  end
  ok, err = ngx.flush(true)
  if not ok then
    return nil, "failed to flush response header: " .. (err or "unknown")
  end
  local sock
  sock, err = ngx.req.socket(true)
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
    send_masked = opts.send_masked,
  }, mt)
end

protocol.methods(_M, false)

return _M
