use Test::Nginx::Socket 'no_plan';
run_tests();
__DATA__

=== TEST 1: headers of the request, in any case, with limits
--- config
    location /t {
        content_by_lua_block {
            local h = ngx.req.get_headers()
            ngx.say(h["X-A"], h.x_a, h["x-a"], type(h.x_b), #h.x_b, tostring(h.none))
            local _, err = ngx.req.get_headers(2)
            ngx.say(err)
            ngx.say(ngx.req.get_headers(0, true)["X-a"])
        }
    }
--- request
GET /t
--- more_headers
X-a: 1
X-B: 2
X-B: 3
--- response_body
111table2nil
truncated
1
--- no_error_log
[error]


=== TEST 2: headers set, added and cleared
--- config
    location /t {
        content_by_lua_block {
            ngx.req.set_header("X-A", "new")
            ngx.req.set_header("X-List", {"1", "2"})
            ngx.req.clear_header("X-B")
            require("ngx.req").add_header("X-A", "more")
            ngx.say(ngx.var.http_x_a, " ", tostring(ngx.var.http_x_b), " ", table.concat(ngx.req.get_headers()["X-List"], ","), " ", #ngx.req.get_headers().x_a)
            ngx.req.set_header("Host", "other")
            ngx.say(ngx.var.host, " ", ngx.var.http_host)
        }
    }
--- request
GET /t
--- more_headers
X-A: old
X-B: 1
--- response_body
new nil 1,2 2
other other
--- no_error_log
[error]


=== TEST 3: arguments of the URI
--- config
    location /t {
        content_by_lua_block {
            local a, err = ngx.req.get_uri_args(3)
            ngx.say(a.a, " ", type(a.b), " ", a.b[1], a.b[2], " ", tostring(a.c), " ", err)
            ngx.req.set_uri_args({x = 1, y = {"a", "b c"}, z = true})
            local all = {}
            for part in ngx.var.args:gmatch("[^&]+") do all[#all + 1] = part end
            table.sort(all)
            ngx.say(table.concat(all, "&"))
            ngx.req.set_uri_args("k=v")
            ngx.say(ngx.var.arg_k)
        }
    }
--- request
GET /t?a=1&b=2&b=x+y&c&d
--- response_body
1 table 2x y nil truncated
x=1&y=a&y=b%20c&z
v
--- no_error_log
[error]


=== TEST 4: the body in memory
--- config
    location /t {
        content_by_lua_block {
            ngx.req.read_body()
            ngx.say(ngx.req.get_body_data(), " ", tostring(ngx.req.get_body_file()), " ", ngx.req.get_post_args().b)
            ngx.req.set_body_data("replaced")
            ngx.say(ngx.req.get_body_data(), " ", ngx.var.http_content_length)
            ngx.req.init_body(100)
            ngx.req.append_body("in ")
            ngx.req.append_body("parts")
            ngx.req.finish_body()
            ngx.say(ngx.req.get_body_data(), " ", ngx.var.content_length)
        }
    }
--- request
POST /t
a=1&b=two
--- response_body
a=1&b=two nil two
replaced 8
in parts 8
--- no_error_log
[error]


=== TEST 5: a body in a file
--- config
    location /t { client_body_in_file_only clean; content_by_lua_block { ngx.req.read_body() local f = ngx.req.get_body_file() ngx.say(io.open(f):read("*a"), tostring(ngx.req.get_body_data())) } }
--- request
POST /t
hello
--- response_body
hellonil


=== TEST 6: method, version, time, raw header and whether it is internal
--- config
    location /t {
        content_by_lua_block {
            ngx.say(ngx.req.get_method(), " ", ngx.req.http_version(), " ", ngx.req.is_internal(), " ", math.abs(ngx.req.start_time() - ngx.now()) < 5)
            ngx.print((ngx.req.raw_header():gsub("\r", "")))
            ngx.req.set_method(ngx.HTTP_POST)
            ngx.say(ngx.req.get_method(), ngx.var.request_method)
            ngx.say(pcall(ngx.req.set_method, 3))
        }
    }
--- request
GET /t
--- response_body
GET 1.1 false true
GET /t HTTP/1.1
Host: localhost
Connection: close

POSTPOST
falseunsupported HTTP method: 3
--- no_error_log
[error]


=== TEST 7: set_uri, with a jump in rewrite
--- config
    location /t { rewrite_by_lua_block { ngx.req.set_uri("/other", true) } echo no; }
    location /other { echo "$uri $request_uri"; }
--- request
GET /t?a
--- response_body
/other /t?a


=== TEST 8: variables by name, captures and errors
--- config
    set $v x;
    location /t {
        content_by_lua_block {
            ngx.say(ngx.var.uri, " ", tostring(ngx.var.nosuch), " ", ngx.var.arg_a, " ", ngx.var[1] or "none")
            ngx.say((select(2, pcall(function() ngx.var.nosuch = 1 end)):gsub("^.-: ", "")))
            ngx.say((select(2, pcall(function() ngx.var.uri = "/x" end)):gsub("^.-: ", "")))
            ngx.var.v = 12
            ngx.say(ngx.var.v)
            ngx.var.v = nil
            ngx.say(tostring(ngx.var.v))
        }
    }
--- request
GET /t?a=1
--- response_body
/t nil 1 none
variable "nosuch" not found for writing; maybe it is a built-in variable that is not changeable or you forgot to use "set $nosuch '';" in the config file to define it first
variable "uri" not changeable
12
nil


=== TEST 9: ngx.ctx is of the request, subrequests have their own
--- config
    location /sub { content_by_lua_block { ngx.print(tostring(ngx.ctx.a), ngx.ctx.b) } }
    location /t {
        content_by_lua_block {
            ngx.ctx.a = 1
            local r = ngx.location.capture("/sub", {ctx = {b = 2}})
            ngx.say(ngx.ctx.a, tostring(ngx.ctx.b), " ", r.body)
            ngx.ctx = {c = 3}
            ngx.say(tostring(ngx.ctx.a), ngx.ctx.c)
        }
    }
--- request
GET /t
--- response_body
1nil nil2
nil3
--- no_error_log
[error]

