use Test::Nginx::Socket 'no_plan';
$ENV{TEST_NGINX_HTML_DIR} ||= html_dir();
run_tests();
__DATA__

=== TEST 1: allow and deny, the first that fits decides
--- config
    location /a { allow 127.0.0.1; deny all; echo a; }
    location /b { deny 127.0.0.0/8; allow all; echo b; }
    location /c { deny 10.0.0.0/8; echo c; }
    location /d { deny all; echo d; }
--- request eval
["GET /a", "GET /b", "GET /c", "GET /d"]
--- error_code eval
[200, 403, 200, 403]


=== TEST 2: a denial is logged
--- config
    location /d { deny all; echo d; }
--- request
GET /d
--- error_code: 403
--- error_log
access forbidden by rule, client: 127.0.0.1


=== TEST 3: rules are inherited unless there are own ones
--- config
    deny all;
    location /a { echo a; }
    location /b { allow all; echo b; }
--- request eval
["GET /a", "GET /b"]
--- error_code eval
[403, 200]


=== TEST 4: return comes before access
--- config
    location /a { deny all; return 200 "a\n"; }
--- request
GET /a
--- response_body
a


=== TEST 5: a network with bits behind its mask
--- config
    location /a { allow 127.0.0.1/8; deny all; echo a; }
--- request
GET /a
--- response_body
a
--- error_log
low address bits of 127.0.0.1/8 are meaningless


=== TEST 6: no credentials
--- config
    location /p { auth_basic "the realm"; auth_basic_user_file ../html/users; echo "hi $remote_user"; }
--- user_files
>>> users
joe:{PLAIN}secret
--- request
GET /p
--- error_code: 401
--- response_headers
WWW-Authenticate: Basic realm="the realm"
--- no_error_log
[error]


=== TEST 7: right and wrong credentials
--- config
    location /p { auth_basic r; auth_basic_user_file ../html/users; echo "hi $remote_user"; }
--- user_files
>>> users
# a comment
joe:{PLAIN}secret
--- more_headers eval
["Authorization: Basic am9lOnNlY3JldA==", "Authorization: Basic am9lOndyb25n", "Authorization: Basic bm9uZTpzZWNyZXQ=", "Authorization: Bearer am9lOnNlY3JldA==", "Authorization: Basic !!!"]
--- request eval
["GET /p", "GET /p", "GET /p", "GET /p", "GET /p"]
--- error_code eval
[200, 401, 401, 401, 401]
--- response_body_like eval
["^hi joe\n\$", "401", "401", "401", "401"]


=== TEST 8: failures are logged
--- config
    location /p { auth_basic r; auth_basic_user_file ../html/users; echo hi; }
--- user_files
>>> users
joe:{PLAIN}secret
--- more_headers
Authorization: Basic am9lOndyb25n
--- request
GET /p
--- error_code: 401
--- error_log
user "joe": password mismatch


=== TEST 9: an unknown user is logged
--- config
    location /p { auth_basic r; auth_basic_user_file ../html/users; echo hi; }
--- user_files
>>> users
other:{PLAIN}secret
--- more_headers
Authorization: Basic am9lOnNlY3JldA==
--- request
GET /p
--- error_code: 401
--- error_log
user "joe" was not found in


=== TEST 10: hashes: apr1, SHA, SSHA and what crypt(3) knows
--- config
    location /p { auth_basic r; auth_basic_user_file ../html/users; echo "hi $remote_user"; }
--- user_files
>>> users
apr:$apr1$abcdefgh$h9FWgUz3n9YxylKLlR5SQ/
sha:{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=
ssha:{SSHA}gVK8WC9YyFT1gMsQHTGCgT3sSv5zYWx0
crypt:$5$ab$uBQPK5nh89waaCXDSRwBxzVzl.pS5fPkZnKN7HXbvj6
--- more_headers eval
["Authorization: Basic YXByOnNlY3JldA==", "Authorization: Basic YXByOndyb25n", "Authorization: Basic c2hhOnNlY3JldA==", "Authorization: Basic c2hhOndyb25n", "Authorization: Basic c3NoYTpzZWNyZXQ=", "Authorization: Basic c3NoYTp3cm9uZw==", "Authorization: Basic Y3J5cHQ6c2VjcmV0", "Authorization: Basic Y3J5cHQ6d3Jvbmc="]
--- request eval
["GET /p", "GET /p", "GET /p", "GET /p", "GET /p", "GET /p", "GET /p", "GET /p"]
--- error_code eval
[200, 401, 200, 401, 200, 401, 200, 401]


=== TEST 11: auth_basic off
--- config
    auth_basic r;
    auth_basic_user_file ../html/users;
    location /p { auth_basic off; echo open; }
    location /q { echo closed; }
--- user_files
>>> users
joe:{PLAIN}secret
--- request eval
["GET /p", "GET /q"]
--- error_code eval
[200, 401]


=== TEST 12: a missing file of users
--- config
    location /p { auth_basic r; auth_basic_user_file ../html/none; echo hi; }
--- more_headers
Authorization: Basic am9lOnNlY3JldA==
--- request
GET /p
--- error_code: 403
--- error_log
(2: No such file or directory)


=== TEST 13: satisfy any and all
--- config
    auth_basic r;
    auth_basic_user_file ../html/users;
    location /any1 { satisfy any; allow 127.0.0.1; deny all; echo a; }
    location /any2 { satisfy any; deny all; echo a; }
    location /all1 { satisfy all; allow all; echo a; }
    location /all2 { satisfy all; deny all; echo a; }
--- user_files
>>> users
joe:{PLAIN}secret
--- request eval
["GET /any1", "GET /any2", "GET /all1", "GET /all2"]
--- error_code eval
[200, 401, 401, 403]


=== TEST 14: satisfy any with credentials
--- config
    location /any { satisfy any; auth_basic r; auth_basic_user_file ../html/users; deny all; echo a; }
--- user_files
>>> users
joe:{PLAIN}secret
--- more_headers
Authorization: Basic am9lOnNlY3JldA==
--- request
GET /any
--- response_body
a


=== TEST 15: realip from X-Real-IP
--- config
    set_real_ip_from 127.0.0.1;
    location /r { return 200 "$remote_addr $realip_remote_addr\n"; }
--- more_headers
X-Real-IP: 10.1.2.3
--- request
GET /r
--- response_body
10.1.2.3 127.0.0.1


=== TEST 16: not from an address that is not trusted
--- config
    set_real_ip_from 192.0.2.1;
    location /r { return 200 "$remote_addr\n"; }
--- more_headers
X-Real-IP: 10.1.2.3
--- request
GET /r
--- response_body
127.0.0.1


=== TEST 17: the last address of X-Forwarded-For
--- config
    set_real_ip_from 127.0.0.1;
    set_real_ip_from 10.0.0.0/8;
    real_ip_header X-Forwarded-For;
    location /r { return 200 "$remote_addr\n"; }
--- more_headers
X-Forwarded-For: 192.0.2.9, 192.0.2.7, 10.1.1.1
--- request
GET /r
--- response_body
10.1.1.1


=== TEST 18: the last that is not trusted
--- config
    set_real_ip_from 127.0.0.1;
    set_real_ip_from 10.0.0.0/8;
    real_ip_header X-Forwarded-For;
    real_ip_recursive on;
    location /r { return 200 "$remote_addr\n"; }
--- more_headers
X-Forwarded-For: 192.0.2.9, 192.0.2.7, 10.1.1.1
--- request
GET /r
--- response_body
192.0.2.7


=== TEST 19: a header of any name, with a port
--- config
    set_real_ip_from 127.0.0.1;
    real_ip_header X-Mine;
    location /r { return 200 "$remote_addr $remote_port\n"; }
--- more_headers
X-Mine: 192.0.2.7:1234
--- request
GET /r
--- response_body
192.0.2.7 1234


=== TEST 20: the changed address is what allow and the log see
--- config
    set_real_ip_from 127.0.0.1;
    location /r { allow 10.1.2.3; deny all; echo in; }
--- more_headers
X-Real-IP: 10.1.2.3
--- request
GET /r
--- response_body
in
--- access_log eval
qr{^10\.1\.2\.3 - - }


=== TEST 21: nonsense in the header is ignored
--- config
    set_real_ip_from 127.0.0.1;
    location /r { return 200 "$remote_addr\n"; }
--- more_headers
X-Real-IP: nonsense
--- request
GET /r
--- response_body
127.0.0.1


=== TEST 22: stub_status
--- config
    location /s { stub_status; }
--- request
GET /s
--- response_headers
Content-Type: text/plain
--- response_body_like eval
qr/^Active connections: \d+ \nserver accepts handled requests\n \d+ \d+ \d+ \nReading: \d+ Writing: \d+ Waiting: \d+ \n$/


=== TEST 23: the variables of stub_status
--- config
    location /s { return 200 "$connections_active $connections_reading $connections_writing $connections_waiting\n"; }
--- request
GET /s
--- response_body_like: ^1 0 1 0$


=== TEST 24: stub_status takes GET and HEAD only
--- config
    location /s { stub_status; }
--- request
POST /s
--- error_code: 405
