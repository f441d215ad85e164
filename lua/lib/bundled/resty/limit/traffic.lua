-- resty.limit.traffic: several limiters that count a request all or not at all.
local _M = { _VERSION = "0.09" }

-- combine gives the longest delay, or nil and an error. The states of the
-- limiters are put into a table when one is given.
function _M.combine(limiters, keys, states)
  local count = #limiters
  local longest = 0
  for i = 1, count do
    local delay, err = limiters[i]:incoming(keys[i], i == count)
    if not delay then
      return nil, err
    end
    if i == count then
      longest = delay
    end
    if states then
      states[i] = err
    end
  end
  for i = 1, count - 1 do
    local limiter = limiters[i]
    local delay, err = limiter:incoming(keys[i], true)
    if not delay then
      for j = 1, i - 1 do
        limiters[j]:uncommit(keys[j])
      end
      limiters[count]:uncommit(keys[count])
      return nil, err
    end
    if delay > longest then
      longest = delay
    end
    if states then
      states[i] = err
    end
  end
  return longest
end

return _M
