use Test::Nginx::Socket 'no_plan';
$ENV{TEST_NGINX_HTML_DIR} ||= html_dir();
run_tests();
__DATA__

=== TEST 1: single_listener needs reuseport
--- config
    single_listener on;
--- must_die
--- request
GET /
--- error_log eval
qr/\[emerg\] .*single listener "0\.0\.0\.0:\d+" must use reuseport in \S+nginx\.conf:\d+/
--- suppress_stderr
--- skip_nginx_reference: nginx has no single_listener


=== TEST 2: single_listener off needs nothing
--- config
    single_listener off;
    location = /t { return 200 "here\n"; }
--- request
GET /t
--- response_body
here
--- skip_nginx_reference: nginx has no single_listener


=== TEST 3: single_listener is on or off
--- config
    single_listener maybe;
--- must_die
--- request
GET /
--- error_log
invalid value "maybe" in "single_listener" directive, it must be "on" or "off"
--- suppress_stderr
--- skip_nginx_reference: nginx has no single_listener


=== TEST 4: single_listener stands in servers only
--- http_config
    single_listener on;
--- config
--- must_die
--- request
GET /
--- error_log
"single_listener" directive is not allowed here
--- suppress_stderr
--- skip_nginx_reference: nginx has no single_listener


=== TEST 5: single_listener twice
--- config
    single_listener off;
    single_listener off;
--- must_die
--- request
GET /
--- error_log
"single_listener" directive is duplicate
--- suppress_stderr
--- skip_nginx_reference: nginx has no single_listener


=== TEST 6: the default server of an address decides
--- http_config
    server { listen $TEST_NGINX_SERVER_PORT; server_name a.test; return 200 "a\n"; }
    server { listen $TEST_NGINX_SERVER_PORT; server_name b.test; single_listener on; return 200 "b\n"; }
--- config
--- more_headers
Host: b.test
--- request
GET /
--- response_body
b
--- skip_nginx_reference: nginx has no single_listener


=== TEST 7: one process serves a single listener too
--- http_config
    server { listen $TEST_NGINX_SERVER_PORT reuseport; server_name one.test; single_listener on; return 200 "one\n"; }
--- config
--- more_headers
Host: one.test
--- request
GET /
--- response_body
one
--- skip_nginx_reference: nginx has no single_listener


=== TEST 6: reuseport_balance needs reuseport
--- config
    reuseport_balance least_conn;
--- must_die
--- request
GET /
--- error_log eval
qr/\[emerg\] .*reuseport_balance of "0\.0\.0\.0:\d+" must use reuseport in \S+nginx\.conf:\d+/
--- suppress_stderr
--- skip_nginx_reference: nginx has no reuseport_balance


=== TEST 7: reuseport_balance beside single_listener
--- config
    single_listener on;
    reuseport_balance least_conn;
--- must_die
--- request
GET /
--- error_log
single_listener and reuseport_balance exclude each other
--- suppress_stderr
--- skip_nginx_reference: nginx has no reuseport_balance


=== TEST 8: reuseport_balance hash, the kernel's choice
--- config
    reuseport_balance hash;
    location = /t { return 200 "here\n"; }
--- request
GET /t
--- response_body
here
--- skip_nginx_reference: nginx has no reuseport_balance


=== TEST 9: reuseport_balance knows no other way
--- config
    reuseport_balance random;
--- must_die
--- request
GET /
--- error_log
invalid value "random"
--- suppress_stderr
--- skip_nginx_reference: nginx has no reuseport_balance
