-- tablepool: tables that are used again. A tag names a pool.
local new = require "table.new"
local clear = require "table.clear"

local most = 200 -- tables that a pool keeps
local pools = {}

local _M = { _VERSION = "0.03" }

function _M.fetch(tag, narr, nrec)
  local pool = pools[tag]
  local count = pool and pool.count or 0
  if count == 0 then
    return new(narr or 4, nrec or 4)
  end
  local t = pool[count]
  pool[count] = nil
  pool.count = count - 1
  return t
end

function _M.release(tag, t, noclear)
  if not t then
    error("object empty", 2)
  end
  local pool = pools[tag]
  if not pool then
    pool = { count = 0 }
    pools[tag] = pool
  end
  if pool.count >= most then
    return
  end
  if not noclear then
    setmetatable(t, nil)
    clear(t)
  end
  pool.count = pool.count + 1
  pool[pool.count] = t
end

return _M
