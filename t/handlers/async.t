use Test::Nginx::Socket 'no_plan';
run_tests();
__DATA__

=== TEST 1: tasks and strict variables run in the order of declaration and use each other
--- http_config
    handler load t;
--- config
    location /order { handler_run_async tracedAsync $o1 one; handler_run_async tracedAsync $o2 "two-$o1";
                      handler_run traced <!$o3 "three-$o2"; handler_run_async tracedAsync $o4 "four-$o3";
                      handler_run traced $o5 "lazy-$o4"; echo "$o4 $o5"; }
--- request
GET /order
--- response_body
four-three-two-one lazy-four-three-two-one
--- grep_error_log eval
qr/traced(?:Async)?\([^)]+\)/
--- grep_error_log_out
tracedAsync(one)
tracedAsync(two-one)
traced(three-two-one)
tracedAsync(four-three-two-one)
traced(lazy-four-three-two-one)


=== TEST 2: a task runs before the rewrite directives, and its result outlives a rewrite
--- http_config
    handler load t;
--- config
    location /eager { handler_run_async tracedAsync $e1 first; rewrite ^ /eager2 last; }
    location /eager2 { handler_run_async tracedAsync $e2 second; return 200 "[$e1][$e2]\n"; }
--- request
GET /eager
--- response_body
[first][second]
--- grep_error_log eval
qr/tracedAsync\([^)]+\)/
--- grep_error_log_out
tracedAsync(first)
tracedAsync(second)


=== TEST 3: a task of a taken if runs late, and can not override one that has run
--- http_config
    handler load t;
--- config
    location /nested { handler_run_async tracedAsync $n1 outer; if ($arg_i) { handler_run_async tracedAsync $n2 "inner-$n1"; } echo "[$n1][$n2]"; }
    location /over { handler_run_async tracedAsync $ov outer; if ($arg_i) { handler_run_async tracedAsync $ov inner; } echo "[$ov]"; }
--- request eval
["GET /nested?i=1", "GET /nested", "GET /over?i=1"]
--- response_body eval
["[outer][inner-outer]\n", "[outer][]\n", "[outer]\n"]


=== TEST 4: return waits for tasks, which run one after the other
--- http_config
    handler load t;
--- config
    location /t { handler_run_async delay $a 100ms; handler_run_async delay $b 100ms;
                  set $slow no; if ($request_time ~ "^0\.(1[89]|2)") { set $slow yes; } return 200 "$a $b $slow\n"; }
--- request
GET /t
--- response_body
100 100 yes


=== TEST 5: a failed task: text, empty after a panic, logged also when nobody reads it (1)
--- http_config
    handler load t;
    handler_var_empty_on_error $q;
--- config
    location /e { handler_run_async boomA $v 1; return 200 "[$v]\n"; }
    location /q { handler_run_async boomA $q 1; return 200 "[$q]\n"; }
    location /p { handler_run_async panicA $p 1; return 200 "[$p]\n"; }
    location /unused { handler_run_async boomA $u 2; return 200 "normal\n"; }
--- request eval
"GET /e"
--- response_body eval
"[boomA:1]\n"
--- grep_error_log eval
qr/handler "\w+" has \w+ while getting value of variable "\w+" asynchronously: "[\w:]+/
--- grep_error_log_out eval
"handler \"boomA\" has failed while getting value of variable \"v\" asynchronously: \"boomA:1\n"


=== TEST 6: a failed task: text, empty after a panic, logged also when nobody reads it (2)
--- http_config
    handler load t;
    handler_var_empty_on_error $q;
--- config
    location /e { handler_run_async boomA $v 1; return 200 "[$v]\n"; }
    location /q { handler_run_async boomA $q 1; return 200 "[$q]\n"; }
    location /p { handler_run_async panicA $p 1; return 200 "[$p]\n"; }
    location /unused { handler_run_async boomA $u 2; return 200 "normal\n"; }
--- request eval
"GET /q"
--- response_body eval
"[]\n"
--- grep_error_log eval
qr/handler "\w+" has \w+ while getting value of variable "\w+" asynchronously: "[\w:]+/
--- grep_error_log_out eval
"handler \"boomA\" has failed while getting value of variable \"q\" asynchronously: \"boomA:1\n"


=== TEST 7: a failed task: text, empty after a panic, logged also when nobody reads it (3)
--- http_config
    handler load t;
    handler_var_empty_on_error $q;
--- config
    location /e { handler_run_async boomA $v 1; return 200 "[$v]\n"; }
    location /q { handler_run_async boomA $q 1; return 200 "[$q]\n"; }
    location /p { handler_run_async panicA $p 1; return 200 "[$p]\n"; }
    location /unused { handler_run_async boomA $u 2; return 200 "normal\n"; }
--- request eval
"GET /p"
--- response_body eval
"[]\n"
--- grep_error_log eval
qr/handler "\w+" has \w+ while getting value of variable "\w+" asynchronously: "[\w:]+/
--- grep_error_log_out eval
"handler \"panicA\" has panicked while getting value of variable \"p\" asynchronously: \"panicA:1\n"


=== TEST 8: a failed task: text, empty after a panic, logged also when nobody reads it (4)
--- http_config
    handler load t;
    handler_var_empty_on_error $q;
--- config
    location /e { handler_run_async boomA $v 1; return 200 "[$v]\n"; }
    location /q { handler_run_async boomA $q 1; return 200 "[$q]\n"; }
    location /p { handler_run_async panicA $p 1; return 200 "[$p]\n"; }
    location /unused { handler_run_async boomA $u 2; return 200 "normal\n"; }
--- request eval
"GET /unused"
--- response_body eval
"normal\n"
--- grep_error_log eval
qr/handler "\w+" has \w+ while getting value of variable "\w+" asynchronously: "[\w:]+/
--- grep_error_log_out eval
"handler \"boomA\" has failed while getting value of variable \"u\" asynchronously: \"boomA:2\n"


=== TEST 9: a task may end the request (1)
--- http_config
    handler load t;
--- config
    location /p { handler_run_async finalize $f 503; return 200 "[$f]\n"; }
    location /page { error_page 503 =200 /x; handler_run_async finalize $f 503; return 200 "[$f]\n"; }
    location /x { return 200 "x\n"; }
    location /ok { handler_run_async finalize $f 200; return 200 "[$f]\n"; }
    location /bad { handler_run_async finalize $f 99; return 200 "[$f]\n"; }
    location /body { error_page 503 /x; handler_run_async finalize $f "503 the body"; return 200 "[$f]\n"; }
--- request eval
"GET /p"
--- error_code eval
503
--- response_body_like eval
qr/503 Service Temporarily Unavailable/
--- error_log eval
qr/\[notice\] .* HTTP request finalization was requested \(status 503\) while getting value of variable "f" asynchronously/


=== TEST 10: a task may end the request (2)
--- http_config
    handler load t;
--- config
    location /p { handler_run_async finalize $f 503; return 200 "[$f]\n"; }
    location /page { error_page 503 =200 /x; handler_run_async finalize $f 503; return 200 "[$f]\n"; }
    location /x { return 200 "x\n"; }
    location /ok { handler_run_async finalize $f 200; return 200 "[$f]\n"; }
    location /bad { handler_run_async finalize $f 99; return 200 "[$f]\n"; }
    location /body { error_page 503 /x; handler_run_async finalize $f "503 the body"; return 200 "[$f]\n"; }
--- request eval
"GET /page"
--- error_code eval
200
--- response_body_like eval
qr/^x\n$/
--- error_log eval
qr/\[notice\] .* HTTP request finalization was requested \(status 503\)/


=== TEST 11: a task may end the request (3)
--- http_config
    handler load t;
--- config
    location /p { handler_run_async finalize $f 503; return 200 "[$f]\n"; }
    location /page { error_page 503 =200 /x; handler_run_async finalize $f 503; return 200 "[$f]\n"; }
    location /x { return 200 "x\n"; }
    location /ok { handler_run_async finalize $f 200; return 200 "[$f]\n"; }
    location /bad { handler_run_async finalize $f 99; return 200 "[$f]\n"; }
    location /body { error_page 503 /x; handler_run_async finalize $f "503 the body"; return 200 "[$f]\n"; }
--- request eval
"GET /ok"
--- error_code eval
200
--- response_body_like eval
qr/^$/
--- error_log eval
qr/\[info\] .* HTTP request finalization was requested \(status 200\)/


=== TEST 12: a task may end the request (4)
--- http_config
    handler load t;
--- config
    location /p { handler_run_async finalize $f 503; return 200 "[$f]\n"; }
    location /page { error_page 503 =200 /x; handler_run_async finalize $f 503; return 200 "[$f]\n"; }
    location /x { return 200 "x\n"; }
    location /ok { handler_run_async finalize $f 200; return 200 "[$f]\n"; }
    location /bad { handler_run_async finalize $f 99; return 200 "[$f]\n"; }
    location /body { error_page 503 /x; handler_run_async finalize $f "503 the body"; return 200 "[$f]\n"; }
--- request eval
"GET /bad"
--- error_code eval
500
--- response_body_like eval
qr/500 Internal/
--- error_log eval
qr/\[error\] .* invalid HTTP status 99/


=== TEST 13: a task may end the request (5)
--- http_config
    handler load t;
--- config
    location /p { handler_run_async finalize $f 503; return 200 "[$f]\n"; }
    location /page { error_page 503 =200 /x; handler_run_async finalize $f 503; return 200 "[$f]\n"; }
    location /x { return 200 "x\n"; }
    location /ok { handler_run_async finalize $f 200; return 200 "[$f]\n"; }
    location /bad { handler_run_async finalize $f 99; return 200 "[$f]\n"; }
    location /body { error_page 503 /x; handler_run_async finalize $f "503 the body"; return 200 "[$f]\n"; }
--- request eval
"GET /body"
--- error_code eval
503
--- response_body_like eval
qr/^the body$/
--- error_log eval
qr/\[notice\] .* HTTP request finalization was requested \(status 503\)/


=== TEST 14: the client goes away: the task is cancelled, the log says 499
--- http_config
    handler load t;
--- config
    location /t { handler_run_async delayLogged $d 20s; return 200 "[$d]\n"; }
--- request
GET /t
--- timeout: 0.2
--- abort
--- ignore_response
--- wait: 0.5
--- access_log eval
qr/"GET \/t HTTP\/1.1" 499 /


=== TEST 15: with handler_ignore_client_abort the task goes on
--- http_config
    handler load t;
--- config
    handler_ignore_client_abort on;
    location /t { handler_run_async delay $d 500ms; return 200 "[$d]\n"; }
--- request
GET /t
--- timeout: 0.2
--- abort
--- ignore_response
--- wait: 1
--- access_log eval
qr/"GET \/t HTTP\/1.1" 200 /


=== TEST 16: tasks and asynchronous content in subrequests
--- http_config
    handler load t;
--- config
    location /main { echo main; echo_location /sub; echo_location /subc; echo end; }
    location /sub { handler_run_async delay $d 50ms; echo "sub $d"; }
    location /subc { handler_async_content plainAsync x; }
--- request
GET /main
--- response_body
main
sub 50
async x
end


=== TEST 17: a task that computes does not hold up other requests
--- http_config
    handler load t;
--- config
    location /t { echo_location_async /spin; echo_location_async /quick; }
    location /spin { handler_run_async spin $s 500ms; echo "spun $s"; }
    location /quick { echo quick; }
--- request
GET /t
--- response_body
spun true
quick


=== TEST 18: graceful quit waits for a task
--- http_config
    handler load t;
--- config
    location /t { handler_run_async delay $d 300ms; return 200 "[$d]\n"; }
--- request
GET /t
--- response_body
[300]


=== TEST 30: handlers that run with the baton
--- http_config
    handler load t;
    handler_run_service heldService $s text;
--- config
    location /t { handler_run_async withBaton $h "at "; echo_sleep 0.05; echo "$h [$s]"; }
--- request
GET /t
--- response_body
at /t [text]


=== TEST 20: an inner handler_ignore_client_abort off has the task cancelled
--- http_config
    handler load t;
--- config
    handler_ignore_client_abort on;
    location /t { handler_ignore_client_abort off; handler_run_async delay $d 500ms; return 200 "[$d]\n"; }
--- request
GET /t
--- timeout: 0.2
--- abort
--- ignore_response
--- wait: 1
--- access_log eval
qr/"GET \/t HTTP\/1.1" 499 /
