use Test::Nginx::Socket 'no_plan';
no_root_location();
run_tests();

__DATA__

=== TEST 1: PUT makes a file
--- config
    location / { dav_methods PUT; dav_access group:r all:r; }
--- pipelined_requests eval
["PUT /a.txt\nhello", "GET /a.txt", "PUT /a.txt\nagain", "GET /a.txt"]
--- error_code eval
[201, 200, 204, 200]
--- response_headers eval
["Content-Length: 0", "", "! Content-Length", ""]
--- response_body eval
["", "hello", "", "again"]
--- no_error_log
[error]


=== TEST 2: PUT says where the file is, and makes folders when told to
--- config
    location / { dav_methods PUT; create_full_put_path on; }
--- pipelined_requests eval
["PUT /a/b/c%20d.txt\nhello", "GET /a/b/c%20d.txt"]
--- error_code eval
[201, 200]
--- response_headers eval
["Location: http://localhost:\$ServerPort/a/b/c%20d.txt", ""]
--- response_body eval
["", "hello"]


=== TEST 3: PUT where there is no folder
--- config
    location / { dav_methods PUT; }
--- request
PUT /no/file.txt
x
--- error_code: 500
--- error_log eval
qr/\[crit\] .*? rename\(\) "[^"]+" to "[^"]+\/html\/no\/file\.txt" failed \(2: No such file or directory\)/


=== TEST 4: PUT to a folder, and of a part
--- config
    location / { dav_methods PUT MKCOL; }
--- pipelined_requests eval
["PUT /a/\nx", "MKCOL /d/", "PUT /d\nx"]
--- error_code eval
[409, 201, 409]
--- error_log
cannot PUT to a collection


=== TEST 5: a method that is not listed
--- config
    location / { dav_methods PUT; }
--- request
DELETE /index.html
--- error_code: 405


=== TEST 6: DELETE of a file, of a folder and of nothing
--- config
    location / { dav_methods DELETE; }
--- user_files
>>> a.txt
hello
>>> d/e/f.txt
hello
--- pipelined_requests eval
["DELETE /a.txt", "DELETE /a.txt", "DELETE /d", "DELETE /d/", "GET /d/e/f.txt"]
--- error_code eval
[204, 404, 409, 204, 404]


=== TEST 7: DELETE needs a depth
--- config
    location / { dav_methods DELETE; min_delete_depth 2; }
--- user_files
>>> d/e/f.txt
hello
--- pipelined_requests eval
["DELETE /d/", "DELETE /d/e/"]
--- error_code eval
[409, 204]
--- error_log
insufficient URI depth:2 to DELETE


=== TEST 8: MKCOL
--- config
    location / { dav_methods MKCOL; }
--- pipelined_requests eval
["MKCOL /d/", "MKCOL /d/", "MKCOL /e", "MKCOL /x/y/"]
--- error_code eval
[201, 405, 409, 409]


=== TEST 9: COPY of a file
--- config
    location / { dav_methods COPY; more_set_input_headers "Destination: $arg_to"; }
--- user_files
>>> a.txt
hello
--- pipelined_requests eval
["COPY /a.txt?to=/b.txt", "GET /b.txt", "GET /a.txt", "COPY /a.txt?to=/x/", "COPY /none?to=/x", "COPY /a.txt?to=/../x"]
--- error_code eval
[204, 200, 200, 409, 404, 400]
--- response_body_like eval
["^\$", "hello", "hello", "409", "404", "400"]


=== TEST 10: MOVE of a folder, onto one that is there
--- config
    location / { dav_methods MOVE; more_set_input_headers "Destination: http://$http_host$arg_to" "Overwrite: $arg_over"; }
--- user_files
>>> d/f.txt
hello
>>> e/g.txt
hello
--- pipelined_requests eval
["MOVE /d/?to=/e/&over=F", "MOVE /d/?to=/e/&over=T", "GET /e/f.txt", "GET /e/g.txt", "GET /d/f.txt"]
--- error_code eval
[412, 201, 200, 404, 404]


=== TEST 11: MOVE of a file makes the folders
--- config
    location / { dav_methods MOVE; more_set_input_headers "Destination: /x/y/z.txt"; }
--- user_files
>>> a.txt
hello
--- pipelined_requests eval
["MOVE /a.txt", "GET /x/y/z.txt", "GET /a.txt"]
--- error_code eval
[204, 200, 404]


=== TEST 12: another host, and a body
--- config
    location / { dav_methods COPY DELETE; more_set_input_headers "Destination: http://other/x"; }
--- user_files
>>> a.txt
hello
--- pipelined_requests eval
["DELETE /a.txt\nbody", "COPY /a.txt"]
--- error_code eval
[415, 400]
--- error_log
is handled by different repository than the source URI


=== TEST 13: permissions that are none
--- config
    dav_access user:x;
--- must_die
--- error_log
invalid value "user:x"
