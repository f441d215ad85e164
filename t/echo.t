use Test::Nginx::Socket 'no_plan';
run_tests();
__DATA__

=== TEST 1: echo prints its arguments and a newline
--- config
    location /echo {
        echo hello world;
    }
--- request
GET /echo
--- response_body
hello world
--- no_error_log
[error]
