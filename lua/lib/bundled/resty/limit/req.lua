-- resty.limit.req: a leaky bucket per key. Excess is counted in thousandths of
-- a request; the dictionary holds "excess last", last in milliseconds.
local shared = ngx.shared
local now = ngx.now
local floor, max, abs = math.floor, math.max, math.abs

local _M = { _VERSION = "0.09" }
local mt = { __index = _M }

function _M.new(name, rate, burst)
  local dict = shared[name]
  if not dict then
    return nil, "shared dict not found"
  end
  assert(rate > 0 and burst >= 0)
  return setmetatable({ dict = dict, rate = rate * 1000, burst = burst * 1000 }, mt)
end

local function read(self, key)
  local state = self.dict:get(key)
  if not state then
    return nil
  end
  if type(state) ~= "string" then
    return nil, nil, "shdict abused by other users"
  end
  local excess, last = state:match("^(%S+) (%S+)$")
  if not excess then
    return nil, nil, "shdict abused by other users"
  end
  return tonumber(excess), tonumber(last)
end

local function write(self, key, excess, last)
  self.dict:set(key, string.format("%.14g %.14g", excess, last))
end

-- incoming gives the seconds to wait and the requests in excess, or nil and
-- "rejected".
function _M.incoming(self, key, commit)
  local time = floor(now() * 1000)
  local excess, last, err = read(self, key)
  if err then
    return nil, err
  end
  if excess then
    excess = max(excess - self.rate * abs(time - last) / 1000 + 1000, 0)
    if excess > self.burst then
      return nil, "rejected"
    end
  else
    excess = 0
  end
  if commit then
    write(self, key, excess, time)
  end
  return excess / self.rate, excess / 1000
end

-- uncommit takes back what incoming has counted.
function _M.uncommit(self, key)
  assert(key)
  local excess, last, err = read(self, key)
  if not excess then
    return nil, err or "not found"
  end
  write(self, key, max(excess - 1000, 0), last)
  return true
end

function _M.set_rate(self, rate)
  self.rate = rate * 1000
end

function _M.set_burst(self, burst)
  self.burst = burst * 1000
end

return _M
