use Test::Nginx::Socket 'no_plan';
$ENV{TEST_NGINX_HTML_DIR} ||= html_dir();
run_tests();
__DATA__

=== TEST 1: an unknown directive is named with its file and line
--- config
    include ../html/bad.conf;
--- user_files
>>> bad.conf
# a comment
frobnicate on;
--- must_die
--- request
GET /
--- error_log eval
qr{\[emerg\] .*unknown directive "frobnicate" in \S+/html/bad\.conf:2}
--- suppress_stderr


=== TEST 2: a directive in the wrong context
--- config
    worker_processes 2;
--- must_die
--- request
GET /
--- error_log eval
qr/"worker_processes" directive is not allowed here in \S+nginx\.conf:\d+/
--- suppress_stderr


=== TEST 3: a location directive at http level
--- http_config
    location / { }
--- config
--- must_die
--- request
GET /
--- error_log
"location" directive is not allowed here
--- suppress_stderr


=== TEST 4: too many arguments
--- config
    root /a /b;
--- must_die
--- request
GET /
--- error_log
invalid number of arguments in "root" directive
--- suppress_stderr


=== TEST 5: no argument where one is needed
--- config
    root;
--- must_die
--- request
GET /
--- error_log
invalid number of arguments in "root" directive
--- suppress_stderr


=== TEST 6: a directive that may stand once only
--- config
    location /a {
        root /a;
        root /b;
    }
--- must_die
--- request
GET /
--- error_log
"root" directive is duplicate
--- suppress_stderr


=== TEST 7: the end of the file within a block
--- config
    include ../html/bad.conf;
--- user_files
>>> bad.conf
location /a {
    root /a;
--- must_die
--- request
GET /
--- error_log eval
qr{unexpected end of file, expecting "\}" in \S+/html/bad\.conf:\d}
--- suppress_stderr


=== TEST 8: the end of the file within a directive
--- config
    include ../html/bad.conf;
--- user_files
>>> bad.conf
root /a
--- must_die
--- request
GET /
--- error_log eval
qr{unexpected end of file, expecting ";" or "\}" in \S+/html/bad\.conf:\d}
--- suppress_stderr


=== TEST 9: a closing brace too many
--- config
    include ../html/bad.conf;
--- user_files
>>> bad.conf
location /a { }
}
--- must_die
--- request
GET /
--- error_log eval
qr{unexpected "\}" in \S+/html/bad\.conf:2}
--- suppress_stderr


=== TEST 10: a brace where the directive takes no block
--- config
    root /a { }
--- must_die
--- request
GET /
--- error_log
directive "root" is not terminated by ";"
--- suppress_stderr


=== TEST 11: a block directive without its block
--- config
    location /a;
--- must_die
--- request
GET /
--- error_log
directive "location" has no opening "{"
--- suppress_stderr


=== TEST 12: something directly behind a quoted argument
--- config
    root "/a"b;
--- must_die
--- request
GET /
--- error_log
unexpected "b" in
--- suppress_stderr


=== TEST 13: a semicolon without a directive
--- config
    ;
--- must_die
--- request
GET /
--- error_log
unexpected ";" in
--- suppress_stderr


=== TEST 14: a flag is on or off
--- config
    autoindex yes;
--- must_die
--- request
GET /
--- error_log
invalid value "yes" in "autoindex" directive, it must be "on" or "off"
--- suppress_stderr


=== TEST 15: a bad size
--- config
    client_body_buffer_size 1x;
--- must_die
--- request
GET /
--- error_log
"client_body_buffer_size" directive invalid value
--- suppress_stderr


=== TEST 16: a bad time
--- config
    keepalive_timeout 1q;
--- must_die
--- request
GET /
--- error_log
invalid value in
--- suppress_stderr


=== TEST 17: a value that is not among those of the directive
--- config
    satisfy some;
--- must_die
--- request
GET /
--- error_log
invalid value "some" in
--- suppress_stderr


=== TEST 18: a missing include file
--- config
    include ../html/none.conf;
--- must_die
--- request
GET /
--- error_log eval
qr{open\(\) "\S+/html/none\.conf" failed \(2: No such file or directory\)}
--- suppress_stderr


=== TEST 19: an include pattern that matches nothing is no error
--- config
    include ../html/none*.conf;
    location /a { return 200 "fine\n"; }
--- request
GET /a
--- response_body
fine


=== TEST 20: includes in the order of their names
--- config
    include ../html/inc*.conf;
--- user_files
>>> inc2.conf
add_header X-Two b;
>>> inc1.conf
add_header X-One a;
>>> inc3.conf
location /i { return 200 "three\n"; }
--- request
GET /i
--- response_body
three
--- raw_response_headers_like: X-One: a\r\nX-Two: b\r\n


=== TEST 21: an unknown variable
--- config
    location /a { return 200 $no_such_thing; }
--- must_die
--- request
GET /
--- error_log
unknown "no_such_thing" variable
--- suppress_stderr


=== TEST 22: a variable without a name
--- config
    location /a { return 200 "$ b"; }
--- must_die
--- request
GET /
--- error_log
invalid variable name in
--- suppress_stderr


=== TEST 23: the closing bracket of a variable is missing
--- config
    location /a { return 200 "${uri"; }
--- must_die
--- request
GET /
--- error_log
the closing bracket in "uri" variable is missing
--- suppress_stderr


=== TEST 24: a duplicate location
--- config
    location /a { }
    location /a { }
--- must_die
--- request
GET /
--- error_log
duplicate location "/a"
--- suppress_stderr


=== TEST 25: a location outside of its parent
--- config
    location /a {
        location /b { }
    }
--- must_die
--- request
GET /
--- error_log
location "/b" is outside location "/a"
--- suppress_stderr


=== TEST 26: a location cannot be inside an exact one
--- config
    location = /a {
        location /a/b { }
    }
--- must_die
--- request
GET /
--- error_log
location "/a/b" cannot be inside the exact location "/a"
--- suppress_stderr


=== TEST 27: a location cannot be inside a named one
--- config
    location @a {
        location /b { }
    }
--- must_die
--- request
GET /
--- error_log
location "/b" cannot be inside the named location "@a"
--- suppress_stderr


=== TEST 28: a named location can be on the server level only
--- config
    location /a {
        location @b { }
    }
--- must_die
--- request
GET /
--- error_log
named location "@b" can be on the server level only
--- suppress_stderr


=== TEST 29: an invalid location modifier
--- config
    location ! /a { }
--- must_die
--- request
GET /
--- error_log
invalid location modifier "!"
--- suppress_stderr


=== TEST 30: a broken regular expression
--- config
    location ~ a(b { }
--- must_die
--- request
GET /
--- error_log eval
qr/pcre2?_compile\(\) failed: missing .* in "a\(b"/
--- suppress_stderr


=== TEST 31: quotes, escapes and comments of the language
--- config
    location /q {
        # a comment with "quotes; and { braces"
        return 200 'single "double" \'escaped\' tab[\t]'
        ;   # behind the directive
    }
--- request
GET /q
--- response_body eval
"single \"double\" 'escaped' tab[\t]"


=== TEST 32: escapes in double quotes, and in a bare word, which keeps the backslashes
--- config
    location /a { return 200 "a\"b\\c\n"; }
    location /b { return 200 a\ b\;c; }
--- request eval
["GET /a", "GET /b"]
--- error_code eval
[200, 200]
--- response_body eval
["a\"b\\c\n", "a\\ b\\;c"]


=== TEST 33: an argument over several lines
--- config
    location /m {
        return
            200
            "one
two
";
    }
--- request
GET /m
--- response_body
one
two


=== TEST 34: a hash sign within a word is no comment
--- config
    location /h { return 200 a#b; }
--- request
GET /h
--- response_body chomp
a#b


=== TEST 35: braces of variables
--- config
    location /v {
        set $a x;
        return 200 "${a}y-$a-${a}\n";
    }
--- request
GET /v
--- response_body
xy-x-x


=== TEST 36: sizes and times with units
--- config
    location /u {
        client_max_body_size 1K;
        expires 1h30m;
        return 200 "ok";
    }
--- request
GET /u
--- response_headers
Cache-Control: max-age=5400


=== TEST 37: an unknown log format
--- config
    access_log logs/a.log nosuch;
--- must_die
--- request
GET /
--- error_log
unknown log format "nosuch"
--- suppress_stderr


=== TEST 38: a duplicate upstream
--- http_config
    upstream u { server 127.0.0.1:1; }
    upstream u { server 127.0.0.1:1; }
--- config
--- must_die
--- request
GET /
--- error_log
duplicate upstream "u"
--- suppress_stderr


=== TEST 39: an upstream without servers
--- http_config
    upstream u { }
--- config
--- must_die
--- request
GET /
--- error_log
no servers are inside upstream
--- suppress_stderr


=== TEST 40: an upstream host that cannot be found
--- config
    location /p { proxy_pass http://no-such-host.invalid; }
--- must_die
--- request
GET /
--- error_log
host not found in upstream "no-such-host.invalid"
--- suppress_stderr


=== TEST 41: proxy_pass needs a scheme
--- config
    location /p { proxy_pass 127.0.0.1; }
--- must_die
--- request
GET /
--- error_log
invalid URL prefix
--- suppress_stderr


=== TEST 42: proxy_pass with a URI part in a regex location
--- config
    location ~ /p { proxy_pass http://127.0.0.1/x; }
--- must_die
--- request
GET /
--- error_log
"proxy_pass" cannot have URI part in location given by regular expression
--- suppress_stderr


=== TEST 43: an invalid return code
--- config
    location /r { return abc; }
--- must_die
--- request
GET /
--- error_log
invalid return code "abc"
--- suppress_stderr


=== TEST 44: a bad address in allow
--- config
    allow 1.2.3.4.5;
--- must_die
--- request
GET /
--- error_log
invalid parameter "1.2.3.4.5"
--- suppress_stderr


=== TEST 45: an if without a condition
--- config
    if () { return 200; }
--- must_die
--- request
GET /
--- error_log
invalid condition
--- suppress_stderr


=== TEST 46: an if with an unknown operator
--- config
    if ($uri == a) { return 200; }
--- must_die
--- request
GET /
--- error_log
unexpected "==" in condition
--- suppress_stderr


=== TEST 47: set needs a variable
--- config
    set a b;
--- must_die
--- request
GET /
--- error_log
invalid variable name "a"
--- suppress_stderr


=== TEST 48: a built-in variable cannot be set
--- config
    set $uri b;
--- must_die
--- request
GET /
--- error_log
the duplicate "uri" variable
--- suppress_stderr


=== TEST 49: an error page needs a code between 300 and 599
--- config
    error_page 200 /x;
--- must_die
--- request
GET /
--- error_log
value "200" must be between 300 and 599
--- suppress_stderr


=== TEST 50: a conflict between alias and root
--- config
    location /a {
        alias /x;
        root /y;
    }
--- must_die
--- request
GET /
--- error_log
"root" directive is duplicate, "alias" directive was specified earlier
--- suppress_stderr
