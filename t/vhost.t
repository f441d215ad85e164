use Test::Nginx::Socket 'no_plan';
$ENV{TEST_NGINX_HTML_DIR} ||= html_dir();
run_tests();
__DATA__

=== TEST 1: exact names
--- http_config
    server { listen $TEST_NGINX_SERVER_PORT; server_name a.test; return 200 "a\n"; }
    server { listen $TEST_NGINX_SERVER_PORT; server_name b.test c.test; return 200 "bc\n"; }
--- config
--- more_headers eval
["Host: a.test", "Host: b.test", "Host: C.Test", "Host: c.test:99"]
--- request eval
["GET /", "GET /", "GET /", "GET /"]
--- response_body eval
["a\n", "bc\n", "bc\n", "bc\n"]
--- error_code eval
[200, 200, 200, 200]


=== TEST 2: the first server is the default
--- http_config
    server { listen $TEST_NGINX_SERVER_PORT; server_name a.test; return 200 "a\n"; }
    server { listen $TEST_NGINX_SERVER_PORT; server_name b.test; return 200 "b\n"; }
--- config
--- more_headers
Host: unknown
--- request
GET /
--- response_body
a


=== TEST 3: default_server
--- http_config
    server { listen $TEST_NGINX_SERVER_PORT; server_name a.test; return 200 "a\n"; }
    server { listen $TEST_NGINX_SERVER_PORT default_server; server_name b.test; return 200 "b\n"; }
--- config
--- more_headers
Host: unknown
--- request
GET /
--- response_body
b


=== TEST 4: the longest leading wildcard, then the longest trailing one, then expressions
--- http_config
    server { listen $TEST_NGINX_SERVER_PORT; server_name *.test; return 200 "*.test\n"; }
    server { listen $TEST_NGINX_SERVER_PORT; server_name *.a.test; return 200 "*.a.test\n"; }
    server { listen $TEST_NGINX_SERVER_PORT; server_name www.*; return 200 "www.*\n"; }
    server { listen $TEST_NGINX_SERVER_PORT; server_name www.a.*; return 200 "www.a.*\n"; }
    server { listen $TEST_NGINX_SERVER_PORT; server_name ~^r\d+\.; return 200 "regex\n"; }
    server { listen $TEST_NGINX_SERVER_PORT; server_name exact.test; return 200 "exact\n"; }
--- config
--- more_headers eval
["Host: x.test", "Host: x.a.test", "Host: www.org", "Host: www.a.org", "Host: r1.org", "Host: r1.test", "Host: exact.test", "Host: www.a.test"]
--- request eval
["GET /", "GET /", "GET /", "GET /", "GET /", "GET /", "GET /", "GET /"]
--- response_body eval
["*.test\n", "*.a.test\n", "www.*\n", "www.a.*\n", "regex\n", "*.test\n", "exact\n", "*.a.test\n"]
--- error_code eval
[200, 200, 200, 200, 200, 200, 200, 200]


=== TEST 5: a name with a leading dot is itself and all below
--- http_config
    server { listen $TEST_NGINX_SERVER_PORT; server_name other; return 200 "other\n"; }
    server { listen $TEST_NGINX_SERVER_PORT; server_name .a.test; return 200 "a\n"; }
--- config
--- more_headers eval
["Host: a.test", "Host: x.a.test", "Host: x.y.a.test", "Host: xa.test"]
--- request eval
["GET /", "GET /", "GET /", "GET /"]
--- response_body eval
["a\n", "a\n", "a\n", "other\n"]
--- error_code eval
[200, 200, 200, 200]


=== TEST 6: captures of a name
--- http_config
    server { listen $TEST_NGINX_SERVER_PORT; server_name ~^(?<user>\w+)\.(\w+)\.test$; return 200 "$user $2\n"; }
--- config
--- more_headers
Host: joe.site.test
--- request
GET /
--- response_body
joe site


=== TEST 7: the first matching expression
--- http_config
    server { listen $TEST_NGINX_SERVER_PORT; server_name ~^a; return 200 "first\n"; }
    server { listen $TEST_NGINX_SERVER_PORT; server_name ~^ab; return 200 "second\n"; }
--- config
--- more_headers
Host: abc
--- request
GET /
--- response_body
first


=== TEST 8: an empty name takes requests without a Host
--- http_config
    server { listen $TEST_NGINX_SERVER_PORT; server_name a.test; return 200 "a\n"; }
    server { listen $TEST_NGINX_SERVER_PORT; server_name ""; return 200 "none\n"; }
--- config
--- raw_request eval
"GET / HTTP/1.0\r\n\r\n"
--- response_body
none


=== TEST 9: two listeners have servers of their own
--- http_config
    server { listen $TEST_NGINX_RAND_PORT_1; server_name localhost; return 200 "second port\n"; }
--- config
    location /p { proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1; }
    location /q { return 200 "first port\n"; }
--- request eval
["GET /p", "GET /q"]
--- response_body eval
["second port\n", "first port\n"]
--- error_code eval
[200, 200]


=== TEST 10: $server_name, $host and $http_host
--- server_name: www.test
--- config
    server_name alias.test;
    location /a { return 200 "$server_name $host $http_host\n"; }
--- more_headers
Host: ALIAS.test:80
--- request
GET /a
--- response_body
www.test alias.test ALIAS.test:80


=== TEST 11: conflicting names are ignored with a warning
--- http_config
    server { listen $TEST_NGINX_SERVER_PORT; server_name a.test; return 200 "one\n"; }
    server { listen $TEST_NGINX_SERVER_PORT; server_name a.test; return 200 "two\n"; }
--- config
--- more_headers
Host: a.test
--- request
GET /
--- response_body
one
--- error_log
conflicting server name "a.test" on 0.0.0.0:


=== TEST 12: a duplicate default server
--- http_config
    server { listen $TEST_NGINX_SERVER_PORT default_server; }
    server { listen $TEST_NGINX_SERVER_PORT default_server; }
--- config
--- must_die
--- request
GET /
--- error_log
a duplicate default server for 0.0.0.0:
--- suppress_stderr


=== TEST 13: a wildcard in the middle is refused
--- http_config
    server { listen $TEST_NGINX_SERVER_PORT; server_name a.*.test; }
--- config
--- must_die
--- request
GET /
--- error_log
invalid server name or wildcard "a.*.test" on 0.0.0.0:
--- suppress_stderr


=== TEST 14: an address of its own wins over the wildcard address
--- http_config
    server { listen 127.0.0.1:$TEST_NGINX_SERVER_PORT; server_name x; return 200 "$server_addr\n"; }
--- config
    location /a { return 200 "wildcard\n"; }
--- request
GET /a
--- response_body
127.0.0.1


=== TEST 15: a Unix socket
--- http_config
    server { listen unix:$TEST_NGINX_HTML_DIR/nginx.sock; server_name u; return 200 "unix [$remote_addr] [$server_addr]\n"; }
--- config
    location /a { proxy_pass http://unix:$TEST_NGINX_HTML_DIR/nginx.sock; }
--- request
GET /a
--- response_body_like: ^unix \[unix:\] \[unix:/\S+nginx\.sock\]$


=== TEST 16: IPv6
--- http_config
    server { listen [::1]:$TEST_NGINX_RAND_PORT_1; server_name v6; return 200 "$server_addr $remote_addr\n"; }
--- config
    location /a { proxy_pass http://[::1]:$TEST_NGINX_RAND_PORT_1; }
--- request
GET /a
--- response_body
::1 ::1
