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

