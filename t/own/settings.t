# Settings that nginx 1.22 does not have, or that mean less here.

__DATA__

=== TEST 1: what may stand in a configuration without effect
--- main_config
    load_module modules/ngx_http_lua_module.so;
    quic_bpf on;
    ssl_object_cache_inheritable on;
--- http_config
    keepalive_min_timeout 1s;
    ssl_dhparam dh.pem;
--- config
    location /t { return 200 "fine\n"; }
--- request
GET /t
--- response_body
fine

=== TEST 2: fields that an outer level adds
--- config
    add_header X-Outer 1;
    location = /on { add_header_inherit on; add_header X-Inner 2; return 200; }
    location = /off { add_header_inherit off; return 200; }
    location /o { add_trailer X-End 1; location = /o/off { add_trailer_inherit off; return 200 "no trailer"; } }
    location = /merge { add_header_inherit merge; add_header X-Inner 2; return 200; }
--- request eval
["GET /on", "GET /off", "GET /merge", "GET /o/off"]
--- response_headers eval
["X-Inner: 2\n!X-Outer", "!X-Outer", "X-Inner: 2\nX-Outer: 1", "Content-Length: 10"]

=== TEST 3: so many fields and no more
--- config
    max_headers 4;
    location /t { return 200 "fine\n"; }
--- request eval
["GET /t", "GET /t"]
--- more_headers eval
["A: 1", "A: 1\nB: 2\nC: 3"]
--- error_code eval
[200, 400]

=== TEST 4: a body that is read before anything is done
--- config
    client_body_early_read $http_x_early;
    location /t {
        rewrite_by_lua_block { ngx.ctx.body = ngx.req.get_body_data() }
        content_by_lua_block { ngx.say(ngx.ctx.body) }
    }
--- request eval
["POST /t\nhello", "POST /t\nhello"]
--- more_headers eval
["X-Early: 1", "X-Late: 1"]
--- response_body eval
["hello\n", "nil\n"]

=== TEST 5: encrypted keys are not read
--- http_config
    ssl_password_file passwords;
--- must_die
--- error_log
ssl_password_file
