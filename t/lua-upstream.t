use Test::Nginx::Socket 'no_plan';
run_tests();

__DATA__

=== TEST 1: groups, their servers and peers
--- http_config
upstream first { server 127.0.0.1:8101 weight=3 max_fails=2 fail_timeout=7s; server 127.0.0.2:8102 backup; server 127.0.0.3:8103 down max_conns=9; }
upstream second { server unix:/tmp/none.sock; }
--- config
location /t { content_by_lua_block {
    local upstream = require "ngx.upstream"
    ngx.say(table.concat(upstream.get_upstreams(), " "))
    for _, s in ipairs(upstream.get_servers("first")) do
        ngx.say(s.name, " ", s.addr, " ", s.weight, " ", s.max_fails, " ", s.fail_timeout, " ", s.max_conns, " ", tostring(s.down), " ", tostring(s.backup))
    end
    for _, kind in ipairs({"get_primary_peers", "get_backup_peers"}) do
        for _, p in ipairs(upstream[kind]("first")) do
            ngx.say(kind, " ", p.id, " ", p.name, " ", p.weight, " ", p.current_weight, " ", p.effective_weight, " ", p.fails, " ", tostring(p.down))
        end
    end
    ngx.say(upstream.get_servers("second")[1].addr)
    ngx.say(upstream.get_servers("none"))
    ngx.say(upstream.get_primary_peers("none"))
    ngx.say(tostring(upstream.current_upstream_name()))
} }
--- request
GET /t
--- response_body
first second
127.0.0.1:8101 127.0.0.1:8101 3 2 7 0 nil nil
127.0.0.2:8102 127.0.0.2:8102 1 1 10 0 nil true
127.0.0.3:8103 127.0.0.3:8103 1 1 10 9 true nil
get_primary_peers 0 127.0.0.1:8101 3 0 3 0 nil
get_primary_peers 1 127.0.0.3:8103 1 0 1 0 true
get_backup_peers 0 127.0.0.2:8102 1 0 1 0 nil
unix:/tmp/none.sock
nilupstream not found
nilupstream not found
nil
--- skip_nginx_reference: ngx.upstream is a module that Debian does not build

=== TEST 2: a peer that a script takes out is asked no more, and again later
--- http_config
upstream pair { server 127.0.0.1:$TEST_NGINX_SERVER_PORT; server 127.0.0.1:$TEST_NGINX_RAND_PORT_1; }
server { listen 127.0.0.1:$TEST_NGINX_RAND_PORT_1; location / { return 200 "other\n"; } }
--- config
location /backend { return 200 "this\n"; }
location /pass { proxy_pass http://pair/backend; header_filter_by_lua_block { ngx.header.x_name = require("ngx.upstream").current_upstream_name() } }
location /t { content_by_lua_block {
    local upstream = require "ngx.upstream"
    local function count()
        local n = {}
        for i = 1, 4 do
            local res = ngx.location.capture("/pass")
            n[res.body] = (n[res.body] or 0) + 1
            assert(res.header["x-name"] == "pair")
        end
        ngx.say(n["this\n"] or 0, " ", n["other\n"] or 0)
    end
    count()
    ngx.say(upstream.set_peer_down("pair", false, 0, true), " ", upstream.get_primary_peers("pair")[1].down)
    count()
    ngx.say(upstream.set_peer_down("pair", false, 0, false))
    count()
    ngx.say(select(2, upstream.set_peer_down("pair", false, 7, true)), ", ", select(2, upstream.set_peer_down("pair", true, 0, true)))
    ngx.say(select(2, pcall(upstream.set_peer_down, "pair")))
} }
--- request
GET /t
--- response_body
2 2
true true
0 4
true
2 2
bad peer id, bad peer id
exactly 4 arguments expected
--- skip_nginx_reference: ngx.upstream is a module that Debian does not build

=== TEST 3: modules of TLS to proxied servers say that there is none
--- config
location /t { content_by_lua_block {
    for _, name in ipairs({"ngx.ssl.proxysslcert", "ngx.ssl.proxysslverify", "ngx.proxyssl"}) do
        ngx.say(name, ": ", (string.match(select(2, pcall(require, name)), "not supported by this server[^\n]*")))
    end
    local sha = require "resty.sha"
    ngx.say(type(sha._VERSION), " ", require("resty.string").to_hex(require("resty.sha1"):new():final()))
} }
--- request
GET /t
--- response_body
ngx.ssl.proxysslcert: not supported by this server: it speaks no TLS to proxied servers
ngx.ssl.proxysslverify: not supported by this server: it speaks no TLS to proxied servers
ngx.proxyssl: not supported by this server: it speaks no TLS to proxied servers
string da39a3ee5e6b4b0d3255bfef95601890afd80709
--- skip_nginx_reference: Debian's nginx has no lua-resty-string, and loads the modules without a use
