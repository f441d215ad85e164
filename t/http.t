use Test::Nginx::Socket 'no_plan';
$ENV{TEST_NGINX_HTML_DIR} ||= html_dir();
run_tests();
__DATA__

=== TEST 1: an answer of 1.1 to a request of 1.0 closes
--- config
    location /a { echo a; }
--- raw_request eval
"GET /a HTTP/1.0\r\n\r\n"
--- raw_response_headers_like: ^HTTP/1\.1 200 OK\r\n.*Connection: close\r\n
--- response_headers
!Transfer-Encoding
--- response_body
a


=== TEST 2: keep-alive of 1.0
--- config
    location /a { return 200 "a\n"; }
--- raw_request eval
"GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET /a HTTP/1.0\r\n\r\n"
--- response_headers
Connection: keep-alive
Content-Length: 2
--- response_body
a


=== TEST 3: an answer without a length ends the connection of 1.0 even with keep-alive
--- config
    location /a { echo a; }
--- raw_request eval
"GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"
--- response_headers
Connection: close
--- response_body
a


=== TEST 4: HTTP/0.9
--- config
    location /a { echo "a [$server_protocol]"; }
--- raw_request eval
"GET /a\r\n"
--- http09
--- response_body
a []


=== TEST 5: pipelined requests are answered in order
--- config
    location /a { echo "a $connection_requests"; }
    location /slow { echo_sleep 0.05; echo "slow $connection_requests"; }
--- pipelined_requests eval
["GET /slow", "GET /a", "GET /slow", "GET /a"]
--- error_code eval
[200, 200, 200, 200]
--- response_body eval
["slow 1\n", "a 2\n", "slow 3\n", "a 4\n"]


=== TEST 6: pipelined requests with bodies
--- config
    location /b { echo_read_request_body; echo_request_body; }
--- pipelined_requests eval
["POST /b\none", "POST /b\ntwo", "POST /b\nthree"]
--- error_code eval
[200, 200, 200]
--- response_body eval
["one", "two", "three"]


=== TEST 7: an unread body does not become a request
--- config
    location /b { return 200 "ok\n"; }
--- pipelined_requests eval
["POST /b\nGET /evil HTTP/1.1", "GET /b"]
--- error_code eval
[200, 200]
--- response_body eval
["ok\n", "ok\n"]


=== TEST 8: chunks in, decoded
--- config
    location /b { echo_read_request_body; echo_request_body; }
--- more_headers
Transfer-Encoding: chunked
--- request eval
"POST /b
5\r\nhello\r\n1;ext=1\r\n,\r\n6\r\n world\r\n0\r\nX-Trailer: x\r\n\r\n"
--- response_body chomp
hello, world


=== TEST 9: chunks in many packets
--- config
    location /b { echo_read_request_body; echo_request_body; }
--- raw_request eval
["POST /b HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Enc", "oding: chunked\r\n\r\n5\r", "\nhel", "lo\r\n", "0", "\r\n\r", "\n"]
--- raw_request_middle_delay: 0.02
--- response_body chomp
hello


=== TEST 10: a head in many packets
--- config
    location /a { echo "$uri $args $http_x_y"; }
--- raw_request eval
["G", "ET", " ", "/a", "?b", "=c HT", "TP/1.", "1\r", "\nHost", ": x\r\nX-", "Y: z", "z\r\nConnection: close\r\n", "\r", "\n"]
--- raw_request_middle_delay: 0.01
--- response_body
/a b=c zz


=== TEST 11: Expect: 100-continue
--- config
    location /b { echo_read_request_body; echo_request_body; }
--- raw_request eval
["POST /b HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n", "hello"]
--- raw_request_middle_delay: 0.1
--- error_code: 100
--- response_body_like: ^HTTP/1\.1 200 OK\r\n.*\r\n\r\n.*hello


=== TEST 12: HEAD has the head of GET and no body
--- config
    location /e { echo hello; }
--- request eval
["HEAD /index.html", "HEAD /e"]
--- error_code eval
[200, 200]
--- response_headers eval
["Content-Length: 72", "!Content-Length"]
--- response_body eval
["", ""]


=== TEST 13: an unknown length is chunked in 1.1
--- config
    location /e { echo hello; echo world; }
--- request
GET /e
--- response_headers
Transfer-Encoding: chunked
!Content-Length
--- response_body
hello
world


=== TEST 14: chunked_transfer_encoding off
--- config
    location /e { chunked_transfer_encoding off; echo hello; }
--- request
GET /e
--- response_headers
!Transfer-Encoding
--- response_body
hello


=== TEST 15: keepalive_requests
--- config
    keepalive_requests 2;
    location /a { return 200 "$connection_requests\n"; }
--- raw_request eval
"GET /a HTTP/1.1\r\nHost: x\r\n\r\nGET /a HTTP/1.1\r\nHost: x\r\n\r\nGET /a HTTP/1.1\r\nHost: x\r\n\r\n"
--- response_headers
Connection: keep-alive
--- response_body
1


=== TEST 16: keepalive_timeout 0 closes
--- config
    location /a { keepalive_timeout 0; return 200 "a\n"; }
--- raw_request eval
"GET /a HTTP/1.1\r\nHost: x\r\n\r\n"
--- response_headers
Connection: close
--- response_body
a


=== TEST 17: the Keep-Alive header
--- config
    location /a { keepalive_timeout 75s 20s; return 200 "a\n"; }
--- raw_request eval
"GET /a HTTP/1.1\r\nHost: x\r\n\r\n"
--- shutdown: 1
--- response_headers
Keep-Alive: timeout=20
--- response_body
a


=== TEST 18: keepalive_disable none, and for a browser
--- config
    location /a { keepalive_disable msie6; return 200 "a\n"; }
    location /b { keepalive_disable none; return 200 "b\n"; }
--- raw_request eval
"POST /b HTTP/1.1\r\nHost: x\r\nUser-Agent: Mozilla/4.0 (compatible; MSIE 6.0; Windows NT 5.1)\r\nContent-Length: 0\r\n\r\nPOST /a HTTP/1.1\r\nHost: x\r\nUser-Agent: Mozilla/4.0 (compatible; MSIE 6.0; Windows NT 5.1)\r\nContent-Length: 0\r\n\r\n"
--- response_headers
Connection: keep-alive
--- response_body
b


=== TEST 19: an incomplete head meets its timeout
--- config
    client_header_timeout 100ms;
--- raw_request eval
"GET /a HTTP/1.1\r\nHost"
--- error_code:
--- error_log
client timed out


=== TEST 20: an incomplete body meets its timeout
--- config
    client_body_timeout 100ms;
    location /b { echo_read_request_body; echo_request_body; }
--- raw_request eval
"POST /b HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc"
--- error_code:
--- access_log eval
qr{"POST /b HTTP/1\.1" 408 0 }


=== TEST 21: a line that is too long
--- config
    large_client_header_buffers 2 1k;
    client_header_buffer_size 256;
--- request eval
"GET /" . "a" x 1100
--- error_code: 414
--- error_log
client sent too long URI


=== TEST 22: a header that is too long
--- config
    large_client_header_buffers 2 1k;
    client_header_buffer_size 256;
--- more_headers eval
"X-Long: " . "a" x 1100
--- request
GET /
--- error_code: 400
--- response_body_like: Request Header Or Cookie Too Large
--- error_log
client sent too long header line


=== TEST 23: a header that just fits
--- config
    large_client_header_buffers 2 1k;
    client_header_buffer_size 256;
    location /a { return 200 "ok\n"; }
--- more_headers eval
"X-Long: " . "a" x 1000
--- request
GET /a
--- response_body
ok


=== TEST 24: 494 can have a page of its own
--- config
    large_client_header_buffers 2 1k;
    error_page 494 =431 /page;
    location /page { return 200 "too much\n"; }
--- more_headers eval
"X-Long: " . "a" x 1100
--- request
GET /
--- error_code: 431
--- response_body
too much


=== TEST 25: headers with an underscore are ignored unless allowed
--- config
    location /a { echo "[$http_x_a]"; }
--- more_headers
X_A: v
--- request
GET /a
--- response_body
[]
--- error_log
client sent invalid header line: "X_A: v"


=== TEST 26: underscores_in_headers on
--- config
    underscores_in_headers on;
    location /a { echo "[$http_x_a]"; }
--- more_headers
X_A: v
--- request
GET /a
--- response_body
[v]
--- no_error_log
client sent invalid header line


=== TEST 27: ignore_invalid_headers off
--- config
    ignore_invalid_headers off;
    location /a { return 200 "ok\n"; }
--- more_headers
X.Y: v
--- request
GET /a
--- response_body
ok
--- no_error_log
client sent invalid header line


=== TEST 28: merge_slashes
--- config
    merge_slashes off;
    location /a/ { echo "$uri"; }
--- request
GET /a//b///c
--- response_body
/a//b///c


=== TEST 29: TRACE and CONNECT are refused
--- config
--- request eval
["TRACE /", "CONNECT /"]
--- error_code eval
[405, 405]


=== TEST 30: Date and Server are there, once
--- config
    location /a { return 200; }
--- request
GET /a
--- response_headers_like
Date: [A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT
Server: [^,]+


=== TEST 31: a request without a Host in 1.1
--- config
--- raw_request eval
"GET / HTTP/1.1\r\n\r\n"
--- error_code: 400
--- error_log
client sent HTTP/1.1 request without "Host" header while reading client request headers


=== TEST 32: a bad method is logged
--- config
--- raw_request eval
"get / HTTP/1.1\r\nHost: x\r\n\r\n"
--- error_code: 400
--- error_log
client sent invalid method while reading client request line


=== TEST 33: a bad request is logged
--- config
--- raw_request eval
"GET / HTTX/1.1\r\nHost: x\r\n\r\n"
--- error_code: 400
--- error_log
client sent invalid request while reading client request line


=== TEST 34: a bad version is refused
--- config
--- raw_request eval
"GET / HTTP/2.0\r\nHost: x\r\n\r\n"
--- error_code: 505
--- error_log
client sent invalid version while reading client request line


=== TEST 35: both lengths are refused
--- config
--- raw_request eval
"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
--- error_code: 400
--- error_log
client sent "Content-Length" and "Transfer-Encoding" headers at the same time


=== TEST 36: an unknown coding
--- config
--- raw_request eval
"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n"
--- error_code: 501
--- error_log
client sent unknown "Transfer-Encoding": "gzip"


=== TEST 37: several workers behind one port
--- config
    location /a { return 200 "ok\n"; }
--- workers: 2
--- master: on
--- request eval
["GET /a", "GET /a", "GET /a", "GET /a"]
--- error_code eval
[200, 200, 200, 200]
--- response_body eval
["ok\n", "ok\n", "ok\n", "ok\n"]


=== TEST 38: reset_timedout_connection ends without a word
--- config
    client_body_timeout 100ms;
    reset_timedout_connection on;
    location /b { echo_read_request_body; echo_request_body; }
--- raw_request eval
"GET /b HTTP/1.0\r\nContent-Length: 10\r\n\r\nabc"
--- error_code:
--- access_log eval
qr{"GET /b HTTP/1\.0" 408 0 }


=== TEST 39: a large answer in pieces
--- config
    location /a { echo_duplicate 100000 "0123456789"; }
--- request
GET /a
--- response_body_filters
length
--- response_body chomp
1000000


=== TEST 40: an absolute target chooses the server
--- http_config
    server {
        listen $TEST_NGINX_SERVER_PORT;
        server_name other;
        location / { return 200 "other $host\n"; }
    }
--- config
--- raw_request eval
"GET http://other/x HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
--- response_body
other other


=== TEST 41: a response that takes longer than the time for heads and kept connections
--- config
    location /slow { echo_sleep 1.5; echo done; }
--- http_config
    client_header_timeout 1s;
    send_timeout 1s;
--- request
GET /slow
--- response_body
done
--- no_error_log
timed out
