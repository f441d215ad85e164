use Test::Nginx::Socket 'no_plan';
$ENV{TEST_NGINX_HTML_DIR} ||= html_dir();
run_tests();
__DATA__

=== TEST 1: an error page of a file
--- config
    error_page 404 /404.html;
--- user_files
>>> 404.html
nothing here
--- request
GET /none
--- error_code: 404
--- response_body
nothing here
--- response_headers
Content-Type: text/html


=== TEST 2: the answer's code is changed
--- config
    error_page 404 =200 /empty;
    location /empty { return 200 "empty\n"; }
--- request
GET /none
--- error_code: 200
--- response_body
empty


=== TEST 3: the code of the error page itself
--- config
    error_page 404 = /page;
    location /page { return 202 "page\n"; }
--- request
GET /none
--- error_code: 202
--- response_body
page


=== TEST 4: without a code of its own the first one stays
--- config
    error_page 404 /page;
    location /page { return 200 "page\n"; }
--- request
GET /none
--- error_code: 404
--- response_body
page


=== TEST 5: a redirect to another place
--- config
    error_page 404 http://example.com/sorry;
    error_page 403 =301 http://example.com/go;
    location /f { return 403; }
--- request eval
["GET /none", "GET /f"]
--- error_code eval
[302, 301]
--- response_headers eval
["Location: http://example.com/sorry", "Location: http://example.com/go"]


=== TEST 6: a POST to a file that is not there, in a named location
--- config
    error_page 404 = @fallback;
    location @fallback { echo "$request_method $uri"; }
--- request
POST /none
x
--- response_body
POST /none


=== TEST 7: a named location keeps the method and the path
--- config
    location /a { error_page 403 = @fallback; return 403; }
    location @fallback { echo "$request_method $uri"; }
--- request
POST /a/b
x
--- response_body
POST /a/b


=== TEST 8: other methods become GET in an error page
--- config
    location /a { error_page 403 = /page; return 403; }
    location /page { echo "$request_method $echo_request_method"; }
--- request
POST /a
x
--- response_body
GET GET


=== TEST 9: several codes share a page
--- config
    error_page 403 404 405 /page;
    location /page { return 200 "[$status]\n"; }
    location /a { return 403; }
    location /b { return 405; }
--- request eval
["GET /a", "GET /b", "GET /none"]
--- error_code eval
[403, 405, 404]
--- response_body eval
["[403]\n", "[405]\n", "[404]\n"]


=== TEST 10: pages of a location replace those of the server
--- config
    error_page 403 /one;
    error_page 404 /one;
    location /one { return 200 "one\n"; }
    location /two { return 200 "two\n"; }
    location /a { error_page 403 /two; return 403; }
    location /b { error_page 403 /two; return 404; }
--- request eval
["GET /a", "GET /b"]
--- error_code eval
[403, 404]
--- response_body_like eval
["two", "404 Not Found"]


=== TEST 11: an error within an error page is not handled again
--- config
    error_page 403 /page;
    error_page 404 /other;
    location /page { return 404; }
    location /other { return 200 "other\n"; }
    location /a { return 403; }
--- request
GET /a
--- error_code: 404
--- response_body_like: 404 Not Found


=== TEST 12: recursive_error_pages
--- config
    recursive_error_pages on;
    error_page 403 = /page;
    error_page 404 = /other;
    location /page { return 404; }
    location /other { return 200 "other\n"; }
    location /a { return 403; }
--- request
GET /a
--- error_code: 200
--- response_body
other


=== TEST 13: a cycle of error pages ends
--- config
    recursive_error_pages on;
    error_page 404 /none;
--- request
GET /x
--- error_code: 500
--- error_log
rewrite or internal redirection cycle while internally redirecting to "/none"


=== TEST 14: variables in an error page
--- config
    error_page 404 /page?from=$uri;
    location /page { echo "$uri $args"; }
--- request
GET /none
--- error_code: 404
--- response_body
/page from=/none


=== TEST 15: an error page for an upstream that is down
--- config
    location /p {
        proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1;
        error_page 502 =200 @down;
    }
    location @down { echo "down"; }
--- request
GET /p
--- response_body
down
--- error_log
connect() failed (111: Connection refused) while connecting to upstream


=== TEST 16: 413 has a page too
--- config
    location /a {
        client_max_body_size 1;
        error_page 413 /page;
        echo_read_request_body;
        echo ok;
    }
    location /page { return 200 "too large\n"; }
--- request
POST /a
xx
--- error_code: 413
--- response_body
too large
--- error_log
client intended to send too large body: 2 bytes


=== TEST 17: a page for 400 sees a bad request
--- config
    error_page 400 /page;
    location /page { return 200 "bad\n"; }
--- raw_request eval
"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"
--- error_code: 400
--- response_body
bad
--- error_log
client sent duplicate host header: "Host: b", previous value: "Host: a"


=== TEST 18: intercepted errors of an upstream
--- config
    location /p {
        proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT/up;
        proxy_intercept_errors on;
        error_page 404 =200 /page;
    }
    location /up { return 404 "upstream"; }
    location /page { return 200 "mine\n"; }
--- request
GET /p
--- response_body
mine


=== TEST 19: errors of an upstream pass without that
--- config
    location /p {
        proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT/up;
        error_page 404 =200 /page;
    }
    location /up { return 404 "upstream"; }
    location /page { return 200 "mine\n"; }
--- request
GET /p
--- error_code: 404
--- response_body chomp
upstream


=== TEST 20: default pages for browsers that pad them
--- config
    location /a { return 403; }
    location /b { msie_padding off; return 403; }
--- more_headers
User-Agent: Mozilla/4.0 (compatible; MSIE 6.0; Windows NT 5.1)
--- request eval
["GET /a", "GET /b"]
--- error_code eval
[403, 403]
--- response_body_like eval
["<!-- a padding to disable MSIE and Chrome friendly error page -->", "</html>\r\n\$"]


=== TEST 21: server_tokens off hides the version
--- config
    server_tokens off;
    location /a { return 403; }
--- request
GET /a
--- error_code: 403
--- response_headers_like
Server: (nginx|perigee)
--- response_body_like: <hr><center>(nginx|perigee)</center>


=== TEST 22: redirects have a short page
--- config
    location /a { return 301 /b; }
    location /c { return 302 /b; }
    location /d { return 303 /b; }
    location /e { return 307 /b; }
    location /f { return 308 /b; }
--- request eval
["GET /a", "GET /c", "GET /d", "GET /e", "GET /f"]
--- error_code eval
[301, 302, 303, 307, 308]
--- response_body_like eval
["301 Moved Permanently", "302 Found", "303 See Other", "307 Temporary Redirect", "308 Permanent Redirect"]


=== TEST 23: texts of the status line
--- config
    location /400 { return 400; }
    location /401 { return 401; }
    location /402 { return 402; }
    location /406 { return 406; }
    location /409 { return 409; }
    location /429 { return 429; }
    location /500 { return 500; }
    location /501 { return 501; }
    location /503 { return 503; }
    location /507 { return 507; }
    location /302 { return 302 /; }
--- request eval
["GET /400", "GET /401", "GET /402", "GET /406", "GET /409", "GET /429", "GET /500", "GET /501", "GET /503", "GET /507", "GET /302"]
--- error_code eval
[400, 401, 402, 406, 409, 429, 500, 501, 503, 507, 302]
--- raw_response_headers_like eval
["400 Bad Request\r\n", "401 Unauthorized\r\n", "402 Payment Required\r\n", "406 Not Acceptable\r\n", "409 Conflict\r\n", "429 Too Many Requests\r\n", "500 Internal Server Error\r\n", "501 Not Implemented\r\n", "503 Service Temporarily Unavailable\r\n", "507 Insufficient Storage\r\n", "302 Moved Temporarily\r\n"]
