use Test::Nginx::Socket 'no_plan';
$ENV{TEST_NGINX_HTML_DIR} ||= html_dir();
run_tests();
__DATA__

=== TEST 1: the path is passed as it came when proxy_pass has none
--- config
    location /p { proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1; }
--- http_config
    server { listen $TEST_NGINX_RAND_PORT_1; location / { return 200 "$request_uri\n"; } }
--- request eval
["GET /p/a%20b/../c?d=e%20f", "GET /p//x", "GET /p?"]
--- response_body eval
["/p/a%20b/../c?d=e%20f\n", "/p//x\n", "/p?\n"]
--- error_code eval
[200, 200, 200]


=== TEST 2: a path in proxy_pass replaces the location's
--- config
    location /p/ { proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1/new/; }
    location /q { proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1/; }
--- http_config
    server { listen $TEST_NGINX_RAND_PORT_1; location / { return 200 "$request_uri\n"; } }
--- request eval
["GET /p/a?b=c", "GET /p/a%20b/../c", "GET /qx", "GET /p/%41%2f%3f"]
--- response_body eval
["/new/a?b=c\n", "/new/c\n", "/x\n", "/new/A/%3F\n"]
--- error_code eval
[200, 200, 200, 200]


=== TEST 3: with variables the path is what they say
--- config
    location /p { proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1$request_uri; }
    location /q { set $host_ 127.0.0.1:$TEST_NGINX_RAND_PORT_1; proxy_pass http://$host_; }
    location /r { set $host_ 127.0.0.1:$TEST_NGINX_RAND_PORT_1; proxy_pass http://$host_/fixed?a=$arg_a; }
--- http_config
    server { listen $TEST_NGINX_RAND_PORT_1; location / { return 200 "$request_uri\n"; } }
--- request eval
["GET /p/x?y", "GET /q/x?y", "GET /r/x?a=z"]
--- response_body eval
["/p/x?y\n", "/q/x?y\n", "/fixed?a=z\n"]
--- error_code eval
[200, 200, 200]


=== TEST 4: after a rewrite with break the new path is passed
--- config
    location /p/ { rewrite ^/p/(.*) /n/$1?x=1 break; proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1; }
--- http_config
    server { listen $TEST_NGINX_RAND_PORT_1; location / { return 200 "$request_uri\n"; } }
--- request
GET /p/a%20b?y=2
--- response_body
/n/a%20b?x=1&y=2


=== TEST 5: the head that a proxy sends
--- config
    location /p { proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1; proxy_set_header Host h; }
    location /q { proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1; proxy_set_header Host h; proxy_http_version 1.1; }
--- http_config
    server { listen $TEST_NGINX_RAND_PORT_1; location / { echo -n "$echo_client_request_headers"; } }
--- more_headers
X-A: 1
Keep-Alive: 5
TE: trailers
Upgrade: x
User-Agent: t
X-A: 2
--- request eval
["GET /p", "GET /q"]
--- error_code eval
[200, 200]
--- response_body eval
["GET /p HTTP/1.0\r\nHost: h\r\nConnection: close\r\nX-A: 1\r\nUser-Agent: t\r\nX-A: 2\r\n\r\n", "GET /q HTTP/1.1\r\nHost: h\r\nConnection: close\r\nX-A: 1\r\nUser-Agent: t\r\nX-A: 2\r\n\r\n"]


=== TEST 6: proxy_set_header
--- config
    location /p {
        proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1;
        proxy_set_header Host "my.host";
        proxy_set_header X-New "$remote_addr";
        proxy_set_header X-Gone "";
        proxy_set_header Accept-Encoding "";
    }
--- http_config
    server { listen $TEST_NGINX_RAND_PORT_1; location / { return 200 "[$http_host][$http_x_new][$http_x_gone][$http_accept_encoding][$http_x_kept]\n"; } }
--- more_headers
X-Gone: 1
X-Kept: 2
Accept-Encoding: gzip
--- request
GET /p
--- response_body
[my.host][127.0.0.1][][][2]


=== TEST 7: Host by default
--- config
    location /p { proxy_pass http://backend; }
    location /q { proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1; proxy_set_header Host $host; }
--- http_config
    upstream backend { server 127.0.0.1:$TEST_NGINX_RAND_PORT_1; }
    server { listen $TEST_NGINX_RAND_PORT_1; location / { return 200 "$http_host\n"; } }
--- request eval
["GET /p", "GET /q"]
--- response_body eval
["backend\n", "localhost\n"]
--- error_code eval
[200, 200]


=== TEST 8: $proxy_add_x_forwarded_for
--- config
    location /p { proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1; proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for; }
--- http_config
    server { listen $TEST_NGINX_RAND_PORT_1; location / { return 200 "$http_x_forwarded_for\n"; } }
--- more_headers eval
["X-Forwarded-For: 10.0.0.1", ""]
--- request eval
["GET /p", "GET /p"]
--- response_body eval
["10.0.0.1, 127.0.0.1\n", "127.0.0.1\n"]
--- error_code eval
[200, 200]


=== TEST 9: what is not passed back, and what is
--- config
    location /p { proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1; }
    location /q { proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1; proxy_pass_header Server; proxy_hide_header X-A; }
--- http_config
    server {
        listen $TEST_NGINX_RAND_PORT_1;
        location / { more_set_headers "Server: backend" "X-Accel-Expires: 5" "X-A: 1" "X-Pad: p"; return 200; }
    }
--- request eval
["GET /p", "GET /q"]
--- error_code eval
[200, 200]
--- response_headers eval
["!X-Accel-Expires\n!X-Pad\nX-A: 1", "Server: backend\n!X-A"]


=== TEST 10: proxy_redirect by default
--- config
    location /one/ { proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1/two/; }
--- http_config
    server { listen $TEST_NGINX_RAND_PORT_1; absolute_redirect on; location / { return 302 http://127.0.0.1:$TEST_NGINX_RAND_PORT_1/two/x; } }
--- request
GET /one/a
--- error_code: 302
--- response_headers_like
Location: http://localhost:\d+/one/x


=== TEST 11: proxy_redirect off, with texts and with expressions
--- config
    location /off { proxy_redirect off; proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1/?l=http://x/y; }
    location /text { proxy_redirect http://x/ https://z/; proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1/?l=http://x/y; }
    location /regex { proxy_redirect ~^http://(\w+)/(.*)$ https://$1.example/$2; proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1/?l=http://x/y; }
    location /none { proxy_redirect http://other/ https://z/; proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1/?l=http://x/y; }
--- http_config
    server { listen $TEST_NGINX_RAND_PORT_1; location / { return 302 $arg_l; } }
--- request eval
["GET /off", "GET /text", "GET /regex", "GET /none"]
--- error_code eval
[302, 302, 302, 302]
--- response_headers eval
["Location: http://x/y", "Location: https://z/y", "Location: https://x.example/y", "Location: http://x/y"]


=== TEST 12: cookies: domain and path
--- config
    location /p {
        proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1;
        proxy_cookie_domain a.test b.test;
        proxy_cookie_path / /sub/;
    }
--- http_config
    server { listen $TEST_NGINX_RAND_PORT_1; location / { add_header Set-Cookie "k=v; domain=a.test; path=/x"; return 200; } }
--- request
GET /p
--- response_headers
Set-Cookie: k=v; domain=b.test; path=/sub/x


=== TEST 13: a refused connection
--- config
    location /p { proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1; }
--- request
GET /p
--- error_code: 502
--- response_body_like: 502 Bad Gateway
--- error_log
connect() failed (111: Connection refused) while connecting to upstream


=== TEST 14: an upstream that does not answer in time
--- config
    location /p { proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1; proxy_read_timeout 100ms; }
--- tcp_listen: $TEST_NGINX_RAND_PORT_1
--- tcp_reply_delay: 1s
--- tcp_reply: late
--- request
GET /p
--- error_code: 504
--- error_log
upstream timed out (110: Connection timed out) while reading response header from upstream


=== TEST 15: an upstream that closes without a word
--- config
    location /p { proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1; }
--- tcp_listen: $TEST_NGINX_RAND_PORT_1
--- tcp_reply eval
""
--- request
GET /p
--- error_code: 502
--- error_log
upstream prematurely closed connection while reading response header from upstream


=== TEST 16: an answer without a head passes as it is
--- config
    location /p { proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1; proxy_http_version 1.1; }
--- tcp_listen: $TEST_NGINX_RAND_PORT_1
--- tcp_reply eval
"garbage\r\n\r\n"
--- request
GET /p
--- http09
--- response_body eval
"garbage\r\n\r\n"
--- error_log
upstream sent no valid HTTP/1.0 header while reading response header from upstream


=== TEST 17: a malformed header of an upstream
--- config
    location /p { proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1; }
--- tcp_listen: $TEST_NGINX_RAND_PORT_1
--- tcp_reply eval
"HTTP/1.1 200 OK\r\nBad Header: x\r\n\r\n"
--- request
GET /p
--- error_code: 502
--- error_log
upstream sent invalid header


=== TEST 18: a head that is too big for the buffer
--- config
    location /p { proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1; proxy_buffer_size 1k; }
--- tcp_listen: $TEST_NGINX_RAND_PORT_1
--- tcp_reply eval
"HTTP/1.1 200 OK\r\nX-Big: " . "x" x 2000 . "\r\n\r\nok"
--- request
GET /p
--- error_code: 502
--- error_log
upstream sent too big header while reading response header from upstream


=== TEST 19: a chunked answer is decoded
--- config
    location /p { proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1; proxy_http_version 1.1; }
--- tcp_listen: $TEST_NGINX_RAND_PORT_1
--- tcp_reply eval
"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n4;x=y\r\ndefg\r\n0\r\n\r\n"
--- request
GET /p
--- response_headers
Transfer-Encoding: chunked
--- response_body chomp
abcdefg


=== TEST 20: an answer that is cut short
--- config
    location /p { proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1; }
--- tcp_listen: $TEST_NGINX_RAND_PORT_1
--- tcp_reply eval
"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"
--- request
GET /p
--- error_code: 200
--- response_body chomp
abc
--- error_log
upstream prematurely closed connection while reading upstream


=== TEST 21: an answer until the end of the connection
--- config
    location /p { proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1; }
--- tcp_listen: $TEST_NGINX_RAND_PORT_1
--- tcp_reply eval
"HTTP/1.0 200 OK\r\n\r\nto the end"
--- request
GET /p
--- response_headers
Transfer-Encoding: chunked
--- response_body chomp
to the end


=== TEST 22: an answer without a body
--- config
    location /p { proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1; }
--- tcp_listen: $TEST_NGINX_RAND_PORT_1
--- tcp_reply eval
"HTTP/1.1 204 No Content\r\nX-A: 1\r\n\r\n"
--- request
GET /p
--- error_code: 204
--- response_headers
X-A: 1


=== TEST 23: the first line of an answer is kept
--- config
    location /p { proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1; }
--- tcp_listen: $TEST_NGINX_RAND_PORT_1
--- tcp_reply eval
"HTTP/1.1 299 Quite Fine\r\nContent-Length: 0\r\n\r\n"
--- request
GET /p
--- error_code: 299
--- raw_response_headers_like: ^HTTP/1\.1 299 Quite Fine\r\n


=== TEST 24: HEAD through a proxy
--- config
    location /p { proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1; }
--- http_config
    server { listen $TEST_NGINX_RAND_PORT_1; location / { return 200 "12345"; } }
--- request
HEAD /p
--- response_headers
Content-Length: 5
--- response_body:


=== TEST 25: a body goes through, with its length
--- config
    location /p { proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1; }
    location /c { proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1; proxy_method PUT; proxy_set_body "fixed $arg_a"; }
    location /n { proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1; proxy_pass_request_body off; proxy_set_header Content-Length ""; }
    location /h { proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1; proxy_pass_request_headers off; }
--- http_config
    server { listen $TEST_NGINX_RAND_PORT_1; location / { echo_read_request_body; echo "$request_method [$http_content_length] [$request_body] [$http_x_a]"; } }
--- more_headers
X-A: a
--- request eval
["POST /p\nbody", "POST /c?a=x\nbody", "POST /n\nbody", "POST /h\nbody"]
--- error_code eval
[200, 200, 200, 200]
--- response_body eval
["POST [4] [body] [a]\n", "PUT [7] [fixed x] [a]\n", "POST [] [] [a]\n", "POST [4] [body] []\n"]


=== TEST 26: a chunked body gets a length when it is buffered
--- config
    location /p { proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1; proxy_http_version 1.1; }
--- http_config
    server { listen $TEST_NGINX_RAND_PORT_1; location / { echo_read_request_body; echo "[$http_content_length] [$http_transfer_encoding] [$request_body]"; } }
--- more_headers
Transfer-Encoding: chunked
--- request eval
"POST /p\n3\r\nabc\r\n0\r\n\r\n"
--- response_body
[3] [] [abc]


=== TEST 27: a chunked body that is not buffered stays chunked
--- config
    location /s { proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1; proxy_http_version 1.1; proxy_request_buffering off; }
--- http_config
    server { listen $TEST_NGINX_RAND_PORT_1; location / { echo_read_request_body; echo "[$http_content_length] [$http_transfer_encoding] [$request_body]"; } }
--- raw_request eval
["POST /s HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nab", "c\r\n0\r\n\r\n"]
--- raw_request_middle_delay: 0.1
--- response_body
[] [chunked] [abc]


=== TEST 28: connections to the upstream are kept
--- config
    location /p { proxy_pass http://backend; proxy_http_version 1.1; proxy_set_header Connection ""; }
    location /n { proxy_pass http://backend; }
--- http_config
    upstream backend { server 127.0.0.1:$TEST_NGINX_RAND_PORT_1; keepalive 2; }
    server { listen $TEST_NGINX_RAND_PORT_1; location / { return 200 "$connection_requests\n"; } }
--- request eval
["GET /p", "GET /p", "GET /n", "GET /p"]
--- error_code eval
[200, 200, 200, 200]
--- response_body eval
["1\n", "2\n", "3\n", "1\n"]


=== TEST 29: round robin with weights
--- config
    location /p { proxy_pass http://backend; }
--- http_config
    upstream backend { server 127.0.0.1:$TEST_NGINX_RAND_PORT_1 weight=2; server 127.0.0.1:$TEST_NGINX_RAND_PORT_2; }
    server { listen $TEST_NGINX_RAND_PORT_1; location / { return 200 "one\n"; } }
    server { listen $TEST_NGINX_RAND_PORT_2; location / { return 200 "two\n"; } }
--- request eval
["GET /p", "GET /p", "GET /p", "GET /p", "GET /p", "GET /p"]
--- error_code eval
[200, 200, 200, 200, 200, 200]
--- response_body eval
["one\n", "two\n", "one\n", "one\n", "two\n", "one\n"]


=== TEST 30: the next server when one refuses
--- config
    location /p { proxy_pass http://backend; }
--- http_config
    upstream backend { server 127.0.0.1:$TEST_NGINX_RAND_PORT_1; server 127.0.0.1:$TEST_NGINX_RAND_PORT_2 backup; }
    server { listen $TEST_NGINX_RAND_PORT_2; location / { return 200 "backup\n"; } }
--- request
GET /p
--- response_body
backup
--- error_log
connect() failed (111: Connection refused) while connecting to upstream


=== TEST 31: the next server for a code
--- config
    location /p { proxy_pass http://backend; proxy_next_upstream http_503; }
    location /n { proxy_pass http://backend2; proxy_next_upstream off; }
--- http_config
    upstream backend { server 127.0.0.1:$TEST_NGINX_RAND_PORT_1; server 127.0.0.1:$TEST_NGINX_RAND_PORT_2; }
    upstream backend2 { server 127.0.0.1:$TEST_NGINX_RAND_PORT_1; server 127.0.0.1:$TEST_NGINX_RAND_PORT_2; }
    server { listen $TEST_NGINX_RAND_PORT_1; location / { return 503; } }
    server { listen $TEST_NGINX_RAND_PORT_2; location / { return 200 "two\n"; } }
--- request eval
["GET /p", "GET /n"]
--- error_code eval
[200, 503]


=== TEST 32: a server that is down is not asked, and none left is a 502
--- config
    location /p { proxy_pass http://backend; }
    location /q { proxy_pass http://dead; }
--- http_config
    upstream backend { server 127.0.0.1:$TEST_NGINX_RAND_PORT_1 down; server 127.0.0.1:$TEST_NGINX_RAND_PORT_2; }
    upstream dead { server 127.0.0.1:$TEST_NGINX_RAND_PORT_1 down; }
    server { listen $TEST_NGINX_RAND_PORT_1; location / { return 200 "one\n"; } }
    server { listen $TEST_NGINX_RAND_PORT_2; location / { return 200 "two\n"; } }
--- request eval
["GET /p", "GET /p", "GET /q"]
--- error_code eval
[200, 200, 502]
--- response_body_like eval
["two", "two", "502 Bad Gateway"]


=== TEST 33: variables of an upstream
--- config
    location /p { proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1; add_header X-U "$upstream_status $upstream_http_x_b $upstream_cookie_k"; access_log logs/access.log u; }
--- http_config
    log_format u 'u=$upstream_addr $upstream_status $upstream_response_length $upstream_response_time $upstream_connect_time $upstream_header_time $upstream_bytes_received';
    server { listen $TEST_NGINX_RAND_PORT_1; location / { add_header X-B yes; add_header Set-Cookie k=v; return 200 "12345"; } }
--- request
GET /p
--- response_headers
X-U: 200 yes v
--- access_log eval
qr/^u=127\.0\.0\.1:\d+ 200 5 \d\.\d{3} \d\.\d{3} \d\.\d{3} \d+$/


=== TEST 34: the addresses of several attempts
--- config
    location /p { proxy_pass http://backend; add_header X-U "$upstream_addr|$upstream_status"; }
--- http_config
    upstream backend { server 127.0.0.1:$TEST_NGINX_RAND_PORT_1; server 127.0.0.1:$TEST_NGINX_RAND_PORT_2 backup; }
    server { listen $TEST_NGINX_RAND_PORT_2; location / { return 200; } }
--- request
GET /p
--- response_headers_like
X-U: 127\.0\.0\.1:\d+, 127\.0\.0\.1:\d+\|502, 200


=== TEST 35: proxy_buffering off passes every piece on at once
--- config
    location /p { proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1; proxy_buffering off; }
--- http_config
    server { listen $TEST_NGINX_RAND_PORT_1; location / { echo one; echo_flush; echo_sleep 0.05; echo two; echo_flush; } }
--- request
GET /p
--- response_body
one
two


=== TEST 36: a large answer with small buffers, and through a file
--- config
    location /p { proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1; proxy_buffers 2 4k; proxy_buffer_size 4k; proxy_busy_buffers_size 4k; proxy_temp_file_write_size 8k; }
    location /q { proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1; proxy_max_temp_file_size 0; proxy_buffers 2 4k; proxy_buffer_size 4k; proxy_busy_buffers_size 4k; }
    location /r { proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1; proxy_buffering off; }
--- http_config
    server { listen $TEST_NGINX_RAND_PORT_1; location / { echo_duplicate 200000 "0123456789"; } }
--- request eval
["GET /p", "GET /q", "GET /r"]
--- error_code eval
[200, 200, 200]
--- response_body_filters
md5_hex
--- response_body eval
["499411682260e00edacbe06cd283fbf4", "499411682260e00edacbe06cd283fbf4", "499411682260e00edacbe06cd283fbf4"]


=== TEST 37: X-Accel-Redirect
--- config
    location /p { proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1; }
    location /internal/ { internal; alias html/; }
--- http_config
    server { listen $TEST_NGINX_RAND_PORT_1; location / { add_header X-Accel-Redirect /internal/a.txt; return 200 "not this"; } }
--- user_files
>>> a.txt
the file
--- request
GET /p
--- response_body
the file


=== TEST 38: an upgraded connection
--- config
    location /p { proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1; proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade; }
--- tcp_listen: $TEST_NGINX_RAND_PORT_1
--- tcp_reply eval
"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\nraw bytes"
--- raw_request eval
"GET /p HTTP/1.1\r\nHost: localhost\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"
--- error_code: 101
--- response_headers
Upgrade: x
Connection: upgrade
--- response_body chomp
raw bytes


=== TEST 39: a Unix socket as upstream
--- config
    location /p { proxy_pass http://unix:$TEST_NGINX_HTML_DIR/up.sock:/new/; }
--- http_config
    server { listen unix:$TEST_NGINX_HTML_DIR/up.sock; location / { return 200 "$request_uri $http_host\n"; } }
--- request
GET /p
--- response_body
/new/ localhost


=== TEST 40: the client leaves, the upstream is left too
--- config
    location /p { proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1; }
--- http_config
    server { listen $TEST_NGINX_RAND_PORT_1; location / { echo_sleep 1; echo late; } }
--- request
GET /p
--- timeout: 0.2
--- abort
--- ignore_response
--- wait: 0.2
--- error_log
client prematurely closed connection, so upstream connection is closed too while sending request to upstream


=== TEST 41: proxy_ignore_client_abort
--- config
    location /p { proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1; proxy_ignore_client_abort on; }
--- http_config
    server { listen $TEST_NGINX_RAND_PORT_1; location / { echo_sleep 0.3; echo late; } }
--- request
GET /p
--- timeout: 0.1
--- abort
--- ignore_response
--- wait: 0.4
--- no_error_log
client prematurely closed connection
--- access_log eval
qr{"GET /p HTTP/1\.1" 200 }


=== TEST 42: limits of an answer's rate do not change it
--- config
    location /p { limit_rate 1m; limit_rate_after 10k; proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1; }
--- http_config
    server { listen $TEST_NGINX_RAND_PORT_1; location / { echo_duplicate 2000 "0123456789"; } }
--- request
GET /p
--- response_body eval
"0123456789" x 2000


=== TEST 42: proxy_bind chooses the local address
--- config
    location /p { proxy_bind $arg_from; proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT/r; }
    location /r { return 200 "$remote_addr\n"; }
--- request
GET /p?from=127.0.0.2
--- response_body
127.0.0.2


=== TEST 44: a name server that is not there
--- config
    resolver 127.0.0.1:$TEST_NGINX_RAND_PORT_1;
    resolver_timeout 100ms;
    location /p { set $host_name name.test; proxy_pass http://$host_name/; }
--- request
GET /p
--- error_code: 502
--- error_log eval
qr/(?:send|recv)\(\) failed \(111: Connection refused\) while resolving, resolver: 127\.0\.0\.1:\d+/


=== TEST 45: a client that leaves while the name is looked up
--- config
    resolver 127.0.0.1:$TEST_NGINX_RAND_PORT_1;
    location /p { set $host_name name.test; proxy_pass http://$host_name/; }
--- request
GET /p
--- timeout: 0.1
--- abort
--- ignore_response
--- wait: 0.4
--- access_log eval
qr{"GET /p HTTP/1\.1" 499 }


=== TEST 46: what is less than a buffer waits for the rest
--- http_config
    server { listen $TEST_NGINX_RAND_PORT_1; location / { content_by_lua_block {
        ngx.header.content_length = 20
        ngx.print("hello") ngx.flush(true) ngx.sleep(tonumber(ngx.var.arg_s)) ngx.print(" world, at last") } } }
--- config
    location /on { proxy_read_timeout 500ms; proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1/; }
    location /off { proxy_buffering off; proxy_read_timeout 500ms; proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1/; }
    location /t { content_by_lua_block {
        for _, uri in ipairs{"/on?s=0.9", "/off?s=0.9", "/on?s=0.02"} do
            local res = ngx.location.capture(uri)
            ngx.say(res.status, " ", res.body, " ", res.truncated)
        end
    } }
--- request
GET /t
--- response_body
200  true
200 hello true
200 hello world, at last false


=== TEST 47: log lines name the upstream to the end of the request
--- config
    location /b { return 200 "x\n"; }
    location /p { proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT/b; log_by_lua_block { ngx.log(ngx.ERR, "logged") } }
    location /e { proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1/f; error_page 502 /err; }
    location /err { content_by_lua_block { ngx.log(ngx.ERR, "refused") ngx.say("e") } }
--- pipelined_requests eval
["GET /p", "GET /e"]
--- error_code eval
[200, 502]
--- error_log eval
[qr/logged while logging request, client: 127.0.0.1, server: localhost, request: "GET \/p HTTP\/1.1", upstream: "http:\/\/127.0.0.1:\d+\/b", host:/,
 qr/refused, client: 127.0.0.1, server: localhost, request: "GET \/e HTTP\/1.1", upstream: "http:\/\/127.0.0.1:\d+\/f", host:/]
