package main

// luaCase is a case that runs Lua in the content phase.
func luaCase(name, code string) benchCase {
	return benchCase{name: name, path: "/", server: "location / { content_by_lua_block {\n" + code + "\n} }"}
}

// luaCases compare Lua with lua-nginx-module on LuaJIT.
var luaCases = []benchCase{
	luaCase("lua_say", `ngx.say("hello, world")`),
	{name: "lua_vars", path: "/?a=1&b=two", server: `location / { set $v "x"; content_by_lua_block {
        local args = ngx.req.get_uri_args()
        local headers = ngx.req.get_headers()
        ngx.var.v = args.a
        ngx.header["X-Test"] = args.b
        ngx.say(ngx.var.v, ngx.var.uri, ngx.var.remote_addr, headers.host)
    } }`},
	withDict(luaCase("lua_dict_get", `ngx.say(ngx.shared.d:get("key"))`)),
	withDict(luaCase("lua_dict_incr", `ngx.say(ngx.shared.d:incr("n", 1, 0))`)),
	{name: "lua_phases", path: "/", server: `location / {
        access_by_lua_block { ngx.ctx.user = "someone" }
        content_by_lua_block { ngx.say("hello, ", ngx.ctx.user) }
        header_filter_by_lua_block { ngx.header["X-User"] = ngx.ctx.user }
        body_filter_by_lua_block { local chunk = ngx.arg[1] }
        log_by_lua_block { local status = ngx.status }
    }`},
	luaCase("lua_re", `local m = ngx.re.match("hello, 1234 world", "([0-9]+) (w[a-z]+)", "jo") ngx.say(m[1], m[2])`),
	luaCase("lua_cjson", `local cjson = require "cjson"
        local t = cjson.decode('{"name":"value","list":[1,2,3,4.5],"nested":{"a":true,"b":null,"c":"text with \\"quotes\\""}}')
        ngx.say(cjson.encode(t))`),
	onBody(luaCase("lua_body", `ngx.req.read_body() ngx.say(#(ngx.req.get_body_data() or ""))`)),
	luaCase("lua_sleep", `ngx.sleep(0.001) ngx.say("hello, world")`),
	luaCase("lua_threads", `local function f(i) ngx.sleep(0) return i end
        local a, b, c, d = ngx.thread.spawn(f, 1), ngx.thread.spawn(f, 2), ngx.thread.spawn(f, 3), ngx.thread.spawn(f, 4)
        local n = 0
        for _, t in ipairs { a, b, c, d } do local _, v = ngx.thread.wait(t) n = n + v end
        ngx.say(n)`),
	{name: "lua_capture", path: "/", server: `location / { content_by_lua_block { local r = ngx.location.capture("/sub") ngx.say(r.status, r.body) } }
    location /sub { return 200 "hello"; }`},
	{name: "lua_socket", path: "/", backend: true, server: `location / { content_by_lua_block {
        local sock = ngx.socket.tcp()
        local host, port = ("$BACKEND"):match("(.*):(%d+)")
        assert(sock:connect(host, tonumber(port)))
        sock:send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        local length
        while true do
            local line = assert(sock:receive())
            if line == "" then break end
            length = length or line:match("^Content%-Length: (%d+)")
        end
        local body = assert(sock:receive(tonumber(length)))
        sock:setkeepalive(60000, 100)
        ngx.say(body)
    } }`},
}

// withDict adds a shared dictionary with a key.
func withDict(c benchCase) benchCase {
	c.http = "\n    lua_shared_dict d 10m;\n    init_by_lua_block { ngx.shared.d:set(\"key\", \"hello, world\") }\n"
	return c
}
