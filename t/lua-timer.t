use Test::Nginx::Socket 'no_plan';
run_tests();
__DATA__

=== TEST 1: a timer runs later with its arguments
--- config
    location /t {
        content_by_lua_block {
            local done
            ngx.say(ngx.timer.at(0.01, function(premature, a, b) done = tostring(premature) .. a .. b .. ngx.get_phase() end, 1, "x"))
            ngx.say(ngx.timer.pending_count(), ngx.timer.running_count())
            ngx.sleep(0.05)
            ngx.say(done, " ", ngx.timer.pending_count())
        }
    }
--- request
GET /t
--- response_body
1
10
false1xtimer 0
--- no_error_log
[error]


=== TEST 2: every runs again
--- config
    location /t {
        content_by_lua_block {
            local n = 0
            ngx.timer.every(0.01, function() n = n + 1 end)
            ngx.sleep(0.1)
            ngx.say(n >= 5 and n <= 11)
        }
    }
--- request
GET /t
--- response_body
true
--- no_error_log
[error]


=== TEST 3: errors of arguments
--- config
    location /t {
        content_by_lua_block {
            ngx.say(pcall(ngx.timer.at, 0))
            ngx.say(pcall(ngx.timer.every, 0, function() end))
            ngx.say(pcall(ngx.timer.at, 0, 1))
        }
    }
--- request
GET /t
--- response_body
falseexpecting at least 2 arguments but got 1
falsedelay cannot be zero
falsebad argument #2 to '?' (Lua function expected)
--- no_error_log
[error]


=== TEST 4: a failing timer is logged
--- config
    location /t { content_by_lua_block { ngx.timer.at(0, function() error("in a timer") end) ngx.sleep(0.02) ngx.say("ok") } }
--- request
GET /t
--- response_body
ok
--- error_log
in a timer
context: ngx.timer, client: 127.0.0.1, server: 0.0.0.0:


=== TEST 5: too many timers
--- http_config
    lua_max_pending_timers 1;
--- config
    location /t { content_by_lua_block { ngx.timer.at(1, function() end) ngx.say(ngx.timer.at(1, function() end)) } }
--- request
GET /t
--- response_body
niltoo many pending timers


=== TEST 6: request functions are disabled in timers
--- config
    location /t { content_by_lua_block { local err ngx.timer.at(0, function() local _, a = pcall(ngx.say, "x") local _, b = pcall(function() return ngx.var.uri end) err = a .. "; " .. b end) ngx.sleep(0.02) ngx.say(err) } }
--- request
GET /t
--- response_body_like
^API disabled in the context of ngx.timer; .*API disabled in the current context$
