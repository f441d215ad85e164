# Phases that Debian's lua-nginx-module is too old for.

__DATA__

=== TEST 1: scripts in files, of the server, before the content, and at a worker's end
--- http_config
exit_worker_by_lua_file html/exit.lua;
--- config
server_rewrite_by_lua_file html/seen.lua;
location /t {
    precontent_by_lua_file html/seen.lua;
    content_by_lua_block { ngx.say(ngx.ctx.seen) }
}
--- user_files
>>> seen.lua
ngx.ctx.seen = (ngx.ctx.seen or "") .. ngx.get_phase() .. " "
>>> exit.lua
ngx.log(ngx.NOTICE, "in phase ", ngx.get_phase())
--- request
GET /t
--- response_body eval
"server_rewrite precontent \n"
--- shutdown_error_log
in phase exit_worker

=== TEST 2: the script before the content comes after try_files
--- config
location = /t {
    try_files /none /found.txt;
    precontent_by_lua_block { ngx.log(ngx.WARN, "precontent of ", ngx.var.uri) }
}
--- user_files
>>> found.txt
found
--- request
GET /t
--- response_body
found
--- no_error_log
precontent of /t

=== TEST 3: or before it
--- http_config
precontent_by_lua_no_postpone on;
--- config
location = /t {
    try_files /none /found.txt;
    precontent_by_lua_block { ngx.log(ngx.WARN, "precontent of ", ngx.var.uri) }
}
--- user_files
>>> found.txt
found
--- request
GET /t
--- response_body
found
--- error_log
precontent of /t

=== TEST 4: VMs for threads: one is used again and again, two do not suffice for three
--- main_config
    thread_pool pool threads=4;
--- http_config
    lua_package_path "$TEST_NGINX_HTML_DIR/?.lua;;";
    lua_worker_thread_vm_pool_size 2;
--- config
location /t { content_by_lua_block {
    local function run(...) return select(2, ngx.run_worker_thread("pool", "slow", "wait", ...)) end
    local threads = {}
    for i = 1, 3 do threads[i] = ngx.thread.spawn(run, 0.2) end
    local got = {}
    for i = 1, 3 do got[i] = tostring(select(2, ngx.thread.wait(threads[i]))) end
    table.sort(got)
    ngx.say(table.concat(got, ", "))
    ngx.say(run(0))
} }
--- user_files
>>> slow.lua
local M = {}
function M.wait(seconds)
    local till = os.clock() + seconds
    while os.clock() < till do end
    return "done"
end
return M
--- request
GET /t
--- response_body
done, done, no available Lua vm
done
