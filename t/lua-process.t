# ngx.pipe, ngx.process and ngx.run_worker_thread.

__DATA__

=== TEST 1: a child process is written to, read from and waited for
--- skip_nginx_reference: Debian's nginx lacks the patch that ngx.pipe needs
--- config
    location /t {
        content_by_lua_block {
            local p = assert(require("ngx.pipe").spawn({"sh", "-c", "read x; echo got $x; echo err >&2; printf abc; exit 3"}))
            ngx.say(type(p), " ", p:pid() > 0, " ", p:write("hello\n"))
            ngx.say(p:stdout_read_line(), " ", p:stderr_read_line(), " ", p:stdout_read_bytes(2), " ", p:stdout_read_all())
            ngx.say(p:wait())
            ngx.say(select(2, p:wait()), " ", select(2, p:write("x")), " ", select(2, p:kill(9)))
        }
    }
--- request
GET /t
--- response_body
cdata true 6
got hello err ab c
falseexit3
exited closed exited


=== TEST 2: times that are over, a signal, and a stream that is not there
--- skip_nginx_reference: Debian's nginx lacks the patch that ngx.pipe needs
--- config
    location /t {
        content_by_lua_block {
            local p = require("ngx.pipe").spawn("sleep 10", {merge_stderr = true, wait_timeout = 20, stdout_read_timeout = 20})
            ngx.say(select(2, p:stdout_read_line()), " ", select(2, p:wait()), " ", select(2, p:stderr_read_line()))
            p:set_timeouts(nil, nil, nil, 5000)
            ngx.say(p:kill(9), " ", p:wait())
        }
    }
--- request
GET /t
--- response_body
timeout timeout merged to stdout
true falsesignal9


=== TEST 3: two threads read and write a child at a time
--- skip_nginx_reference: Debian's nginx lacks the patch that ngx.pipe needs
--- config
    location /t {
        content_by_lua_block {
            local p = require("ngx.pipe").spawn({"cat"})
            local got = ngx.thread.spawn(function() return #p:stdout_read_all() end)
            ngx.sleep(0)
            ngx.say(select(2, p:stdout_read_line()))
            for i = 1, 100 do assert(p:write(string.rep("x", 10000))) end
            p:shutdown("stdin")
            ngx.say(select(2, ngx.thread.wait(got)), " ", p:wait())
        }
    }
--- request
GET /t
--- response_body
pipe busy reading
1000000 trueexit0


=== TEST 4: a program that is not there
--- skip_nginx_reference: Debian's nginx lacks the patch that ngx.pipe needs
--- config
    location /t { content_by_lua_block { ngx.say(require("ngx.pipe").spawn({"/none/prog"}):wait()) } }
--- request
GET /t
--- response_body
falseexit1
--- error_log
lua pipe child execvp() failed while executing /none/prog (2: No such file or directory)


=== TEST 5: a function beside the event loop, with dictionaries
--- main_config
    thread_pool pool threads=2;
--- http_config
    lua_package_path "$TEST_NGINX_HTML_DIR/?.lua;;";
    lua_shared_dict d 1m;
--- config
    location /t {
        content_by_lua_block {
            ngx.say(ngx.run_worker_thread("pool", "work", "sum", {1, 2, {3}}))
            ngx.say(ngx.shared.d:get("sum"))
            ngx.say(ngx.run_worker_thread("pool", "work", "fail"))
            ngx.say(ngx.run_worker_thread("none", "work", "sum"))
            ngx.say(ngx.run_worker_thread("pool", "work", "sum", print))
        }
    }
--- user_files
>>> work.lua
local function sum(list)
    local n = 0
    for _, v in ipairs(list) do n = n + (type(v) == "table" and sum(v) or v) end
    return n
end
return {
    sum = function(list)
        local n = list[1] + list[2] + list[3][1]
        ngx.shared.d:set("sum", n)
        return n
    end,
    fail = function() error({}) end,
}
--- request
GET /t
--- response_body_like
^true6
6
falseunknown reason
falsethread pool none not found
falseunsupported Lua type: LUA_TFUNCTION in the argument
--- skip_nginx_reference: an error that is no text is nil there


=== TEST 6: what kind of process runs the script
--- config
    location /t { content_by_lua_block { ngx.say(require("ngx.process").type()) } }
--- request
GET /t
--- response_body
single
