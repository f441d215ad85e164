use Test::Nginx::Socket 'no_plan';
run_tests();
__DATA__

=== TEST 1: bytes are text/plain with a length
--- http_config
    handler load t;
--- config
    location /t { handler_content plain $arg_a; }
--- request
GET /t?a=1
--- response_headers
Content-Type: text/plain
Content-Length: 8
--- response_body
plain 1


=== TEST 2: no argument is an empty one
--- http_config
    handler load t;
--- config
    location /t { handler_content plain; }
--- request
GET /t
--- response_body eval
"plain \n"


=== TEST 3: status, type, header and chunks
--- http_config
    handler load t;
--- config
    location /t { handler_content full "201 t=application/json b=ma b=de h=X-One:1 h=X-Two:2"; }
    location /a { handler_async_content fullAsync "201 t=application/json b=ma b=de h=X-One:1 h=X-Two:2"; }
--- request eval
["GET /t", "GET /a"]
--- error_code eval
[201, 201]
--- response_headers eval
["Content-Type: application/json\nContent-Length: 4\nX-One: 1\nX-Two: 2", "Content-Type: application/json\nContent-Length: 4\nX-One: 1\nX-Two: 2"]
--- response_body eval
["made", "made"]


=== TEST 4: an empty body has no type, and its status is sent as it is
--- http_config
    handler load t;
--- config
    error_page 404 /x;
    location /e { handler_content full "200 t=text/html h=X-Empty:"; }
    location /n { handler_content full "404 h=X-A:b"; }
    location /204 { handler_content full "204 t=text/html"; }
    location /x { return 200 "x"; }
--- request eval
["GET /e", "GET /n", "GET /204"]
--- error_code eval
[200, 404, 204]
--- response_headers eval
["!Content-Type\nContent-Length: 0", "!Content-Type\nContent-Length: 0\nX-A: b", "!Content-Type\n!Content-Length"]
--- response_body eval
["", "", ""]


=== TEST 5: the empty pair asks for the server's own response (1)
--- http_config
    handler load t;
--- config
    location /page { handler_content full "404 h=:"; }
    location /redirected { error_page 404 =200 /x; handler_async_content fullAsync "404 h=:"; }
    location /302 { handler_content full "302 h=Location:/there h=:"; }
    location /200 { handler_content full "200 h=:"; }
    location /body { handler_content full "200 b=body h=:"; }
    location /x { return 200 "x\n"; }
--- request eval
"GET /page"
--- error_code eval
404
--- response_body_like eval
qr/404 Not Found/
--- response_headers eval
"Content-Type: text/html"
--- grep_error_log: ignored empty name for a custom response header
--- grep_error_log_out eval
""


=== TEST 6: the empty pair asks for the server's own response (2)
--- http_config
    handler load t;
--- config
    location /page { handler_content full "404 h=:"; }
    location /redirected { error_page 404 =200 /x; handler_async_content fullAsync "404 h=:"; }
    location /302 { handler_content full "302 h=Location:/there h=:"; }
    location /200 { handler_content full "200 h=:"; }
    location /body { handler_content full "200 b=body h=:"; }
    location /x { return 200 "x\n"; }
--- request eval
"GET /redirected"
--- error_code eval
200
--- response_body_like eval
qr/^x\n$/
--- response_headers eval
"Content-Type: text/plain"
--- grep_error_log: ignored empty name for a custom response header
--- grep_error_log_out eval
""


=== TEST 7: the empty pair asks for the server's own response (3)
--- http_config
    handler load t;
--- config
    location /page { handler_content full "404 h=:"; }
    location /redirected { error_page 404 =200 /x; handler_async_content fullAsync "404 h=:"; }
    location /302 { handler_content full "302 h=Location:/there h=:"; }
    location /200 { handler_content full "200 h=:"; }
    location /body { handler_content full "200 b=body h=:"; }
    location /x { return 200 "x\n"; }
--- request eval
"GET /302"
--- error_code eval
302
--- response_body_like eval
qr/302 Found/
--- response_headers eval
"Location: /there"
--- grep_error_log: ignored empty name for a custom response header
--- grep_error_log_out eval
""


=== TEST 8: the empty pair asks for the server's own response (4)
--- http_config
    handler load t;
--- config
    location /page { handler_content full "404 h=:"; }
    location /redirected { error_page 404 =200 /x; handler_async_content fullAsync "404 h=:"; }
    location /302 { handler_content full "302 h=Location:/there h=:"; }
    location /200 { handler_content full "200 h=:"; }
    location /body { handler_content full "200 b=body h=:"; }
    location /x { return 200 "x\n"; }
--- request eval
"GET /200"
--- error_code eval
200
--- response_body_like eval
qr/^$/
--- response_headers eval
"Content-Length: 0"
--- grep_error_log: ignored empty name for a custom response header
--- grep_error_log_out eval
""


=== TEST 9: the empty pair asks for the server's own response (5)
--- http_config
    handler load t;
--- config
    location /page { handler_content full "404 h=:"; }
    location /redirected { error_page 404 =200 /x; handler_async_content fullAsync "404 h=:"; }
    location /302 { handler_content full "302 h=Location:/there h=:"; }
    location /200 { handler_content full "200 h=:"; }
    location /body { handler_content full "200 b=body h=:"; }
    location /x { return 200 "x\n"; }
--- request eval
"GET /body"
--- error_code eval
200
--- response_body_like eval
qr/^body$/
--- response_headers eval
"Content-Length: 4"
--- grep_error_log: ignored empty name for a custom response header
--- grep_error_log_out eval
"ignored empty name for a custom response header\n"


=== TEST 10: a status that is none is 500 (1)
--- http_config
    handler load t;
--- config
    location /t { handler_content full "42 b=x"; }
    location /u { handler_content full "1000 b=x"; }
    location /v { handler_content full "999 b=x"; }
--- request eval
"GET /t"
--- error_code eval
500
--- error_log eval
"invalid HTTP status 42"


=== TEST 11: a status that is none is 500 (2)
--- http_config
    handler load t;
--- config
    location /t { handler_content full "42 b=x"; }
    location /u { handler_content full "1000 b=x"; }
    location /v { handler_content full "999 b=x"; }
--- request eval
"GET /u"
--- error_code eval
500
--- error_log eval
"invalid HTTP status 1000"


=== TEST 12: a status that is none is 500 (3)
--- http_config
    handler load t;
--- config
    location /t { handler_content full "42 b=x"; }
    location /u { handler_content full "1000 b=x"; }
    location /v { handler_content full "999 b=x"; }
--- request eval
"GET /v"
--- error_code eval
999


=== TEST 13: fields that end a line are dropped, the server's own are replaced
--- http_config
    handler load t;
--- config
    location /t { handler_content full "200 b=x h=X-A:one~X-Smuggled:+yes h=X-B:two h=Server:mine h=Content-Length:77 h=Date:never h=Content-Type:a/b"; }
--- request
GET /t
--- response_headers
!X-A
!X-Smuggled
X-B: two
Server: mine
Content-Length: 1
Date: never
--- raw_response_headers_unlike: Smuggled
--- error_log
ignored invalid custom response header "X-A: one\x0D\x0AX-Smuggled: yes"


=== TEST 14: HEAD has the length and no body, the body of a POST is discarded
--- http_config
    handler load t;
--- config
    location /t { handler_content plain 1; }
--- request eval
["HEAD /t", "POST /t
some body"]
--- response_headers eval
["Content-Length: 8", "Content-Length: 8"]
--- response_body eval
["", "plain 1\n"]


=== TEST 15: static content is made once, with the first request's argument, an if has its own
--- http_config
    handler load t;
--- config
    location /t { handler_static_content tracedContent $arg_a; if ($arg_i) { handler_static_content tracedContent "if $arg_a"; } }
--- pipelined_requests eval
["GET /t?a=1", "GET /t?a=2", "GET /t?a=3&i=1", "GET /t?a=4&i=1"]
--- response_body eval
["1", "1", "if 3", "if 3"]
--- grep_error_log eval
qr/tracedContent\([^)]+\)/
--- grep_error_log_out
tracedContent(1)
tracedContent(if 3)


=== TEST 16: static content may have every part of a response
--- http_config
    handler load t;
--- config
    location /t { handler_static_content full "202 t=x/y b=a b=b h=X-A:b"; }
--- request eval
["GET /t", "GET /t"]
--- error_code eval
[202, 202]
--- response_headers eval
["X-A: b\nContent-Type: x/y", "X-A: b\nContent-Type: x/y"]
--- response_body eval
["ab", "ab"]


=== TEST 17: unsafe content
--- http_config
    handler load t;
--- config
    location /t { handler_unsafe_content unsafe; }
    location /u { handler_unsafe_content plain 5; }
--- request eval
["GET /t", "GET /u"]
--- response_body eval
["immutable\n", "plain 5\n"]


=== TEST 18: a failed content handler is 500, and error_page applies (1)
--- http_config
    handler load t;
--- config
    location /b { handler_content boomC 1; }
    location /e { handler_content errC 2; error_page 500 =200 /x; }
    location /a { handler_async_content boomAC 3; }
    location /x { return 200 "x\n"; }
--- request eval
"GET /b"
--- error_code eval
500
--- response_body_like eval
qr/500 Internal Server Error/
--- error_log eval
"content handler \"boomC\" has panicked: \"boomC:1"


=== TEST 19: a failed content handler is 500, and error_page applies (2)
--- http_config
    handler load t;
--- config
    location /b { handler_content boomC 1; }
    location /e { handler_content errC 2; error_page 500 =200 /x; }
    location /a { handler_async_content boomAC 3; }
    location /x { return 200 "x\n"; }
--- request eval
"GET /e"
--- error_code eval
200
--- response_body_like eval
qr/^x\n$/
--- error_log eval
"content handler \"errC\" has failed: \"errC:2\""


=== TEST 20: a failed content handler is 500, and error_page applies (3)
--- http_config
    handler load t;
--- config
    location /b { handler_content boomC 1; }
    location /e { handler_content errC 2; error_page 500 =200 /x; }
    location /a { handler_async_content boomAC 3; }
    location /x { return 200 "x\n"; }
--- request eval
"GET /a"
--- error_code eval
500
--- response_body_like eval
qr/500 Internal Server Error/
--- error_log eval
"content handler \"boomAC\" has panicked: \"boomAC:3"


=== TEST 21: a taken if inherits the content handler and its argument
--- http_config
    handler load t;
--- config
    location /s { set $y 0; if ($arg_i) { set $y 1; } handler_content plain $y; }
    location /a { set $y 0; if ($arg_i) { set $y 1; } handler_async_content plainAsync $y; }
--- request eval
["GET /s?i=1", "GET /a?i=1", "GET /s"]
--- response_body eval
["plain 1\n", "async 1\n", "plain 0\n"]


=== TEST 22: asynchronous content waits, and gives the request's body back
--- http_config
    handler load t;
--- config
    location /slow { handler_async_content slow 100ms; }
    location /body { handler_async_content_on_request_body echoBody "got "; }
--- request eval
["GET /slow", "POST /body
hello", "GET /body"]
--- response_body eval
["100", "got hello", "got "]


=== TEST 20: unsafe content has what any content has
--- http_config
    handler load t;
--- config
    location /t { handler_unsafe_content full "202 t=x/y b=a b=b h=X-A:b"; }
--- request
GET /t
--- error_code: 202
--- response_headers
X-A: b
Content-Type: x/y
--- response_body chomp
ab


=== TEST 21: asynchronous content on a body: status, header and the server's own page
--- http_config
    handler load t;
--- config
    location /t { handler_async_content_on_request_body bodyStatus; error_page 404 =200 /x; }
    location /x { return 200 "x\n"; }
--- request eval
["POST /t
418 b=teapot h=X-A:b", "POST /t
404 h=:"]
--- error_code eval
[418, 200]
--- response_body eval
["teapot", "x\n"]


=== TEST 22: many chunks
--- http_config
    handler load t;
--- config
    location /t { handler_content full "200 b=a b=bb b= b=ccc b=d b=e b="; }
--- request
GET /t
--- response_headers
Content-Length: 8
--- response_body chomp
abbcccde


=== TEST 23: an HTTP/1.0 client, and HEAD for asynchronous content
--- http_config
    handler load t;
--- config
    location /t { handler_async_content plainAsync x; }
--- request eval
["GET /t HTTP/1.0", "HEAD /t"]
--- response_headers eval
["Content-Length: 8", "Content-Length: 8"]
--- response_body eval
["async x\n", ""]
