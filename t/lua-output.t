use Test::Nginx::Socket 'no_plan';
run_tests();
__DATA__

=== TEST 1: say and print write strings, numbers, booleans, nil, null and nested arrays
--- config
    location /t {
        content_by_lua_block {
            ngx.say("a", 1, 1.5, -0.25, 1e15, true, nil, ngx.null)
            ngx.print({"x", {"y", {1, 2}}, true}, "\n")
            ngx.say()
            ngx.say({})
            ngx.say("end")
        }
    }
--- request
GET /t
--- response_body
a11.5-0.251e+15truenilnull
xy12true


end
--- no_error_log
[error]


=== TEST 2: what can not be written is an error
--- config
    location /t {
        content_by_lua_block {
            ngx.say(pcall(ngx.say, function() end))
            ngx.say(pcall(ngx.say, {a = 1}))
            ngx.say(pcall(ngx.print, "x", {coroutine.create(function() end)}))
        }
    }
--- request
GET /t
--- response_body
falsebad argument #1 to '?' (string, number, boolean, nil, ngx.null, or array table expected, but got function)
falsebad argument #1 to '?' (non-array table found)
falsebad argument #2 to '?' (bad data type thread found)
--- no_error_log
[error]


=== TEST 3: eof ends the response, what follows tells
--- config
    location /t {
        content_by_lua_block {
            ngx.say("first")
            local ok, err = ngx.eof()
            local again, why = ngx.eof()
            local said, reason = ngx.say("never")
            ngx.log(ngx.WARN, ok, " ", tostring(again), " ", why, " ", tostring(said), " ", reason)
        }
    }
--- request
GET /t
--- error_log
1 nil seen eof nil seen eof
--- response_body
first
--- no_error_log
[error]


=== TEST 4: flush, send_headers and headers_sent
--- config
    location /t {
        content_by_lua_block {
            ngx.header["X-A"] = "1"
            local before = ngx.headers_sent
            ngx.send_headers()
            ngx.say(before, ngx.headers_sent)
            ngx.say(ngx.flush(true), ngx.flush())
        }
    }
--- request
GET /t
--- response_headers
X-A: 1
--- response_body
falsetrue
11
--- no_error_log
[error]


=== TEST 5: a response to HTTP/1.0 is kept until its length is known
--- config
    location /t { content_by_lua_block { ngx.say("hello") ngx.say("world") } }
--- request
GET /t HTTP/1.0
--- response_headers
Content-Length: 12
--- response_body
hello
world


=== TEST 6: lua_http10_buffering off sends it at once
--- config
    location /t { lua_http10_buffering off; content_by_lua_block { ngx.say("hello") } }
--- request
GET /t HTTP/1.0
--- response_headers
!Content-Length
--- response_body
hello


=== TEST 7: default type, and lua_use_default_type off
--- config
    default_type text/css;
    location /t { content_by_lua_block { ngx.say(ngx.location.capture("/on").header["Content-Type"], " ", tostring(ngx.location.capture("/off").header["Content-Type"])) } }
    location /on { content_by_lua_block { ngx.say("x") } }
    location /off { lua_use_default_type off; content_by_lua_block { ngx.say("x") } }
--- request
GET /t
--- response_body
text/css nil

