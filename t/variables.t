use Test::Nginx::Socket 'no_plan';
$ENV{TEST_NGINX_HTML_DIR} ||= html_dir();
run_tests();
__DATA__

=== TEST 1: the request line
--- config
    location /v { return 200 "$request_method|$request_uri|$uri|$document_uri|$args|$query_string|$is_args|$server_protocol|$request\n"; }
--- request
GET /v/../v/a%20b?c=d&e
--- response_body
GET|/v/../v/a%20b?c=d&e|/v/a b|/v/a b|c=d&e|c=d&e|?|HTTP/1.1|GET /v/../v/a%20b?c=d&e HTTP/1.1


=== TEST 2: $is_args without arguments
--- config
    location /v { return 200 "[$is_args][$args]\n"; }
--- request eval
["GET /v", "GET /v?"]
--- response_body eval
["[][]\n", "[][]\n"]
--- error_code eval
[200, 200]


=== TEST 3: $arg_ takes the first of that name, whatever its case
--- config
    location /v { return 200 "[$arg_a][$arg_B][$arg_c]\n"; }
--- request
GET /v?A=1&a=2&b=x%20y&cc=3
--- response_body
[1][x%20y][]


=== TEST 4: $http_ and $cookie_
--- config
    location /v { return 200 "[$http_x_one][$http_user_agent][$cookie_a][$cookie_b][$http_cookie]\n"; }
--- more_headers
X-One: 1
User-Agent: test
Cookie: a=x; b="y"
--- request
GET /v
--- response_body
[1][test][x]["y"][a=x; b="y"]


=== TEST 5: repeated headers are joined
--- config
    location /v { return 200 "[$http_x_a][$http_cookie][$http_x_forwarded_for]\n"; }
--- more_headers
X-A: 1
X-A: 2
Cookie: a=1
Cookie: b=2
X-Forwarded-For: 10.0.0.1
X-Forwarded-For: 10.0.0.2
--- request
GET /v
--- response_body_like: ^\[1\]\[a=1; b=2\]\[10\.0\.0\.1, 10\.0\.0\.2\]$


=== TEST 6: addresses and ports
--- config
    location /v { return 200 "$remote_addr $server_addr $server_port $scheme [$https] [$remote_user]\n"; }
--- request
GET /v
--- response_body_like: ^127\.0\.0\.1 127\.0\.0\.1 \d+ http \[\] \[\]$


=== TEST 7: $binary_remote_addr has four bytes
--- config
    location /v { set_encode_base64 $b $binary_remote_addr; return 200 "$b\n"; }
--- request
GET /v
--- response_body
fwAAAQ==


=== TEST 8: times
--- config
    location /v { return 200 "$msec $time_iso8601 $time_local $request_time\n"; }
--- request
GET /v
--- response_body_like: ^\d{10}\.\d{3} \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d \d\d/\w{3}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4} 0\.\d{3}$


=== TEST 9: $request_id is 32 hex digits and stays the same
--- config
    location /v { set $a $request_id; return 200 "$a $request_id\n"; }
--- request
GET /v
--- response_body_like eval
qr/^[0-9a-f]{32} [0-9a-f]{32}$/


=== TEST 10: $connection, $pid, $nginx_version, $hostname
--- config
    location /v { return 200 "$connection $connection_requests $pid $nginx_version $hostname\n"; }
--- request
GET /v
--- response_body_like: ^\d+ 1 \d+ \d+\.\d+\.\d+ \S+$


=== TEST 11: $limit_rate and $content_type
--- config
    location /v { echo "[$limit_rate][$content_type][$content_length]"; }
--- more_headers
Content-Type: text/x
--- request
POST /v
abc
--- response_body
[0][text/x][3]


=== TEST 12: $args can be set, and $arg_ follows
--- config
    location /v {
        set $args "a=1&b=2";
        return 200 "$args $arg_b $uri\n";
    }
--- request
GET /v?x=y
--- response_body
a=1&b=2 2 /v


=== TEST 13: $sent_http_ in the log and in add_header
--- http_config
    log_format sent "sent=$sent_http_content_type,$sent_http_x_a,$status,$body_bytes_sent";
--- config
    access_log logs/access.log sent;
    location /v { add_header X-A 1; return 200 "12345"; }
--- request
GET /v
--- access_log
sent=text/plain,1,200,5


=== TEST 14: a variable set in one place exists everywhere
--- config
    location /v { set $mine 1; return 200 "$mine\n"; }
    location /w { return 200 "[$mine]\n"; }
--- request eval
["GET /v", "GET /w"]
--- response_body eval
["1\n", "[]\n"]
--- error_code eval
[200, 200]


=== TEST 15: long values
--- config
    location /v { return 200 "$arg_a"; }
--- request eval
"GET /v?a=" . "x" x 5000
--- response_body eval
"x" x 5000


=== TEST 16: $host prefers the request line and falls back to the server's name
--- config
    location /v { return 200 "$host\n"; }
--- raw_request eval
"GET /v HTTP/1.0\r\n\r\n"
--- response_body
localhost


=== TEST 17: $realpath_root and $request_filename
--- config
    location /v { root html; return 200 "$realpath_root\n$request_filename\n"; }
--- request
GET /v/a
--- response_body_like: ^/\S+/html\n/\S+/html/v/a$
