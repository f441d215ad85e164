use Test::Nginx::Socket 'no_plan';
no_long_string();
run_tests();
__DATA__

=== TEST 1: synchronous handlers give strings, numbers and booleans, of one argument, two and any number
--- http_config
    handler load $TEST_NGINX_HTML_DIR/lib.lua;
--- config
    location /t {
        handler_run upper $up $arg_a;
        handler_run half $half $arg_n;
        handler_run same $yes $arg_a a;
        handler_run same $no $arg_a b;
        handler_run joined $all a b c;
        handler_run joined $one a;
        echo "$up $half $yes $no $all $one";
    }
--- user_files
>>> lib.lua
local handler = require "handler"
handler.sync("upper", string.upper)
handler.sync("half", function(n) return n / 2 end)
handler.sync("same", function(a, b) return a == b end)
handler.sync("joined", function(...) return table.concat({...}, "-") end)
--- request
GET /t?a=a&n=7
--- response_body
A 3.5 1 0 a-b-c a
--- no_error_log
[error]


=== TEST 2: a returned error is the value and is logged, an error that is raised gives an empty value
--- http_config
    handler compile lua $TEST_NGINX_HTML_DIR/lib.lua 'local handler = require "handler"
handler.sync("wrong", function(s) return nil, "no " .. s end)
handler.sync("bad", function(s) error("bad " .. s) end)
handler.sync("object", function(s) error({}) end)
handler.sync("a_table", function(s) return {} end)
handler.sync("a_nil", function(s) return nil end)';
    handler_var_empty_on_error $e;
--- config
    location /t {
        handler_run wrong $w luck;
        handler_run wrong $e luck;
        handler_run bad $b luck;
        handler_run object $o luck;
        handler_run a_table $t luck;
        handler_run a_nil $n luck;
        echo "[$w][$e][$b][$o][$t][$n]";
    }
--- request
GET /t
--- response_body
[no luck][][][][][]
--- error_log eval
["handler \"wrong\" has failed", "no luck", "handler \"bad\" has panicked", "lib.lua:3: bad luck", "handler \"object\" has panicked", "the handler has returned a table, not a string, a number or a boolean"]


=== TEST 3: a synchronous handler sees its request: ngx.var, ngx.req, ngx.ctx, ngx.header, dictionaries
--- http_config
    lua_shared_dict d 1m;
    handler load $TEST_NGINX_HTML_DIR/lib.lua;
--- config
    location /t {
        handler_run look $x 1;
        rewrite_by_lua_block { ngx.ctx.seen = "ctx" }
        content_by_lua_block { ngx.say(ngx.var.x, " ", ngx.ctx.back, " ", ngx.shared.d:get("calls")) }
    }
--- user_files
>>> lib.lua
local handler = require "handler"
handler.sync("look", function()
    ngx.ctx.back = "back"
    ngx.shared.d:incr("calls", 1, 0)
    ngx.header["X-Look"] = ngx.get_phase()
    return ngx.var.uri .. " " .. ngx.req.get_method() .. " " .. ngx.ctx.seen .. " " .. tostring(ngx.var.arg_q)
end)
--- request
GET /t?q=w
--- response_body
/t GET ctx w back 1
--- response_headers
X-Look: handler
--- no_error_log
[error]


=== TEST 4: an asynchronous handler waits: sleep, threads, sockets, subrequests are out of its reach
--- http_config
    handler load $TEST_NGINX_HTML_DIR/lib.lua;
--- config
    location /t {
        handler_run_async slow $a 0.02;
        handler_run_async fetch $b /data;
        handler_run_async both $c "$a+$b";
        if ($c = "[0.02 slept+from a socket]") { return 200 "$c\n"; }
        return 500 "$c";
    }
    location /data { return 200 "from a socket"; }
--- user_files
>>> lib.lua
local handler = require "handler"
handler.async("slow", function(d) ngx.sleep(tonumber(d)) return d .. " slept" end)
handler.async("fetch", function(uri)
    local sock = ngx.socket.tcp()
    local ok, err = sock:connect("127.0.0.1", tonumber(ngx.var.server_port))
    if not ok then return nil, err end
    sock:send("GET " .. uri .. " HTTP/1.0\r\nHost: localhost\r\n\r\n")
    local all = sock:receive("*a")
    sock:close()
    return (all:match("\r\n\r\n(.*)$"))
end)
handler.async("both", function(s)
    local t = ngx.thread.spawn(function() ngx.sleep(0.01) return "[" .. s end)
    local _, text = ngx.thread.wait(t)
    return text .. "]"
end)
--- request
GET /t
--- response_body
[0.02 slept+from a socket]
--- no_error_log
[error]


=== TEST 5: the errors of asynchronous handlers
--- http_config
    handler load $TEST_NGINX_HTML_DIR/lib.lua;
    handler_var_empty_on_error $e;
--- config
    location /t {
        handler_run_async wrong $w luck;
        handler_run_async wrong $e luck;
        handler_run_async bad $b luck;
        return 200 "[$w][$e][$b]\n";
    }
--- user_files
>>> lib.lua
local handler = require "handler"
handler.async("wrong", function(s) ngx.sleep(0.001) return nil, "no " .. s end)
handler.async("bad", function(s) ngx.sleep(0.001) local t; return t.x end)
--- request
GET /t
--- response_body
[no luck][][]
--- error_log eval
["handler \"wrong\" has failed", "handler \"bad\" has panicked", "attempt to index local 't' (a nil value)"]


=== TEST 6: handlers on the body: read in pieces, whole, its length, its chunks
--- http_config
    handler load $TEST_NGINX_HTML_DIR/lib.lua;
--- config
    location /t {
        handler_run_async_on_request_body pieces $p 4;
        handler_run_async_on_request_body facts $f x;
        return 200 "$p $f\n";
    }
--- user_files
>>> lib.lua
local handler = require "handler"
handler.async_on_body("pieces", function(body, n)
    local t = {}
    while true do
        local s, err = body:read(tonumber(n))
        if not s then break end
        t[#t + 1] = s
    end
    return table.concat(t, "|")
end)
handler.async_on_body("facts", function(body)
    ngx.sleep(0.001)
    return body:len() .. " " .. body:all() .. " " .. table.concat(body:chunks()) .. " " .. tostring(body:file())
end)
--- request eval
["POST /t\nhello worlds", "GET /t"]
--- response_body eval
["hell|o wo|rlds 12 hello worlds hello worlds nil\n", " 0   nil\n"]
--- no_error_log
[error]


=== TEST 7: a body in a file, and a body that its handler has left behind
--- http_config
    handler load $TEST_NGINX_HTML_DIR/lib.lua;
--- config
    client_body_buffer_size 8;
    location /on {
        handler_request_body_read_temp_file on;
        handler_run_async_on_request_body facts $f x;
        handler_run_async_on_request_body after $g x;
        return 200 "$f $g\n";
    }
    location /off { handler_run_async_on_request_body facts $f x; return 200 "$f\n"; }
--- user_files
>>> lib.lua
local handler = require "handler"
local kept
handler.async_on_body("facts", function(body)
    kept = body
    local f = io.open(body:file())
    local text = f:read("*a")
    f:close()
    return body:len() .. " " .. text .. " " .. body:all() .. " " .. tostring(body:chunks())
end)
handler.async_on_body("after", function() return tostring(select(2, pcall(kept.len, kept))) end)
--- pipelined_requests eval
["POST /on\nhello worlds", "POST /off\nhello worlds"]
--- response_body_like eval
["^12 hello worlds hello worlds nil .*the handler of this body has returned\n$", "500 Internal Server Error"]
--- error_code eval
[200, 500]
--- error_log
handler_request_body_read_temp_file


=== TEST 8: content: body, type, status and headers; chunks; numbers; a plain table of headers
--- http_config
    handler load $TEST_NGINX_HTML_DIR/lib.lua;
--- config
    location /full { handler_content full $arg_a; }
    location /plain { handler_content plain; }
    location /table { handler_content with_table; }
    location /unsafe { handler_unsafe_content plain; }
--- user_files
>>> lib.lua
local handler = require "handler"
handler.content("full", function(arg)
    return {"a", 1, true, arg, "\n"}, "text/x-full", 201, {{"X-A", "1"}, {"X-A", "2"}}
end)
handler.content("plain", function() return "plain\n" end)
handler.content("with_table", function() return "t\n", "text/html", nil, {["X-B"] = 7, ["X-A"] = {"a", "b"}} end)
--- request eval
["GET /full?a=z", "GET /plain", "GET /table", "GET /unsafe"]
--- error_code eval
[201, 200, 200, 200]
--- response_headers eval
["Content-Type: text/x-full\nContent-Length: 5\nX-A: 1, 2", "Content-Type: text/plain\nContent-Length: 6", "Content-Type: text/html\nX-A: a, b\nX-B: 7", "Content-Type: text/plain"]
--- response_body eval
["a11z\n", "plain\n", "t\n", "plain\n"]


=== TEST 9: the empty field asks for the server's own response
--- http_config
    handler load $TEST_NGINX_HTML_DIR/lib.lua;
--- config
    error_page 404 /missing;
    location /missing { echo "our page"; }
    location /own { handler_content own; }
--- user_files
>>> lib.lua
local handler = require "handler"
handler.content("own", function() return "", "", 404, {{"", ""}} end)
--- request
GET /own
--- error_code: 404
--- response_body
our page


=== TEST 10: 500 for an error that a content handler returns, with the page of the configuration
--- http_config
    handler load $TEST_NGINX_HTML_DIR/lib.lua;
--- config
    error_page 500 /failed;
    location /failed { echo "our page"; }
    location /t { handler_content x; }
--- user_files
>>> lib.lua
local handler = require "handler"
handler.content("x", function() return nil, "no luck" end)
--- request
GET /t
--- error_code: 500
--- response_body
our page
--- error_log
content handler "x" has failed: "no luck"


=== TEST 11: 500 for an error that it raises, with the page of the configuration
--- http_config
    handler load $TEST_NGINX_HTML_DIR/lib.lua;
--- config
    error_page 500 /failed;
    location /failed { echo "our page"; }
    location /t { handler_content x; }
--- user_files
>>> lib.lua
local handler = require "handler"
handler.content("x", function() error("raised") end)
--- request
GET /t
--- error_code: 500
--- response_body
our page
--- error_log
lib.lua:2: raised


=== TEST 12: 500 for a body that is none, with the page of the configuration
--- http_config
    handler load $TEST_NGINX_HTML_DIR/lib.lua;
--- config
    error_page 500 /failed;
    location /failed { echo "our page"; }
    location /t { handler_content x; }
--- user_files
>>> lib.lua
local handler = require "handler"
handler.content("x", function() return function() end end)
--- request
GET /t
--- error_code: 500
--- response_body
our page
--- error_log
the handler has returned a function as its body


=== TEST 13: 500 for a status that is none, with the page of the configuration
--- http_config
    handler load $TEST_NGINX_HTML_DIR/lib.lua;
--- config
    error_page 500 /failed;
    location /failed { echo "our page"; }
    location /t { handler_content x; }
--- user_files
>>> lib.lua
local handler = require "handler"
handler.content("x", function() return "x", nil, 99999 end)
--- request
GET /t
--- error_code: 500
--- response_body
our page
--- error_log
invalid HTTP status 99999


=== TEST 14: static content runs once in a worker
--- http_config
    handler load $TEST_NGINX_HTML_DIR/lib.lua;
--- config
    location /t { handler_static_content counted; }
--- user_files
>>> lib.lua
local handler = require "handler"
local n = 0
handler.content("counted", function() n = n + 1 return n .. "\n", "text/x-static" end)
--- request eval
["GET /t", "GET /t"]
--- response_body eval
["1\n", "1\n"]


=== TEST 15: asynchronous content, with and without the body
--- http_config
    handler load $TEST_NGINX_HTML_DIR/lib.lua;
--- config
    location /a { handler_async_content later $arg_d; }
    location /b { handler_async_content_on_request_body count words; }
    location /f { handler_async_content later x; }
--- user_files
>>> lib.lua
local handler = require "handler"
handler.async_content("later", function(d)
    if not tonumber(d) then return nil, "not a number" end
    ngx.sleep(tonumber(d))
    return {"slept ", d, "\n"}, "text/x-later", 202, {{"X-Phase", ngx.get_phase()}}
end)
handler.async_content_on_body("count", function(body, what)
    local n = 0
    for _ in body:all():gmatch("%S+") do n = n + 1 end
    ngx.sleep(0)
    return n .. " " .. what .. "\n"
end)
--- pipelined_requests eval
["GET /a?d=0.01", "POST /b\none two three", "GET /f"]
--- error_code eval
[202, 200, 500]
--- response_headers eval
["X-Phase: handler_task\nContent-Type: text/x-later", "Content-Type: text/plain", "Content-Type: text/html"]
--- response_body_like eval
["^slept 0.01\n$", "^3 words\n$", "500"]
--- error_log
not a number


=== TEST 16: a handler of an asynchronous variable finalizes its request
--- http_config
    handler load $TEST_NGINX_HTML_DIR/lib.lua;
--- config
    location /t { handler_run_async stop $x $arg_s; return 200 "not stopped: $x\n"; }
    location /c { handler_async_content stop_content x; }
--- user_files
>>> lib.lua
local handler = require "handler"
handler.async("stop", function(s)
    if not s or s == "" then return "no" end
    ngx.sleep(0.001)
    pcall(handler.finalize, tonumber(s), "stopped\n")
    return "never reached"
end)
handler.async_content("stop_content", function() handler.finalize(200) end)
--- pipelined_requests eval
["GET /t?s=403", "GET /t?s=200", "GET /t", "GET /c"]
--- error_code eval
[403, 200, 200, 500]
--- response_body_like eval
["^stopped\n$", "^stopped\n$", "^not stopped: no\n$", "500"]
--- error_log
only handlers of asynchronous variables can finalize the request


=== TEST 17: a service runs again and again in its own task, and keeps what a failed run had
--- http_config
    handler load $TEST_NGINX_HTML_DIR/lib.lua;
    handler_run_service tick $tick start;
--- config
    location /t { content_by_lua_block { ngx.sleep(0.15) ngx.say(ngx.var.tick) } }
--- user_files
>>> lib.lua
local handler = require "handler"
local n = 0
handler.service("tick", function(arg, first)
    n = n + 1
    if first then return arg end
    ngx.sleep(0.01)
    if n == 3 then return nil, "third time" end
    if n == 4 then error("fourth time") end
    if n > 5 then ngx.sleep(1000) end
    return arg .. n
end)
--- request
GET /t
--- response_body
start5
--- error_log eval
["handler \"tick\" has failed while getting value of service variable \"tick\": \"third time\", using old value", "handler \"tick\" has panicked", "lib.lua:8: fourth time"]


=== TEST 18: a service hook, an update hook and the interruption of the service
--- http_config
    handler load $TEST_NGINX_HTML_DIR/lib.lua;
    handler_service_hooks_zone hooks 64k;
    handler_run_service sleeper $url http://one/;
    handler_service_update_hook updated $url;
--- config
    location /set { handler_service_hook set $url $arg_u; }
    location /get { content_by_lua_block { ngx.sleep(0.1) ngx.say(ngx.var.url) } }
--- user_files
>>> lib.lua
local handler = require "handler"
local url
handler.hook("set", function(u) url = u return "new url " .. u end)
handler.hook("updated", function(u) ngx.log(ngx.NOTICE, "updated to ", u) end)
handler.service("sleeper", function(arg, first)
    if first then return arg end
    if url then
        local u = url
        url = nil
        return u
    end
    local ok, err = pcall(ngx.sleep, 1000)
    if err == handler.interrupted then ngx.log(ngx.NOTICE, "clean-up: ", tostring(err)) end
    ngx.sleep(1000)
end)
--- pipelined_requests eval
["GET /get", "GET /set?u=two", "GET /get"]
--- response_body eval
["http://one/\n", "", "two\n"]
--- error_log
service hook reported "new url two"
updated to two
clean-up: the service was interrupted by a service hook


=== TEST 19: initialisation hooks get the program's options, and what fails ends the start
--- http_config
    handler load $TEST_NGINX_HTML_DIR/lib.lua;
    handler program_options --name perigee;
--- config
    location /t { handler_run args $x 1; echo $x; }
--- user_files
>>> lib.lua
local handler = require "handler"
local seen = "none"
handler.init(function(args) seen = table.concat(args, ",") end)
handler.sync("args", function() return seen end)
--- request
GET /t
--- response_body
--name,perigee


=== TEST 20: an initialisation hook that returns an error
--- http_config
    handler load $TEST_NGINX_HTML_DIR/lib.lua;
--- config
    location /t { handler_run x $x 1; echo $x; }
--- user_files
>>> lib.lua
require "handler".sync("x", string.upper)
require "handler".init(function() return nil, "no database" end)
--- must_die
--- error_log
no database


=== TEST 21: a library with an error of syntax
--- http_config
    handler load $TEST_NGINX_HTML_DIR/lib.lua;
--- config
--- user_files
>>> lib.lua
local handler = require "handler"
handler.sync("x" function() end)
--- must_die
--- error_log eval
qr/\[emerg\] .*failed to load handler library ".*lib\.lua": .*lib\.lua:2: .* in .*nginx\.conf:\d+/


=== TEST 22: a library that fails when it runs
--- http_config
    handler load $TEST_NGINX_HTML_DIR/lib.lua;
--- config
--- user_files
>>> lib.lua
local handler = require "handler"
handler.sinc("x", function() end)
--- must_die
--- error_log eval
qr/\[emerg\] .*lib\.lua:2: attempt to call field 'sinc' \(a nil value\).* in .*nginx\.conf:\d+/


=== TEST 23: a handler of another kind, and of another number of arguments
--- http_config
    handler load $TEST_NGINX_HTML_DIR/lib.lua;
--- config
    location /t { handler_content upper; }
--- user_files
>>> lib.lua
require "handler".sync("upper", string.upper)
--- must_die
--- error_log eval
qr/\[emerg\] .*handler "upper" is a synchronous handler, but "handler_content" needs a content handler in .*nginx\.conf:\d+/


=== TEST 24: too few arguments
--- http_config
    handler load $TEST_NGINX_HTML_DIR/lib.lua;
--- config
    location /t { handler_run two $x 1; echo $x; }
--- user_files
>>> lib.lua
require "handler".sync("two", function(a, b) return a .. b end)
--- must_die
--- error_log eval
qr/\[emerg\] .*handler "two" takes two arguments, not 1 in .*nginx\.conf:\d+/


=== TEST 25: one name in two libraries
--- http_config
    handler load $TEST_NGINX_HTML_DIR/a.lua;
    handler load $TEST_NGINX_HTML_DIR/b.lua;
--- config
--- user_files
>>> a.lua
require "handler".sync("x", string.upper)
>>> b.lua

require "handler".sync("x", string.lower)
--- must_die
--- error_log eval
qr/\[emerg\] .*handler "x" is exported twice: at .*a\.lua:1 and at .*b\.lua:2 in .*nginx\.conf:\d+/


=== TEST 26: handlers are registered while their library is loaded, and not later
--- http_config
    handler load $TEST_NGINX_HTML_DIR/a.lua;
--- config
    location /t { content_by_lua_block { ngx.say(pcall(require "handler".sync, "late", string.upper)) } }
--- user_files
>>> a.lua
require "handler".sync("x", string.upper)
--- request
GET /t
--- response_body
falsehandlers are registered while their library is loaded by the directive "handler"


=== TEST 27: an endless loop, deep recursion and a huge string cost their handler, not the worker
--- main_config
    baton_warn 0;
--- http_config
    lua_cpu_budget 50ms;
    handler load $TEST_NGINX_HTML_DIR/a.lua;
--- config
    location /loop { handler_run loop $a 1; echo "[$a]"; }
    location /aloop { handler_run_async aloop $b 1; echo "[$b]"; }
    location /cloop { handler_content cloop; }
    location /deep { handler_run deep $c 1; echo "[$c]"; }
    location /huge { handler_run huge $d 1; echo "[$d]"; }
    location /ok { handler_run ok $e fine; echo "[$e]"; }
--- user_files
>>> a.lua
local handler = require "handler"
handler.sync("loop", function() while true do end end)
handler.async("aloop", function() while true do end end)
handler.content("cloop", function() while true do end end)
local function deep(n) return 1 + deep(n + 1) end
handler.sync("deep", function() return deep(1) end)
handler.sync("huge", function()
    local s = string.rep("x", 2^40)
    return #s
end)
handler.sync("ok", string.upper)
--- pipelined_requests eval
["GET /loop", "GET /aloop", "GET /deep", "GET /huge", "GET /ok", "GET /cloop"]
--- response_body_like eval
['^\[\]
$', '^\[\]
$', '^\[\]
$', '^\[\]
$', '^\[FINE\]
$', "500 Internal"]
--- error_code eval
[200, 200, 200, 200, 200, 500]
--- error_log eval
["handler \"loop\" has panicked", "handler \"aloop\" has panicked", "stack overflow", "handler \"huge\" has panicked"]
--- timeout: 20


=== TEST 28: a strict variable that is inherited, one of the log phase, and one that nobody reads
--- http_config
    handler load $TEST_NGINX_HTML_DIR/a.lua;
    lua_shared_dict d 100k;
--- config
    handler_run count <!$strict strict;
    location /t {
        handler_run count !$late late;
        handler_run count $lazy lazy;
        echo "done";
    }
--- user_files
>>> a.lua
require "handler".sync("count", function(name)
    ngx.log(ngx.NOTICE, "called: ", name)
    return ngx.shared.d:incr(name, 1, 0)
end)
--- request
GET /t
--- response_body
done
--- grep_error_log eval
qr/called: \w+/
--- grep_error_log_out
called: strict
called: late


=== TEST 29: a client that goes away interrupts the wait of its asynchronous handler
--- http_config
    handler load $TEST_NGINX_HTML_DIR/a.lua;
--- config
    location /t { handler_run_async forever $x 1; return 200 "$x"; }
--- user_files
>>> a.lua
local handler = require "handler"
handler.async("forever", function()
    local ok, err = pcall(ngx.sleep, 1000)
    ngx.log(ngx.NOTICE, "woken: ", err == handler.client_gone, ", ", tostring(err))
    ngx.log(ngx.NOTICE, "again: ", select(2, pcall(ngx.sleep, 1000)) == handler.client_gone)
    ngx.sleep(1000)
    ngx.log(ngx.ERR, "never reached")
end)
--- request
GET /t
--- timeout: 200ms
--- abort
--- wait: 0.3
--- ignore_response
--- error_log
woken: true, 
again: true
--- no_error_log
never reached


=== TEST 30: the (r) form gives the token first, and Lua code of the request beside
--- http_config
    handler load $TEST_NGINX_HTML_DIR/a.lua;
--- config
    location /t { handler_run plain(r) $x arg; echo $x; }
--- user_files
>>> a.lua
require "handler".sync("plain", function(s) return s .. " of " .. ngx.var.uri end)
--- request
GET /t
--- response_body
arg of /t
