use Test::Nginx::Socket 'no_plan';
run_tests();
__DATA__

=== TEST 1: add_header with variables
--- config
    location /h { add_header X-A "$uri $arg_a"; return 200; }
--- request
GET /h?a=b
--- response_headers
X-A: /h b


=== TEST 2: only for some codes
--- config
    add_header X-A 1;
    location /200 { return 200; }
    location /201 { return 201; }
    location /204 { return 204; }
    location /301 { return 301 /; }
    location /404 { return 404; }
    location /500 { return 500; }
--- request eval
["GET /200", "GET /201", "GET /204", "GET /301", "GET /404", "GET /500"]
--- error_code eval
[200, 201, 204, 301, 404, 500]
--- response_headers eval
["X-A: 1", "X-A: 1", "X-A: 1", "X-A: 1", "!X-A", "!X-A"]


=== TEST 3: always
--- config
    location /404 { add_header X-A 1 always; return 404; }
--- request
GET /404
--- error_code: 404
--- response_headers
X-A: 1


=== TEST 4: an empty value adds nothing
--- config
    location /h { add_header X-A $arg_a; return 200; }
--- request
GET /h
--- response_headers
!X-A


=== TEST 5: several of one name
--- config
    location /h { add_header X-A 1; add_header X-A 2; return 200; }
--- request
GET /h
--- raw_response_headers_like: X-A: 1\r\nX-A: 2\r\n


=== TEST 6: add_header does not replace
--- config
    location /h { add_header Cache-Control private; add_header Cache-Control no-store; return 200; }
--- request
GET /h
--- response_headers
Cache-Control: private, no-store


=== TEST 7: Last-Modified is replaced
--- config
    location /index.html { root html; add_header Last-Modified "Thu, 01 Jan 2015 00:00:00 GMT"; }
--- request
GET /index.html
--- response_headers
Last-Modified: Thu, 01 Jan 2015 00:00:00 GMT


=== TEST 8: headers of all levels above, but none with own ones
--- http_config
    add_header X-Http 1;
--- config
    location /a { return 200; }
    location /b { add_header X-Loc 1; return 200; }
--- request eval
["GET /a", "GET /b"]
--- error_code eval
[200, 200]
--- response_headers eval
["X-Http: 1", "!X-Http\nX-Loc: 1"]


=== TEST 9: expires with a time
--- config
    location /h { expires 1h; return 200; }
--- request
GET /h
--- response_headers
Cache-Control: max-age=3600
--- response_headers_like
Expires: [A-Z][a-z]{2}, .* GMT


=== TEST 10: expires epoch, max, off and a negative time
--- config
    location /epoch { expires epoch; return 200; }
    location /max { expires max; return 200; }
    location /off { expires off; return 200; }
    location /neg { expires -1; return 200; }
--- request eval
["GET /epoch", "GET /max", "GET /off", "GET /neg"]
--- error_code eval
[200, 200, 200, 200]
--- response_headers eval
["Expires: Thu, 01 Jan 1970 00:00:01 GMT\nCache-Control: no-cache", "Expires: Thu, 31 Dec 2037 23:55:55 GMT\nCache-Control: max-age=315360000", "!Expires\n!Cache-Control", "Cache-Control: no-cache"]


=== TEST 11: expires by a variable
--- http_config
    map $arg_e $exp { a 1m; b epoch; default off; }
--- config
    location /h { expires $exp; return 200; }
--- request eval
["GET /h?e=a", "GET /h?e=b", "GET /h"]
--- error_code eval
[200, 200, 200]
--- response_headers eval
["Cache-Control: max-age=60", "Cache-Control: no-cache", "!Cache-Control"]


=== TEST 12: a trailer
--- config
    location /h { add_header Trailer X-T; add_trailer X-T "$uri"; echo body; }
--- request
GET /h
--- response_headers
Transfer-Encoding: chunked
Trailer: X-T
--- response_body
body


=== TEST 13: add_header within an if
--- config
    location /h {
        add_header X-A location;
        if ($arg_a) { add_header X-A if; }
        return 200;
    }
--- request eval
["GET /h", "GET /h?a=1"]
--- error_code eval
[200, 200]
--- response_headers eval
["X-A: location", "X-A: if"]


=== TEST 14: a header of a subrequest's location is not added
--- config
    location /main { add_header X-Main 1; echo_location /sub; }
    location /sub { add_header X-Sub 1; echo sub; }
--- request
GET /main
--- response_headers
X-Main: 1
!X-Sub


=== TEST 15: the order of standard headers
--- config
    location /h { add_header X-A 1; return 200 "x"; }
--- request
GET /h
--- raw_response_headers_like: ^HTTP/1\.1 200 OK\r\nServer: [^\r]+\r\nDate: [^\r]+\r\nContent-Type: text/plain\r\nContent-Length: 1\r\nConnection: close\r\nX-A: 1\r\n$


=== TEST 16: expires keeps its distance from the change of a file
--- config
    location /index.html { root html; expires modified 1h; }
--- request
GET /index.html
--- response_headers_like
Cache-Control: max-age=(3600|3599|3598)


=== TEST 17: gzip compresses what is long enough and of the right type
--- config
    gzip on;
    gzip_types text/plain;
    gzip_min_length 20;
    location /long { echo_duplicate 100 "0123456789"; }
    location /short { default_type text/plain; return 200 "short"; }
    location /png { default_type image/png; echo_duplicate 100 "0123456789"; }
--- more_headers
Accept-Encoding: gzip
--- request eval
["GET /long", "GET /short", "GET /png"]
--- error_code eval
[200, 200, 200]
--- response_headers eval
["Content-Encoding: gzip\n!Content-Length", "!Content-Encoding\nContent-Length: 5", "!Content-Encoding"]


=== TEST 18: a gzipped body
--- config
    gzip on;
    gzip_min_length 1;
    gzip_types text/plain;
    location /g { echo_duplicate 1000 "0123456789"; }
--- more_headers
Accept-Encoding: gzip
--- request
GET /g
--- response_body_like eval
qr/^\x1f/


=== TEST 19: no gzip without Accept-Encoding, with q=0, and for HTTP/1.0
--- config
    gzip on;
    gzip_min_length 1;
    gzip_types text/plain;
    location /g { return 200 "0123456789012345678901234567890"; }
--- more_headers eval
["", "Accept-Encoding: gzip;q=0", "Accept-Encoding: deflate, gzip;q=0.5", "Accept-Encoding: gzip"]
--- request eval
["GET /g", "GET /g", "GET /g", "GET /g HTTP/1.0"]
--- error_code eval
[200, 200, 200, 200]
--- response_headers eval
["!Content-Encoding", "!Content-Encoding", "Content-Encoding: gzip", "!Content-Encoding"]


=== TEST 20: gzip_vary
--- config
    gzip on;
    gzip_vary on;
    gzip_min_length 1;
    gzip_types text/plain;
    location /g { return 200 "0123456789012345678901234567890"; }
--- more_headers eval
["Accept-Encoding: gzip", ""]
--- request eval
["GET /g", "GET /g"]
--- error_code eval
[200, 200]
--- response_headers eval
["Vary: Accept-Encoding\nContent-Encoding: gzip", "Vary: Accept-Encoding\n!Content-Encoding"]


=== TEST 21: gzip weakens the tag of a file and drops ranges
--- config
    location /index.html { root html; gzip on; gzip_min_length 1; }
--- more_headers
Accept-Encoding: gzip
--- request
GET /index.html
--- response_headers_like
ETag: W/".*"
--- response_headers
!Accept-Ranges
Content-Encoding: gzip


=== TEST 22: gzip and proxied requests
--- config
    gzip on;
    gzip_min_length 1;
    gzip_types text/plain;
    location /g { return 200 "0123456789012345678901234567890"; }
    location /any { gzip_proxied any; return 200 "0123456789012345678901234567890"; }
--- more_headers
Accept-Encoding: gzip
Via: 1.1 proxy
--- request eval
["GET /g", "GET /any"]
--- error_code eval
[200, 200]
--- response_headers eval
["!Content-Encoding", "Content-Encoding: gzip"]


=== TEST 23: gzip_disable
--- config
    gzip on;
    gzip_min_length 1;
    gzip_types text/plain;
    gzip_disable "Old";
    location /g { return 200 "0123456789012345678901234567890"; }
--- more_headers
Accept-Encoding: gzip
User-Agent: Old browser
--- request
GET /g
--- response_headers
!Content-Encoding




=== TEST 24: gunzip for a client that does not accept gzip
--- config
    location /r { gzip on; gzip_types *; gzip_min_length 1; gzip_http_version 1.0; gzip_proxied any; echo_duplicate 20000 "0123456789"; }
    location /p { gunzip on; proxy_set_header Accept-Encoding gzip; proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT/r; }
--- request
GET /p
--- response_headers
! Content-Encoding
--- response_body eval
"0123456789" x 20000
--- no_error_log
[error]


=== TEST 25: gunzip leaves a response alone for a client that accepts gzip
--- config
    location /r { gzip on; gzip_types *; gzip_min_length 1; gzip_http_version 1.0; gzip_proxied any; echo hello; }
    location /p { gunzip on; gzip_vary on; proxy_set_header Accept-Encoding gzip; proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT/r; }
--- request
GET /p
--- more_headers
Accept-Encoding: gzip
--- response_headers
Content-Encoding: gzip
Vary: Accept-Encoding
--- response_body_like: .


=== TEST 26: gunzip of what is not compressed
--- config
    location /p { gunzip on; echo_duplicate 10 hello; more_set_headers "Content-Encoding: gzip"; }
--- request
GET /p
--- ignore_response
--- error_log
inflate() failed


=== TEST 27: gunzip of a flushed response, and Lua
--- config
    location /r { gzip on; gzip_types *; gzip_min_length 1; gzip_http_version 1.0; gzip_proxied any;
        content_by_lua_block { ngx.say("one") ngx.flush(true) ngx.sleep(0.01) ngx.say("two") ngx.flush(true) } }
    location /p { gunzip on; proxy_set_header Accept-Encoding gzip; proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT/r;
        body_filter_by_lua_block { ngx.arg[1] = ngx.arg[1] } }
--- request
GET /p
--- response_body
one
two
--- no_error_log
[error]
