use Test::Nginx::Socket 'no_plan';
no_long_string();
run_tests();
__DATA__

=== TEST 1: counters of a server, its locations and their if blocks change in the log phase, and add up
--- config
    counter $cnt_all inc;
    location /a { counter $cnt_a inc 2; return 200 "$cnt_all $cnt_a\n"; }
    location /b {
        counter $cnt_all inc 10;
        if ($arg_x) { counter $cnt_x inc; counter $cnt_all inc -1; return 200 "$cnt_all $cnt_a $cnt_x if\n"; }
        return 200 "$cnt_all $cnt_a $cnt_x\n";
    }
--- request eval
["GET /a", "GET /a", "GET /b", "GET /b?x=1", "GET /b"]
--- response_body eval
["0 0\n", "1 2\n", "2 4 0\n", "13 4 0 if\n", "23 4 1\n"]


=== TEST 2: set, undo, variables with a sign, a declaration alone
--- config
    counter $cnt_set inc;
    counter $cnt_sum inc 5;
    counter $cnt_only;
    location /set { counter $cnt_set set $arg_n; return 200 "$cnt_set\n"; }
    location /undo { counter $cnt_set undo; counter $cnt_sum inc -$arg_n; return 200 "$cnt_set $cnt_sum\n"; }
    location /read { counter $cnt_set undo; counter $cnt_sum undo; return 200 "$cnt_set $cnt_sum $cnt_only\n"; }
--- request eval
["GET /set?n=41", "GET /undo?n=3", "GET /undo?n=-7", "GET /read"]
--- response_body eval
["0\n", "41 5\n", "41 7\n", "41 19 0\n"]


=== TEST 3: a variable that is no number is told and changes nothing, one without a value neither
--- config
    location /t { counter $cnt inc $arg_n; return 200 "$cnt\n"; }
--- pipelined_requests eval
["GET /t?n=4", "GET /t?n=4x", "GET /t", "GET /t?n=-1", "GET /t?n=0"]
--- response_body eval
["0\n", "4\n", "4\n", "4\n", "3\n"]
--- error_log
[custom counters] variable "arg_n" has value "4x" which is not a number


=== TEST 4: early counters count each location that a request enters
--- config
    location /one { early_counter $cnt_1 inc; rewrite ^ /two; }
    location /two { early_counter $cnt_1 inc; early_counter $cnt_2 inc; rewrite ^ /three; }
    location /three { return 200 "$cnt_1 $cnt_2\n"; }
--- request eval
["GET /one", "GET /one", "GET /two"]
--- response_body eval
["2 1\n", "4 2\n", "5 3\n"]


=== TEST 5: sets: servers share them by their last name or by an id; a counter of another set can not be reached
--- http_config
    server { listen 127.0.0.1:$TEST_NGINX_RAND_PORT_1; server_name first shared; counter $cnt_x inc; location / { return 200; } }
    server { listen 127.0.0.1:$TEST_NGINX_RAND_PORT_2; server_name shared; location / { return 200 "$cnt_x\n"; } }
    server { listen 127.0.0.1:$TEST_NGINX_RAND_PORT_3; server_name other; counter_set_id shared; counter $cnt_y inc; location / { return 200 "$cnt_x\n"; } }
    display_unreachable_counter_as -;
    server { listen 127.0.0.1:$TEST_NGINX_RAND_PORT_4; server_name alone; counter $cnt_x inc; location / { return 200 "$cnt_x [$cnt_y]\n"; } }
    server { listen 127.0.0.1:$TEST_NGINX_RAND_PORT_5; server_name none; display_unreachable_counter_as no; location / { return 200 "$cnt_x\n"; } }
--- config
    location /1 { proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1; }
    location /2 { proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_2; }
    location /3 { proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_3; }
    location /4 { proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_4; }
    location /5 { proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_5; }
    location /all { return 200 "$cnt_collection\n"; }
--- request eval
["GET /1", "GET /2", "GET /3", "GET /4", "GET /5", "GET /all"]
--- response_body eval
["", "1\n", "1\n", "0 [-]\n", "no\n", "{\"shared\":{\"cnt_x\":1,\"cnt_y\":1},\"alone\":{\"cnt_x\":1}}\n"]


=== TEST 6: a histogram: bins, their sum, requests without a bin, reset, undo and reuse
--- http_config
    map_to_range_index $arg_v $bin 0.5 1 10;
--- config
    histogram $hst 4 $bin;
    location /t { return 200; }
    location /undo { histogram $hst undo; return 200 "$hst $hst_00 $hst_cnt $hst_err\n"; }
    location /reset { histogram $hst reset; return 200; }
    location /again { histogram $hst undo; location /again/reuse { histogram $hst reuse; return 200; } return 200; }
--- pipelined_requests eval
["GET /t?v=0.5", "GET /t?v=0.51", "GET /t?v=10", "GET /t?v=11", "GET /t?v=x", "GET /t", "GET /again/reuse?v=7", "GET /again?v=7", "GET /undo", "GET /reset", "GET /undo"]
--- response_body eval
["", "", "", "", "", "", "", "", "1,1,2,1 1 5 2\n", "", "0,0,0,0 0 0 0\n"]


=== TEST 7: the layout of histograms, and a bin that a variable gives directly
--- http_config
    map_to_range_index $request_time $time_bin 0.005 0.5;
--- config
    histogram $hst_time 3 $time_bin;
    histogram $hst_kind 2 $arg_k;
    location /t { return 200 "$cnt_histograms\n$hst_kind $hst_kind_err\n"; }
--- request eval
["GET /t?k=1", "GET /t?k=2", "GET /t?k=-1", "GET /t?k=0"]
--- response_body_like eval
["0,0 0\n", "0,1 0\n", "0,1 1\n", "^\{\"localhost\":\{\"hst_time\":\{\"range\":\{\"hst_time_00\":\"0.005\",\"hst_time_01\":\"0.5\",\"hst_time_02\":\".Inf\"\},\"cnt\":.\"hst_time_cnt\",\"cnt\".,\"err\":.\"hst_time_err\",\"err\".\},\"hst_kind\":\{\"range\":\{\"hst_kind_00\":\"\",\"hst_kind_01\":\"\"\},\"cnt\":.\"hst_kind_cnt\",\"cnt\".,\"err\":.\"hst_kind_err\",\"err\".\}\}\}\n0,1 2\n"]


=== TEST 8: the predefined counters
--- config
    location /t {
        content_by_lua_block {
            local v = ngx.var
            local now = ngx.time()
            ngx.say(now - v.cnt_start_time <= 5, " ", now - v.cnt_start_time_reload <= 5, " ", tonumber(v.cnt_uptime) <= 5, " ", tonumber(v.cnt_uptime_reload) <= 5,
                " ", v.cnt_stub_status_requests, " ", v.cnt_stub_status_active, " ", v.cnt_stub_status_writing)
        }
    }
    location /s { return 200 "$cnt_start_time $cnt_uptime"; }
--- request
GET /t
--- response_body
true true true true 1 1 1


=== TEST 9: workers share counters, and no increment is lost
--- workers: 2
--- master: on
--- config
    location /inc { counter $cnt inc; return 200; }
    location /t {
        content_by_lua_block {
            local function some()
                for i = 1, 50 do
                    local s = ngx.socket.tcp()
                    assert(s:connect("127.0.0.1", tonumber(ngx.var.server_port)))
                    s:send("GET /inc HTTP/1.0\r\nHost: localhost\r\n\r\n")
                    s:receive("*a")
                    s:close()
                end
            end
            local threads = {}
            for i = 1, 4 do threads[i] = ngx.thread.spawn(some) end
            for i = 1, 4 do ngx.thread.wait(threads[i]) end
            ngx.sleep(0.05)
            ngx.say(ngx.var.cnt)
        }
    }
--- request
GET /t
--- response_body
200


=== TEST 10: one counter can not be both early and normal in a location
--- config
    counter $cnt inc;
    location /t { early_counter $cnt inc; return 200; }
--- must_die
--- error_log
[emerg]
custom counter was set both normal and early in the same scope


=== TEST 11: an operation that is none
--- config
    counter $cnt add;
--- must_die
--- error_log
unknown counter operation "add"


=== TEST 12: an argument of undo
--- config
    counter $cnt undo 1;
--- must_die
--- error_log
counter operation "undo" does not accept arguments


=== TEST 13: a number that is none
--- config
    counter $cnt inc 1x;
--- must_die
--- error_log
not a number "1x"


=== TEST 14: an id behind a counter
--- config
    counter $cnt inc;
    counter_set_id late;
--- must_die
--- error_log
directive "counter_set_id" must precede all server's custom counters declarations


=== TEST 15: a server without a name
--- http_config
    server { listen 127.0.0.1:$TEST_NGINX_RAND_PORT_1; counter $cnt inc; }
--- config
--- must_die
--- error_log
custom counters require directive "counter_set_id" or non-empty last server name


=== TEST 16: bounds that do not rise
--- http_config
    map_to_range_index $arg_v $bin 0.5 0.5;
--- config
--- must_die
--- error_log
range must increase monotonically


=== TEST 17: too many bins, and a histogram that was not declared
--- config
    histogram $hst 33 $arg_v;
--- must_die
--- error_log
number of bins must be greater than 0 but not greater than 32


=== TEST 18: a histogram that was not declared
--- config
    histogram $hst reuse;
--- must_die
--- error_log
histogram "$hst" was not declared in this counter set


=== TEST 19: the value of a variable that a handler makes
--- http_config
    handler compile lua $TEST_NGINX_HTML_DIR/lib.lua 'require "handler".sync("tagged", function(s) return s:find("v=1", 1, true) ~= nil end)';
--- config
    location /t {
        handler_run tagged $tagged $cookie_misc;
        counter $cnt_tagged inc $tagged;
        return 200 "$cnt_tagged\n";
    }
--- request eval
["GET /t", "GET /t", "GET /t"]
--- more_headers eval
["Cookie: misc=v=1", "Cookie: misc=w", "Cookie: misc=w"]
--- response_body eval
["0\n", "1\n", "1\n"]

=== TEST 20: an interval of nothing
--- http_config
counters_persistent_storage counters.json 0;
--- config
location /t { return 200; }
--- must_die
--- error_log
"counters_persistent_storage" directive invalid value in
--- skip_nginx_reference: Debian has no custom counters module

=== TEST 21: two files
--- http_config
counters_persistent_storage a.json;
counters_persistent_storage b.json;
--- config
location /t { return 200; }
--- must_die
--- error_log
"counters_persistent_storage" directive is duplicate in
--- skip_nginx_reference: Debian has no custom counters module
