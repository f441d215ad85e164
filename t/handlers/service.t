use Test::Nginx::Socket 'no_plan';
run_tests();
__DATA__

=== TEST 1: a service of each worker
--- http_config
    handler load t;
    handler_run_service steady $s 1h;
--- config
    location /t { return 200 "[$s]\n"; }
--- request
GET /t
--- response_body
[]


=== TEST 2: its value, once there is one
--- http_config
    handler load t;
    handler_run_service cleanup $s;
--- config
    location /t { echo_sleep 0.1; echo "[$s]"; }
--- request
GET /t
--- response_body
[ready]


=== TEST 3: a shared variable is shown as changed once, and tells of itself
--- http_config
    handler load t;
    handler_run_service cleanup $s;
    handler_service_var_in_shm z 64k $TEST_NGINX_SERVROOT $s;
--- config
    location /t { echo_sleep 0.1; echo "[$s] [$_upd__s] $_shm__s"; }
--- pipelined_requests eval
["GET /t", "GET /t"]
--- response_body_like eval
[qr/^\[ready\] \[ready\] \d{10} \| 5 \| 1 \| 0 \| 0$/, qr/^\[ready\] \[\] \d{10} \| 5 \| 1 \| 0 \| 0$/]


=== TEST 4: a value that does not fit leaves the old one and is counted
--- http_config
    handler load t;
    handler_run_service big $s;
    handler_service_var_in_shm z 64k $TEST_NGINX_SERVROOT $s;
--- config
    location /t { echo_sleep 0.1; echo "[$s] $_shm__s"; }
--- request
GET /t
--- response_body_like
^\[little\] \d{10} \| 6 \| 1 \| 1 \| 1$
--- error_log
failed to allocate memory to store service variable "s", using old value


=== TEST 5: equal results are no change, more variables with placeholders
--- http_config
    handler load t;
    handler_run_service steady $s 1ms;
    handler_run_service tick $n 10ms;
    handler_service_var_in_shm z 64k $TEST_NGINX_SERVROOT $s;
    handler_service_var_in_shm _ _ _ $n;
--- config
    location /t { echo_sleep 0.3; echo "$_shm__s"; echo "$_shm__n"; }
--- request
GET /t
--- response_body_like
^\d{10} \| 12 \| 1 \| 0 \| 0
\d{10} \| 2\d \| ([2-9]|[1-9]\d+) \| 0 \| 0$


=== TEST 6: failures and panics leave the value, empty results may be ignored
--- http_config
    handler load t;
    handler_run_service flaky $f 10ms;
    handler_run_service panicS $p;
    handler_service_var_ignore_empty $f;
--- config
    location /t { echo_sleep 1; echo "[$f] [$p]"; }
--- request
GET /t
--- response_body
[flaky] [recovered]
--- error_log eval
["handler \"flaky\" has failed while getting value of service variable \"f\": \"flaky failed\", using old value",
 "handler \"panicS\" has panicked while getting value of service variable \"p\": \"panicS at services.go:"]


=== TEST 7: update callbacks run for changes
--- http_config
    handler load t;
    handler_run_service steady $s 1ms;
    handler_service_var_in_shm z 64k $TEST_NGINX_SERVROOT $s;
    handler_service_var_update_callback onChange $s;
    handler_service_var_update_callback onChange $s "fixed value";
--- config
    location /t { echo_sleep 0.2; echo ok; }
--- request
GET /t
--- response_body
ok


=== TEST 8: a hook runs in the worker and has the service run anew
--- http_config
    handler load t;
    handler_run_service holder $h 1h;
    handler_service_var_in_shm z 64k $TEST_NGINX_SERVROOT $h;
    handler_service_hooks_zone hooks 64k;
    handler_service_update_hook saw $h;
--- config
    location /set { handler_service_hook setHeld $h $arg_v; }
    location /t { echo_sleep 0.1; echo_location /set v=one; echo_sleep 0.1; echo "[$h]"; }
--- request
GET /t
--- response_body
[one]
--- error_log eval
["service hook reported \"saw <initial> in ", "service hook reported \"set to one in ", "service hook reported \"saw <one> in "]


=== TEST 9: the answer of a hook
--- http_config
    handler load t;
    handler_run_service holder $h 1h;
    handler_service_hooks_zone hooks 64k;
--- config
    location /set { handler_service_hook setHeld $h $arg_v; }
--- request
GET /set?v=one
--- response_headers
Content-Length: 0
!Content-Type
--- response_body:


=== TEST 10: data without a zone
--- http_config
    handler load t;
    handler_run_service holder $h 1h;
--- config
    location /set { handler_service_hook setHeld $h $arg_v; }
--- request
GET /set?v=one
--- error_code: 500
--- error_log
service hook provides data, but service hooks shm zone was not initialized


=== TEST 11: a hook without data needs no zone
--- http_config
    handler load t;
    handler_run_service holder $h 1h;
--- config
    location /set { handler_service_hook setHeld $h; }
--- request
GET /set
--- error_log eval
qr/service hook reported "set to  in \d+"/


=== TEST 12: failing hooks interrupt the service all the same
--- http_config
    handler load t;
    handler_run_service holder $h 1h;
    handler_service_hooks_zone hooks 64k;
--- config
    location /set { handler_service_hook setHeld $h $arg_v; }
    location /t { echo_sleep 0.1; echo_location /set v=error; echo_sleep 0.1; echo "[$h]"; echo_location /set v=panic; echo_sleep 0.1; echo "[$h]"; }
--- request
GET /t
--- response_body_like
^\[error\]
--- error_log eval
["service hook \"setHeld\" has failed: \"no such value\"", "service hook \"setHeld\" has failed: \"setHeld at services.go"]


=== TEST 13: a hook on a variable that is of no service
--- http_config
    handler load t;
    handler_service_hooks_zone hooks 64k;
--- config
    location /set { handler_run upper $u x; handler_service_hook setHeld $u a; }
--- request
GET /set
--- error_code: 500
--- error_log eval
["service hook will not be enabled because variable \"u\" is not a service variable", "service hook was disabled because of inappropriate variable handler"]


=== TEST 14: a callback needs a shared variable
--- http_config
    handler load t;
    handler_run_service steady $s 1h;
    handler_service_var_update_callback onChange $s;
--- config
    location /t { return 200 "ok\n"; }
--- request
GET /t
--- response_body
ok
--- error_log
variable "s" is not in shm


=== TEST 15: a service that cleans up is waited for
--- http_config
    handler load t;
    handler_run_service cleanup $s;
--- config
    location /t { echo_sleep 0.1; echo "[$s]"; }
--- request
GET /t
--- response_body
[ready]


=== TEST 16: a service that does not end is abandoned
--- main_config
    worker_shutdown_timeout 200ms;
--- http_config
    handler load t;
    handler_run_service stubborn $s;
--- config
    location /t { echo_sleep 0.1; echo "[$s]"; }
--- request
GET /t
--- response_body
[ready]
--- shutdown_error_log
services have not ended within 200ms and are abandoned


=== TEST 17: without handler_service_var_ignore_empty an empty result empties the variable
--- http_config
    handler load t;
    handler_run_service thenEmpty $e;
    handler_run_service thenEmpty2 $k;
    handler_service_var_in_shm z 64k $TEST_NGINX_SERVROOT $e $k;
    handler_service_var_ignore_empty $k;
--- config
    location /t { echo_sleep 0.1; echo "[$e] [$k]"; }
--- request
GET /t
--- response_body
[] [full]


=== TEST 18: a hook in an if, and a hook twice
--- http_config
    handler load t;
    handler_run_service holder $h 1h;
    handler_service_hooks_zone hooks 64k;
--- config
    location /set { handler_service_hook setHeld $h $arg_v; set $y 1; if ($arg_i) { set $y 2; } }
    location /other { handler_service_hook setHeld $h "other"; }
    location /t { echo_sleep 0.1; echo_location /set v=one&i=1; echo_sleep 0.1; echo "[$h]"; echo_location /other; echo_sleep 0.1; echo_location /show; }
    location /show { echo "[$h]"; }
--- request
GET /t
--- response_body
[one]
[other]


=== TEST 19: an update hook of a service of each worker
--- http_config
    handler load t;
    handler_run_service cleanup $s;
    handler_service_update_hook saw $s;
--- config
    location /t { echo_sleep 0.1; echo "[$s]"; }
--- request
GET /t
--- response_body
[ready]
--- error_log eval
qr/service hook reported "saw <ready> in \d+"/


=== TEST 20: hook data that do not fit
--- http_config
    handler load t;
    handler_run_service holder $h 1h;
    handler_service_hooks_zone hooks 32k;
--- config
    client_body_buffer_size 64k;
    location /set { handler_run_async_on_request_body reqBody $b x; handler_service_hook setHeld $h $b; }
--- request eval
"POST /set
" . ("x" x 60000)
--- error_code: 500
--- error_log
failed to allocate memory to store service hook data


=== TEST 21: a service that ends its goroutine
--- http_config
    handler load t;
    handler_run_service vanishS $v;
--- config
    location /t { echo_sleep 0.1; echo "[$v]"; }
--- request
GET /t
--- response_body
[back]
--- error_log
handler "vanishS" has panicked while getting value of service variable "v": "the handler has ended its goroutine", using old value
