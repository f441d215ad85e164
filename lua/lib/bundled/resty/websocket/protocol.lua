-- resty.websocket.protocol: the frames of RFC 6455 on a cosocket.
local bit = require "bit"
local band, bor, bxor, rshift = bit.band, bit.bor, bit.bxor, bit.rshift
local byte, char, sub = string.byte, string.char, string.sub
local concat = table.concat
local random = math.random
local type, tostring = type, tostring

local _M = { _VERSION = "0.10" }

local names = {
  [0] = "continuation",
  [1] = "text",
  [2] = "binary",
  [8] = "close",
  [9] = "ping",
  [10] = "pong",
}

-- How many bytes are masked by one call of string.char.
local stride = 4096

local function mask(text, key)
  local k = { byte(key, 1, 4) }
  local parts = {}
  for start = 1, #text, stride do
    local codes = { byte(text, start, start + stride - 1) }
    for i = 1, #codes do
      codes[i] = bxor(codes[i], k[(start + i - 2) % 4 + 1])
    end
    parts[#parts + 1] = char(unpack(codes))
  end
  return concat(parts)
end

local function number(text)
  local value = 0
  for i = 1, #text do
    value = value * 256 + byte(text, i)
  end
  return value
end

-- recv_frame gives the payload, the kind of frame, and for a close frame its
-- status, for others "again" when the message goes on; nil, nil and the reason
-- when it fails.
function _M.recv_frame(sock, max_payload_len, force_masking)
  local head, err = sock:receive(2)
  if not head then
    return nil, nil, "failed to receive the first 2 bytes: " .. err
  end
  local first, second = byte(head, 1, 2)
  local fin = band(first, 0x80) ~= 0
  if band(first, 0x70) ~= 0 then
    return nil, nil, "bad RSV1, RSV2, or RSV3 bits"
  end
  local opcode = band(first, 0x0f)
  if opcode >= 3 and opcode <= 7 then
    return nil, nil, "reserved non-control frames"
  end
  if opcode >= 11 then
    return nil, nil, "reserved control frames"
  end
  local masked = band(second, 0x80) ~= 0
  if force_masking and not masked then
    return nil, nil, "frame unmasked"
  end
  local length = band(second, 0x7f)
  local more = length == 126 and 2 or length == 127 and 8
  if more then
    local bytes
    bytes, err = sock:receive(more)
    if not bytes then
      return nil, nil, "failed to receive the " .. more .. " byte payload length: " .. err
    end
    if more == 8 and number(sub(bytes, 1, 4)) ~= 0 then
      return nil, nil, "payload len too large"
    end
    length = number(bytes)
  end
  if band(opcode, 0x8) ~= 0 then
    if length > 125 then
      return nil, nil, "too long payload for control frame"
    end
    if not fin then
      return nil, nil, "fragmented control frame"
    end
  end
  if length > max_payload_len then
    return nil, nil, "exceeding max payload len"
  end
  local size = length + (masked and 4 or 0)
  local data = ""
  if size > 0 then
    data, err = sock:receive(size)
    if not data then
      return nil, nil, "failed to read masking-len and payload: " .. err
    end
  end
  local payload = data
  if masked then
    payload = mask(sub(data, 5), sub(data, 1, 4))
  end
  if opcode == 8 then
    if length == 0 then
      return "", "close", nil
    end
    if length < 2 then
      return nil, nil, "close frame with a body must carry a 2-byte status code"
    end
    local code = number(sub(payload, 1, 2))
    return sub(payload, 3), "close", code
  end
  return payload, names[opcode], not fin and "again" or nil
end

local function size_bytes(length, masked)
  local flag = masked and 0x80 or 0
  if length <= 125 then
    return char(bor(length, flag))
  end
  if length <= 65535 then
    return char(bor(126, flag), rshift(length, 8), band(length, 255))
  end
  return char(bor(127, flag), 0, 0, 0, 0, band(rshift(length, 24), 255), band(rshift(length, 16), 255),
    band(rshift(length, 8), 255), band(length, 255))
end

function _M.build_frame(fin, opcode, payload_len, payload, masking)
  local first = fin and bor(0x80, opcode) or opcode
  local head = char(first) .. size_bytes(payload_len, masking)
  if not masking then
    return head .. payload
  end
  local key = char(random(256) - 1, random(256) - 1, random(256) - 1, random(256) - 1)
  return head .. key .. mask(payload, key)
end

-- send_frame gives the number of bytes that were sent.
function _M.send_frame(sock, fin, opcode, payload, max_payload_len, masking)
  if not payload then
    payload = ""
  elseif type(payload) ~= "string" then
    payload = tostring(payload)
  end
  local length = #payload
  if length > max_payload_len then
    return nil, "payload too big"
  end
  if band(opcode, 0x8) ~= 0 then
    if length > 125 then
      return nil, "too much payload for control frame"
    end
    if not fin then
      return nil, "fragmented control frame"
    end
  end
  local bytes, err = sock:send(_M.build_frame(fin, opcode, length, payload, masking))
  if not bytes then
    return nil, "failed to send frame: " .. err
  end
  return bytes
end

-- methods adds what both ends have; masking is true for the client's.
function _M.methods(into, masking)
  local function send(self, fin, opcode, payload)
    if self.fatal then
      return nil, "fatal error already happened"
    end
    local sock = self.sock
    if not sock then
      return nil, "not initialized yet"
    end
    local mask_it = masking
    if self.send_masked ~= nil then
      mask_it = self.send_masked
    end
    local bytes, err = _M.send_frame(sock, fin, opcode, payload, self.max_payload_len, mask_it)
    if not bytes then
      self.fatal = true
    end
    return bytes, err
  end

  function into.recv_frame(self)
    if self.fatal then
      return nil, nil, "fatal error already happened"
    end
    local sock = self.sock
    if not sock then
      return nil, nil, "not initialized yet"
    end
    local data, kind, err = _M.recv_frame(sock, self.max_payload_len, not masking and true or self.force_masking)
    if not data and not (err and err:find(": timeout", 1, true)) then
      self.fatal = true
    end
    return data, kind, err
  end

  into.send_frame = send

  function into.send_text(self, data)
    return send(self, true, 1, data)
  end

  function into.send_binary(self, data)
    return send(self, true, 2, data)
  end

  function into.send_ping(self, data)
    return send(self, true, 9, data)
  end

  function into.send_pong(self, data)
    return send(self, true, 10, data)
  end

  function into.send_close(self, code, message)
    local payload = message or ""
    if code then
      if type(code) ~= "number" or code > 0x7fff then
        return nil, "bad status code"
      end
      payload = char(band(rshift(code, 8), 255), band(code, 255)) .. payload
    end
    return send(self, true, 8, payload)
  end

  function into.set_timeout(self, milliseconds)
    local sock = self.sock
    if not sock then
      return nil, nil, "not initialized yet"
    end
    return sock:settimeout(milliseconds)
  end
end

return _M
