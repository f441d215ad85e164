# What ngx_http_dav_module does without end, or only with a body in a file.

use Test::Nginx::Socket 'no_plan';
no_root_location();
run_tests();

__DATA__

=== TEST 1: a folder does not go into itself
--- config
    location / { dav_methods COPY MOVE; more_set_input_headers "Destination: $arg_to"; }
--- user_files
>>> d/f.txt
hello
--- pipelined_requests eval
["COPY /d/?to=/d/e/", "MOVE /d/?to=/d/e/", "GET /d/f.txt"]
--- error_code eval
[409, 409, 200]


=== TEST 2: subrequests of a script
--- config
    location = /t { content_by_lua_block {
        local capture = ngx.location.capture
        ngx.say(capture("/f.txt", {method = ngx.HTTP_PUT, body = "hello"}).status)
        ngx.say(capture("/f.txt").body)
        ngx.say(capture("/f.txt", {method = ngx.HTTP_DELETE}).status)
        ngx.say(capture("/f.txt", {method = ngx.HTTP_DELETE}).status)
    } }
    location / { dav_methods PUT DELETE; }
--- request
GET /t
--- response_body
201
hello
204
404
