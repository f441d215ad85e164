-- resty.dns.resolver: a client of DNS on cosockets.
local udp, tcp = ngx.socket.udp, ngx.socket.tcp
local bit = require "bit"
local band, rshift = bit.band, bit.rshift
local byte, char, sub, find, gsub, format = string.byte, string.char, string.sub, string.find, string.gsub, string.format
local concat, insert = table.concat, table.insert
local random = math.random
local type, tonumber, setmetatable, ipairs = type, tonumber, setmetatable, ipairs

local _M = {
  _VERSION = "0.22",
  TYPE_A = 1,
  TYPE_NS = 2,
  TYPE_CNAME = 5,
  TYPE_SOA = 6,
  TYPE_PTR = 12,
  TYPE_MX = 15,
  TYPE_TXT = 16,
  TYPE_AAAA = 28,
  TYPE_SRV = 33,
  TYPE_SPF = 99,
  CLASS_IN = 1,
  SECTION_AN = 1,
  SECTION_NS = 2,
  SECTION_AR = 3,
}
local mt = { __index = _M }

local refusals = {
  "format error",
  "server failure",
  "name error",
  "not implemented",
  "refused",
}

local function server_of(item)
  if type(item) == "table" then
    return { item[1], item[2] or 53 }
  end
  return { item, 53 }
end

-- new takes nameservers, retrans, timeout, no_recurse, no_random and
-- tcp options.
function _M.new(_, opts)
  if not opts then
    return nil, "no options table specified"
  end
  local nameservers = opts.nameservers
  if not nameservers or #nameservers == 0 then
    return nil, "no nameservers specified"
  end
  local servers = {}
  for i, item in ipairs(nameservers) do
    servers[i] = server_of(item)
  end
  return setmetatable({
    servers = servers,
    cur = opts.no_random and 1 or random(#servers),
    retrans = opts.retrans or 5,
    timeout = opts.timeout or 2000,
    no_recurse = opts.no_recurse,
  }, mt)
end

function _M.set_timeout(self, milliseconds)
  self.timeout = milliseconds
end

local function pick(self)
  local server = self.servers[self.cur]
  self.cur = self.cur % #self.servers + 1
  return server
end

local function encode_name(name)
  local parts = {}
  for label in string.gmatch(name, "[^.]+") do
    if #label > 63 then
      return nil, "label too long: " .. label
    end
    parts[#parts + 1] = char(#label) .. label
  end
  parts[#parts + 1] = "\0"
  return concat(parts)
end

local function word(value)
  return char(rshift(value, 8), band(value, 255))
end

local function build(self, name, kind)
  if sub(name, 1, 1) == "." or find(name, "..", 1, true) then
    return nil, "bad name"
  end
  local labels, err = encode_name(name)
  if not labels then
    return nil, err
  end
  local id = random(65536) - 1
  local flags = self.no_recurse and 0 or 0x100
  return id, word(id) .. word(flags) .. word(1) .. word(0) .. word(0) .. word(0) .. labels .. word(kind) .. word(1)
end

local function u16(text, at)
  local high, low = byte(text, at, at + 1)
  if not low then
    return nil
  end
  return high * 256 + low
end

local function u32(text, at)
  local high, low = u16(text, at), u16(text, at + 2)
  if not high or not low then
    return nil
  end
  return high * 65536 + low
end

-- decode_name gives a name and where it ends. Each pointer must lead back, so
-- that they end.
local function decode_name(text, at)
  local labels = {}
  local ends, bound = nil, at
  while true do
    local size = byte(text, at)
    if not size then
      return nil, "truncated"
    end
    if size == 0 then
      return concat(labels, "."), ends or at + 1
    end
    if band(size, 0xc0) == 0xc0 then
      local target = u16(text, at)
      if not target then
        return nil, "truncated"
      end
      target = band(target, 0x3fff) + 1
      ends = ends or at + 2
      if target >= bound then
        return nil, "compression pointer does not lead back"
      end
      at, bound = target, target
    else
      if size > 63 then
        return nil, "bad label"
      end
      local label = sub(text, at + 1, at + size)
      if #label < size then
        return nil, "truncated"
      end
      labels[#labels + 1] = label
      at = at + size + 1
    end
  end
end

local function ipv6(data)
  local words = {}
  for i = 1, 8 do
    words[i] = format("%x", u16(data, 2 * i - 1))
  end
  return concat(words, ":")
end

local readers = {}

readers[_M.TYPE_A] = function(answer, data)
  if #data ~= 4 then
    return "bad A record value length: " .. #data
  end
  answer.address = format("%d.%d.%d.%d", byte(data, 1, 4))
end

readers[_M.TYPE_AAAA] = function(answer, data)
  if #data ~= 16 then
    return "bad AAAA record value length: " .. #data
  end
  answer.address = ipv6(data)
end

local function name_reader(field)
  return function(answer, _, text, at)
    local name, err = decode_name(text, at)
    if not name then
      return err
    end
    answer[field] = name
  end
end

readers[_M.TYPE_CNAME] = name_reader("cname")
readers[_M.TYPE_NS] = name_reader("nsdname")
readers[_M.TYPE_PTR] = name_reader("ptrdname")

readers[_M.TYPE_MX] = function(answer, data, text, at)
  if #data < 3 then
    return "bad MX record value length: " .. #data
  end
  answer.preference = u16(data, 1)
  local host, err = decode_name(text, at + 2)
  if not host then
    return err
  end
  answer.exchange = host
end

readers[_M.TYPE_SRV] = function(answer, data, text, at)
  if #data < 7 then
    return "bad SRV record value length: " .. #data
  end
  answer.priority, answer.weight, answer.port = u16(data, 1), u16(data, 3), u16(data, 5)
  local host, err = decode_name(text, at + 6)
  if not host then
    return err
  end
  answer.target = host
end

readers[_M.TYPE_SOA] = function(answer, data, text, at)
  local name, ends = decode_name(text, at)
  if not name then
    return ends
  end
  answer.mname = name
  name, ends = decode_name(text, ends)
  if not name then
    return ends
  end
  answer.rname = name
  for i, field in ipairs({ "serial", "refresh", "retry", "expire", "minimum" }) do
    answer[field] = u32(text, ends + 4 * (i - 1))
  end
end

local function text_reader(field)
  return function(answer, data)
    local words, at = {}, 1
    while at <= #data do
      local size = byte(data, at)
      words[#words + 1] = sub(data, at + 1, at + size)
      at = at + size + 1
    end
    answer[field] = #words == 1 and words[1] or words
  end
end

readers[_M.TYPE_TXT] = text_reader("txt")
readers[_M.TYPE_SPF] = text_reader("spf")

-- records reads one section and gives where it ends.
local function records(answers, section, text, at, count)
  for _ = 1, count do
    local name, ends = decode_name(text, at)
    if not name then
      return nil, ends
    end
    local kind, class, ttl, size = u16(text, ends), u16(text, ends + 2), u32(text, ends + 4), u16(text, ends + 8)
    if not size or #text < ends + 9 + size then
      return nil, "truncated"
    end
    local answer = { section = section, name = name, type = kind, class = class, ttl = ttl }
    local start = ends + 10
    local data = sub(text, start, start + size - 1)
    local reader = readers[kind]
    if reader then
      local err = reader(answer, data, text, start)
      if err then
        return nil, err
      end
    else
      answer.rdata = data
    end
    at = start + size
    answers[#answers + 1] = answer
  end
  return at
end

local function parse(text, id, opts)
  if #text < 12 then
    return nil, "truncated"
  end
  if u16(text, 1) ~= id then
    return nil, "id mismatch"
  end
  local flags = u16(text, 3)
  if band(flags, 0x8000) == 0 then
    return nil, format("bad QR flag in the DNS response")
  end
  if band(flags, 0x200) ~= 0 then
    return nil, "truncated"
  end
  local answers = {}
  local code = band(flags, 0xf)
  if code ~= 0 then
    answers.errcode, answers.errstr = code, refusals[code] or "unknown"
  end
  local at = 13
  for _ = 1, u16(text, 5) do
    local name, ends = decode_name(text, at)
    if not name then
      return nil, ends
    end
    at = ends + 4
  end
  local err
  at, err = records(answers, 1, text, at, u16(text, 7))
  if not at then
    return nil, err
  end
  if opts.authority_section then
    at, err = records(answers, 2, text, at, u16(text, 9))
    if not at then
      return nil, err
    end
    if opts.additional_section then
      at, err = records(answers, 3, text, at, u16(text, 11))
      if not at then
        return nil, err
      end
    end
  end
  return answers
end

local function ask_tcp(self, server, query, id, opts)
  local sock, err = tcp()
  if not sock then
    return nil, err
  end
  sock:settimeout(self.timeout)
  local ok
  ok, err = sock:connect(server[1], server[2])
  if not ok then
    return nil, "failed to connect to TCP server " .. server[1] .. ":" .. server[2] .. ": " .. err
  end
  ok, err = sock:send(word(#query) .. query)
  if not ok then
    return nil, "failed to send query to TCP server " .. server[1] .. ":" .. server[2] .. ": " .. err
  end
  local size
  size, err = sock:receive(2)
  if not size then
    return nil, "failed to receive the reply length field from TCP server " .. server[1] .. ":" .. server[2] .. ": " .. err
  end
  local answer
  answer, err = sock:receive(u16(size, 1))
  if not answer then
    return nil, "failed to receive the reply message body from TCP server " .. server[1] .. ":" .. server[2] .. ": " .. err
  end
  sock:close()
  return parse(answer, id, opts)
end

local function ask_udp(self, server, query, id, opts)
  local sock, err = udp()
  if not sock then
    return nil, err
  end
  sock:settimeout(self.timeout)
  local ok
  ok, err = sock:setpeername(server[1], server[2])
  if not ok then
    return nil, "failed to set peer name: " .. err
  end
  ok, err = sock:send(query)
  if not ok then
    sock:close()
    return nil, "failed to send request to UDP server " .. server[1] .. ":" .. server[2] .. ": " .. err
  end
  local answers
  for _ = 1, 128 do -- answers to older queries are skipped
    local packet
    packet, err = sock:receive(4096)
    if not packet then
      err = "failed to receive reply from UDP server " .. server[1] .. ":" .. server[2] .. ": " .. err
      break
    end
    answers, err = parse(packet, id, opts)
    if answers or err ~= "id mismatch" then
      break
    end
  end
  sock:close()
  return answers, err
end

-- query gives a list of answers, with errcode and errstr when the server
-- refuses; nil, the reason and the tries when no server answers.
function _M.query(self, name, opts, tries)
  opts = opts or {}
  local id, query = build(self, name, opts.qtype or _M.TYPE_A)
  if not id then
    return nil, query
  end
  local errors = tries or {}
  local err
  for i = 1, self.retrans do
    local server = pick(self)
    local answers
    answers, err = ask_udp(self, server, query, id, opts)
    if err == "truncated" then
      answers, err = ask_tcp(self, server, query, id, opts)
    end
    if answers and (answers.errcode == nil or answers.errcode == 3 or i == self.retrans) then
      if not tries then
        return answers
      end
      return answers, nil, tries
    end
    if answers then
      err = "server returned code " .. answers.errcode .. ": " .. answers.errstr
    end
    errors[#errors + 1] = err
  end
  return nil, err, tries
end

-- tcp_query asks over TCP at once.
function _M.tcp_query(self, name, opts)
  opts = opts or {}
  local id, query = build(self, name, opts.qtype or _M.TYPE_A)
  if not id then
    return nil, query
  end
  return ask_tcp(self, pick(self), query, id, opts)
end

-- compress_ipv6_addr writes the longest run of zeros as "::".
function _M.compress_ipv6_addr(address)
  local words = {}
  for part in string.gmatch(address, "[^:]+") do
    words[#words + 1] = gsub(part, "^0+(%x)", "%1")
  end
  if #words ~= 8 then
    return address
  end
  local best, length, start, run = nil, 1, nil, 0
  for i = 1, 9 do
    if words[i] == "0" then
      start = start or i
      run = run + 1
    else
      if run > length then
        best, length = start, run
      end
      start, run = nil, 0
    end
  end
  if not best then
    return concat(words, ":")
  end
  return concat(words, ":", 1, best - 1) .. "::" .. concat(words, ":", best + length)
end

-- expand_ipv6_addr writes all eight words.
function _M.expand_ipv6_addr(address)
  local before, after = string.match(address, "^(.-)::(.*)$")
  if not before then
    return address
  end
  local left, right = {}, {}
  for part in string.gmatch(before, "[^:]+") do
    insert(left, part)
  end
  for part in string.gmatch(after, "[^:]+") do
    insert(right, part)
  end
  for _ = #left + #right + 1, 8 do
    insert(left, "0")
  end
  for _, part in ipairs(right) do
    insert(left, part)
  end
  return concat(left, ":")
end

-- arpa_str gives the name that reverse_query asks for.
function _M.arpa_str(address)
  if find(address, ":", 1, true) then
    local hex = {}
    for part in string.gmatch(_M.expand_ipv6_addr(address), "[^:]+") do
      hex[#hex + 1] = format("%04x", tonumber(part, 16))
    end
    return gsub(concat(hex):reverse(), "(%x)", "%1.") .. "ip6.arpa"
  end
  local a, b, c, d = string.match(address, "^(%d+)%.(%d+)%.(%d+)%.(%d+)$")
  return d .. "." .. c .. "." .. b .. "." .. a .. ".in-addr.arpa"
end

function _M.reverse_query(self, address)
  return self:query(_M.arpa_str(address), { qtype = _M.TYPE_PTR })
end

return _M
