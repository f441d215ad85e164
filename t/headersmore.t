use Test::Nginx::Socket 'no_plan';
run_tests();
__DATA__

=== TEST 1: set a header
--- config
    location /h { more_set_headers "X-A: 1" "X-B: $uri"; return 200; }
--- request
GET /h
--- response_headers
X-A: 1
X-B: /h


=== TEST 2: all codes
--- config
    more_set_headers "X-A: 1";
    location /403 { return 403; }
    location /301 { return 301 /; }
--- request eval
["GET /403", "GET /301"]
--- error_code eval
[403, 301]
--- response_headers eval
["X-A: 1", "X-A: 1"]


=== TEST 3: only some codes
--- config
    more_set_headers -s 404 -s "403 500" "X-A: 1";
    location /200 { return 200; }
    location /403 { return 403; }
    location /404 { return 404; }
    location /500 { return 500; }
--- request eval
["GET /200", "GET /403", "GET /404", "GET /500"]
--- error_code eval
[200, 403, 404, 500]
--- response_headers eval
["!X-A", "X-A: 1", "X-A: 1", "X-A: 1"]


=== TEST 4: only some types
--- config
    more_set_headers -t "text/html text/css" "X-A: 1";
    location /html { default_type text/html; return 200; }
    location /css { default_type text/css; return 200; }
    location /plain { default_type text/plain; return 200 x; }
--- request eval
["GET /html", "GET /css", "GET /plain"]
--- error_code eval
[200, 200, 200]
--- response_headers eval
["X-A: 1", "X-A: 1", "!X-A"]


=== TEST 5: replace the server's name
--- config
    location /h { more_set_headers "Server: mine"; return 200; }
--- request
GET /h
--- response_headers
Server: mine


=== TEST 6: replace the type
--- config
    location /h { default_type text/plain; more_set_headers "Content-Type: text/x-mine"; return 200 x; }
--- request
GET /h
--- response_headers
Content-Type: text/x-mine


=== TEST 7: clear headers
--- config
    location /h {
        add_header X-Hidden-A 1;
        add_header X-Hidden-B 2;
        add_header X-Shown 3;
        more_clear_headers X-Hidden-*;
        return 200;
    }
--- request
GET /h
--- response_headers
X-Shown: 3
X-Hidden-A: 1
X-Hidden-B: 2


=== TEST 8: clear what an upstream sends
--- config
    location /p {
        proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT/up;
        more_clear_headers "X-Hidden-*" Server;
    }
    location /up { add_header X-Hidden-A 1; add_header X-Hidden-B 2; add_header X-Shown 3; return 200; }
--- request
GET /p
--- response_headers
!X-Hidden-A
!X-Hidden-B
!Server
X-Shown: 3


=== TEST 9: an empty value clears too
--- config
    location /h { more_set_headers "Server:" "Content-Type: "; return 200 x; }
--- request
GET /h
--- response_headers
!Server
!Content-Type


=== TEST 10: set replaces what an upstream sends, add_header adds
--- config
    location /p {
        proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT/up;
        more_set_headers "X-A: new";
    }
    location /q {
        proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT/up;
        add_header X-A new;
    }
    location /up { add_header X-A old; return 200; }
--- request eval
["GET /p", "GET /q"]
--- error_code eval
[200, 200]
--- response_headers eval
["X-A: new", "X-A: old, new"]


=== TEST 11: directives of the server come first
--- config
    more_set_headers "X-A: server" "X-B: server";
    location /h { more_set_headers "X-A: location"; return 200; }
--- request
GET /h
--- response_headers
X-A: location
X-B: server


=== TEST 12: within an if
--- config
    location /h {
        more_set_headers "X-A: location";
        if ($arg_a) { more_set_headers "X-A: if"; }
        return 200;
    }
--- request eval
["GET /h", "GET /h?a=1"]
--- error_code eval
[200, 200]
--- response_headers eval
["X-A: location", "X-A: if"]


=== TEST 13: set request headers
--- config
    location /h {
        more_set_input_headers "X-A: new" "Host: other";
        echo "$http_x_a $host $http_host";
    }
--- more_headers
X-A: old
--- request
GET /h
--- response_body
new other other


=== TEST 14: what is set is passed upstream
--- config
    location /h {
        more_set_input_headers "X-A: new" "X-B: $uri";
        more_clear_input_headers X-C;
        proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT/up;
    }
    location /up { echo "[$http_x_a][$http_x_b][$http_x_c]"; }
--- more_headers
X-A: old
X-C: gone
--- request
GET /h
--- response_body
[new][/h][]


=== TEST 15: -r replaces only what is there
--- config
    location /h {
        more_set_input_headers -r "X-A: new" "X-B: new";
        echo "[$http_x_a][$http_x_b]";
    }
--- more_headers
X-A: old
--- request
GET /h
--- response_body
[new][]


=== TEST 16: clear request headers by a pattern
--- config
    location /h {
        more_clear_input_headers "X-Secret-*" Cookie;
        echo "[$http_x_secret_a][$http_x_secret_b][$http_cookie][$http_x_open]";
    }
--- more_headers
X-Secret-A: 1
X-Secret-B: 2
Cookie: a=b
X-Open: 3
--- request
GET /h
--- response_body
[][][][3]


=== TEST 17: request headers of a type
--- config
    location /h {
        more_set_input_headers -t text/plain "X-A: plain";
        echo "[$http_x_a]";
    }
--- more_headers eval
["Content-Type: text/plain", "Content-Type: text/html"]
--- request eval
["POST /h", "POST /h"]
--- error_code eval
[200, 200]
--- response_body eval
["[plain]\n", "[]\n"]


=== TEST 18: Accept-Encoding set so that gzip follows
--- config
    gzip on;
    gzip_types text/plain;
    gzip_min_length 1;
    location /h { more_set_input_headers "Accept-Encoding: gzip"; echo_duplicate 100 x; }
    location /n { more_clear_input_headers Accept-Encoding; echo_duplicate 100 x; }
--- more_headers eval
["", "Accept-Encoding: gzip"]
--- request eval
["GET /h", "GET /n"]
--- error_code eval
[200, 200]
--- response_headers eval
["Content-Encoding: gzip", "!Content-Encoding"]


=== TEST 19: Content-Length cleared makes chunks
--- config
    location /index.html { root html; more_clear_headers Content-Length; }
--- request
GET /index.html
--- response_headers
!Content-Length
Transfer-Encoding: chunked


=== TEST 20: more_set_headers is not allowed in an if of the server
--- config
    if ($args) { more_set_headers "X-A: 1"; }
--- must_die
--- request
GET /
--- error_log
"more_set_headers" directive is not allowed here
--- suppress_stderr
