use Test::Nginx::Socket 'no_plan';
run_tests();
__DATA__

=== TEST 1: lua_code_cache stat loads a changed file again
--- http_config
    lua_package_path "$TEST_NGINX_HTML_DIR/?.lua;;";
--- config
    lua_code_cache stat;
    location /t { content_by_lua_block { ngx.say(require("version")) } }
    location /change {
        content_by_lua_block {
            local f = assert(io.open("$TEST_NGINX_HTML_DIR/version.lua", "w"))
            f:write("return 'the second version'") f:close()
            ngx.say("changed")
        }
    }
--- user_files
>>> version.lua
return 'the first'
--- request eval
["GET /t", "GET /change", "GET /t"]
--- response_body eval
["the first\n", "changed\n", "the second version\n"]
--- no_error_log
[error]


=== TEST 2: lua_dump shows where a script waits
--- config
    location /t { content_by_lua_block {
        local t = ngx.thread.spawn(function() ngx.sleep(0.2) end)
        ngx.print(ngx.location.capture("/dump").body)
        ngx.thread.wait(t)
    } }
    location /dump { lua_dump; }
--- request
GET /t
--- response_body_like: 1 scripts\n\n"GET /t HTTP/1\.1", client: 127\.0\.0\.1, phase: content, age: 0\.\d+s, running: 0\.\d+s\n    entry thread, waiting in ngx\.location\.capture\n.*in main chunk\n    light thread, waiting in ngx\.sleep\n
--- no_error_log
[error]


=== TEST 3: a captured response is read while it comes
--- config
    location /t { content_by_lua_block {
        local res = ngx.location.capture("/made", {stream = true})
        ngx.say(res.status, " ", res.header["X-Made"], " ", tostring(res.body))
        ngx.say(res:read(2), "|", res:read(), "|", res:read(), "|", tostring(res:read()), "|", tostring(res:read()))
    } }
    location /made { content_by_lua_block {
        ngx.status, ngx.header["X-Made"] = 201, "yes"
        ngx.print("first") ngx.flush() ngx.sleep(0.05) ngx.print("second")
    } }
--- request
GET /t
--- response_body
201 yes nil
fi|rst|second|nil|nil
--- no_error_log
[error]


=== TEST 4: streams end with the script, and are for single captures
--- config
    location /t {
        access_by_lua_block { ngx.ctx.res = ngx.location.capture("/endless", {stream = true}) ngx.ctx.res:read() }
        content_by_lua_block {
            local chunk, err = ngx.ctx.res:read()
            ngx.say(tostring(chunk), " ", err)
            ngx.say(select(2, pcall(ngx.location.capture_multi, {{"/endless", {stream = true}}})))
            ngx.location.capture("/endless", {stream = true})
            ngx.exit(200)
        }
    }
    location /endless { content_by_lua_block { while true do ngx.print(string.rep("x", 10000)) end } }
--- request
GET /t
--- response_body
nil closed
the option stream is for ngx.location.capture only
--- no_error_log
[error]


=== TEST 5: lua_compat relaxed lets set_by_lua and log_by_lua wait
--- http_config
    lua_compat relaxed;
--- config
    location /t {
        set_by_lua_block $v { ngx.sleep(0.01) return "waited" }
        return 200 "$v\n";
        log_by_lua_block { ngx.sleep(0.01) ngx.log(ngx.WARN, "log has waited") }
    }
--- request
GET /t
--- response_body
waited
--- error_log
log has waited


=== TEST 6: by default they can not
--- config
    location /t { set_by_lua_block $v { return select(2, pcall(ngx.sleep, 0.01)) } return 200 "$v\n"; }
--- request
GET /t
--- response_body
API disabled in the context of set_by_lua*


=== TEST 7: the profiler begins and ends
--- config
    location /profiler { lua_profiler; }
--- request eval
["GET /profiler?do=start", "GET /profiler?do=start", "GET /profiler?do=stop&format=svg", "GET /profiler?format=other", "GET /profiler?format=memory"]
--- error_code eval
[200, 409, 200, 400, 404]
--- no_error_log
[error]


=== TEST 8: an error while a stream is open is answered
--- config
    location /t { content_by_lua_block {
        local res = ngx.location.capture("/made", {stream = true})
        error("given up")
    } }
    location /made { content_by_lua_block { ngx.print("first") ngx.flush() ngx.sleep(0.05) ngx.print("second") } }
--- request
GET /t
--- error_code: 500
--- error_log
given up


=== TEST 9: a stream passes on what a buffering proxy has
--- http_config
    server { listen $TEST_NGINX_RAND_PORT_1; location / { content_by_lua_block {
        ngx.header.content_length = 20
        ngx.print("hello") ngx.flush(true) ngx.sleep(0.05) ngx.print(" world, at last") } } }
--- config
    location /on { proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1/; }
    location /t { content_by_lua_block {
        local res = ngx.location.capture("/on", {stream = true})
        ngx.say((res:read()))
    } }
--- request
GET /t
--- response_body
hello
