use Test::Nginx::Socket 'no_plan';
run_tests();
__DATA__

=== TEST 1: time
--- config
    location /t {
        content_by_lua_block {
            ngx.update_time()
            ngx.say(ngx.time() == math.floor(ngx.now()), " ", #ngx.today(), #ngx.localtime(), #ngx.utctime())
            ngx.say(ngx.http_time(1547178471), " | ", ngx.cookie_time(1547178471))
            ngx.say(ngx.parse_http_time("Fri, 11 Jan 2019 03:47:51 GMT"), tostring(ngx.parse_http_time("x")))
        }
    }
--- request
GET /t
--- response_body
true 101919
Fri, 11 Jan 2019 03:47:51 GMT | Fri, 11-Jan-19 03:47:51 GMT
1547178471nil
--- no_error_log
[error]


=== TEST 2: worker and configuration
--- config
    location /t {
        content_by_lua_block {
            ngx.say(ngx.worker.id(), " ", ngx.worker.count(), " ", ngx.worker.exiting(), " ", ngx.worker.pid() > 0, " ", #ngx.worker.pids())
            ngx.say(ngx.config.subsystem, " ", type(ngx.config.debug), " ", ngx.config.prefix():sub(-1), " ", ngx.config.nginx_version >= 1022001)
        }
    }
--- request
GET /t
--- response_body
0 1 false true 1
http boolean / true
--- no_error_log
[error]


=== TEST 3: constants
--- config
    location /t {
        content_by_lua_block {
            ngx.say(ngx.OK, ngx.ERROR, ngx.AGAIN, ngx.DONE, ngx.DECLINED)
            ngx.say(ngx.HTTP_GET, " ", ngx.HTTP_POST, " ", ngx.HTTP_TRACE, " ", ngx.HTTP_SPECIAL_RESPONSE, " ", ngx.HTTP_CLOSE)
            ngx.say(ngx.STDERR, ngx.ERR, ngx.DEBUG, tostring(ngx.null))
        }
    }
--- request
GET /t
--- response_body
0-1-2-4-5
2 8 32768 300 444
048userdata: NULL
--- no_error_log
[error]


=== TEST 4: logging with place, function and levels
--- config
    location /t { content_by_lua_block {
        local function f() ngx.log(ngx.WARN, "a", 1, nil, true, setmetatable({}, {__tostring = function() return "T" end})) end
        f()
        print("printed")
        ngx.say(pcall(ngx.log, 99, "x"))
    } }
--- request
GET /t
--- response_body
falsebad argument #1 to '?' (bad log level: 99)
--- error_log eval
[qr/\[warn\] .*?\[lua\] content_by_lua\(nginx\.conf:\d+\):2: f\(\): a1niltrueT, client/]


=== TEST 5: the error log kept for scripts
--- skip_nginx_reference: Debian builds it without the patch that lua_capture_error_log needs
--- http_config
    lua_capture_error_log 32k;
--- config
    location /t { content_by_lua_block {
        local errlog = require "ngx.errlog"
        ngx.log(ngx.ERR, "kept line")
        errlog.raw_log(ngx.WARN, "raw line")
        local logs = errlog.get_logs(10)
        local n = 0
        for i = 1, #logs, 3 do if logs[i + 2]:find("line") then n = n + logs[i] end end
        ngx.say(n, " ", errlog.get_sys_filter_level() >= 4)
    } }
--- request
GET /t
--- response_body
9 true


=== TEST 6: ndk.set_var
--- config
    location /t {
        content_by_lua_block {
            ngx.say(ndk.set_var.set_escape_uri("a b"), " ", ndk.set_var.set_quote_sql_str("x'y"))
            ngx.say((pcall(function() return ndk.set_var.nosuch("x") end)))
        }
    }
--- request
GET /t
--- response_body
a%20b 'x\'y'
false
--- no_error_log
[error]


=== TEST 7: shared dictionaries
--- http_config
    lua_shared_dict d 1m;
--- config
    location /t { content_by_lua_block {
        local d = ngx.shared.d
        ngx.say(d:set("a", 1), d:get("a"), " ", d:incr("a", 2), " ", d:incr("n", 1, 5), " ", tostring(d:get("none")))
        ngx.say(d:add("a", 9))
        d:set("e", "x", 0.01) ngx.sleep(0.03) ngx.say(tostring(d:get("e")), " ", (d:get_stale("e")))
        d:rpush("l", "1") d:lpush("l", "0") ngx.say(d:llen("l"), d:lpop("l"), d:rpop("l"))
        ngx.say(d:capacity(), " ", tostring(ngx.shared.none))
    } }
--- request
GET /t
--- response_body
true1 3 6 nil
falseexistsfalse
nil x
201
1048576 nil


=== TEST 8: writing a global is told
--- config
    location /t { content_by_lua_block { oops = 1 ngx.say(oops) } }
--- request
GET /t
--- response_body
1
--- error_log
writing a global Lua variable ('oops')



=== TEST 9: names of bytes from 128 up
--- config
    location /t { content_by_lua_block {
        local schlüssel = {größe = 3}
        ngx.say(ngx.var.arg_语言, " ", schlüssel.größe)
    } }
--- request
GET /t?语言=zh
--- response_body
zh 3
--- no_error_log
[error]


=== TEST 10: error at level 2 names the caller, or nothing where there is none
--- config
    location /t { content_by_lua_block {
        local function check(v) if not v then error("bad value", 2) end end
        local _, err = pcall(function()
            check(false)
        end)
        ngx.say(err)
        local co = coroutine.create(function() error("no caller", 2) end)
        ngx.say(select(2, coroutine.resume(co)))
        ngx.say(select(2, pcall(function() assert(false, "told") end)))
    } }
--- request
GET /t
--- response_body_like: ^content_by_lua\(nginx\.conf:\d+\):4: bad value\nno caller\ncontent_by_lua\(nginx\.conf:\d+\):9: told\n$


=== TEST 11: coroutine has what lua-nginx-module gives it, and require knows the libraries
--- config
    location /t { content_by_lua_block {
        local names = {}
        for name in pairs(coroutine) do names[#names + 1] = name end
        table.sort(names)
        ngx.say(table.concat(names, " "))
        ngx.say(require "package" == package)
    } }
--- request
GET /t
--- response_body
__create __resume __status __wrap __yield _create _resume _status _wrap _yield create resume running status wrap yield
true


=== TEST 12: HTTP/0.9 has no fields to set
--- config
    location /t { content_by_lua_block {
        ngx.req.set_header("X-Foo", "howdy")
        ngx.req.clear_header("X-Bar")
        ngx.say("X-Foo: ", ngx.req.get_headers()["X-Foo"])
    } }
--- raw_request eval
"GET /t\r\n"
--- http09
--- response_body
X-Foo: nil
--- no_error_log
[error]


=== TEST 13: too many subrequests of a script
--- config
    location /t { content_by_lua_block { ngx.location.capture("/t") } }
--- request
GET /t
--- response_body
--- error_log
lua subrequests cycle while processing "/t"
