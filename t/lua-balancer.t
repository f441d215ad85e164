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
"balancer_by_lua_block" directive is duplicate
