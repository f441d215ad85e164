-- Prints what scripts find here, one thing a line: the kind (value, module,
-- method), its owner and its name.
local standard = {
    _G = true, table = true, io = true, os = true, string = true, math = true, debug = true, channel = true, package = true,
    ngx = true, ndk = true, bit = true, jit = true,
}

local function names(t)
    local list = {}
    for k, v in pairs(t) do
        if type(k) == "string" and not k:find("^_") then
            list[#list + 1] = k
        end
    end
    table.sort(list)
    return list
end

local function values(owner, t)
    for _, name in ipairs(names(t)) do
        if type(t[name]) ~= "table" then
            ngx.say("value\t", owner, "\t", name)
        elseif t ~= ngx.shared then
            values(owner .. "." .. name, t[name])
        end
    end
end

values("ngx", ngx)
for _, name in ipairs { "ctx", "status", "header", "headers_sent", "is_subrequest", "var", "arg", "shared" } do
    assert(ngx[name] ~= nil, name) -- these depend on the request: pairs does not see them
    ngx.say("value\tngx\t", name)
end
values("coroutine", coroutine)
values("bit", bit)
values("jit", { on = jit.on, off = jit.off, flush = jit.flush, status = jit.status, attach = jit.attach })

local modules = {}
for _, loaders in ipairs { package.preload, package.loaded } do
    for name in pairs(loaders) do
        if not standard[name] and name ~= "coroutine" then
            modules[name] = true
        end
    end
end
for _, name in ipairs(names(modules)) do
    local ok, module = pcall(require, name)
    ngx.say("module\t", name, "\t")
    if ok and type(module) == "table" then
        for _, f in ipairs(names(module)) do
            if type(module[f]) == "function" then
                ngx.say("function\t", name, "\t", f)
            end
        end
    end
end

local function methods(owner, object)
    local index = object
    if type(object) ~= "table" or not next(object) or getmetatable(object) then
        index = getmetatable(object).__index
    end
    if type(index) ~= "table" then
        index = getmetatable(object)
    end
    for _, name in ipairs(names(index)) do
        if type(index[name]) == "function" then
            ngx.say("method\t", owner, "\t", name)
        end
    end
end

methods("tcpsock", ngx.socket.tcp())
methods("udpsock", ngx.socket.udp())
methods("reqsock", assert(ngx.req.socket()))
methods("dict", ngx.shared.names)
methods("semaphore", require("ngx.semaphore").new())
methods("proc", assert(require("ngx.pipe").spawn({ "true" })))
methods("lrucache", require("resty.lrucache").new(1))
methods("buffer", require("string.buffer").new())
for _, name in ipairs { "md5", "sha1", "sha224", "sha256", "sha384", "sha512" } do
    methods(name, require("resty." .. name):new())
end
methods("hmac", require("resty.hmac"):new("key"))
methods("aes", require("resty.aes"):new("key"))
