use Test::Nginx::Socket 'no_plan';
run_tests();
__DATA__

=== TEST 1: exit with statuses
--- config
    location /t { content_by_lua_block { ngx.exit(tonumber(ngx.var.arg_s)) } }
--- request eval
["GET /t?s=403", "GET /t?s=404", "GET /t?s=503", "GET /t?s=204"]
--- error_code eval
[403, 404, 503, 204]
--- no_error_log
[error]


=== TEST 2: exit in access ends, exit(OK) goes on
--- config
    location /t { access_by_lua_block { ngx.exit(ngx.OK) ngx.log(ngx.ERR, "not reached") } content_by_lua_block { ngx.say("content") } }
--- request
GET /t
--- response_body
content
--- no_error_log
[error]


=== TEST 3: exit after the header only logs
--- config
    location /t { content_by_lua_block { ngx.say("sent") ngx.exit(500) } }
--- request
GET /t
--- response_body
sent
--- error_log
attempt to set status 500 via ngx.exit after sending out the response status 200


=== TEST 4: a status of its own with a body
--- config
    location /t { content_by_lua_block { ngx.status = 410 ngx.say("gone") return ngx.exit(ngx.HTTP_OK) } }
--- request
GET /t
--- error_code: 410
--- response_body
gone


=== TEST 5: exec keeps the method, takes arguments and tables of them
--- config
    location /t { content_by_lua_block { ngx.exec("/other?a=1", {b = "x y"}) } }
    location /other { echo "$request_method $args $uri"; }
--- request
POST /t
x
--- response_body
POST a=1&b=x%20y /other


=== TEST 6: exec to a named location ignores arguments
--- config
    location /t { rewrite_by_lua_block { ngx.exec("@named", "a=1") } }
    location @named { echo "$uri $args"; }
--- request
GET /t?q=2
--- response_body
/t q=2
--- error_log
query strings a=1 ignored when exec'ing named location @named


=== TEST 7: redirects
--- config
    location /t { content_by_lua_block { ngx.redirect(ngx.var.arg_to, tonumber(ngx.var.arg_s or 302)) } }
--- request eval
["GET /t?to=/a", "GET /t?to=/b&s=301", "GET /t?to=http://x/y&s=307", "GET /t?to=/c&s=308", "GET /t?to=/d&s=200"]
--- error_code eval
[302, 301, 307, 308, 500]
--- response_headers eval
["Location: /a", "Location: /b", "Location: http://x/y", "Location: /c", "!Location"]


=== TEST 8: a redirect with a control character is refused
--- config
    location /t {
        content_by_lua_block {
            ngx.say(pcall(ngx.redirect, "/a\rb"))
        }
    }
--- request
GET /t
--- response_body
falseunsafe byte "0x0d" in redirect uri "/a\x0Db"
--- no_error_log
[error]


=== TEST 9: exit in a light thread ends all threads
--- config
    location /t { content_by_lua_block {
        ngx.thread.spawn(function() ngx.sleep(0.01) ngx.say("leaving") ngx.exit(0) end)
        ngx.thread.spawn(function() ngx.sleep(1) ngx.log(ngx.ERR, "not reached") end)
        ngx.sleep(1)
        ngx.log(ngx.ERR, "not reached either")
    } }
--- request
GET /t
--- response_body
leaving
--- no_error_log
[error]


=== TEST 10: pcall does not catch exit
--- config
    location /t { content_by_lua_block { pcall(function() xpcall(function() ngx.say("in") ngx.exit(0) end, function() ngx.log(ngx.ERR, "no") end) end) ngx.say("out") } }
--- request
GET /t
--- response_body
in
--- no_error_log
[error]



=== TEST 11: an error while a capture runs ends the connection
--- config
    location = /sleep { echo_sleep 0.05; }
    location /t { content_by_lua_block {
        ngx.thread.spawn(function() ngx.location.capture("/sleep") end)
        ngx.sleep(0.01)
        ngx.exit(ngx.HTTP_OK)
    } }
--- request
GET /t
--- ignore_response
--- error_log
attempt to abort with pending subrequests
--- access_log eval
qr{"GET /t HTTP/1\.1" 000 0}
