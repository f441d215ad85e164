# Directives of the core that must be accepted wherever nginx accepts them: a
# server runs with all of them and answers.
use Test::Nginx::Socket 'no_plan';
$ENV{TEST_NGINX_HTML_DIR} ||= html_dir();
run_tests();
__DATA__

=== TEST 1: buffers, limits and timeouts of the client
--- config
    connection_pool_size 512;
    request_pool_size 4k;
    client_header_timeout 60s;
    client_header_buffer_size 1k;
    large_client_header_buffers 4 8k;
    client_body_timeout 60;
    client_body_buffer_size 16k;
    client_body_in_file_only off;
    client_body_in_single_buffer off;
    send_timeout 1m;
    send_lowat 0;
    lingering_close on;
    lingering_time 30s;
    lingering_timeout 5s;
    reset_timedout_connection off;
    keepalive_time 1h;
    keepalive_requests 9223372036854775807;
    keepalive_disable msie6 safari;
    location /a { return 200 "ok\n"; }
--- request
GET /a
--- response_body
ok


=== TEST 2: sending files
--- config
    sendfile on;
    sendfile_max_chunk 2m;
    tcp_nopush on;
    tcp_nodelay on;
    aio off;
    directio off;
    directio_alignment 512;
    output_buffers 2 32k;
    read_ahead 0;
    postpone_output 1460;
    limit_rate 0;
    limit_rate_after 0;
    max_ranges 10;
    open_file_cache off;
    open_file_cache_valid 60s;
    open_file_cache_min_uses 1;
    open_file_cache_errors off;
    disable_symlinks off;
--- request
GET /index.html
--- response_body_like: It works!


=== TEST 3: names, hashes and types
--- http_config
    variables_hash_max_size 1024;
    variables_hash_bucket_size 64;
    server_names_hash_max_size 512;
    server_names_hash_bucket_size 64;
    types_hash_max_size 1024;
    types_hash_bucket_size 64;
    map_hash_max_size 2048;
    map_hash_bucket_size 64;
--- config
    types { }
    default_type text/x-default;
    location /a { return 200 "ok\n"; }
--- request
GET /a
--- response_headers
Content-Type: text/x-default


=== TEST 4: redirects, errors and logs
--- config
    absolute_redirect on;
    server_name_in_redirect off;
    port_in_redirect on;
    msie_padding on;
    msie_refresh off;
    log_not_found on;
    log_subrequest off;
    recursive_error_pages off;
    server_tokens build;
    if_modified_since exact;
    chunked_transfer_encoding on;
    etag on;
    auth_delay 0;
    satisfy all;
    subrequest_output_buffer_size 4k;
    resolver_timeout 30s;
    location /a { return 200 "ok\n"; }
--- request
GET /a
--- response_body
ok


=== TEST 5: options of listen
--- http_config
    server {
        listen 127.0.0.1:$TEST_NGINX_RAND_PORT_1 backlog=128 rcvbuf=64k sndbuf=64k so_keepalive=30s::5 deferred;
        listen 127.0.0.1:$TEST_NGINX_RAND_PORT_2 reuseport so_keepalive=on;
        listen [::1]:$TEST_NGINX_RAND_PORT_3 ipv6only=on;
        server_name many;
        location / { return 200 "$server_port\n"; }
    }
--- config
    location /1 { proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1; }
    location /2 { proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_2; }
    location /3 { proxy_pass http://[::1]:$TEST_NGINX_RAND_PORT_3; }
--- request eval
["GET /1", "GET /2", "GET /3"]
--- error_code eval
[200, 200, 200]


=== TEST 6: the main level
--- main_config
    worker_priority 0;
    worker_rlimit_nofile 4096;
    worker_shutdown_timeout 10s;
    timer_resolution 100ms;
    pcre_jit on;
    env PERIGEE_TEST=1;
    env PATH;
    lock_file logs/nginx.lock;
    thread_pool default threads=2 max_queue=16;
    debug_points stop;
--- config
    location /a { return 200 "ok\n"; }
--- request
GET /a
--- response_body
ok


=== TEST 7: a duplicate listen of one server
--- http_config
    server { listen 127.0.0.1:$TEST_NGINX_RAND_PORT_1; listen 127.0.0.1:$TEST_NGINX_RAND_PORT_1; }
--- config
--- must_die
--- request
GET /
--- error_log
a duplicate listen 127.0.0.1:
--- suppress_stderr


=== TEST 8: options of one address that do not fit together
--- http_config
    server { listen 127.0.0.1:$TEST_NGINX_RAND_PORT_1 backlog=1; }
    server { listen 127.0.0.1:$TEST_NGINX_RAND_PORT_1 backlog=2; }
--- config
--- must_die
--- request
GET /
--- error_log
duplicate listen options for 127.0.0.1:
--- suppress_stderr


=== TEST 9: an unknown option of listen
--- http_config
    server { listen 127.0.0.1:$TEST_NGINX_RAND_PORT_1 frobnicate; }
--- config
--- must_die
--- request
GET /
--- error_log
invalid parameter "frobnicate"
--- suppress_stderr


=== TEST 10: a port that is none
--- http_config
    server { listen 127.0.0.1:99999; }
--- config
--- must_die
--- request
GET /
--- error_log
invalid port in "127.0.0.1:99999" of the "listen" directive
--- suppress_stderr


=== TEST 11: a host of listen that cannot be found
--- http_config
    server { listen no-such-host.invalid:80; }
--- config
--- must_die
--- request
GET /
--- error_log
host not found in "no-such-host.invalid:80" of the "listen" directive
--- suppress_stderr


=== TEST 12: an address that is not of this machine
--- http_config
    server { listen 192.0.2.1:$TEST_NGINX_RAND_PORT_1; }
--- config
--- must_die
--- request
GET /
--- error_log eval
qr/\[emerg\] .*bind\(\) to 192\.0\.2\.1:\d+ failed \(99: Cannot assign requested address\)/
--- suppress_stderr


=== TEST 13: post_action runs after the answer
--- config
    location /a { post_action /after; return 200 "a\n"; }
    location /b { echo b; post_action /after; }
    location /after { internal; echo after; access_log logs/access.log; }
--- request
GET /b
--- response_body
b
--- access_log eval
qr{"GET /b HTTP/1\.1" 200 }


=== TEST 14: levels are merged from http to location
--- http_config
    client_body_buffer_size 2k;
    charset koi8-r;
    log_not_found off;
--- config
    location /a { return 200 "a\n"; }
    location /b { charset off; default_type text/x-location; return 200 "b\n"; }
--- request eval
["GET /a", "GET /b", "GET /none"]
--- error_code eval
[200, 200, 404]
--- response_headers eval
["Content-Type: text/plain; charset=koi8-r", "Content-Type: text/x-location", "Content-Type: text/html; charset=koi8-r"]
--- no_error_log
[error]


=== TEST 15: a TLS listener that rejects every handshake needs no certificate
--- http_config
    server { listen 127.0.0.1:$TEST_NGINX_RAND_PORT_1 ssl; server_name tls; ssl_reject_handshake on; }
--- config
    location /a { return 200 "ok\n"; }
--- request
GET /a
--- response_body
ok


=== TEST 16: a certificate that is not there
--- http_config
    server { listen 127.0.0.1:$TEST_NGINX_RAND_PORT_1 ssl; ssl_certificate none.pem; ssl_certificate_key none.key; }
--- config
--- must_die
--- request
GET /
--- error_log
cannot load certificate
--- suppress_stderr


=== TEST 17: ssl without a certificate
--- http_config
    server { listen 127.0.0.1:$TEST_NGINX_RAND_PORT_1 ssl; }
--- config
--- must_die
--- request
GET /
--- error_log
no "ssl_certificate" is defined for the "listen ... ssl" directive in
--- suppress_stderr


=== TEST 18: plain HTTP to a port of TLS
--- http_config
    server { listen 127.0.0.1:$TEST_NGINX_RAND_PORT_1 ssl; server_name tls; ssl_reject_handshake on; return 200 "tls\n"; }
--- config
    location /a { proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1; }
--- request
GET /a
--- error_code: 400
--- response_body_like: The plain HTTP request was sent to HTTPS port
