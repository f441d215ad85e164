use Test::Nginx::Socket 'no_plan';
run_tests();
__DATA__

=== TEST 1: a body handler is called for requests with and without a body
--- http_config
    handler load t;
--- config
    location /t { handler_run_async_on_request_body reqLen $n a; return 200 "$n\n"; }
--- request eval
["GET /t", "POST /t
", "POST /t
0123456789"]
--- response_body eval
["[0 in 0 (a)]\n", "[0 in 0 (a)]\n", "[10 in 1 (a)]\n"]


=== TEST 2: a body in a file is refused in clear words (1)
--- http_config
    handler load t;
--- config
    client_body_buffer_size 1k;
    location /t { handler_run_async_on_request_body reqLen $n a; return 200 "$n\n"; }
    location /c { handler_async_content_on_request_body echoBody; error_page 500 =200 /x; }
    location /x { return 200 "x\n"; }
--- request eval
"POST /t
" . ("x" x 2000)
--- error_code eval
500
--- response_body_like eval
qr/500 Internal Server Error/
--- error_log
the request body is in a temporary file, which is not given to handlers unless handler_request_body_read_temp_file is on


=== TEST 3: a body in a file is refused in clear words (2)
--- http_config
    handler load t;
--- config
    client_body_buffer_size 1k;
    location /t { handler_run_async_on_request_body reqLen $n a; return 200 "$n\n"; }
    location /c { handler_async_content_on_request_body echoBody; error_page 500 =200 /x; }
    location /x { return 200 "x\n"; }
--- request eval
"POST /c
" . ("x" x 2000)
--- error_code eval
200
--- response_body_like eval
qr/^x\n$/
--- error_log
the request body is in a temporary file, which is not given to handlers unless handler_request_body_read_temp_file is on


=== TEST 4: a body in a file is given to the handler when that is allowed
--- http_config
    handler load t;
    handler_request_body_read_temp_file on;
--- config
    client_body_buffer_size 1k;
    location /t { handler_run_async_on_request_body reqLen $n a; return 200 "$n\n"; }
    location /off { handler_request_body_read_temp_file off; handler_run_async_on_request_body reqLen $n a; return 200 "$n\n"; }
    location /c { handler_async_content_on_request_body echoBody; }
--- request eval
["POST /t
" . ("x" x 2000), "POST /off
" . ("x" x 2000), "POST /c
" . ("y" x 2000)]
--- error_code eval
[200, 500, 200]
--- response_body_like eval
[qr/^\[2000 in 0 \(a\)\]\n$/, qr/500 Internal/, qr/^y{1000}y{1000}$/]


=== TEST 5: a chunked body
--- http_config
    handler load t;
--- config

    location /t { handler_run_async_on_request_body reqBody $b a; return 200 "[$b]\n"; }
--- raw_request eval
"POST /t HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n"
--- response_body
[hello world]


=== TEST 6: a field of the body is the argument of the next task, and the body stays
--- http_config
    handler load t;
--- config
    location /t { handler_run_async_on_request_body reqField $ms time; handler_run_async delay $d $ms;
                  handler_run_async_on_request_body reqLen $n "$d"; echo "$d $n $request_body"; }
--- request
POST /t
x=1&time=50ms
--- response_body
50 [13 in 1 (50)] x=1&time=50ms


=== TEST 7: 413 before the handler runs
--- http_config
    handler load t;
--- config
    location /t { client_max_body_size 5; handler_run_async_on_request_body reqLen $n a; return 200 "$n\n"; }
--- request
POST /t
0123456789
--- error_code: 413
