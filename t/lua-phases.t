use Test::Nginx::Socket 'no_plan';
run_tests();
__DATA__

=== TEST 1: all phases run in order, with their names
--- config
    server_rewrite_by_lua_block { ngx.ctx.p = {ngx.get_phase()} }
    location /t {
        set_by_lua_block $set { return ngx.get_phase() }
        rewrite_by_lua_block { table.insert(ngx.ctx.p, ngx.get_phase()) }
        access_by_lua_block { table.insert(ngx.ctx.p, ngx.get_phase()) }
        content_by_lua_block { table.insert(ngx.ctx.p, ngx.get_phase()) ngx.say(ngx.var.set, " ", table.concat(ngx.ctx.p, " ")) }
        header_filter_by_lua_block { ngx.header["X-Phase"] = ngx.get_phase() }
        body_filter_by_lua_block { ngx.arg[1] = ngx.arg[1] and ngx.arg[1]:gsub("set", "SET:" .. ngx.get_phase(), 1) }
        log_by_lua_block { ngx.log(ngx.WARN, "phase ", ngx.get_phase()) }
    }
--- request
GET /t
--- response_headers
X-Phase: header_filter
--- response_body
SET:body_filter server_rewrite rewrite access content
--- error_log
phase log


=== TEST 2: rewrite_by_lua runs after set, its changes show in content
--- config
    location /t { set $a 1; rewrite_by_lua_block { ngx.var.a = ngx.var.a .. "x" } set $a "$a+"; content_by_lua_block { ngx.say(ngx.var.a) } }
--- request
GET /t
--- response_body
1+x


=== TEST 3: set_by_lua with arguments
--- config
    location /t { set $a 20; set_by_lua $sum 'return ngx.arg[1] + ngx.arg[2]' $a 22; echo $sum; }
--- request
GET /t
--- response_body
42


=== TEST 4: waiting is refused where it can not be
--- config
    location /t { content_by_lua_block { ngx.say("x") } header_filter_by_lua_block { local ok, err = pcall(ngx.sleep, 0.1) ngx.header["X-Err"] = err } }
--- request
GET /t
--- response_headers
X-Err: API disabled in the context of header_filter_by_lua*
--- response_body
x


=== TEST 5: a body filter changes parts and ends early
--- config
    location /t { echo -n a; echo -n b; echo -n c; header_filter_by_lua_block { ngx.header.content_length = nil }
        body_filter_by_lua_block { if ngx.arg[1] == "b" then ngx.arg[1] = "B" ngx.arg[2] = true end } }
--- request
GET /t
--- response_body chomp
aB


=== TEST 6: an error in each phase is logged with its traceback
--- config
    location /t { access_by_lua_block {
        local function f() error("in access") end
        f() } }
--- request
GET /t
--- error_code: 500
--- error_log
lua entry thread aborted: runtime error: access_by_lua(nginx.conf
in function 'f'
in main chunk


=== TEST 7: satisfy any with access_by_lua
--- config
    location /t { satisfy any; deny all; access_by_lua_block { if ngx.var.arg_k ~= "1" then ngx.exit(403) end } echo in; }
--- request eval
["GET /t?k=1", "GET /t"]
--- error_code eval
[200, 403]


=== TEST 8: init_by_lua and init_worker_by_lua come first
--- http_config
    init_by_lua_block { phase = ngx.get_phase() }
    init_worker_by_lua_block { worker = ngx.get_phase() }
--- config
    location /t { content_by_lua_block { ngx.say(phase, " ", worker) } }
--- request
GET /t
--- response_body
init init_worker


=== TEST 9: a script in a file, named by variables
--- config
    location /t { content_by_lua_file html/$arg_f.lua; }
--- user_files
>>> a.lua
#!/usr/bin/lua
ngx.say("a: ", ...)
--- request eval
["GET /t?f=a", "GET /t?f=none"]
--- error_code eval
[200, 404]


=== TEST 10: lua_need_request_body
--- config
    location /t { lua_need_request_body on; content_by_lua_block { ngx.say(ngx.req.get_body_data()) } }
--- request
POST /t
hello
--- response_body
hello


=== TEST 11: filters and the log in the form of a string
--- config
    location /t {
        content_by_lua 'ngx.say("hello")';
        header_filter_by_lua 'ngx.header.x_phase = ngx.get_phase() ngx.header.content_length = nil';
        body_filter_by_lua 'ngx.arg[1] = ngx.arg[1]:gsub("l+", "\\"%0\\"")';
        log_by_lua 'ngx.log(ngx.ALERT, "in ", ngx.get_phase()) ngx.log(ngx.EMERG, "twice")';
    }
--- request
GET /t
--- response_headers
X-Phase: header_filter
--- response_body
he"ll"o
--- error_log
[alert]
in log while logging request
[emerg]


=== TEST 12: an error of init_by_lua is told once
--- http_config
    init_by_lua_block {
        error("bad init")
    }
--- must_die
--- error_log
bad init
--- grep_error_log eval: qr/bad init/
--- grep_error_log_out
bad init
