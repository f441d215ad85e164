use Test::Nginx::Socket 'no_plan';
run_tests();
__DATA__

=== TEST 1: status, header, body and truncation
--- config
    location /sub { content_by_lua_block { ngx.status = 201 ngx.header["X-Sub"] = "yes" ngx.print(ngx.req.get_method(), " ", ngx.var.args) } }
    location /t {
        content_by_lua_block {
            local r = ngx.location.capture("/sub?a=1", {args = {b = 2}})
            ngx.say(r.status, " ", r.header["X-Sub"], " ", r.truncated, " ", r.body)
            ngx.say(ngx.location.capture("/none").status)
        }
    }
--- request
GET /t
--- response_body
201 yes false GET a=1&b=2
404


=== TEST 2: methods and bodies
--- config
    location /sub { content_by_lua_block { ngx.req.read_body() ngx.print(ngx.req.get_method(), " ", tostring(ngx.req.get_body_data()), " ", tostring(ngx.var.http_content_length)) } }
    location /t {
        content_by_lua_block {
            local function sub(o) return ngx.location.capture("/sub", o).body end
            ngx.say(sub({method = ngx.HTTP_POST, body = "hello"}))
            ngx.say(sub({method = ngx.HTTP_PUT}))
            ngx.req.read_body()
            ngx.say(sub({method = ngx.HTTP_POST}))
            ngx.say(sub({always_forward_body = true}))
            ngx.say(sub({}))
        }
    }
--- request
POST /t
abc
--- response_body
POST hello 5
PUT nil 3
POST abc 3
GET abc 3
GET nil nil
--- no_error_log
[error]


=== TEST 3: variables shared, copied and given
--- config
    location /t { set $v main; content_by_lua_block {
        ngx.say(ngx.location.capture("/sub", {copy_all_vars = true}).body, " ", ngx.var.v)
        ngx.say(ngx.location.capture("/sub", {share_all_vars = true}).body, " ", ngx.var.v)
        ngx.say(ngx.location.capture("/sub", {vars = {v = "given"}}).body, " ", ngx.var.v)
    } }
    location /sub { content_by_lua_block { ngx.print(ngx.var.v) ngx.var.v = "changed" } }
--- request
GET /t
--- response_body
main main
main changed
given changed
--- no_error_log
[error]


=== TEST 4: several at once keep their order
--- config
    location /sub { content_by_lua_block { ngx.sleep(0.03) ngx.print("slow", ngx.var.arg_n) } }
    location /fast { content_by_lua_block { ngx.print("fast") } }
    location /t {
        content_by_lua_block {
            local a, b, c = ngx.location.capture_multi({{"/sub?n=1"}, {"/sub?n=2", {args = "m=x"}}, {"/fast"}})
            ngx.say(a.body, b.body, c.body)
        }
    }
--- request
GET /t
--- response_body
slow1slow2fast
--- no_error_log
[error]


=== TEST 5: wrong options
--- config
    location /t {
        content_by_lua_block {
            ngx.say(pcall(ngx.location.capture, "/x", 1))
            ngx.say(pcall(ngx.location.capture, "/x", {method = "GET"}))
            ngx.say(pcall(ngx.location.capture, "/x", {vars = 1}))
            ngx.say(pcall(ngx.location.capture, "/../x"))
        }
    }
--- request
GET /t
--- response_body
falseexpecting table as the 2nd argument for subrequest 0, but got number
falseBad http request method
falseBad vars option value
falseunsafe uri in argument #1: /../x

