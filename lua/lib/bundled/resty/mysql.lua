-- resty.mysql: a client of MySQL's protocol on cosockets.
local tcp = ngx.socket.tcp
local null = ngx.null
local bit = require "bit"
local band, bor, bxor = bit.band, bit.bor, bit.bxor
local byte, char, sub, find, rep = string.byte, string.char, string.sub, string.find, string.rep
local concat = table.concat
local sha1 = ngx.sha1_bin
local type, tonumber, setmetatable = type, tonumber, setmetatable

local _M = { _VERSION = "0.27" }
local mt = { __index = _M }

local COM_QUIT, COM_QUERY = 1, 3
local MORE_RESULTS = 8
local CLIENT_SSL, CLIENT_PLUGIN_AUTH = 0x800, 0x80000
-- long password and flag, protocol 4.1, transactions, secure connection, multi
-- statements and results, plugin names, connect with a database
local CAPABILITIES = bor(0x1, 0x4, 0x200, 0x2000, 0x8000, 0x10000, 0x20000, CLIENT_PLUGIN_AUTH)
local CLIENT_CONNECT_WITH_DB = 0x8

local charsets = {
  _default = 0,
  big5 = 1, latin2 = 2, dec8 = 3, cp850 = 4, latin1 = 5, hp8 = 6, koi8r = 7, swe7 = 10, ascii = 11, ujis = 12,
  sjis = 13, cp1251 = 14, hebrew = 16, tis620 = 18, euckr = 19, latin7 = 20, koi8u = 22, gb2312 = 24, greek = 25,
  cp1250 = 26, gbk = 28, cp1257 = 29, latin5 = 30, armscii8 = 32, utf8 = 33, ucs2 = 35, cp866 = 36, keybcs2 = 37,
  macce = 38, macroman = 39, cp852 = 40, cp1256 = 57, utf8mb4 = 45, utf16 = 54, utf16le = 56, utf32 = 60,
  binary = 63, geostd8 = 92, cp932 = 95, eucjpms = 97, gb18030 = 248,
}

-- Column types whose text becomes a number; 64-bit integers do not fit.
local numeric = { [1] = true, [2] = true, [3] = true, [4] = true, [5] = true, [9] = true, [13] = true, [0] = true, [246] = true }

function _M.new()
  local sock, err = tcp()
  if not sock then
    return nil, err
  end
  return setmetatable({ sock = sock }, mt)
end

function _M.set_timeout(self, milliseconds)
  if not self.sock then
    return nil, "not initialized"
  end
  return self.sock:settimeout(milliseconds)
end

local function little(text, at, count)
  local value = 0
  for i = at + count - 1, at, -1 do
    value = value * 256 + (byte(text, i) or 0)
  end
  return value, at + count
end

local function bytes(value, count)
  local codes = {}
  for i = 1, count do
    codes[i] = char(value % 256)
    value = (value - value % 256) / 256
  end
  return concat(codes)
end

-- length reads a length-encoded number; null stands for NULL.
local function length(text, at)
  local first = byte(text, at)
  if not first then
    return nil, at
  end
  if first < 251 then
    return first, at + 1
  end
  if first == 251 then
    return null, at + 1
  end
  return little(text, at + 1, first == 252 and 2 or first == 253 and 3 or 8)
end

local function word(text, at)
  local size
  size, at = length(text, at)
  if size == nil or size == null then
    return size, at
  end
  return sub(text, at, at + size - 1), at + size
end

local function zero_ended(text, at)
  local stop = find(text, "\0", at, true)
  if not stop then
    return sub(text, at), #text + 1
  end
  return sub(text, at, stop - 1), stop + 1
end

local function send(self, payload)
  self.packet_no = (self.packet_no + 1) % 256
  return self.sock:send({ bytes(#payload, 3), char(self.packet_no), payload })
end

local kinds = { [0x00] = "OK", [0xff] = "ERR", [0xfe] = "EOF", [0x01] = "AUTH" }

-- receive gives a packet and its kind.
local function receive(self)
  local sock = self.sock
  local head, err = sock:receive(4)
  if not head then
    return nil, nil, "failed to receive packet header: " .. err
  end
  local size = little(head, 1, 3)
  if size > self.max_packet_size then
    return nil, nil, "packet size too big: " .. size
  end
  if size == 0 then
    return nil, nil, "empty packet"
  end
  self.packet_no = byte(head, 4)
  local data
  data, err = sock:receive(size)
  if not data then
    return nil, nil, "failed to read packet content: " .. err
  end
  local first = byte(data, 1)
  local kind = kinds[first] or "DATA"
  if kind == "EOF" and size >= 9 then
    kind = "DATA"
  end
  return data, kind
end

local function refusal(text)
  local code, at = little(text, 2, 2)
  local state
  if sub(text, at, at) == "#" then
    state = sub(text, at + 1, at + 5)
    at = at + 6
  end
  return sub(text, at), code, state
end

local function ok_packet(text)
  local result = {}
  local at
  result.affected_rows, at = length(text, 2)
  result.insert_id, at = length(text, at)
  result.server_status, at = little(text, at, 2)
  result.warning_count, at = little(text, at, 2)
  local message = sub(text, at)
  if message ~= "" then
    result.message = message
  end
  return result
end

local function xor(a, b)
  local codes = {}
  for i = 1, #a do
    codes[i] = char(bxor(byte(a, i), byte(b, i)))
  end
  return concat(codes)
end

-- The proofs of the password for the two common plugins.
local proofs = {}

function proofs.mysql_native_password(password, salt)
  local once = sha1(password)
  return xor(sha1(salt .. sha1(once)), once)
end

local function sha256(text)
  local hash = require("resty.sha256"):new()
  hash:update(text)
  return hash:final()
end

function proofs.caching_sha2_password(password, salt)
  local once = sha256(password)
  return xor(once, sha256(sha256(once) .. salt))
end

local function proof(plugin, password, salt)
  if password == nil or password == "" then
    return ""
  end
  local make = proofs[plugin]
  if not make then
    return nil, "unsupported authentication plugin: " .. plugin
  end
  return make(password, sub(salt, 1, 20))
end

-- greet reads the server's first packet.
local function greet(self)
  local packet, kind, err = receive(self)
  if not packet then
    return nil, err
  end
  if kind == "ERR" then
    return nil, refusal(packet)
  end
  self.protocol_ver = byte(packet, 1)
  local at, _
  self._server_ver, at = zero_ended(packet, 2)
  _, at = little(packet, at, 4)
  local salt = sub(packet, at, at + 7)
  local low = little(packet, at + 9, 2)
  local high = little(packet, at + 14, 2)
  local capabilities = low + high * 65536
  local size = byte(packet, at + 16) or 21
  at = at + 27
  salt = salt .. sub(packet, at, at + math.max(13, size - 8) - 2)
  at = at + math.max(13, size - 8)
  local plugin = zero_ended(packet, at)
  if plugin == "" then
    plugin = "mysql_native_password"
  end
  return { salt = salt, plugin = plugin, capabilities = capabilities }
end

-- settle answers what the server asks until it accepts or refuses.
local function settle(self, hello, password)
  while true do
    local packet, kind, err = receive(self)
    if not packet then
      return nil, "failed to receive the result packet: " .. err
    end
    if kind == "OK" then
      return 1
    end
    if kind == "ERR" then
      return nil, refusal(packet)
    end
    if kind == "EOF" or kind == "DATA" and byte(packet, 1) == 0xfe then
      local plugin, at = zero_ended(packet, 2)
      hello.salt = sub(packet, at, at + 19)
      local answer
      answer, err = proof(plugin, password, hello.salt)
      if not answer then
        return nil, err
      end
      local sent
      sent, err = send(self, answer)
      if not sent then
        return nil, "failed to send the authentication packet: " .. err
      end
    elseif kind == "AUTH" and byte(packet, 2) == 4 then
      if not self.is_ssl and not self.is_unix then
        return nil, "caching_sha2_password needs a TLS connection for the first login of a user"
      end
      local sent
      sent, err = send(self, password .. "\0")
      if not sent then
        return nil, "failed to send the password: " .. err
      end
    elseif kind ~= "AUTH" or byte(packet, 2) ~= 3 then
      return nil, "bad packet type: " .. kind
    end
  end
end

function _M.connect(self, opts)
  local sock = self.sock
  if not sock then
    return nil, "not initialized"
  end
  self.max_packet_size = opts.max_packet_size or 1024 * 1024
  self.compact = opts.compact_arrays
  self.packet_no = -1
  local database, user = opts.database or "", opts.user or ""
  local charset = charsets[opts.charset or "_default"]
  if not charset then
    return nil, "charset '" .. opts.charset .. "' is not supported"
  end
  local host = opts.host
  local pool = opts.pool or concat({ user, database, host or "", opts.port or 3306, opts.path or "" }, ":")
  local socket_opts = { pool = pool, pool_size = opts.pool_size, backlog = opts.backlog }
  local ok, err
  self.is_unix = not host
  if host then
    ok, err = sock:connect(host, opts.port or 3306, socket_opts)
  else
    if not opts.path then
      return nil, "neither \"host\" nor \"path\" options are specified"
    end
    ok, err = sock:connect("unix:" .. opts.path, socket_opts)
  end
  if not ok then
    return nil, "failed to connect: " .. err
  end
  if sock:getreusedtimes() > 0 then
    self.state = 1
    return 1
  end
  local hello, code, state
  hello, err, code, state = greet(self)
  if not hello then
    return nil, err, code, state
  end
  local flags = bor(CAPABILITIES, database ~= "" and CLIENT_CONNECT_WITH_DB or 0)
  local head = bytes(self.max_packet_size, 4) .. char(charset) .. rep("\0", 23)
  self.is_ssl = false
  if opts.ssl or opts.ssl_verify then
    if band(hello.capabilities, CLIENT_SSL) == 0 then
      return nil, "ssl disabled on server"
    end
    flags = bor(flags, CLIENT_SSL)
    ok, err = send(self, bytes(flags, 4) .. head)
    if not ok then
      return nil, "failed to send ssl request packet: " .. err
    end
    ok, err = sock:sslhandshake(false, nil, opts.ssl_verify)
    if not ok then
      return nil, "failed to do ssl handshake: " .. (err or "")
    end
    self.is_ssl = true
  end
  local answer
  answer, err = proof(hello.plugin, opts.password, hello.salt)
  if not answer then
    hello.plugin = "mysql_native_password"
    answer = proof(hello.plugin, opts.password, hello.salt)
  end
  ok, err = send(self, concat({
    bytes(flags, 4), head, user, "\0", char(#answer), answer,
    database ~= "" and database .. "\0" or "", hello.plugin, "\0",
  }))
  if not ok then
    return nil, "failed to send client authentication packet: " .. err
  end
  ok, err, code, state = settle(self, hello, opts.password or "")
  if not ok then
    return nil, err, code, state
  end
  self.state = 1
  return 1
end

function _M.set_keepalive(self, ...)
  local sock = self.sock
  if not sock then
    return nil, "not initialized"
  end
  if self.state ~= 1 then
    return nil, "cannot be reused in the current connection state: " .. (self.state or "nil")
  end
  self.state = nil
  return sock:setkeepalive(...)
end

function _M.get_reused_times(self)
  if not self.sock then
    return nil, "not initialized"
  end
  return self.sock:getreusedtimes()
end

function _M.close(self)
  local sock = self.sock
  if not sock then
    return nil, "not initialized"
  end
  self.state = nil
  self.packet_no = -1
  send(self, char(COM_QUIT))
  return sock:close()
end

function _M.server_ver(self)
  return self._server_ver
end

-- send_query sends a query; read_result must follow.
function _M.send_query(self, query)
  if self.state ~= 1 then
    return nil, "cannot send query in the current context: " .. (self.state or "nil")
  end
  self.packet_no = -1
  local sent, err = send(self, char(COM_QUERY) .. (type(query) == "table" and concat(query) or query))
  if not sent then
    return nil, err
  end
  self.state = 2
  return sent
end

local function column(packet)
  local at, name, _ = 1, nil, nil
  for _ = 1, 4 do -- catalog, database, table, original table
    _, at = word(packet, at)
  end
  name, at = word(packet, at)
  _, at = word(packet, at)
  return { name = name, type = byte(packet, at + 7) }
end

local function row(packet, columns, compact)
  local values, at = {}, 1
  for i = 1, #columns do
    local value
    value, at = word(packet, at)
    if value ~= null and numeric[columns[i].type] then
      value = tonumber(value)
    end
    values[compact and i or columns[i].name] = value
  end
  return values
end

-- read_result gives a list of rows, or a table about what was changed, and
-- "again" when more results follow; nil, the text, the code and the state of
-- an error.
function _M.read_result(self, expected)
  if self.state ~= 2 then
    return nil, "cannot read result in the current context: " .. (self.state or "nil")
  end
  local packet, kind, err = receive(self)
  if not packet then
    return nil, err
  end
  if kind == "ERR" then
    self.state = 1
    return nil, refusal(packet)
  end
  if kind == "OK" then
    local result = ok_packet(packet)
    if band(result.server_status, MORE_RESULTS) ~= 0 then
      return result, "again"
    end
    self.state = 1
    return result
  end
  local count = length(packet, 1)
  if count == nil or count == null then
    self.state = 1
    return nil, "packet type " .. kind .. " not supported"
  end
  local columns = {}
  for i = 1, count do
    packet, kind, err = receive(self)
    if not packet then
      return nil, err
    end
    columns[i] = column(packet)
  end
  packet, kind, err = receive(self)
  if not packet then
    return nil, err
  end
  if kind ~= "EOF" then
    return nil, "unexpected packet type " .. kind .. " while eof packet is expected"
  end
  local rows = require("table.new")(expected or 4, 0)
  while true do
    packet, kind, err = receive(self)
    if not packet then
      return nil, err
    end
    if kind == "ERR" then
      self.state = 1
      return nil, refusal(packet)
    end
    if kind == "EOF" then
      break
    end
    rows[#rows + 1] = row(packet, columns, self.compact)
  end
  local status = little(packet, 4, 2)
  if band(status, MORE_RESULTS) ~= 0 then
    return rows, "again"
  end
  self.state = 1
  return rows
end

function _M.query(self, query, expected)
  local sent, err = self:send_query(query)
  if not sent then
    return nil, "failed to send query: " .. err
  end
  return self:read_result(expected)
end

function _M.set_compact_arrays(self, value)
  self.compact = value
end

return _M
