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
