-- resty.lock: locks between requests and workers, on a shared dictionary.
local shared = ngx.shared
local sleep = ngx.sleep
local min = math.min

local _M = { _VERSION = "0.09" }
local mt = { __index = _M }

local function positive(value, default)
  value = tonumber(value)
  if not value then
    return default
  end
  return value
end

function _M.new(_, name, opts)
  local dict = shared[name]
  if not dict then
    return nil, "dictionary not found"
  end
  opts = opts or {}
  local self = {
    dict = dict,
    timeout = positive(opts.timeout, 5),
    exptime = positive(opts.exptime, 30),
    step = positive(opts.step, 0.001),
    ratio = positive(opts.ratio, 2),
    max_step = positive(opts.max_step, 0.5),
  }
  if self.timeout > self.exptime then
    self.timeout = self.exptime
  end
  return setmetatable(self, mt)
end

-- lock waits until the key is free. It gives the seconds that took.
function _M.lock(self, key)
  if not key then
    return nil, "nil key"
  end
  if self.held then
    return nil, "locked"
  end
  key = tostring(key)
  local step, elapsed = self.step, 0
  while true do
    local ok, err = self.dict:add(key, true, self.exptime)
    if ok then
      self.held = key
      return elapsed
    end
    if err ~= "exists" then
      return nil, err
    end
    if elapsed >= self.timeout then
      return nil, "timeout"
    end
    local pause = min(step, self.timeout - elapsed, self.max_step)
    sleep(pause)
    elapsed = elapsed + pause
    step = min(step * self.ratio, self.max_step)
  end
end

function _M.unlock(self)
  local key = self.held
  if not key then
    return nil, "unlocked"
  end
  self.held = nil
  local ok, err = self.dict:delete(key)
  if not ok then
    return nil, err
  end
  return 1
end

-- expire gives the held lock another time to live, in seconds.
function _M.expire(self, time)
  local key = self.held
  if not key then
    return nil, "unlocked"
  end
  local ok, err = self.dict:replace(key, true, time or self.exptime)
  if not ok then
    return nil, err
  end
  return true
end

return _M
