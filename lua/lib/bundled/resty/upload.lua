-- resty.upload: reads a multipart/form-data body piece by piece.
local req_socket = ngx.req.socket
local match, sub, lower = string.match, string.sub, string.lower
local setmetatable, type = setmetatable, type

local _M = { _VERSION = "0.11" }
local mt = { __index = _M }

local default_chunk, default_line = 4096, 512

local function boundary_of(header)
  if not header then
    return nil, "no Content-Type header"
  end
  if type(header) == "table" then
    header = header[1]
  end
  if not match(lower(header), "^multipart/form%-data") then
    return nil, "not multipart"
  end
  local quoted = match(header, '[;,]%s*[bB][oO][uU][nN][dD][aA][rR][yY]="([^"]+)"')
  local plain = quoted or match(header, '[;,]%s*[bB][oO][uU][nN][dD][aA][rR][yY]=([^",;%s]+)')
  if not plain then
    return nil, "no boundary defined in Content-Type"
  end
  return plain
end

-- new reads at most chunk_size bytes of a part at a time.
function _M.new(_, chunk_size, max_line_size)
  local boundary, err = boundary_of(ngx.var.content_type)
  if not boundary then
    return nil, err
  end
  local sock
  sock, err = req_socket()
  if not sock then
    return nil, err
  end
  local read_body
  read_body, err = sock:receiveuntil("\r\n--" .. boundary)
  if not read_body then
    return nil, err
  end
  local read_line
  read_line, err = sock:receiveuntil("\r\n")
  if not read_line then
    return nil, err
  end
  return setmetatable({
    sock = sock,
    size = chunk_size or default_chunk,
    line_size = max_line_size or default_line,
    read_body = read_body,
    read_line = read_line,
    boundary = boundary,
    state = "preamble",
  }, mt)
end

function _M.set_timeout(self, milliseconds)
  if not self.sock then
    return nil, "not initialized"
  end
  return self.sock:settimeout(milliseconds)
end

-- after looks at what follows a boundary: "--" is the end of the form, a line
-- end another part.
local function after(self)
  local two, err = self.sock:receive(2)
  if not two then
    return nil, nil, err
  end
  if two == "--" then
    local ok, why = self.sock:receiveuntil("\r\n")
    if ok then
      ok() -- the epilogue is of no interest; the body may end here
    elseif why then
      return nil, nil, why
    end
    self.state = "eof"
    return "part_end"
  end
  if two ~= "\r\n" then
    local rest, why = self.read_line(self.line_size)
    if not rest then
      return nil, nil, why
    end
    local tail = self.read_line(1)
    if tail then
      return nil, nil, "line too long: " .. two .. rest .. tail .. "..."
    end
  end
  self.state = "header"
  return "part_end"
end

local function read_preamble(self)
  local size = self.size
  local start, err = self.sock:receive(2 + #self.boundary)
  if not start then
    return nil, nil, err
  end
  if start ~= "--" .. self.boundary then
    repeat
      local piece
      piece, err = self.read_body(size)
      if err then
        return nil, nil, err
      end
    until not piece
  end
  local kind, _, why = after(self)
  if not kind then
    return nil, nil, why
  end
  if self.state == "eof" then
    return "eof"
  end
  return self:read()
end

local function read_header(self)
  local line, err = self.read_line(self.line_size)
  if err then
    return nil, nil, err
  end
  local more
  more, err = self.read_line(1)
  if more then
    return nil, nil, "line too long: " .. line .. more .. "..."
  end
  if err then
    return nil, nil, err
  end
  if line == "" or line == nil then
    self.state = "body"
    return self:read()
  end
  local name, value = match(line, "([^: \t]+)%s*:%s*(.+)")
  if not name then
    return "header", line
  end
  return "header", { name, value, line }
end

local function read_part(self)
  local piece, err = self.read_body(self.size)
  if err then
    return nil, nil, err
  end
  if piece then
    return "body", piece
  end
  return after(self)
end

-- read gives "header" with {name, value, line}, "body" with a piece,
-- "part_end" or "eof"; nil, nil and the reason when it fails.
function _M.read(self)
  local state = self.state
  if state == "preamble" then
    return read_preamble(self)
  end
  if state == "header" then
    return read_header(self)
  end
  if state == "body" then
    return read_part(self)
  end
  return "eof"
end

return _M
