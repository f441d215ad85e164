use Test::Nginx::Socket 'no_plan';
$ENV{TEST_NGINX_HTML_DIR} ||= html_dir();
run_tests();
__DATA__

=== TEST 1: stub_status counts connections and requests
--- config
    location = /t { stub_status; }
--- request eval
["GET /t", "GET /t"]
--- response_body_like eval
[qr/^Active connections: \d+ \nserver accepts handled requests\n \d+ \d+ \d+ \nReading: 0 Writing: 1 Waiting: \d+ \n$/,
 qr/^Active connections: \d+ \nserver accepts handled requests\n \d+ \d+ \d+ \nReading: 0 Writing: 1 Waiting: \d+ \n$/]


=== TEST 2: the variables of stub_status
--- config
    location = /t { return 200 "$connections_reading $connections_writing\n"; }
--- request
GET /t
--- response_body
0 1
