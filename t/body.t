use Test::Nginx::Socket 'no_plan';
$ENV{TEST_NGINX_HTML_DIR} ||= html_dir();
run_tests();
__DATA__

=== TEST 1: a body that is too large by its length
--- config
    location /b { client_max_body_size 10; echo_read_request_body; echo_request_body; }
--- request
POST /b
01234567890
--- error_code: 413
--- error_log
client intended to send too large body: 11 bytes
--- response_headers
Connection: close


=== TEST 2: a body that just fits
--- config
    location /b { client_max_body_size 10; echo_read_request_body; echo_request_body; }
--- request
POST /b
0123456789
--- response_body chomp
0123456789


=== TEST 3: the limit of a location counts
--- config
    location /b { client_max_body_size 1k; echo_read_request_body; echo_request_body; }
--- request eval
"POST /b\n" . "a" x 1025
--- error_code: 413
--- error_log
client intended to send too large body


=== TEST 4: zero means no limit
--- config
    location /b { client_max_body_size 0; echo_read_request_body; echo_request_body; }
--- request eval
"POST /b\n" . "a" x 100000
--- response_body eval
"a" x 100000


=== TEST 5: a chunked body that grows too large
--- config
    location /b { client_max_body_size 10; echo_read_request_body; echo_request_body; }
--- more_headers
Transfer-Encoding: chunked
--- request eval
"POST /b
b\r\n01234567890\r\n0\r\n\r\n"
--- error_code: 413
--- error_log
client intended to send too large chunked body


=== TEST 6: a body beyond the buffer goes to a file and comes back
--- config
    location /b {
        client_body_buffer_size 1k;
        echo_read_request_body;
        echo_request_body;
    }
--- request eval
"POST /b\n" . "abcdefghij" x 5000
--- response_body eval
"abcdefghij" x 5000
--- error_log
a client request body is buffered to a temporary file


=== TEST 7: client_body_in_file_only
--- config
    location /b {
        client_body_in_file_only clean;
        proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT/up;
        proxy_set_header X-File $request_body_file;
    }
    location /up {
        echo_read_request_body;
        echo $http_x_file;
        echo_request_body;
    }
--- request
POST /b
data
--- response_body_like: ^/\S+client_body_temp/\d{10}\ndata$


=== TEST 8: client_body_in_single_buffer and $request_body
--- config
    location /b {
        client_body_in_single_buffer on;
        echo_read_request_body;
        echo "[$request_body]";
    }
--- request
POST /b
some body
--- response_body
[some body]


=== TEST 9: $request_body is empty when the body is in a file
--- config
    location /b {
        client_body_buffer_size 1k;
        echo_read_request_body;
        echo "[$request_body]";
    }
--- request eval
"POST /b\n" . "a" x 5000
--- response_body
[]


=== TEST 10: a body in several packets
--- config
    location /b { echo_read_request_body; echo_request_body; }
--- request eval
[["POST /b\nab", "cd", "ef"]]
--- raw_request_middle_delay: 0.03
--- response_body chomp
abcdef


=== TEST 11: a body of zero bytes
--- config
    location /b { echo_read_request_body; echo "[$request_body]"; }
--- more_headers
Content-Length: 0
--- request
POST /b
--- response_body
[]


=== TEST 12: a GET with a body
--- config
    location /b { echo_read_request_body; echo "$request_method [$request_body]"; }
--- request
GET /b
body
--- response_body
GET [body]


=== TEST 13: a discarded body that comes late
--- config
    location /b { return 200 "first\n"; }
    location /c { return 200 "second\n"; }
--- raw_request eval
["POST /b HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc", "defghij", "GET /c HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"]
--- raw_request_middle_delay: 0.05
--- response_headers
Connection: keep-alive
--- response_body
first


=== TEST 14: the client leaves in the middle of the body
--- config
    location /b { echo_read_request_body; echo_request_body; }
--- raw_request eval
"POST /b HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc"
--- shutdown: 1
--- error_code: 400
--- error_log
client prematurely closed connection
--- ignore_response


=== TEST 15: a malformed chunk in a body that is read
--- config
    location /b { echo_read_request_body; echo_request_body; }
--- more_headers
Transfer-Encoding: chunked
--- request eval
"POST /b
5\r\nhelloXX\r\n0\r\n\r\n"
--- error_code: 400
--- error_log
client sent invalid chunked body


=== TEST 16: $request_length and $content_length
--- config
    location /b { echo_read_request_body; echo "$content_length $request_length"; }
--- raw_request eval
"POST /b HTTP/1.0\r\nContent-Length: 4\r\n\r\nbody"
--- response_body
4 43


=== TEST 17: a body of 1 MB through a proxy
--- config
    location /p { proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT/b; }
    location /b { echo_read_request_body; echo_request_body; }
--- request eval
"POST /p\n" . "0123456789abcdef" x 65536
--- response_body_filters
length
--- response_body chomp
1048576
