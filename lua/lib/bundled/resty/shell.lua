-- resty.shell: runs a command of the shell without blocking, on ngx.pipe.
local tostring = tostring
local concat = table.concat

local _M = { version = "0.03" }

local default_size = 128 * 1024

-- collect reads one output to its end, or to size bytes.
local function collect(read, proc, size)
  local parts, total = {}, 0
  while total < size do
    local data, err = read(proc, size - total)
    if not data then
      if err == "closed" then
        break
      end
      return concat(parts), err
    end
    parts[#parts + 1] = data
    total = total + #data
  end
  return concat(parts), total >= size and "too much data" or nil
end

-- run gives whether the command ended well, what it wrote to its outputs, how
-- it ended ("exit", "signal", "spawn", "failed to write", …) and its status.
-- The timeout is in milliseconds; max_size bounds each output in bytes.
function _M.run(cmd, stdin, timeout, max_size)
  local proc, err = require("ngx.pipe").spawn(cmd, { merge_stderr = false })
  if not proc then
    return nil, nil, nil, "spawn: " .. tostring(err), -1
  end
  timeout = timeout or 10000
  max_size = max_size or default_size
  proc:set_timeouts(timeout, timeout, timeout, timeout)
  if stdin and stdin ~= "" then
    local bytes
    bytes, err = proc:write(stdin)
    if not bytes then
      proc:kill(9)
      return nil, nil, nil, "failed to write to stdin: " .. err, -1
    end
  end
  proc:shutdown("stdin")
  local errors = ngx.thread.spawn(collect, proc.stderr_read_any, proc, max_size)
  local stdout, out_err = collect(proc.stdout_read_any, proc, max_size)
  local _, stderr, err_err = ngx.thread.wait(errors)
  local failure = out_err or err_err
  if failure then
    proc:kill(9)
    return nil, stdout, stderr, failure, -1
  end
  local ok, reason, status = proc:wait()
  if ok == nil then
    proc:kill(9)
    return nil, stdout, stderr, reason, -1
  end
  return ok, stdout, stderr, reason, status
end

-- quote makes one word of the shell of any text.
function _M.quote(text)
  return "'" .. tostring(text):gsub("'", "'\\''") .. "'"
end

return _M
