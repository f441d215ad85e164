-- The handlers of the example in Lua: the same names, the same answers as those
-- in the folder library.
local handler = require "handler"
local cjson = require "cjson"

-- characters of a text in UTF-8, as a list
local function characters(s)
    local list = {}
    for c in s:gmatch("[%z\1-\127\192-\255][\128-\191]*") do
        list[#list + 1] = c
    end
    return list
end

-- first gives the first n members of a list
local function first(list, n)
    local out = {}
    for i = 1, math.min(n, #list) do
        out[i] = list[i]
    end
    return out
end

handler.sync("toUpper", string.upper)

handler.sync("takeN", function(text, n)
    local k = tonumber(n)
    if not k then
        return nil, "no number: " .. n
    end
    return table.concat(first(characters(text), k))
end)

handler.sync("reverse", function(text)
    local list, out = characters(text), {}
    for i = #list, 1, -1 do
        out[#out + 1] = list[i]
    end
    return table.concat(out)
end)

handler.sync("matches", function(text, pattern)
    local from, _, err = ngx.re.find(text, pattern, "jo")
    if err then
        return nil, err
    end
    return from ~= nil
end)

handler.sync("firstNotEmpty", function(...)
    for _, s in ipairs({...}) do
        if s ~= "" then
            return s
        end
    end
    return ""
end)

handler.sync("isInList", function(...)
    local words = {...}
    for i = 2, #words do
        if words[i] == words[1] then
            return true
        end
    end
    return false
end)

handler.sync("jSONListOfIntsTakeN", function(text)
    local a = cjson.decode(text)
    local out = first(a.list, a.n)
    return #out > 0 and cjson.encode(out) or "[]"
end)

handler.sync("urlDecode", ngx.unescape_uri)

-- A little Markdown: headings, lists, paragraphs, emphasis and code.

local entities = {["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;", ['"'] = "&#34;", ["'"] = "&#39;"}

local function inline(s)
    s = s:gsub("[&<>\"']", entities)
    s = s:gsub("`(.-)`", "<code>%1</code>")
    return (s:gsub("%*%*(.-)%*%*", "<strong>%1</strong>"))
end

local function trim(s) return (s:gsub("^%s+", ""):gsub("%s+$", "")) end

handler.content("fromMd", function(text)
    local out, list = {}, false
    local function put(s) out[#out + 1] = s .. "\n" end
    for line in (trim(text) .. "\n"):gmatch("(.-)\n") do
        line = trim(line)
        local item = line:match("^%* (.*)")
        if list and not item then put("</ul>") end
        if item and not list then put("<ul>") end
        list = item ~= nil
        local marks, rest = line:match("^(#+)(.*)")
        if item then
            put("<li>" .. inline(item) .. "</li>")
        elseif marks and #marks <= 6 then
            put("<h" .. #marks .. ">" .. inline(trim(rest)) .. "</h" .. #marks .. ">")
        elseif line ~= "" then
            put("<p>" .. inline(line) .. "</p>")
        end
    end
    if list then put("</ul>") end
    return out, "text/html"
end)

-- Bodies and tasks.

handler.async_on_body("reqFld", function(body, name)
    local value = ngx.decode_args(body:all())[name]
    if type(value) == "table" then
        value = value[1]
    end
    return value == true and "" or value or ""
end)

local units = {ms = 0.001, s = 1, m = 60}

handler.async("delay", function(text)
    local n, unit = text:match("^([%d.]+)(%a+)$")
    if not tonumber(n) or not units[unit] then
        return nil, "no time: " .. text
    end
    ngx.sleep(tonumber(n) * units[unit])
    return text
end)

-- A page that is fetched at once, then every period, and when a hook has run.

local period = 20

local function get(url)
    local host, port, path = url:match("^http://([^:/]+):?(%d*)(.*)$")
    if not host then
        return nil, "no URL: " .. url
    end
    local sock = ngx.socket.tcp()
    sock:settimeout(10000)
    local ok, err = sock:connect(host, tonumber(port) or 80)
    if not ok then
        return nil, err
    end
    ok, err = sock:send("GET " .. (path == "" and "/" or path) .. " HTTP/1.0\r\nHost: " .. host .. "\r\n\r\n")
    local answer
    if ok then
        answer, err = sock:receive("*a")
    end
    sock:close()
    if not answer then
        return nil, err
    end
    return answer:match("\r\n\r\n(.*)$")
end

local other         -- what setUrl has set, instead of the URL in the configuration
local woken = false -- a hook has ended the last rest

handler.service("getUrl", function(url, first_run)
    if not first_run and not woken then
        local ok, err = pcall(ngx.sleep, period)
        if not ok then
            woken = err == handler.interrupted
            error(err, 0)
        end
    end
    woken = false
    return get(other or url)
end)

-- is run in every worker, whichever of them fetches
handler.hook("setUrl", function(url)
    url = trim(url)
    if url == "" then
        other = nil
        return "getUrl service set back"
    end
    other = url
    return "getUrl service set to " .. url
end)

-- lists the links of a page; of none, as of a page that has not changed, it makes
-- nothing
handler.sync("sortLinks", function(page)
    local links, seen = {}, {}
    for link in page:gmatch('href="([^"]+)"') do
        if not seen[link] then
            seen[link] = true
            links[#links + 1] = link
        end
    end
    table.sort(links)
    return table.concat(links, "\n")
end)

-- an update callback: it visits a location of the server itself
handler.service("ask", function(url) return get(url) end)

local changes = 0

handler.sync("countChange", function(_)
    changes = changes + 1
    return changes
end)

handler.sync("changes", function(_) return changes end)
