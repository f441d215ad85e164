use Test::Nginx::Socket 'no_plan';
run_tests();
__DATA__

=== TEST 1: fields set, read, replaced and cleared
--- config
    location /t { add_header X-Conf conf; content_by_lua_block {
        ngx.header["X-A"] = "1"
        ngx.header.x_b = {"2", "3"}
        ngx.header["X-C"] = "gone"
        ngx.header["X-C"] = nil
        ngx.header.content_type = "text/css"
        require("ngx.resp").add_header("X-A", "4")
        ngx.say(type(ngx.header["X-A"]), " ", ngx.header.x_b[2], " ", tostring(ngx.header["X-C"]), " ", ngx.header["Content-Type"])
    } }
--- request
GET /t
--- response_headers
Content-Type: text/css
X-Conf: conf
--- response_body
table 3 nil text/css


=== TEST 2: get_headers of the response
--- config
    location /t {
        content_by_lua_block {
            ngx.header["X-A"] = "1"
            local h = ngx.resp.get_headers()
            ngx.say(h["X-A"], h.x_a, " ", tostring(h["content-type"]), " ", h.connection)
        }
    }
--- request
GET /t
--- response_body
11 nil close
--- no_error_log
[error]


=== TEST 3: a field with control characters is escaped
--- config
    location /t { content_by_lua_block { ngx.header["X-A"] = "a\r\nX-B: b" ngx.say("x") } }
--- request
GET /t
--- response_headers
X-A: a%0D%0AX-B: b
!X-B
--- response_body
x


=== TEST 4: fields after the header only log
--- config
    location /t { content_by_lua_block { ngx.say("x") ngx.header["X-A"] = 1 ngx.status = 404 } }
--- request
GET /t
--- response_body
x
--- error_log
attempt to set ngx.header.HEADER after sending out response headers
attempt to set ngx.status after sending out response headers


=== TEST 5: a header filter of a static file changes status and length
--- config
    location /t { alias html/; header_filter_by_lua_block { ngx.header.content_length = nil ngx.status = 202 } body_filter_by_lua_block { ngx.arg[1] = ngx.arg[1] and string.upper(ngx.arg[1]) } }
--- user_files
>>> a.txt
hello
--- request
GET /t/a.txt
--- error_code: 202
--- response_headers
!Content-Length
--- response_body
HELLO

