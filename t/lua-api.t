use Test::Nginx::Socket 'no_plan';
run_tests();

__DATA__

=== TEST 1: the constants of statuses
--- config
location /t { content_by_lua_block {
    local names = {"CONTINUE", "SWITCHING_PROTOCOLS", "OK", "CREATED", "ACCEPTED", "NO_CONTENT", "PARTIAL_CONTENT", "SPECIAL_RESPONSE",
        "MOVED_PERMANENTLY", "MOVED_TEMPORARILY", "SEE_OTHER", "NOT_MODIFIED", "TEMPORARY_REDIRECT", "PERMANENT_REDIRECT",
        "BAD_REQUEST", "UNAUTHORIZED", "PAYMENT_REQUIRED", "FORBIDDEN", "NOT_FOUND", "NOT_ALLOWED", "NOT_ACCEPTABLE",
        "REQUEST_TIMEOUT", "CONFLICT", "GONE", "UPGRADE_REQUIRED", "TOO_MANY_REQUESTS", "CLOSE", "ILLEGAL",
        "INTERNAL_SERVER_ERROR", "NOT_IMPLEMENTED", "METHOD_NOT_IMPLEMENTED", "BAD_GATEWAY", "SERVICE_UNAVAILABLE",
        "GATEWAY_TIMEOUT", "VERSION_NOT_SUPPORTED", "INSUFFICIENT_STORAGE"}
    for i, name in ipairs(names) do names[i] = tostring(ngx["HTTP_" .. name]) end
    ngx.say(table.concat(names, " "))
    local got = {}
    for i, name in ipairs({"STDERR", "EMERG", "ALERT", "CRIT", "ERR", "WARN", "NOTICE", "INFO", "DEBUG", "OK", "ERROR", "AGAIN", "DONE", "DECLINED"}) do
        got[i] = tostring(ngx[name])
    end
    ngx.say(table.concat(got, " "))
} }
--- request
GET /t
--- response_body
100 101 200 201 202 204 206 300 301 302 303 304 307 308 400 401 402 403 404 405 406 408 409 410 426 429 444 451 500 501 501 502 503 504 505 507
0 1 2 3 4 5 6 7 8 0 -1 -2 -4 -5

=== TEST 2: the constants of methods, each in a subrequest
--- config
location = /method { content_by_lua_block { ngx.header.x_method = ngx.req.get_method() ngx.header.x_sub = tostring(ngx.is_subrequest) } }
location /t { content_by_lua_block {
    local got = {}
    for i, name in ipairs({"GET", "HEAD", "PUT", "POST", "DELETE", "OPTIONS", "MKCOL", "COPY", "MOVE", "PROPFIND", "PROPPATCH", "LOCK", "UNLOCK", "PATCH", "TRACE"}) do
        local res = ngx.location.capture("/method", {method = ngx["HTTP_" .. name]})
        got[i] = (res.header["x-method"] == name and res.header["x-sub"] == "true") and name or name .. "!"
    end
    ngx.say(table.concat(got, " "), " ", tostring(ngx.is_subrequest))
} }
--- request
GET /t
--- response_body
GET HEAD PUT POST DELETE OPTIONS MKCOL COPY MOVE PROPFIND PROPPATCH LOCK UNLOCK PATCH TRACE false

=== TEST 3: each phase from a file
--- http_config
lua_shared_dict files 100k;
init_by_lua_file html/init.lua;
init_worker_by_lua_file html/worker.lua;
--- config
location /t {
    set_by_lua_file $sum html/set.lua 3 4;
    rewrite_by_lua_file html/phase.lua;
    access_by_lua_file html/phase.lua;
    content_by_lua_file html/content.lua;
    header_filter_by_lua_file html/header.lua;
    body_filter_by_lua_file html/body.lua;
    log_by_lua_file html/log.lua;
}
--- user_files
>>> init.lua
started = "init"
>>> worker.lua
started = started .. " worker"
>>> set.lua
return ngx.arg[1] + ngx.arg[2]
>>> phase.lua
ngx.ctx.phases = (ngx.ctx.phases or "") .. ngx.get_phase() .. " "
>>> content.lua
ngx.say(started, " ", ngx.var.sum, " ", ngx.ctx.phases, ngx.get_phase())
>>> header.lua
ngx.header.x_phase = ngx.get_phase()
>>> body.lua
ngx.arg[1] = string.upper(ngx.arg[1])
>>> log.lua
ngx.log(ngx.NOTICE, "in phase ", ngx.get_phase())
--- request
GET /t
--- response_headers
x-phase: header_filter
--- response_body
INIT WORKER 7 REWRITE ACCESS CONTENT
--- error_log
in phase log

=== TEST 4: the settings, where they may stand
--- http_config
lua_load_resty_core on;
lua_malloc_trim 10;
lua_thread_cache_max_entries 8;
lua_regex_cache_max_entries 4;
lua_package_cpath "/nowhere/?.so;;";
lua_sa_restart on;
lua_max_running_timers 8;
rewrite_by_lua_no_postpone on;
access_by_lua_no_postpone on;
lua_socket_connect_timeout 1s;
lua_socket_send_timeout 1s;
lua_socket_send_lowat 0;
lua_socket_read_timeout 1s;
lua_socket_buffer_size 1k;
lua_socket_pool_size 4;
lua_socket_keepalive_timeout 1s;
lua_ssl_ciphers HIGH;
lua_ssl_protocols TLSv1.2;
lua_ssl_verify_depth 2;
--- config
lua_transform_underscores_in_response_headers off;
lua_check_client_abort on;
lua_code_cache on;
location = /order {
    rewrite_by_lua_block { ngx.ctx.early = ngx.var.late == "" }
    set $late "set";
    content_by_lua_block { ngx.header.x_y = "kept" ngx.say(ngx.ctx.early, " ", ngx.on_abort(function() end)) }
}
--- request
GET /order
--- response_headers
x_y: kept
--- response_body
true 1

=== TEST 5: the body is replaced by a file, or discarded
--- config
location /t { content_by_lua_block {
    ngx.req.read_body()
    local name = ngx.var.document_root .. "/other.txt"
    local f = assert(io.open(name, "w"))
    f:write("from a file")
    f:close()
    ngx.req.set_body_file(name, true)
    ngx.say(ngx.req.get_body_file() == name, " ", tostring(ngx.req.get_body_data()), " ", ngx.var.content_length)
    ngx.req.discard_body()
    ngx.say(type(ngx.config.nginx_configure()), " ", ngx.config.ngx_lua_version >= 10000)
} }
--- request
POST /t
first
--- response_body
true nil 11
string true

=== TEST 6: functions of tables that LuaJIT of OpenResty adds
--- config
location /t { content_by_lua_block {
    local isempty, isarray, nkeys, clone = require "table.isempty", require "table.isarray", require "table.nkeys", require "table.clone"
    local t = {1, 2, x = 3}
    local c = clone(t)
    ngx.say(isempty({}), " ", isempty(t), " ", isarray({1, 2}), " ", isarray(t), " ", nkeys(t), " ", c.x, " ", c ~= t)
} }
--- request
GET /t
--- response_body
true false true false 3 3 true
--- skip_nginx_reference: Debian's LuaJIT lacks them

=== TEST 7: the end of a worker, and the phases between rewrite and content
--- http_config
exit_worker_by_lua_block { ngx.log(ngx.NOTICE, "in phase ", ngx.get_phase()) }
--- config
server_rewrite_by_lua_block { ngx.ctx.seen = "server_rewrite" }
location /t {
    precontent_by_lua_block { ngx.ctx.seen = ngx.ctx.seen .. " " .. ngx.get_phase() }
    content_by_lua_block { ngx.say(ngx.ctx.seen) }
}
--- request
GET /t
--- response_body
server_rewrite precontent
--- shutdown_error_log
in phase exit_worker
--- skip_nginx_reference: Debian's lua-nginx-module is older than these phases

=== TEST 8: the rest of a child's output, whole, by size and as it comes
--- config
location /t { content_by_lua_block {
    local pipe = require "ngx.pipe"
    local function spawn(script) return assert(pipe.spawn({"/bin/sh", "-c", script})) end
    local p = spawn("printf abcdef >&2; printf out")
    ngx.say(p:stderr_read_bytes(2), " ", p:stderr_read_all(), " ", p:stdout_read_any(100))
    ngx.say(p:wait())
    p = spawn("printf any >&2")
    ngx.say(p:stderr_read_any(2), " ", p:stderr_read_any(10), " ", tostring(p:stderr_read_any(1)))
    ngx.say(p:wait())
} }
--- request
GET /t
--- response_body
ab cdef out
trueexit0
an y nil
trueexit0
--- skip_nginx_reference: Debian has no lua-resty-core with this library

=== TEST 9: what ngx.ssl converts without a connection
--- config
location /t { content_by_lua_block {
    local ssl = require "ngx.ssl"
    for _, name in ipairs({"cert_pem_to_der", "parse_pem_cert", "parse_pem_priv_key", "priv_key_pem_to_der"}) do
        local value, err = ssl[name]("nonsense")
        ngx.say(name, " ", tostring(value), " ", type(err))
    end
    for _, name in ipairs({"clear_certs", "set_der_cert", "set_der_priv_key", "set_cert", "set_priv_key", "verify_client"}) do
        local ok, err = ssl[name](name:find("der") and "x" or nil)
        ngx.say(name, " ", tostring(ok), " ", err)
    end
} }
--- request
GET /t
--- response_body
cert_pem_to_der nil string
parse_pem_cert nil string
parse_pem_priv_key nil string
priv_key_pem_to_der nil string
clear_certs nil bad request
set_der_cert nil bad request
set_der_priv_key nil bad request
set_cert nil bad request
set_priv_key nil bad request
verify_client nil API disabled in the current context
