use Test::Nginx::Socket 'no_plan';
run_tests();

__DATA__

=== TEST 1: a server that fails its checks gets no requests, and comes back
--- http_config
lua_shared_dict switch 64k;
upstream up { server 127.0.0.1:$TEST_NGINX_SERVER_PORT; server 127.0.0.1:$TEST_NGINX_RAND_PORT_1 backup; }
server { listen 127.0.0.1:$TEST_NGINX_RAND_PORT_1; location / { return 200 backup; } }
--- config
location /up { proxy_pass http://up/who; health_check interval=20ms timeout=5s fails=2 passes=2 uri=/health; }
location /who { return 200 primary; }
location /health { content_by_lua_block { ngx.exit(ngx.shared.switch:get("ill") and 503 or 200) } }
location /status { health_check_status; }
location /t { content_by_lua_block {
    local cjson = require "cjson"
    local function wait(state)
        for i = 1, 400 do
            local peer = cjson.decode(ngx.location.capture("/status").body).up.peers[1]
            if peer.state == state and peer.health_checks.checks > 2 then
                return ngx.say(state, " ", ngx.location.capture("/up").body, " ", peer.health_checks.reason or "-")
            end
            ngx.sleep(0.01)
        end
        ngx.say("never ", state)
    end
    wait("up")
    ngx.shared.switch:set("ill", true)
    wait("unhealthy")
    ngx.shared.switch:delete("ill")
    wait("up")
} }
--- request
GET /t
--- response_body
up primary -
unhealthy backup checking status code 503
up primary -
--- error_log
peer is unhealthy while checking status code 503, health check of peer 127.0.0.1:
peer is healthy, health check of peer 127.0.0.1:
in upstream "up"
--- skip_nginx_reference: health_check is of nginx Plus

=== TEST 2: in the upstream block, over TCP; nobody listens
--- http_config
upstream up { server 127.0.0.1:1; health_check type=tcp interval=20ms; }
--- config
location /up { proxy_pass http://up; }
location /status { health_check_status; }
location /t { content_by_lua_block {
    for i = 1, 400 do
        local text = ngx.location.capture("/status").body
        if string.find(text, '"state":"unhealthy"', 1, true) then
            text = string.gsub(text, '"(%a+s)":%d+', '"%1":N')
            return ngx.say(text, "\n", ngx.location.capture("/up").status)
        end
        ngx.sleep(0.01)
    end
    ngx.say("never")
} }
--- request
GET /t
--- response_body
{"up":{"peers":[{"name":"127.0.0.1:1","server":"127.0.0.1:1","backup":false,"weight":1,"state":"unhealthy","health_checks":{"checks":N,"fails":N,"unhealthy":1,"last_passed":false,"reason":"connecting to upstream: connection refused"}}]}}
502
--- error_log
peer is unhealthy while connecting to upstream: connection refused, health check of peer 127.0.0.1:1 in upstream "up"
no live upstreams while connecting to upstream
--- skip_nginx_reference: health_check is of nginx Plus

=== TEST 3: mandatory: no request before the first probe has passed
--- http_config
upstream up { server 127.0.0.1:$TEST_NGINX_SERVER_PORT; health_check mandatory passes=2 interval=50ms timeout=2s uri=/health; }
--- config
location /health { echo_sleep 0.1; echo well; }
location /up { proxy_pass http://up/who; }
location /who { return 200 primary; }
location /status { health_check_status; }
location /t { content_by_lua_block {
    ngx.say(string.match(ngx.location.capture("/status").body, '"state":"(%a+)"'), " ", ngx.location.capture("/up").status)
    for i = 1, 400 do
        if string.find(ngx.location.capture("/status").body, '"state":"up"', 1, true) then
            return ngx.say("up ", ngx.location.capture("/up").status)
        end
        ngx.sleep(0.01)
    end
    ngx.say("never")
} }
--- request
GET /t
--- response_body
checking 502
up 200
--- error_log
peer is healthy, health check of peer 127.0.0.1:
--- skip_nginx_reference: health_check is of nginx Plus

=== TEST 4: a server that says nothing, one that talks nonsense, and another port
--- http_config
upstream a { server 127.0.0.1:1; health_check port=$TEST_NGINX_SERVER_PORT interval=20ms timeout=50ms uri=/slow; }
upstream b { server 127.0.0.1:2; health_check port=$TEST_NGINX_SERVER_PORT interval=20ms uri=/odd; }
upstream c { server 127.0.0.1:3; health_check port=$TEST_NGINX_SERVER_PORT interval=20ms timeout=5s uri=/well; }
upstream d { server 127.0.0.1:4; health_check port=$TEST_NGINX_SERVER_PORT interval=20ms uri=/close; }
--- config
location /slow { echo_sleep 1; echo late; }
location /odd { content_by_lua_block { local s = ngx.req.socket(true) s:send("nonsense\r\n\r\n") } }
location /well { return 301 /; }
location /close { return 444; }
location /status { health_check_status; }
location /t { content_by_lua_block {
    local cjson = require "cjson"
    ngx.sleep(0.3)
    local all = cjson.decode(ngx.location.capture("/status").body)
    for _, name in ipairs{"a", "b", "c", "d"} do
        local peer = all[name].peers[1]
        ngx.say(peer.state, " ", peer.health_checks.reason or "-")
    end
} }
--- request
GET /t
--- response_body
unhealthy reading response: timed out
unhealthy reading response: no valid status line
up -
unhealthy reading response: connection closed
--- error_log
peer is unhealthy while reading response: timed out
--- skip_nginx_reference: health_check is of nginx Plus

=== TEST 5: a location without an upstream block
--- config
location /t { proxy_pass http://127.0.0.1:1; health_check; }
--- must_die
--- error_log
"health_check" needs a location whose "proxy_pass" names an upstream block in
--- skip_nginx_reference: health_check is of nginx Plus

=== TEST 6: two checks of one upstream block
--- http_config
upstream up { server 127.0.0.1:1; health_check; }
--- config
location /t { proxy_pass http://up; health_check; }
--- must_die
--- error_log
upstream "up" has a health check already, in
--- skip_nginx_reference: health_check is of nginx Plus

=== TEST 7: an unknown parameter
--- http_config
upstream up { server 127.0.0.1:1; health_check interval=0; }
--- config
location /t { proxy_pass http://up; }
--- must_die
--- error_log
invalid parameter "interval=0" in
--- skip_nginx_reference: health_check is of nginx Plus

=== TEST 8: only GET and HEAD for the status; without checks it is empty
--- config
location /status { health_check_status; }
--- request eval
["GET /status", "HEAD /status", "POST /status\nx"]
--- error_code eval
[200, 200, 405]
--- response_body eval
["{}", "", qr/405/]
--- skip_nginx_reference: health_check is of nginx Plus
