# Methods of cosockets beyond connect, send and receive; see lua-socket.t.

__DATA__

=== TEST 1: a socket's own address, and options of it
--- config
location = /peer { return 200 "$remote_addr"; }
location /t { content_by_lua_block {
    local s = ngx.socket.tcp()
    ngx.say(s:bind("127.0.0.9"))
    assert(s:connect("127.0.0.1", ngx.var.server_port))
    ngx.say(s:setoption("keepalive", true), " ", s:setoption("tcp-nodelay", true), " ", s:setoption("sndbuf", 10240), " ", s:setoption("rcvbuf", 10240), " ", s:setoption("reuseaddr", true))
    ngx.say(s:setoption("none", 1))
    ngx.say(s:setoption("keepalive"))
    s:send("GET /peer HTTP/1.0\r\n\r\n")
    s:receiveuntil("\r\n\r\n")()
    ngx.say(s:receive("*a"))
    ngx.say(s:getoption("keepalive"))
} }
--- request
GET /t
--- response_body
true
true true true true true
nilunsupported option none
nilmissing the "value" argument
127.0.0.9
1

=== TEST 2: getoption
--- config
location /t { content_by_lua_block {
    local s = ngx.socket.tcp()
    assert(s:connect("127.0.0.1", ngx.var.server_port))
    ngx.say(s:setoption("keepalive", 1), " ", s:getoption("keepalive"))
    ngx.say(s:setoption("tcp-nodelay", 0), " ", s:getoption("tcp-nodelay"))
    ngx.say(s:getoption("none"))
    ngx.say(s:getoption("sndbuf") > 1000, " ", s:getoption("rcvbuf") > 1000, " ", s:getoption("reuseaddr"))
    s:close()
    ngx.say(select(2, s:getoption("sndbuf")))
} }
--- request
GET /t
--- response_body
true 1
true 0
nilunsupported option none
true true 0
closed

=== TEST 3: a descriptor, and what only TLS has
--- skip_nginx_reference: Debian's lua-nginx-module is older than these functions
--- config
location /t { content_by_lua_block {
    local s = ngx.socket.tcp()
    ngx.say(s:getfd())
    assert(s:connect("127.0.0.1", ngx.var.server_port))
    ngx.say(s:getfd() > 2)
    for _, name in ipairs({"getsslpointer", "getsslctx", "getsslsession"}) do
        ngx.say(name, ": ", s[name](s))
    end
    ngx.say(s:setclientcert(nil, nil))
    ngx.say(s:setclientcert("x", "y"))
    ngx.say(s:settrustedstore("x"))
    s:close()
    ngx.say(select(2, s:getfd()))
} }
--- request
GET /t
--- response_body
1
true
getsslpointer: nilno ssl connection
getsslctx: nilno ssl context
getsslsession: nilno session
true
nilbad cert arg: cdata expected, got string
nilbad store arg: cdata expected, got string
closed

=== TEST 4: connect and stream are other ways to make a socket
--- config
location = /peer { return 200 "x"; }
location /t { content_by_lua_block {
    local s = assert(ngx.socket.connect("127.0.0.1", ngx.var.server_port))
    ngx.say(s:send({"GET /peer ", {"HTTP/1.0", "\r\n"}, "\r\n"}))
    ngx.say(s:receive())
    s:close()
    s = ngx.socket.stream()
    ngx.say(s:connect("127.0.0.1", $TEST_NGINX_RAND_PORT_1))
    ngx.say(ngx.socket.connect("127.0.0.1", $TEST_NGINX_RAND_PORT_1))
    ngx.say(select(2, pcall(ngx.socket.connect)):match("expecting 2, 3, or 4 arguments .*"))
} }
--- request
GET /t
--- response_body
22
HTTP/1.1 200 OK
nilconnection refused
nilconnection refused
expecting 2, 3, or 4 arguments (including the object), but seen 1
--- error_log
connect() failed (111: Connection refused)

=== TEST 5: the request's body through a socket, by pattern and as it comes
--- config
location /t { content_by_lua_block {
    local s = assert(ngx.req.socket())
    s:settimeout(1000)
    s:settimeouts(1000, 1000, 1000)
    ngx.say(s:receiveuntil("--")())
    ngx.say(s:receiveuntil(";", {inclusive = true})())
    ngx.say(s:receiveany(3), " ", s:receive(1), " ", s:receive("*l"))
    ngx.say(s:receiveany(10))
} }
--- request
POST /t
one--two;threefour
--- response_body
one
two;
thr e nilclosedefour
1

=== TEST 6: a datagram's sender has an address
--- skip_nginx_reference: Debian's lua-nginx-module is older than this method
--- udp_listen: $TEST_NGINX_RAND_PORT_2
--- udp_reply: pong
--- config
location /t { content_by_lua_block {
    local s = ngx.socket.udp()
    ngx.say(s:bind("127.0.0.8"))
    assert(s:setpeername("127.0.0.1", $TEST_NGINX_RAND_PORT_2))
    s:settimeout(2000)
    assert(s:send("ping"))
    ngx.say(s:receive())
    ngx.say(s:close())
    ngx.say(select(2, pcall(s.bind, s)))
} }
--- request
GET /t
--- response_body
1
pong
1
expecting 2 arguments, but got 1

=== TEST 7: times of a child process
--- skip_nginx_reference: Debian's nginx lacks the patch that ngx.pipe needs
--- config
location /t { content_by_lua_block {
    local p = assert(require("ngx.pipe").spawn({"sleep", "5"}))
    p:set_timeouts(10, 20, 30, 40)
    local function late(f, ...)
        local t = ngx.now()
        local ok, err = f(p, ...)
        ngx.update_time()
        return err, ngx.now() - t
    end
    local err, out = late(p.stdout_read_any, 1)
    ngx.say(err, " ", out >= 0.019 and out < 1)
    local err, wait = late(p.wait)
    ngx.say(err, " ", wait >= 0.039 and wait < 1)
    ngx.say(p:kill(9), " ", select(2, p:wait()))
} }
--- request
GET /t
--- response_body
timeout true
timeout true
true signal9
