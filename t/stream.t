use Test::Nginx::Socket 'no_plan';
run_tests();
__DATA__

=== TEST 1: X-Accel-Buffering of an upstream turns buffering off
--- config
    location /p { proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1; }
--- http_config
    server { listen $TEST_NGINX_RAND_PORT_1; location / { add_header X-Accel-Buffering no; echo one; echo_flush; echo_sleep 0.05; echo two; } }
--- request
GET /p
--- response_headers
!X-Accel-Buffering
--- response_body
one
two


=== TEST 2: a proxy behind a proxy
--- config
    location /a { proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT/b; }
    location /b { proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT/c; }
    location /c { echo_duplicate 50000 "0123456789"; echo; }
--- request
GET /a
--- response_body_filters
length
--- response_body chomp
500001


=== TEST 3: gzip of a proxied answer
--- config
    gzip on;
    gzip_types text/plain;
    location /p { proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT/c; proxy_set_header Accept-Encoding ""; }
    location /c { gzip off; echo_duplicate 5000 "0123456789"; }
--- more_headers
Accept-Encoding: gzip
--- request
GET /p
--- response_headers
Content-Encoding: gzip
--- response_body_like eval
qr/^\x1f/


=== TEST 4: a range of a proxied answer
--- config
    location /p { proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT/c; proxy_force_ranges on; proxy_set_header Range ""; }
    location /c { return 200 "0123456789"; }
--- more_headers
Range: bytes=2-4
--- request
GET /p
--- error_code: 206
--- response_headers
Content-Range: bytes 2-4/10
--- response_body chomp
234


=== TEST 5: a body and an answer of 4 MB through a proxy
--- config
    location /p { proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT/b; }
    location /b { echo_read_request_body; echo_request_body; }
--- request eval
"POST /p\n" . "0123456789abcdef" x 262144
--- response_body_filters
md5_hex
--- response_body chomp
e230a73093573d16cc4d9a4f7373f4cb


=== TEST 6: the same without any buffering
--- config
    location /p { proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT/b; proxy_http_version 1.1; proxy_buffering off; proxy_request_buffering off; }
    location /b { echo_read_request_body; echo_request_body; }
--- request eval
"POST /p\n" . "0123456789abcdef" x 262144
--- response_body_filters
md5_hex
--- response_body chomp
e230a73093573d16cc4d9a4f7373f4cb


=== TEST 7: subrequests to an upstream, in parallel and in order
--- config
    location /main { echo_location_async /s/a; echo -; echo_location_async /s/b; echo -; echo_location_async /s/c; }
    location /s/ { proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT/u/; }
    location /u/a { echo_sleep 0.06; echo a; }
    location /u/b { echo_sleep 0.03; echo b; }
    location /u/c { echo c; }
--- request
GET /main
--- response_body
a
-
b
-
c


=== TEST 8: postpone_output joins small pieces
--- config
    postpone_output 0;
    location /e { echo a; echo b; echo c; }
--- request
GET /e
--- response_body
a
b
c


=== TEST 9: a large answer without sendfile
--- config
    location /e { sendfile off; echo_duplicate 300000 "0123456789"; }
--- request
GET /e
--- response_body_filters
length
--- response_body chomp
3000000


=== TEST 10: the body of a subrequest does not end the body of the request
--- config
    location /main {
        echo_read_request_body;
        echo_subrequest POST /sub -b "inner";
        echo "[$request_body]";
    }
    location /sub { echo "[$echo_request_body]"; }
--- request
POST /main
outer
--- response_body
[inner]
[outer]
