# Directives that other files have no use for: each is set once, and does what
# it says, or nothing.

__DATA__

=== TEST 1: what may stand in a configuration without effect
--- main_config
    ssl_engine dynamic;
--- http_config
    gzip_buffers 16 8k;
    gzip_hash 8k;
    gzip_window 16k;
    gzip_no_buffer off;
    postpone_gzipping 20;
    aio_write on;
    open_file_cache_events on;
    open_log_file_cache max=10 inactive=10s min_uses=2 valid=1m;
    proxy_headers_hash_max_size 1024;
    proxy_headers_hash_bucket_size 128;
    ssl_buffer_size 4k;
    ssl_prefer_server_ciphers on;
    ssl_session_timeout 10m;
    ssl_early_data on;
    ssl_ecdh_curve prime256v1;
--- config
    referer_hash_max_size 2048;
    referer_hash_bucket_size 64;
    location /t { return 200 "fine$ssl_early_data\n"; }
--- request
GET /t
--- response_body
fine

=== TEST 2: compression by version and level, and files that are compressed already
--- config
    location /t {
        gzip on;
        gzip_min_length 1;
        gzip_comp_level 9;
        gzip_http_version 1.1;
        gzip_types text/plain;
        default_type text/plain;
        return 200 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    }
    location /files/ { gzip_static on; alias html/; }
--- user_files
>>> f.txt
plain
>>> f.txt.gz
not really gzip
--- more_headers
Accept-Encoding: gzip
--- request eval
["GET /t", "GET /t HTTP/1.0", "GET /files/f.txt"]
--- response_headers eval
["Content-Encoding: gzip", "!Content-Encoding", "Content-Encoding: gzip"]
--- response_body_like eval
["^\x1f", "^a{90}", "^not really gzip\n$"]

=== TEST 3: access by a subrequest, with a variable of it
--- config
    location /t {
        auth_request /auth;
        auth_request_set $user $upstream_http_x_user;
        content_by_lua_block { ngx.say("user ", ngx.var.user) }
    }
    location = /auth { internal; if ($request_uri ~ no=1) { return 403; } proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT/decide; }
    location = /decide { add_header X-User tim; return 204; }
--- request eval
["GET /t", "GET /t?no=1"]
--- error_code eval
[200, 403]
--- response_body_like eval
["^user tim\n$", "403 Forbidden"]

=== TEST 4: an index of files, with exact sizes or without
--- config
    location /exact/ { alias html/d/; autoindex on; autoindex_exact_size on; autoindex_localtime off; }
    location /round/ { alias html/d/; autoindex on; autoindex_exact_size off; autoindex_localtime on; }
--- user_files eval
[["d/big", "x" x 50000, "202001020304.05"]]
--- request eval
["GET /exact/", "GET /round/"]
--- response_body_like eval
['<a href="big">big</a> +02-Jan-2020 03:04 +50000\r\n', '<a href="big">big</a> +0[1-3]-Jan-2020 \d\d:04 +49K\r\n']

=== TEST 5: charsets: their names, which types get one, and a table between two
--- http_config
    charset_map koi8-r utf-8 { E1 D090; C1 D0B0; }
--- config
    location = /named { charset utf-8; charset_types text/x; default_type text/x; return 200 "x"; }
    location = /unnamed { charset utf-8; charset_types text/x; default_type text/y; return 200 "x"; }
    location = /map { charset utf-8; source_charset koi8-r; charset_types text/plain; default_type text/plain; return 200 "a\xe1\xc1"; }
    location = /over { charset utf-8; source_charset koi8-r; override_charset on; charset_types *; proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT/src; }
    location = /src { default_type "text/plain; charset=koi8-r"; return 200 "b"; }
--- request eval
["GET /named", "GET /unnamed", "GET /over"]
--- response_headers eval
["Content-Type: text/x; charset=utf-8", "Content-Type: text/y", "Content-Type: text/plain; charset=utf-8"]
--- response_body eval
["x", "x", "b"]

=== TEST 6: a table between charsets changes the body
--- http_config
    charset_map koi8-r utf-8 { E1 D090; C1 D0B0; }
--- config
    location /t {
        charset utf-8;
        source_charset koi8-r;
        charset_types text/plain;
        default_type text/plain;
        content_by_lua_block { ngx.print("a\xe1\xc1") }
    }
--- request
GET /t
--- response_headers
Content-Type: text/plain; charset=utf-8
--- response_body chop eval
"a\xd0\x90\xd0\xb0"

=== TEST 7: where a request comes from
--- config
    location /t {
        valid_referers none blocked server_names *.example.com ~\.test/x;
        return 200 "[$invalid_referer]\n";
    }
--- request eval
["GET /t", "GET /t", "GET /t", "GET /t", "GET /t"]
--- more_headers eval
["X: y", "Referer: hidden", "Referer: http://a.example.com/p", "Referer: http://b.test/x", "Referer: http://evil.example.org/"]
--- response_body eval
["[]\n", "[]\n", "[]\n", "[]\n", "[1]\n"]

=== TEST 8: tries are limited by number
--- http_config
    upstream b { server 127.0.0.1:$TEST_NGINX_RAND_PORT_1; server 127.0.0.1:$TEST_NGINX_RAND_PORT_2; server 127.0.0.1:$TEST_NGINX_SERVER_PORT backup; }
--- config
    proxy_connect_timeout 2s;
    proxy_send_timeout 2s;
    proxy_next_upstream_timeout 5s;
    proxy_socket_keepalive on;
    location = /few { proxy_pass http://b/r; proxy_next_upstream_tries 2; }
    location = /all { proxy_pass http://b/r; proxy_next_upstream_tries 3; }
    location = /r { return 200 "reached\n"; }
--- request eval
["GET /few"]
--- error_code: 502
--- error_log
connect() failed (111: Connection refused) while connecting to upstream

=== TEST 9: tries that suffice
--- http_config
    upstream b { server 127.0.0.1:$TEST_NGINX_RAND_PORT_1; server 127.0.0.1:$TEST_NGINX_RAND_PORT_2; server 127.0.0.1:$TEST_NGINX_SERVER_PORT backup; }
--- config
    location = /all { proxy_pass http://b/r; proxy_next_upstream_tries 3; }
    location = /r { return 200 "reached\n"; }
--- request
GET /all
--- response_body
reached

=== TEST 10: fields of an upstream that have no effect, and how fast it is read
--- config
    location = /obeyed { proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT/src; }
    location = /ignored { proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT/src; proxy_ignore_headers X-Accel-Redirect; }
    location = /src { add_header X-Accel-Redirect /other; return 200 "source\n"; }
    location = /other { internal; return 200 "other\n"; }
    location = /slow { proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT/big; proxy_limit_rate 20k; proxy_buffer_size 4k; proxy_buffers 4 4k; }
    location = /big { content_by_lua_block { ngx.print(("x"):rep(30000)) } }
    location = /time { content_by_lua_block {
        local start = ngx.now()
        local n = #ngx.location.capture("/slow").body
        ngx.update_time()
        local took = ngx.now() - start
        ngx.say(n, " ", took > 0.3 and took < 4 or took)
    } }
--- request eval
["GET /obeyed", "GET /ignored", "GET /time"]
--- response_body eval
["other\n", "source\n", "30000 true\n"]

=== TEST 11: the old name of set_base32_padding
--- config
    location /t { set_misc_base32_padding off; set_encode_base32 $a "a"; echo $a; }
--- request
GET /t
--- response_body
c4

=== TEST 12: there is no mail
--- main_config
    mail { }
--- must_die
--- error_log
mail
