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
