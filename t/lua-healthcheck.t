use Test::Nginx::Socket 'no_plan';
run_tests();

__DATA__

=== TEST 1: a peer that fails is taken out, and comes back
--- http_config
lua_shared_dict health 1m;
lua_shared_dict switch 1m;
lua_socket_log_errors off;
upstream pair { server 127.0.0.1:$TEST_NGINX_SERVER_PORT; server 127.0.0.1:$TEST_NGINX_RAND_PORT_1 backup; }
upstream other { server 127.0.0.1:1; }
server { listen 127.0.0.1:$TEST_NGINX_RAND_PORT_1; location / { return 200; } }
init_worker_by_lua_block {
    local healthcheck = require "resty.upstream.healthcheck"
    assert(healthcheck.spawn_checker{shm = "health", upstream = "pair", type = "http", http_req = "GET /health HTTP/1.0\r\nHost: x\r\n\r\n",
        interval = 20, timeout = 2000, fall = 2, rise = 2, valid_statuses = {200}, concurrency = 2})
}
--- config
location /health { content_by_lua_block { ngx.exit(ngx.shared.switch:get("ill") and 500 or 200) } }
location /t { content_by_lua_block {
    local healthcheck = require "resty.upstream.healthcheck"
    local port = ngx.var.server_port
    local function wait(status)
        for i = 1, 300 do
            if string.find(healthcheck.status_page(), ":" .. port .. " " .. status, 1, true) then return ngx.say(status) end
            ngx.sleep(0.01)
        end
        ngx.say("never ", status)
    end
    wait("UP")
    ngx.shared.switch:set("ill", true)
    wait("DOWN")
    ngx.say((string.gsub(healthcheck.status_page(), ":%d+", "")))
    ngx.print((string.gsub(healthcheck.prometheus_status_page(), "1:%d+", "1")))
    ngx.shared.switch:delete("ill")
    wait("UP")
} }
--- request
GET /t
--- response_body
UP
DOWN
Upstream pair
    Primary Peers
        127.0.0.1 DOWN
    Backup Peers
        127.0.0.1 UP

Upstream other (NO checkers)
    Primary Peers
        127.0.0.1 UP
    Backup Peers

# HELP nginx_upstream_status_info The running status of nginx upstream
# TYPE nginx_upstream_status_info gauge
nginx_upstream_status_info{name="pair",endpoint="127.0.0.1",status="DOWN",role="PRIMARY"} 0
nginx_upstream_status_info{name="pair",endpoint="127.0.0.1",status="UP",role="BACKUP"} 1
nginx_upstream_status_info{name="other",endpoint="",status="UNKNOWN",role=""} 0
UP
--- error_log
healthcheck: bad status code from 127.0.0.1
is turned down after 2 failure(s)
is turned up after 2 success(es)
--- skip_nginx_reference: Debian's nginx has neither ngx.upstream nor this library

=== TEST 2: what spawn_checker refuses
--- http_config
lua_shared_dict health 1m;
--- config
location /t { content_by_lua_block {
    local spawn = require("resty.upstream.healthcheck").spawn_checker
    for _, opts in ipairs({{}, {type = "tcp"}, {type = "http"}, {type = "http", http_req = "x"}, {type = "http", http_req = "x", shm = "none"},
        {type = "http", http_req = "x", shm = "health"}, {type = "http", http_req = "x", shm = "health", upstream = "none"}}) do
        ngx.say(select(2, spawn(opts)))
    end
} }
--- request
GET /t
--- response_body
"type" option required
only "http" and "https" type are supported right now
"http_req" option required
"shm" option required
shm "none" not found
no upstream specified
failed to get peers: upstream not found
--- skip_nginx_reference: Debian's nginx has neither ngx.upstream nor this library
