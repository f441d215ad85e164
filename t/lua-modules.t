# Modules that OpenResty brings: cjson, lrucache, ngx.re, ngx.errlog, ngx.resp,
# ngx.req, ngx.process, resty.core.

__DATA__

=== TEST 1: cjson, its settings and its errors
--- config
location /t { content_by_lua_block {
    local cjson = require "cjson"
    local own = cjson.new()
    ngx.say(own.encode({1, "a\"/\n", true, cjson.null, {x = 0.5}}), " ", own.encode({}))
    ngx.say(own.encode_max_depth(), " ", own.decode_max_depth(), " ", own.encode_number_precision(), " ", tostring(own.encode_keep_buffer()), " ", tostring(own.decode_invalid_numbers()))
    ngx.say(own.encode_max_depth(2), " ", select(2, pcall(own.encode, {{{}}})))
    ngx.say(own.decode_max_depth(2), " ", select(2, pcall(own.decode, "[[[1]]]")))
    ngx.say(own.decode_invalid_numbers(false), " ", select(2, pcall(own.decode, "[0x10]")), " ", cjson.decode("[0x10]")[1])
    ngx.say(own.encode_keep_buffer(false), " ", own.encode_number_precision(3), " ", own.encode(1 / 3), " ", cjson.encode(0.25))
    ngx.say(own.encode_invalid_numbers("null"), " ", own.encode(1 / 0), " ", select(2, pcall(cjson.encode, 0 / 0)):match("^Cannot serialise number: must not be NaN"))
    ngx.say(own.encode_sparse_array(true, 2, 3), " ", own.encode({[9] = 1}))
    ngx.say(select(2, pcall(cjson.encode, {[1000] = 1})))
    ngx.say(select(2, pcall(cjson.encode, {f = print})))
    ngx.say(select(2, pcall(cjson.decode, '{"a":1,}')))
} }
--- request
GET /t
--- response_body
[1,"a\"\/\n",true,null,{"x":0.5}] {}
1000 1000 14 true true
2 Cannot serialise, excessive nesting (3)
2 Found too many nested data structures (3) at character 3
false Expected value but found invalid number at character 2 16
false 3 0.333 0.25
null null Cannot serialise number: must not be NaN
true {"9":1}
Cannot serialise table: excessively sparse array
Cannot serialise function: type not supported
Expected object key string but found T_OBJ_END at character 8

=== TEST 2: cjson.safe gives errors instead of raising them
--- config
location /t { content_by_lua_block {
    local safe = require("cjson.safe").new()
    ngx.say(safe.encode({print}))
    ngx.say(safe.decode("[1"))
    ngx.say(safe.encode_max_depth(1), " ", safe.encode({{}}))
    ngx.say(safe.decode_max_depth(1), " ", safe.decode("[[1]]"))
    ngx.say(safe.decode_invalid_numbers(false), " ", safe.decode("[nan]"))
    ngx.say(safe.encode_keep_buffer(true), " ", safe.decode("[1]")[1])
} }
--- request
GET /t
--- response_body
nilCannot serialise function: type not supported
nilExpected comma or array end but found T_END at character 3
1 nilCannot serialise, excessive nesting (2)
1 nilFound too many nested data structures (2) at character 2
false nilExpected value but found invalid token at character 2
true 1

=== TEST 3: resty.lrucache
--- config
location /t { content_by_lua_block {
    local lrucache = require "resty.lrucache"
    local c = assert(lrucache.new(2))
    c:set("a", 1)
    c:set("b", {x = 2}, 0.02, 5)
    ngx.say(c:get("a"), " ", c:get("b").x, " ", c:count(), " ", c:capacity())
    c:set("c", 3)
    ngx.say(c:get("a"), " ", table.concat(c:get_keys(), ","), " ", #c:get_keys(1))
    ngx.sleep(0.04)
    local v, stale, flags = c:get("b")
    ngx.say(v, " ", stale.x, " ", flags)
    c:delete("b")
    ngx.say(c:get("b"))
    c:flush_all()
    ngx.say(c:get("c"), " ", c:count())
    ngx.say(lrucache.new(0))
    local p = require("resty.lrucache.pureffi").new(10)
    p:set("k", "v")
    ngx.say(p:get("k"))
} }
--- request
GET /t
--- response_body
1 2 2 2
nil c,b 1
nil 2 5
nil
nil 0
nilsize too small
vnil0

=== TEST 4: ngx.re.opt and ngx.re.split, gmatch and sub
--- config
location /t { content_by_lua_block {
    local re = require "ngx.re"
    ngx.say(table.concat(re.split("a,b,,c", ","), "|"), " ", table.concat(re.split("a1b2c", "([0-9])", nil, nil, 2), "|"))
    ngx.say(pcall(re.opt, "jit_stack_size", 128 * 1024))
    ngx.say(pcall(re.opt, "none", 1))
    local got = {}
    for m in ngx.re.gmatch("k=v, x=y", [[(\w)=(\w)]], "jo") do got[#got + 1] = m[2] .. m[1] end
    ngx.say(table.concat(got, " "))
    ngx.say(ngx.re.sub("hello, you", "(l+)|o", "[$1$$]"))
    ngx.say(ngx.re.sub("abc", "b", function(m) return m[0]:upper() .. "$0" end))
    ngx.say(ngx.re.gmatch("x", "("))
} }
--- request
GET /t
--- response_body
a|b||c a|1|b2c
true
falseunrecognized option name
vk yx
he[ll$]o, you1
aB$0c1
nilpcre_compile() failed: missing ) in "("

=== TEST 5: ngx.errlog: what is kept, from which level on
--- skip_nginx_reference: Debian's nginx lacks the patch for it
--- http_config
lua_capture_error_log 32k;
init_by_lua_block { require("ngx.errlog").set_filter_level(ngx.WARN) }
--- config
location /t { content_by_lua_block {
    local errlog = require "ngx.errlog"
    ngx.log(ngx.ERR, "first")
    ngx.log(ngx.INFO, "too little")
    errlog.raw_log(ngx.WARN, "as it is")
    ngx.log(ngx.CRIT, "third")
    local logs = errlog.get_logs(2)
    ngx.say(#logs, " ", logs[1], " ", logs[2] <= ngx.now() + 1, " ", logs[3]:find("first", 1, true) ~= nil, " ", logs[4], " ", logs[6]:match("as it is"))
    local rest = errlog.get_logs()
    ngx.say(#rest, " ", rest[1] == ngx.CRIT, " ", #errlog.get_logs())
    ngx.say(errlog.get_sys_filter_level() == ngx.DEBUG, " ", pcall(errlog.raw_log, 99, "x"))
    ngx.say(pcall(errlog.set_filter_level, "x"))
} }
--- request
GET /t
--- response_body
6 4 true true 5 as it is
3 true 0
true falsebad argument #1 to 'raw_log' (bad log level)
falsebad "level" argument: number expected, got string
--- error_log
first
as it is

=== TEST 6: ngx.errlog without a place to keep lines
--- skip_nginx_reference: Debian's nginx lacks the patch for it
--- config
location /t { content_by_lua_block {
    ngx.say(require("ngx.errlog").get_logs())
} }
--- request
GET /t
--- response_body
nildirective "lua_capture_error_log" is not set

=== TEST 7: ngx.resp and ngx.req add a field to those that are there
--- config
location /t { content_by_lua_block {
    ngx.header.x_a = "1"
    require("ngx.resp").add_header("X-A", "2")
    require("ngx.resp").add_header("X-B", {"3", 4})
    require("ngx.req").add_header("X-In", "two")
    require("ngx.req").add_header("X-In", {"three"})
    ngx.say(table.concat(ngx.resp.get_headers()["x-a"], ","), " ", table.concat(ngx.req.get_headers()["x-in"], ","))
    ngx.say(pcall(require("ngx.resp").add_header, "X-C"))
} }
--- request
GET /t
--- more_headers
X-In: one
--- response_headers
X-A: 1, 2
X-B: 3, 4
--- response_body
1,2 one,two,three
falseinvalid header value

=== TEST 8: a status with a reason of its own
--- skip_nginx_reference: Debian's lua-resty-core is older than this function
--- config
location /t { content_by_lua_block {
    require("ngx.resp").set_status(599, "Quite Bad")
    ngx.say(ngx.status)
} }
--- request
GET /t
--- error_code: 599
--- raw_response_headers_like: ^HTTP/1\.1 599 Quite Bad\r\n
--- response_body
599

=== TEST 13: conditions of the request count, unless the script says no
--- skip_nginx_reference: Debian's lua-resty-core is older than this function
--- config
location /t { content_by_lua_block {
    if ngx.var.arg_bypass then require("ngx.resp").bypass_if_checks() end
    ngx.header.etag = '"v1"'
    ngx.header.last_modified = ngx.http_time(0)
    ngx.say("whole")
} }
--- request eval
["GET /t", "GET /t?bypass=1"]
--- more_headers
If-None-Match: "v1"
--- error_code eval
[304, 200]
--- response_body eval
["", "whole\n"]

=== TEST 9: ngx.process in a process that does it all
--- config
location /t { content_by_lua_block {
    local process = require "ngx.process"
    ngx.say(process.type(), " ", process.get_master_pid() == ngx.worker.pid())
    ngx.say(process.enable_privileged_agent())
} }
--- request
GET /t
--- response_body
single true
nilAPI disabled in the current context

=== TEST 10: ngx.process in a worker
--- master: on
--- http_config
init_by_lua_block { phase = require("ngx.process").type() }
--- config
location /t { content_by_lua_block {
    local process = require "ngx.process"
    ngx.say(phase, " ", process.type(), " ", process.get_master_pid() ~= ngx.worker.pid(), " ", process.get_master_pid() > 1)
} }
--- request
GET /t
--- response_body
master worker true true

=== TEST 11: a worker that ends by itself, and the one that comes after it
--- master: on
--- http_config
lua_shared_dict d 100k;
init_worker_by_lua_block { ngx.shared.d:rpush("pids", ngx.worker.pid()) }
--- config
location = /end { content_by_lua_block {
    require("ngx.process").signal_graceful_exit()
    ngx.sleep(0.3)
    ngx.say("answered")
} }
location = /next { content_by_lua_block {
    local d = ngx.shared.d
    ngx.say(d:llen("pids"), " ", d:rpop("pids") == ngx.worker.pid(), " ", d:lpop("pids") ~= ngx.worker.pid())
} }
--- request eval
["GET /end", "GET /next"]
--- response_body eval
["answered\n", "2 true true\n"]

=== TEST 12: the parts of resty.core can be asked for
--- config
location /t { content_by_lua_block {
    local names = {"resty.core", "resty.core.base64", "resty.core.ctx", "resty.core.exit", "resty.core.hash",
        "resty.core.misc", "resty.core.ndk", "resty.core.phase", "resty.core.regex", "resty.core.request", "resty.core.response",
        "resty.core.shdict", "resty.core.time", "resty.core.uri", "resty.core.utils", "resty.core.var", "resty.core.worker"}
    for _, name in ipairs(names) do
        local module = require(name)
        if type(module) ~= "table" then ngx.say(name, " ", type(module)) end
    end
    local base = require "resty.core.base"
    local t = base.new_tab(4, 4)
    t.x = 1
    base.clear_tab(t)
    ngx.say(next(t), " ", pcall(base.allows_subsystem, "http"), " ", pcall(base.allows_subsystem, "stream"))
    base.set_string_buf_size(512)
    ngx.say(base.get_string_buf_size())
    ngx.say(require("resty.core.utils").str_replace_char("a-b-c", "-", "_"))
} }
--- request
GET /t
--- response_body
nil true falseunsupported subsystem: http
512
a_b_c
