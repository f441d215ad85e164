use Test::Nginx::Socket 'no_plan';
$ENV{TEST_NGINX_HTML_DIR} ||= html_dir();
run_tests();
__DATA__

=== TEST 1: the form of a line
--- config
--- request
GET /none
--- error_code: 404
--- error_log eval
qr{^\d{4}/\d\d/\d\d \d\d:\d\d:\d\d \[error\] \d+#\d+: \*1 open\(\) "/\S+/html/none" failed \(2: No such file or directory\), client: 127\.0\.0\.1, server: localhost, request: "GET /none HTTP/1\.1", host: "localhost"$}


=== TEST 2: the referrer is part of the context
--- config
--- more_headers
Referer: http://ref.test/
--- request
GET /none
--- error_code: 404
--- error_log
host: "localhost", referrer: "http://ref.test/"


=== TEST 3: without a Host there is none in the context
--- config
--- raw_request eval
"GET /none HTTP/1.0\r\n\r\n"
--- error_code: 404
--- error_log eval
qr{request: "GET /none HTTP/1\.0"$}


=== TEST 4: an invalid Host
--- config
--- more_headers
Host: a/b
--- request
GET /
--- error_code: 400
--- error_log
client sent invalid host header while reading client request headers


=== TEST 5: an invalid header line stops the request
--- config
--- raw_request eval
"GET / HTTP/1.1\r\nHost: x\r\nBad Header: y\r\n\r\n"
--- error_code: 400
--- error_log
client sent invalid header line: "Bad


=== TEST 6: an invalid Content-Length
--- config
--- raw_request eval
"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5x\r\n\r\nhello"
--- error_code: 400
--- error_log
client sent invalid "Content-Length" header while reading client request headers


=== TEST 7: a duplicate Content-Length
--- config
--- raw_request eval
"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nhello"
--- error_code: 400
--- error_log
client sent duplicate header line: "Content-Length: 5", previous value: "Content-Length: 5"


=== TEST 8: chunks in HTTP/1.0
--- config
--- raw_request eval
"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
--- error_code: 400
--- error_log
client sent HTTP/1.0 request with "Transfer-Encoding" header


=== TEST 9: an unsafe path
--- config
--- raw_request eval
"GET /a/../../b HTTP/1.1\r\nHost: x\r\n\r\n"
--- error_code: 400
--- error_log
client sent invalid request while reading client request line


=== TEST 10: a NUL in a path
--- config
--- request
GET /a%00b
--- error_code: 400
--- error_log
client sent invalid request while reading client request line


=== TEST 11: a client that leaves within its head
--- config
--- raw_request eval
"GET /a HTTP/1.1\r\nHost:"
--- shutdown: 1
--- error_code:
--- error_log
client prematurely closed connection while reading client request headers


=== TEST 12: a client that leaves within its request line
--- config
--- raw_request eval
"GET /a"
--- shutdown: 1
--- error_code:
--- error_log
client prematurely closed connection while reading client request line


=== TEST 13: an upstream that closes in the middle
--- config
    location /p { proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1; }
--- tcp_listen: $TEST_NGINX_RAND_PORT_1
--- tcp_reply eval
"HTTP/1.1 200 OK\r\nContent-Le"
--- request
GET /p
--- error_code: 502
--- error_log
upstream prematurely closed connection while reading response header from upstream


=== TEST 14: what is not an error is not logged as one
--- config
    location /p { proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT/a; }
    location /a { return 200 "a\n"; }
--- request
GET /p
--- response_body
a
--- no_error_log
[error]
[warn]
[alert]
[crit]


=== TEST 15: a message of level info
--- config
    location /a { return 200 "a\n"; }
--- log_level: info
--- raw_request eval
"GET /a HTTP/1.1\r\nHost: x\r\n\r\n"
--- shutdown: 1
--- response_body
a
--- error_log
[info]
closed keepalive connection


=== TEST 16: none below the level
--- config
    location /a { return 200 "a\n"; }
--- log_level: notice
--- raw_request eval
"GET /a HTTP/1.1\r\nHost: x\r\n\r\n"
--- shutdown: 1
--- response_body
a
--- no_error_log
[info]
[debug]


=== TEST 17: the lines of a graceful end
--- config
    location /a { return 200 "a\n"; }
--- request
GET /a
--- response_body
a
--- shutdown_error_log
signal 3 (SIGQUIT) received
exit


=== TEST 18: a file that may not be read
--- config
    location /d/ { root html; }
--- user_files
>>> d/sub/x
x
--- request
GET /d/sub/
--- error_code: 403
--- error_log eval
qr{\[error\] .*directory index of "/\S+/html/d/sub/" is forbidden, client: }


=== TEST 19: an error within a named location names the first request
--- config
    location /a { try_files /none @n; }
    location @n { root html; }
--- request
GET /a/b
--- error_code: 404
--- error_log eval
qr{open\(\) "/\S+/html/a/b" failed .* request: "GET /a/b HTTP/1\.1"}
