# balancer_by_lua and ngx.balancer.

__DATA__

=== TEST 1: the script chooses the server
--- http_config
    upstream b {
        server 127.0.0.1:1;
        balancer_by_lua_block {
            assert(require("ngx.balancer").set_current_peer("127.0.0.1", ngx.var.server_port))
        }
    }
--- config
    location /t { proxy_pass http://b/r; }
    location /r { return 200 "here\n"; }
--- request
GET /t
--- response_body
here


=== TEST 2: without a choice the group's own servers are asked
--- http_config
    upstream b {
        server 127.0.0.1:$TEST_NGINX_SERVER_PORT;
        balancer_by_lua_block { ngx.log(ngx.WARN, "phase ", ngx.get_phase()) }
    }
--- config
    location /t { proxy_pass http://b/r; }
    location /r { return 200 "here\n"; }
--- request
GET /t
--- response_body
here
--- error_log
phase balancer while connecting to upstream


=== TEST 3: further tries, and why the last one has failed
--- http_config
    upstream b {
        server 127.0.0.1:1;
        balancer_by_lua_block {
            local b = require "ngx.balancer"
            local state, status = b.get_last_failure()
            ngx.log(ngx.WARN, "last: ", state, " ", status)
            if not state then
                assert(b.set_more_tries(1))
                assert(b.set_current_peer("127.0.0.1:$TEST_NGINX_RAND_PORT_1"))
                return
            end
            assert(b.set_current_peer("127.0.0.1", $TEST_NGINX_SERVER_PORT))
        }
    }
--- config
    location /t { proxy_pass http://b/r; }
    location /r { return 200 "here\n"; }
--- request
GET /t
--- response_body
here
--- error_log
last: nil nil
last: failed 502


=== TEST 4: a script that fails answers with 500
--- http_config
    upstream b { server 127.0.0.1:1; balancer_by_lua_block { error("no peer for you") } }
--- config
    location /t { proxy_pass http://b/r; }
--- request
GET /t
--- error_code: 500
--- error_log
failed to run balancer_by_lua*: balancer_by_lua(nginx.conf:
no peer for you


=== TEST 5: what can not be done in that phase, and outside of it
--- http_config
    upstream b {
        server 127.0.0.1:$TEST_NGINX_SERVER_PORT;
        balancer_by_lua_block {
            local b = require "ngx.balancer"
            ngx.log(ngx.WARN, "sleep: ", select(2, pcall(ngx.sleep, 0)))
            ngx.log(ngx.WARN, "name: ", select(2, b.set_current_peer("nowhere.example", 80)))
            ngx.log(ngx.WARN, "timeouts: ", select(2, pcall(b.set_timeouts, 0)))
            ngx.log(ngx.WARN, "timeouts: ", b.set_timeouts(1, nil, 0.5))
        }
    }
--- config
    location /t { proxy_pass http://b/r; }
    location /r {
        content_by_lua_block { ngx.say(select(2, require("ngx.balancer").set_current_peer("127.0.0.1", 80))) }
    }
--- request
GET /t
--- response_body
no upstream found
--- error_log
sleep: API disabled in the context of balancer_by_lua*
name: no host allowed
bad connect timeout
timeouts: true


=== TEST 6: one script for a group
--- http_config
    upstream b { server 127.0.0.1:1; balancer_by_lua_block { } balancer_by_lua_block { } }
--- must_die
--- error_log
is duplicate


=== TEST 7: the script stands in a file, and kept connections of its own
--- http_config
    upstream b {
        server 127.0.0.1:1;
        balancer_by_lua_file html/balance.lua;
    }
--- config
    location = /t {
        proxy_pass http://b/r;
        proxy_http_version 1.1;
        proxy_set_header Connection "";
    }
    location = /r { return 200 "$connection_requests\n"; }
    location = /all { content_by_lua_block {
        for i = 1, 3 do ngx.print(ngx.location.capture("/t").body) end
    } }
--- user_files
>>> balance.lua
assert(require("ngx.balancer").set_current_peer("127.0.0.1", ngx.var.server_port))
--- request
GET /all
--- response_body
1
1
1

=== TEST 8: connections that the script keeps are used again
--- skip_nginx_reference: Debian's lua-nginx-module is older than these functions
--- http_config
    upstream b {
        server 127.0.0.1:1;
        balancer_keepalive 4;
        balancer_by_lua_block {
            local b = require "ngx.balancer"
            ngx.log(ngx.WARN, "without a peer: ", select(2, b.enable_keepalive()))
            assert(b.set_current_peer("127.0.0.1", ngx.var.server_port))
            assert(b.enable_keepalive(10, 2))
        }
    }
--- config
    location = /t {
        proxy_pass http://b/r;
        proxy_http_version 1.1;
        proxy_set_header Connection "";
    }
    location = /r { return 200 "$connection_requests\n"; }
    location = /all { content_by_lua_block {
        for i = 1, 4 do ngx.print(ngx.location.capture("/t").body) end
    } }
--- request
GET /all
--- response_body
1
2
1
2
--- error_log
without a peer: no current peer set

=== TEST 9: the address that a connection comes from, and a request that is made anew
--- skip_nginx_reference: Debian's lua-nginx-module is older than these functions
--- http_config
    upstream b {
        server 127.0.0.1:1;
        balancer_by_lua_block {
            local b = require "ngx.balancer"
            ngx.log(ngx.WARN, "bad: ", select(2, b.bind_to_local_addr("nowhere")))
            assert(b.bind_to_local_addr("127.0.0.7"))
            assert(b.set_current_peer("127.0.0.1", ngx.var.server_port))
            if not b.get_last_failure() then
                ngx.req.set_header("X-Try", "first")
                assert(b.set_current_peer("127.0.0.1", $TEST_NGINX_RAND_PORT_1))
                assert(b.set_more_tries(1))
                return
            end
            ngx.req.set_header("X-Try", "second")
            ngx.log(ngx.WARN, "anew: ", b.recreate_request())
            ngx.log(ngx.WARN, "plain: ", b.set_upstream_tls(false), " ", b.set_upstream_tls(0))
        }
    }
--- config
    location = /t { proxy_pass http://b/r; }
    location = /r { return 200 "$remote_addr $http_x_try\n"; }
--- request
GET /t
--- response_body
127.0.0.7 second
--- error_log
bad: invalid addr nowhere
anew: true
plain: true true
