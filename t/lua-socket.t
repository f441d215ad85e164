# What cosockets do: ngx.socket.tcp, ngx.socket.udp, ngx.req.socket and ngx.semaphore.

__DATA__

=== TEST 1: the use of a socket that was never connected
--- config
    location /t {
        content_by_lua_block {
            local s = ngx.socket.tcp()
            ngx.say("receive: ", select(2, s:receive()))
            ngx.say("send: ", select(2, s:send("x")))
            ngx.say("close: ", select(2, s:close()))
            ngx.say("setkeepalive: ", select(2, s:setkeepalive()))
            ngx.say("getreusedtimes: ", select(2, s:getreusedtimes()))
            ngx.say("connect: ", select(2, s:connect("127.0.0.1")))
            ngx.say("connect: ", select(2, s:connect("127.0.0.1", 70000)))
            ngx.say("connect: ", select(2, s:connect("a:b", 80)))
            ngx.say("connect: ", select(2, s:connect("", 80)))
            ngx.say("connect: ", select(2, s:connect("unix:")))
            ngx.say("connect: ", select(2, s:connect("nowhere.example", 80)))
            ngx.say("connect: ", select(2, s:connect("unix:$TEST_NGINX_HTML_DIR/none.sock")))
            ngx.say("connect: ", select(2, s:connect("127.0.0.1", $TEST_NGINX_RAND_PORT_1)))
        }
    }
--- request
GET /t
--- response_body
receive: closed
send: closed
close: closed
setkeepalive: closed
getreusedtimes: closed
connect: missing the port number
connect: bad port number: 70000
connect: failed to parse host name "a:b": invalid port
connect: failed to parse host name "": no host
connect: failed to parse host name "unix:": no path in the unix domain socket
connect: no resolver defined to resolve "nowhere.example"
connect: no such file or directory
connect: connection refused
--- error_log
attempt to receive data on a closed socket: u:0000000000000000, c:0000000000000000, ft:0 eof:0
attempt to send data on a closed socket: u:0000000000000000, c:0000000000000000, ft:0 eof:0
none.sock failed (2: No such file or directory)
connect() failed (111: Connection refused)


=== TEST 2: lua_socket_log_errors off keeps the log clean
--- config
    location /t {
        lua_socket_log_errors off;
        content_by_lua_block {
            local s = ngx.socket.tcp()
            ngx.say(select(2, s:receive()))
            ngx.say(select(2, s:connect("127.0.0.1", $TEST_NGINX_RAND_PORT_1)))
        }
    }
--- request
GET /t
--- response_body
closed
connection refused
--- no_error_log
[error]


=== TEST 3: lines, sizes, whatever there is, and the rest
--- config
    location /t {
        content_by_lua_block {
            local s = ngx.socket.tcp()
            s:settimeout(2000)
            assert(s:connect("127.0.0.1", $TEST_NGINX_RAND_PORT_1))
            assert(s:send("x"))
            ngx.say("[", s:receive(), "]")
            ngx.say("[", s:receive("*l"), "]")
            ngx.say("[", s:receive(0), "]")
            ngx.say("[", s:receive("3"), "]")
            ngx.say("[", s:receiveany(2), "]")
            ngx.say("[", s:receive("*a"), "]")
            ngx.say("[", s:receive("*a"), "]")
            ngx.say(s:receive(1))
            ngx.say(s:receive(1))
            ngx.say(s:close())
        }
    }
--- request
GET /t
--- tcp_listen: $TEST_NGINX_RAND_PORT_1
--- tcp_query eval: "x"
--- tcp_query_len: 1
--- tcp_reply eval
"one\r\n\rt\rwo\n123456rest\nof it"
--- response_body
[one]
[two]
[]
[123]
[45]
[6rest
of it]
[]
nilclosed
nilclosed
1


=== TEST 4: what has come before the end is the third value
--- config
    location /t {
        content_by_lua_block {
            local s = ngx.socket.tcp()
            s:settimeout(2000)
            assert(s:connect("127.0.0.1", $TEST_NGINX_RAND_PORT_1))
            assert(s:send("x"))
            local data, err, part = s:receive("*l")
            ngx.say(tostring(data), " ", err, " [", part, "]")
            data, err, part = s:receive(10)
            ngx.say(tostring(data), " ", err, " [", tostring(part), "]")
            ngx.say(s:send("y"), " ", s:close())
        }
    }
--- request
GET /t
--- tcp_listen: $TEST_NGINX_RAND_PORT_1
--- tcp_query eval: "x"
--- tcp_query_len: 1
--- tcp_reply: no end
--- response_body
nil closed [no end]
nil closed [nil]
1 1


=== TEST 5: receiveuntil finds a pattern that begins in itself
--- config
    location /t {
        content_by_lua_block {
            local s = ngx.socket.tcp()
            s:settimeout(2000)
            assert(s:connect("127.0.0.1", $TEST_NGINX_RAND_PORT_1))
            assert(s:send("x"))
            local till = s:receiveuntil("aabaac")
            ngx.say("[", till(), "]")
            local with = s:receiveuntil("--", { inclusive = true })
            ngx.say("[", with(), "]")
            local parts = s:receiveuntil("END")
            for i = 1, 6 do
                local data, err, part = parts(4)
                ngx.say(tostring(data), " ", tostring(err), " ", tostring(part))
                if not data then break end
            end
            ngx.say("[", s:receive(3), "]")
            ngx.say(select(2, s:receiveuntil("")))
            ngx.say(till())
        }
    }
--- request
GET /t
--- tcp_listen: $TEST_NGINX_RAND_PORT_1
--- tcp_query eval: "x"
--- tcp_query_len: 1
--- tcp_reply: aabaabaabaacfirst--0123EEN789ENDxyzaab
--- response_body
[aabaab]
[first--]
0123 nil nil
EEN7 nil nil
89 nil nil
nil nil nil
[xyz]
pattern is empty
nilclosed


=== TEST 6: a send of what a table holds
--- config
    location /t {
        content_by_lua_block {
            local s = ngx.socket.tcp()
            assert(s:connect("127.0.0.1", $TEST_NGINX_SERVER_PORT))
            ngx.say(s:send({"GET /r?", {1, {2.5}, "z"}, " HTTP/1.0\r\n\r\n"}))
            local read = s:receiveuntil("\r\n\r\n")
            read()
            ngx.say(s:receive("*a"))
            ngx.say(pcall(s.send, s, {true}))
            ngx.say(pcall(function() s:send({a = 1}) end))
        }
    }
    location /r { return 200 $args; }
--- request
GET /t
--- response_body_like
^25
12\.5z
falsebad argument #2 to '\?' \(bad data type boolean found\)
false.*bad argument #1 to 'send' \(non-array table found\)


=== TEST 7: timeouts, and the socket that goes on after one
--- config
    location /t {
        content_by_lua_block {
            local s = ngx.socket.tcp()
            s:settimeouts(1000, 1000, 50)
            assert(s:connect("127.0.0.1", $TEST_NGINX_RAND_PORT_1))
            assert(s:send("x"))
            ngx.say(select(2, s:receive()))
            s:settimeout(2000)
            ngx.say(s:receive())
        }
    }
--- request
GET /t
--- tcp_listen: $TEST_NGINX_RAND_PORT_1
--- tcp_query eval: "x"
--- tcp_query_len: 1
--- tcp_reply_delay: 300ms
--- tcp_reply eval: "late\n"
--- response_body
timeout
late
--- error_log
lua tcp socket read timed out


=== TEST 8: connections are kept and taken again
--- config
    location /t {
        content_by_lua_block {
            local port = ngx.var.server_port
            local function get()
                local s = ngx.socket.tcp()
                assert(s:connect("127.0.0.1", port, { pool = "p" }))
                local times = s:getreusedtimes()
                assert(s:send("GET /r HTTP/1.1\r\nHost: a\r\n\r\n"))
                s:receiveuntil("\r\n\r\n")()
                local body = s:receive(2)
                ngx.say(times, " ", body, " ", s:setkeepalive(10000, 1))
                return s
            end
            get()
            get()
            local s = get()
            ngx.say(select(2, s:receive()), " ", select(2, s:setkeepalive()))
            assert(s:connect("127.0.0.1", port, { pool = "p" }))
            assert(s:send("GET /r HTTP/1.1\r\nHost: a\r\n\r\n"))
            s:receive()
            ngx.say(select(2, s:setkeepalive()))
        }
    }
    location /r { return 200 "ok"; }
--- request
GET /t
--- response_body
0 ok 1
1 ok 1
2 ok 1
closed closed
unread data in buffer
--- error_log
attempt to receive data on a closed socket


=== TEST 9: a kept connection that its server closes leaves the pool
--- config
    location /t {
        content_by_lua_block {
            local port = ngx.var.server_port
            for i = 1, 2 do
                local s = ngx.socket.tcp()
                assert(s:connect("127.0.0.1", port))
                ngx.say(s:getreusedtimes())
                assert(s:send("GET /r HTTP/1.1\r\nHost: a\r\n\r\n"))
                s:receiveuntil("\r\n\r\n")()
                ngx.say(s:receive(2), " ", s:setkeepalive())
                ngx.sleep(0.2)
            end
        }
    }
    location /r { keepalive_timeout 50ms; return 200 "ok"; }
--- request
GET /t
--- response_body
0
ok 1
0
ok 1


=== TEST 10: a pool with a backlog lets scripts wait for their turn
--- config
    location /t {
        content_by_lua_block {
            local port = ngx.var.server_port
            local opts = { pool = "b", pool_size = 1, backlog = 1 }
            local said = {}
            local function work(name, hold)
                local s = ngx.socket.tcp()
                s:settimeouts(100, 1000, 1000)
                local ok, err = s:connect("127.0.0.1", port, opts)
                table.insert(said, name .. ": " .. (ok or err))
                if ok then
                    ngx.sleep(hold)
                    s:close()
                end
            end
            local a = ngx.thread.spawn(work, "a", 0.05)
            local b = ngx.thread.spawn(work, "b", 0.2)
            local c = ngx.thread.spawn(work, "c", 0)
            ngx.thread.wait(a)
            local d = ngx.thread.spawn(work, "d", 0)
            ngx.thread.wait(b)
            ngx.thread.wait(c)
            ngx.thread.wait(d)
            table.sort(said)
            ngx.say(table.concat(said, "\n"))
        }
    }
--- request
GET /t
--- response_body
a: 1
b: 1
c: too many waiting connect operations
d: timeout
--- error_log
lua tcp socket queued connect timed out, when trying to connect to 127.0.0.1:


=== TEST 11: one thread reads while another one writes; two can not read
--- config
    location /t {
        content_by_lua_block {
            local s = ngx.socket.tcp()
            s:settimeout(2000)
            assert(s:connect("127.0.0.1", $TEST_NGINX_RAND_PORT_1))
            local reader = ngx.thread.spawn(function() ngx.say("read ", s:receive()) end)
            ngx.say(select(2, s:receive()))
            ngx.say(select(2, s:close()))
            ngx.say(select(2, s:setkeepalive()))
            ngx.say(s:send("x"))
            ngx.thread.wait(reader)
        }
    }
--- request
GET /t
--- tcp_listen: $TEST_NGINX_RAND_PORT_1
--- tcp_query eval: "x"
--- tcp_query_len: 1
--- tcp_reply eval: "line\n"
--- response_body
socket busy reading
socket busy reading
socket busy reading
1
read line


=== TEST 12: a socket belongs to its request
--- config
    location /t {
        content_by_lua_block {
            local s = ngx.socket.tcp()
            assert(s:connect("127.0.0.1", ngx.var.server_port))
            local done = require("ngx.semaphore").new()
            ngx.timer.at(0, function()
                ngx.log(ngx.WARN, select(2, pcall(s.send, s, "x")))
                done:post()
            end)
            done:wait(1)
            ngx.say(s:close())
        }
    }
--- request
GET /t
--- response_body
1
--- error_log
bad request


=== TEST 13: the body of a request, piece by piece
--- config
    location /t {
        content_by_lua_block {
            local s, err = ngx.req.socket()
            ngx.say(s:receive(4), " ", s:receive("*l"), " ", s:receive("*a"))
            ngx.say(s:receive("*a"), "|", select(2, s:receive(1)))
            ngx.say(select(2, ngx.req.socket()))
            ngx.say(pcall(function() return s.send end))
        }
    }
--- request
POST /t
bodyline
and more
--- response_body
body line and more
|closed
request body already exists
truenil


=== TEST 14: without a body, and with a chunked one
--- config
    location /t {
        content_by_lua_block { ngx.say(select(2, ngx.req.socket())) }
    }
--- pipelined_requests eval
["GET /t", "GET /t"]
--- response_body eval
["no body\n", "no body\n"]


=== TEST 15: the connection itself
--- config
    location /t {
        content_by_lua_block {
            local s = assert(ngx.req.socket(true))
            ngx.log(ngx.WARN, "say: ", select(2, ngx.say("x")))
            ngx.log(ngx.WARN, "again: ", select(2, ngx.req.socket(true)))
            local data = s:receive(5)
            s:send("HTTP/1.1 200 OK\r\nContent-Length: 6\r\nConnection: close\r\n\r\n" .. data .. "\n")
        }
    }
--- request
POST /t
hello
--- response_body
hello
--- error_log
say: raw request socket acquired
again: duplicate call


=== TEST 16: datagrams
--- config
    location /t {
        content_by_lua_block {
            local s = ngx.socket.udp()
            ngx.say(select(2, s:send("x")), " ", select(2, s:receive()), " ", select(2, s:close()))
            ngx.say(s:setpeername("127.0.0.1", $TEST_NGINX_RAND_PORT_1))
            ngx.say(s:send({"a", 1, {"b"}}))
            s:settimeout(2000)
            ngx.say(s:receive())
            s:settimeout(20)
            ngx.say(select(2, s:receive(10)))
            ngx.say(s:close())
            ngx.say(select(2, s:setpeername("nowhere.example", 1)))
        }
    }
--- request
GET /t
--- udp_listen: $TEST_NGINX_RAND_PORT_1
--- udp_query: a1b
--- udp_reply: pong
--- response_body
closed closed closed
1
1
pong
timeout
1
no resolver defined to resolve "nowhere.example"
--- error_log
lua udp socket read timed out


=== TEST 17: semaphores serve in the order of waiting
--- config
    location /t {
        content_by_lua_block {
            local semaphore = require "ngx.semaphore"
            local s = semaphore.new(1)
            ngx.say(s:count(), " ", s:wait(0), " ", select(2, s:wait(0)), " ", tostring(s:wait(0.01)))
            local function waiter(name)
                ngx.say(name, " ", s:wait(1))
            end
            local a, b = ngx.thread.spawn(waiter, "a"), ngx.thread.spawn(waiter, "b")
            ngx.say(s:count())
            s:post(3)
            ngx.say(s:count())
            ngx.thread.wait(a)
            ngx.thread.wait(b)
            ngx.say(s:count())
            ngx.say(pcall(semaphore.new, -1))
            ngx.say(pcall(s.post, s, 0))
        }
    }
--- request
GET /t
--- response_body_like
^1 true timeout false
-2
1
a truenil
b truenil
1
false.*no negative number
false.*positive number required


=== TEST 18: a script that is killed gives its place in the queue back
--- config
    location /t {
        content_by_lua_block {
            local s = require("ngx.semaphore").new()
            local t = ngx.thread.spawn(function() s:wait(10) end)
            ngx.say(s:count())
            ngx.thread.kill(t)
            ngx.sleep(0)
            ngx.say(s:count())
        }
    }
--- request
GET /t
--- response_body
-1
0
