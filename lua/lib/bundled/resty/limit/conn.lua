-- resty.limit.conn: how many requests of a key may run at the same time.
local shared = ngx.shared
local floor = math.floor

local _M = { _VERSION = "0.09" }
local mt = { __index = _M }

function _M.new(name, max, burst, delay)
  local dict = shared[name]
  if not dict then
    return nil, "shared dict not found"
  end
  assert(max > 0 and burst >= 0 and delay > 0)
  return setmetatable({ dict = dict, max = max, burst = burst, unit_delay = delay }, mt)
end

-- incoming gives the seconds to wait and the number of connections, or nil
-- and "rejected".
function _M.incoming(self, key, commit)
  self.committed = false
  local conn, err
  if commit then
    conn, err = self.dict:incr(key, 1, 0)
    if not conn then
      return nil, err
    end
  else
    conn = (self.dict:get(key) or 0) + 1
  end
  local max = self.max
  if conn > max + self.burst then
    if commit then
      conn, err = self.dict:incr(key, -1)
      if not conn then
        return nil, err
      end
    end
    return nil, "rejected"
  end
  self.committed = commit and true or false
  if conn > max then
    return self.unit_delay * floor((conn - 1) / max), conn
  end
  return 0, conn
end

function _M.is_committed(self)
  return self.committed
end

-- leaving must be called when a request ends; the latency, in seconds, moves
-- the delay of later ones.
function _M.leaving(self, key, latency)
  assert(key)
  local conn, err = self.dict:incr(key, -1)
  if not conn then
    return nil, err
  end
  if latency then
    self.unit_delay = (latency + self.unit_delay) / 2
  end
  return conn
end

function _M.uncommit(self, key)
  assert(key)
  return self.dict:incr(key, -1)
end

function _M.set_conn(self, max)
  self.max = max
end

function _M.set_burst(self, burst)
  self.burst = burst
end

return _M
