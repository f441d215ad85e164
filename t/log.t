use Test::Nginx::Socket 'no_plan';
run_tests();
__DATA__

=== TEST 1: the combined format
--- config
    location /a { return 200 "12345"; }
--- more_headers
Referer: http://r/
User-Agent: agent "q"
--- request
GET /a?b=c
--- access_log eval
qr{^127\.0\.0\.1 - - \[\d\d/\w{3}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}\] "GET /a\?b=c HTTP/1\.1" 200 5 "http://r/" "agent \\x22q\\x22"$}


=== TEST 2: an own format
--- http_config
    log_format own 'own $request_method $uri $status $bytes_sent';
--- config
    access_log logs/access.log own;
    location /a { return 204; }
--- request
GET /a
--- error_code: 204
--- access_log eval
qr/^own GET \/a 204 \d+$/


=== TEST 3: default escapes
--- http_config
    log_format own 'own [$arg_a] [$http_x] [$http_none]';
--- config
    access_log logs/access.log own;
    location /a { return 204; }
--- more_headers eval
"X: q\"b\\\xc3\xa9"
--- request
GET /a?a=%41
--- error_code: 204
--- access_log
own [%41] [q\x22b\x5C\xC3\xA9] [-]


=== TEST 4: escapes of JSON
--- http_config
    log_format own escape=json 'own {"x":"$http_x","n":"$http_none"}';
--- config
    access_log logs/access.log own;
    location /a { return 204; }
--- more_headers eval
"X: q\"b\\\tc"
--- request
GET /a
--- error_code: 204
--- access_log
own {"x":"q\"b\\\tc","n":""}


=== TEST 5: no escapes
--- http_config
    log_format own escape=none 'own [$http_x] [$http_none]';
--- config
    access_log logs/access.log own;
    location /a { return 204; }
--- more_headers
X: q"b
--- request
GET /a
--- error_code: 204
--- access_log
own [q"b] []


=== TEST 6: access_log off
--- config
    location /a { access_log off; return 204; }
--- request
GET /a
--- error_code: 204
--- no_access_log
GET /a


=== TEST 7: conditional logging
--- http_config
    map $arg_log $loggable { default 0; yes 1; }
--- config
    access_log logs/access.log combined if=$loggable;
    location /a { return 204; }
--- request eval
["GET /a?log=no", "GET /a?log=yes"]
--- error_code eval
[204, 204]
--- no_access_log
log=no


=== TEST 8: several logs
--- http_config
    log_format one 'one $uri';
    log_format two 'two $uri';
--- config
    access_log logs/access.log one;
    access_log logs/access.log two;
    location /a { return 204; }
--- request
GET /a
--- error_code: 204
--- access_log
one /a
two /a


=== TEST 9: log_subrequest
--- config
    location /main { echo_location /sub; }
    location /sub { log_subrequest on; echo sub; }
--- request
GET /main
--- response_body
sub
--- access_log
"GET /main HTTP/1.1" 200


=== TEST 10: a request that is logged after an internal redirect has its last location's log
--- http_config
    log_format last 'last $uri $request_uri';
--- config
    location /a { echo_exec /b; }
    location /b { access_log logs/access.log last; echo b; }
--- request
GET /a
--- response_body
b
--- access_log
last /b /a


=== TEST 11: an error log of a location
--- config
    location /a { error_log logs/error.log notice; rewrite_log on; rewrite ^/a /b last; }
    location /b { return 204; }
--- log_level: error
--- request
GET /a
--- error_code: 204
--- error_log
"^/a" matches "/a"


=== TEST 12: the level of the error log
--- config
    location /a { rewrite_log on; rewrite ^/a /b last; }
    location /b { return 204; }
--- log_level: warn
--- request
GET /a
--- error_code: 204
--- no_error_log
matches "/a"


=== TEST 13: the context of an error line
--- config
    location /a { proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1/x; }
--- more_headers
Host: some.host
Referer: http://ref/
--- request
GET /a?b=c
--- error_code: 502
--- error_log eval
qr{\[error\] \d+#\d+: \*\d+ connect\(\) failed \(111: Connection refused\) while connecting to upstream, client: 127\.0\.0\.1, server: localhost, request: "GET /a\?b=c HTTP/1\.1", upstream: "http://127\.0\.0\.1:\d+/x\?b=c", host: "some\.host", referrer: "http://ref/"}


=== TEST 14: the context of a subrequest
--- config
    location /main { echo_location /sub; }
    location /sub { proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1; }
--- request
GET /main
--- response_body_like: 502 Bad Gateway
--- error_log eval
qr{while connecting to upstream, client: 127\.0\.0\.1, server: localhost, request: "GET /main HTTP/1\.1", subrequest: "/sub", upstream: "http://127\.0\.0\.1:\d+/sub", host: "localhost"}


=== TEST 15: start and end of the process
--- config
    location /a { return 204; }
--- request
GET /a
--- error_code: 204
--- error_log
using the "epoll" event method


=== TEST 16: a log with variables in its name
--- config
    access_log logs/$arg_f.log;
    location /a { return 204; }
--- request
GET /a?f=access
--- error_code: 204
--- access_log
"GET /a?f=access HTTP/1.1" 204
