# Libraries that Perigee brings and Debian's nginx does not.

__DATA__

=== TEST 1: digests in pieces, and again after a reset
--- config
location /t { content_by_lua_block {
    local hex = require("resty.string").to_hex
    for _, module in ipairs({require "resty.md5", require "resty.sha1", require "resty.sha224", require "resty.sha256", require "resty.sha384", require "resty.sha512"}) do
        local h = module:new()
        ngx.say(h:update("hel"), " ", h:update("loxx", 2), " ", hex(h:final()))
        h:reset()
        h:update("hello")
        local first = h:final()
        h:reset()
        h:update("hello")
        ngx.say(first == h:final(), " ", #first)
    end
    local hmac = require "resty.hmac"
    local h = hmac:new("key", hmac.ALGOS.SHA1)
    ngx.say(h:update("wrong"), " ", h:reset(), " ", h:update("hello"), " ", h:final(nil, true))
    ngx.say(hex(ngx.hmac_sha1("key", "hello")))
} }
--- request
GET /t
--- response_body
true true 5d41402abc4b2a76b9719d911017c592
true 16
true true aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d
true 20
true true ea09ae9cc6768c50fcee903ed054556e5bfc8347907f12598aa24193
true 28
true true 2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824
true 32
true true 59e1748777448c69de6b800d7a33bbfb9ff1b463e44354c3553bcdb9c666fa90125a3c79f90397bdf5f6a13de828684f
true 48
true true 9b71d224bd62f3785d96d46ad3ea3d73319bfbc2890caadae2dff72519673ca72323c3d99ba5c11d7c7acc6e14b8c5da0c4663475c2e5c3adef46f73bcdec043
true 64
true true true b34ceac4516ff23a143e61d79d0fa7a4fbe5f266
b34ceac4516ff23a143e61d79d0fa7a4fbe5f266

=== TEST 2: a client and a server of WebSockets
--- config
location = /ws { content_by_lua_block {
    local server = require "resty.websocket.server"
    local wb, err = server:new({timeout = 5000, max_payload_len = 70000})
    if not wb then ngx.log(ngx.WARN, "no websocket: ", err) return ngx.exit(444) end
    wb:set_timeout(4000)
    while true do
        local data, kind, more = wb:recv_frame()
        if kind == "close" then
            wb:send_close(1001, "bye " .. data .. more)
            return
        elseif kind == "ping" then
            wb:send_pong(data)
        elseif kind == "pong" then
            wb:send_text("pong " .. data)
        elseif kind == "text" and data == "frame" then
            wb:send_frame(false, 1, "in ")
            wb:send_frame(true, 0, "two")
        elseif kind == "text" and data == "ping" then
            wb:send_ping("are you there")
        elseif kind == "text" then
            wb:send_text(data:upper())
        elseif kind == "binary" then
            wb:send_binary(data:reverse())
        else
            return
        end
    end
} }
location /t { content_by_lua_block {
    local client = require "resty.websocket.client"
    local wb = assert(client:new({timeout = 5000, max_payload_len = 70000}))
    wb:set_timeout(4000)
    assert(wb:connect("ws://127.0.0.1:" .. ngx.var.server_port .. "/ws", {protocols = "x"}))
    local function answer() local data, kind, err = wb:recv_frame() return (#data > 100 and #data or data) .. " " .. kind .. " " .. tostring(err) end
    wb:send_text("hello")
    ngx.say(answer())
    wb:send_binary("\0\1abc")
    ngx.say((wb:recv_frame()) == "cba\1\0")
    wb:send_binary(("x"):rep(66000))
    ngx.say(answer())
    wb:send_ping("p")
    ngx.say(answer())
    wb:send_pong("q")
    ngx.say(answer())
    wb:send_frame(true, 1, "frame")
    ngx.say(answer())
    ngx.say(answer())
    wb:send_text("ping")
    ngx.say(answer())
    wb:send_close(1000, "enough")
    ngx.say(answer())
    ngx.say(wb:close())
    local other = client:new()
    ngx.say(other:connect("http://127.0.0.1/"))
    assert(other:connect("ws://127.0.0.1:" .. ngx.var.server_port .. "/ws"))
    ngx.say(other:set_keepalive(1000, 1))
} }
--- request
GET /t
--- response_body
HELLO text nil
true
66000 binary nil
p pong nil
pong q text nil
in  text again
two continuation nil
are you there ping nil
bye enough1000 close 1001
1
nilbad websocket uri
1

=== TEST 3: frames by hand
--- config
location /t { content_by_lua_block {
    local protocol = require "resty.websocket.protocol"
    local frame = protocol.build_frame(true, 1, 2, "hi")
    ngx.say(#frame, " ", frame:byte(1), " ", frame:byte(2), " ", frame:sub(-2))
    local sent
    local sock = {send = function(_, data) sent = type(data) == "table" and table.concat(data) or data return #sent end}
    ngx.say(protocol.send_frame(sock, true, 2, "bytes", 100) ~= nil)
    local at = 1
    sock.receive = function(_, n) local piece = sent:sub(at, at + n - 1) at = at + n return piece end
    ngx.say(protocol.recv_frame(sock, 100, false))
    local methods = {}
    protocol.methods(methods, false)
    ngx.say(type(methods.send_text))
} }
--- request
GET /t
--- response_body
4 129 2 hi
true
bytesbinarynil
function

=== TEST 4: a limit that is changed while it is in force
--- http_config
lua_shared_dict limits 1m;
--- config
location /t { content_by_lua_block {
    local limit = assert(require("resty.limit.req").new("limits", 1, 0))
    ngx.say(limit:incoming("k", true), " ", select(2, limit:incoming("k", true)))
    limit:set_burst(5)
    ngx.say((limit:incoming("k", true)) > 0.5)
    limit:set_rate(1000)
    ngx.say((limit:incoming("k", true)) < 0.5)
} }
--- request
GET /t
--- response_body
0 rejected
true
true

=== TEST 5: an FFI that says what it can not do
--- config
location /t { content_by_lua_block {
    local ffi = require "ffi"
    ffi.cdef[[int getpid(void);]]
    ngx.say(ffi.abi("64bit"), " ", ffi.abi("be"), " ", ffi.sizeof("int"), " ", ffi.alignof("double"), " ", ffi.errno(), " ", ffi.istype("int", 1))
    local t = ffi.typeof("struct x")
    local v = ffi.new("int[4]")
    ngx.say(ffi.gc(v, nil) == v, " ", type(ffi.cast("int", 1)), " ", type(ffi.metatype("struct x", {})))
    for _, name in ipairs({"string", "copy", "fill", "addressof", "offsetof"}) do
        ngx.say(name, ": ", select(2, pcall(ffi[name], v, v, 1)))
    end
    ngx.say(select(2, pcall(function() return ffi.C.getpid() end)))
    ngx.say(select(2, pcall(function() return ffi.load("ssl").SSL_new() end)))
    ngx.say(select(2, pcall(ffi.sizeof, "struct x")))
} }
--- request
GET /t
--- response_body
true false 4 8 0 false
true userdata userdata
string: C values can not be used: this engine has no FFI
copy: C values can not be used: this engine has no FFI
fill: C values can not be used: this engine has no FFI
addressof: C values can not be used: this engine has no FFI
offsetof: C values can not be used: this engine has no FFI
content_by_lua(nginx.conf:19):11: the C function 'getpid' can not be called: this engine has no FFI
content_by_lua(nginx.conf:19):12: the C function 'SSL_new' can not be called: this engine has no FFI
the size of 'struct x' is not known: this engine has no FFI

=== TEST 6: what libraries for newer versions ask for
--- config
location /t { content_by_lua_block {
    require("resty.core.base").set_errmsg_buf_size(256)
    ngx.say(type(require "resty.core.coroutine"), " ", type(require "resty.core.param"), " ", type(require "resty.core.socket"), " ", type(require "resty.core.socket.tcp"))
    ngx.say(pcall(ngx.throw_error, "x"))
} }
--- request
GET /t
--- response_body
table table table table
falsex

=== TEST 7: what of string.buffer needs the FFI says so
--- config
location /t { content_by_lua_block {
    local b = require("string.buffer").new()
    b:put("x")
    for _, name in ipairs({"reserve", "commit", "ref", "putcdata"}) do
        ngx.say(name, ": ", select(2, pcall(b[name], b, 1)))
    end
    for _, f in ipairs({b.reserve, b.commit, b.ref, b.putcdata}) do
        if pcall(f, b, 1) then ngx.say("a call is allowed") end
    end
    if b:tostring() ~= "x" then ngx.say("changed") end
} }
--- request
GET /t
--- response_body
reserve: this method needs the FFI, which this engine does not have
commit: this method needs the FFI, which this engine does not have
ref: this method needs the FFI, which this engine does not have
putcdata: this method needs the FFI, which this engine does not have
