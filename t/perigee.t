# What perigee does on purpose otherwise than nginx 1.22.1: every block is
# tagged with the reason, and a real nginx would fail it.
use Test::Nginx::Socket 'no_plan';
$ENV{TEST_NGINX_HTML_DIR} ||= html_dir();
run_tests();
__DATA__

=== TEST 1: a line feed alone does not end a chunk's size
--- config
    location /b { echo_read_request_body; echo_request_body; }
--- more_headers
Transfer-Encoding: chunked
--- request eval
"POST /b
5\nhello\r\n0\r\n\r\n"
--- error_code: 400
--- error_log
client sent invalid chunked body
--- skip_nginx_reference: it takes a bare LF for a line end of chunked framing


=== TEST 2: a port that is no number
--- config
    location /a { return 200 "a\n"; }
--- more_headers
Host: localhost:8a
--- request
GET /a
--- error_code: 400
--- error_log
client sent invalid host header
--- skip_nginx_reference: it does not look at the port of Host


=== TEST 3: a byte that no host has
--- config
    location /a { return 200 "a\n"; }
--- more_headers
Host: local<host
--- request
GET /a
--- error_code: 400
--- error_log
client sent invalid host header
--- skip_nginx_reference: it checks Host for few characters only


=== TEST 4: an argument of more than 4,096 bytes
--- config
    include ../html/long.conf;
--- user_files eval
[["long.conf", "location /long { return 200 '" . "0123456789" x 1000 . "'; }"]]
--- request
GET /long
--- response_body eval
"0123456789" x 1000
--- skip_nginx_reference: it limits an argument to 4,096 bytes


=== TEST 5: all unknown directives are named at once
--- config
    include ../html/bad.conf;
--- user_files
>>> bad.conf
frobnicate on;
location /a {
    defrobnicate off;
}
--- must_die
--- request
GET /
--- error_log eval
[qr{unknown directive "frobnicate" in \S+/html/bad\.conf:1}, qr{unknown directive "defrobnicate" in \S+/html/bad\.conf:3}]
--- skip_nginx_reference: it stops at the first one
--- suppress_stderr


=== TEST 6: an upstream's answer with two lengths
--- config
    location /p { proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1; proxy_http_version 1.1; }
--- tcp_listen: $TEST_NGINX_RAND_PORT_1
--- tcp_reply eval
"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"
--- request
GET /p
--- error_code: 502
--- error_log
upstream sent "Content-Length" and "Transfer-Encoding" headers at the same time
--- skip_nginx_reference: 1.22.1 lets the chunks win; newer versions refuse the answer


=== TEST 7: the port that a client names
--- config
    location /p { return 200 "[$request_port][$is_request_port]\n"; }
--- raw_request eval
"GET http://a.test:82/p HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n"
--- response_body
[82][:]
--- skip_nginx_reference: newer than 1.22.1


=== TEST 8: several fields of a name in one variable
--- config
    location /v { add_header Cache-Control a; add_header Cache-Control b; add_header X-V $sent_http_cache_control; return 200 "[$http_via]\n"; }
--- request
GET /v
--- more_headers
Via: 1.1 one
Via: 1.1 two
--- response_headers
X-V: a, b
--- response_body
[1.1 one, 1.1 two]
--- skip_nginx_reference: newer than 1.22.1 as regards $http_via


=== TEST 9: early hints are passed on where they are asked for
--- config
    location /h { early_hints $arg_hints; proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1; proxy_http_version 1.1; }
--- tcp_listen: $TEST_NGINX_RAND_PORT_1
--- tcp_reply eval
"HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
--- request
GET /h
--- response_body chomp
ok
--- skip_nginx_reference: newer than 1.22.1
