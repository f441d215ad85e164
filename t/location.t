use Test::Nginx::Socket 'no_plan';
$ENV{TEST_NGINX_HTML_DIR} ||= html_dir();
no_root_location();
run_tests();
__DATA__

=== TEST 1: an exact location wins over prefixes and expressions
--- config
    location = /a { return 200 "exact\n"; }
    location /a { return 200 "prefix\n"; }
    location ~ /a { return 200 "regex\n"; }
--- request eval
["GET /a", "GET /ab", "GET /a?x=y"]
--- response_body eval
["exact\n", "regex\n", "exact\n"]
--- error_code eval
[200, 200, 200]


=== TEST 2: the longest prefix is remembered
--- config
    location /a { return 200 "a\n"; }
    location /a/b { return 200 "a/b\n"; }
    location /a/b/c { return 200 "a/b/c\n"; }
--- request eval
["GET /a/b/x", "GET /a/bc", "GET /ax", "GET /a/b/c/d"]
--- response_body eval
["a/b\n", "a/b\n", "a\n", "a/b/c\n"]
--- error_code eval
[200, 200, 200, 200]


=== TEST 3: the first matching expression in the order of the file
--- config
    location ~ ^/x { return 200 "one\n"; }
    location ~ ^/xy { return 200 "two\n"; }
    location ~ \.html$ { return 200 "three\n"; }
--- request eval
["GET /xy", "GET /xy.html", "GET /a.html"]
--- response_body eval
["one\n", "one\n", "three\n"]
--- error_code eval
[200, 200, 200]


=== TEST 4: a prefix with ^~ stops the search for expressions
--- config
    location ^~ /static/ { return 200 "static\n"; }
    location ~ \.js$ { return 200 "js\n"; }
--- request eval
["GET /static/a.js", "GET /a.js"]
--- response_body eval
["static\n", "js\n"]
--- error_code eval
[200, 200]


=== TEST 5: a longer plain prefix takes the force from ^~
--- config
    location ^~ /static/ { return 200 "static\n"; }
    location /static/more/ { return 200 "more\n"; }
    location ~ \.js$ { return 200 "js\n"; }
--- request
GET /static/more/a.js
--- response_body
js


=== TEST 6: expressions with and without case
--- config
    location ~ \.PNG$ { return 200 "sensitive\n"; }
    location ~* \.png$ { return 200 "insensitive\n"; }
--- request eval
["GET /a.PNG", "GET /a.png", "GET /a.PnG"]
--- response_body eval
["sensitive\n", "insensitive\n", "insensitive\n"]
--- error_code eval
[200, 200, 200]


=== TEST 7: captures of a location
--- config
    location ~ ^/u/([a-z]+)/(\d+)$ { return 200 "$1 $2\n"; }
    location ~ ^/n/(?<name>\w+) { return 200 "$name\n"; }
--- request eval
["GET /u/joe/12", "GET /n/ann/x"]
--- response_body eval
["joe 12\n", "ann\n"]
--- error_code eval
[200, 200]


=== TEST 8: the deepest prefix is entered, whatever its parent would return
--- config
    location /a/ {
        location /a/b/ { return 200 "b\n"; }
        return 200 "a\n";
    }
--- request eval
["GET /a/x", "GET /a/b/x"]
--- response_body eval
["a\n", "b\n"]
--- error_code eval
[200, 200]


=== TEST 9: nested locations of several kinds
--- config
    location /a/ {
        location /a/b/ { return 200 "b\n"; }
        location = /a/c { return 200 "c\n"; }
        echo a;
    }
--- request eval
["GET /a/x", "GET /a/b/x", "GET /a/c"]
--- response_body eval
["a\n", "b\n", "c\n"]
--- error_code eval
[200, 200, 200]


=== TEST 10: nested expressions come before those of the server
--- config
    location /a/ {
        location ~ \.php$ { echo inner; }
        echo prefix;
    }
    location ~ \.php$ { echo outer; }
--- request eval
["GET /a/x.php", "GET /b.php", "GET /a/x"]
--- response_body eval
["inner\n", "outer\n", "prefix\n"]
--- error_code eval
[200, 200, 200]


=== TEST 11: ^~ of a nested location does not stop the expressions of the server
--- config
    location /a/ {
        location ^~ /a/b/ { echo inner; }
    }
    location ~ \.php$ { echo outer; }
--- request eval
["GET /a/b/x.php", "GET /a/x.php"]
--- response_body eval
["outer\n", "outer\n"]
--- error_code eval
[200, 200]


=== TEST 12: the location is found by the decoded and normalised path
--- config
    location /a%20b { echo literal; }
    location "/a b" { echo space; }
    location /c/d { echo cd; }
--- request eval
["GET /a%20b", "GET /x/../a%20b", "GET //c//./d"]
--- response_body eval
["space\n", "space\n", "cd\n"]
--- error_code eval
[200, 200, 200]


=== TEST 13: matching is sensitive to case
--- config
    location /Abc { echo Abc; }
--- request
GET /abc
--- error_code: 404
--- error_log
No such file or directory


=== TEST 14: a query is not part of what is matched
--- config
    location ~ b { echo regex; }
    location /a { echo prefix; }
--- request
GET /a?b
--- response_body
prefix


=== TEST 15: a proxied prefix with a slash redirects a request without one
--- config
    location /p/ { proxy_pass http://127.0.0.1:1; }
--- request
GET /p?x=y
--- error_code: 301
--- response_headers_like
Location: http://localhost:\d+/p/\?x=y


=== TEST 16: without an absolute redirect
--- config
    absolute_redirect off;
    location /p/ { proxy_pass http://127.0.0.1:1; }
--- request
GET /p
--- error_code: 301
--- response_headers
Location: /p/


=== TEST 17: an exact location prevents that redirect
--- config
    location /p/ { proxy_pass http://127.0.0.1:1; }
    location = /p { echo exact; }
--- request
GET /p
--- response_body
exact


=== TEST 18: an internal location is not found from outside
--- config
    location /i { internal; echo secret; }
    location /a { echo_exec /i; }
--- request eval
["GET /i", "GET /a"]
--- error_code eval
[404, 200]
--- response_body_like eval
["404 Not Found", "secret"]


=== TEST 19: a named location by try_files
--- config
    location /nothing { try_files $uri @named; }
    location @named { echo "named $uri"; }
--- request
GET /nothing/here
--- response_body
named /nothing/here


=== TEST 20: the name of a named location is no path
--- config
    location @named { echo named; }
    location /@named { echo path; }
--- request
GET /@named
--- response_body
path


=== TEST 21: many prefixes
--- config
    location /aa { echo aa; }
    location /ab { echo ab; }
    location /ac { echo ac; }
    location /b { echo b; }
    location /ba { echo ba; }
    location /baa { echo baa; }
    location /bab { echo bab; }
    location /c { echo c; }
    location = /bab { echo exact; }
    location / { echo root; }
--- request eval
["GET /aax", "GET /abx", "GET /bb", "GET /bax", "GET /baaa", "GET /bab", "GET /babb", "GET /d", "GET /a"]
--- response_body eval
["aa\n", "ab\n", "b\n", "ba\n", "baa\n", "exact\n", "bab\n", "root\n", "root\n"]
--- error_code eval
[200, 200, 200, 200, 200, 200, 200, 200, 200]


=== TEST 22: the modifier may stand directly at the expression
--- config
    location ~^/x$ { echo x; }
    location =/y { echo y; }
    location ^~/z { echo z; }
    location ~*^/W$ { echo w; }
--- request eval
["GET /x", "GET /y", "GET /z/1", "GET /w"]
--- response_body eval
["x\n", "y\n", "z\n", "w\n"]
--- error_code eval
[200, 200, 200, 200]


=== TEST 23: what a location inherits, and what it replaces
--- config
    add_header X-A server;
    location /a { echo a; }
    location /b { add_header X-B location; echo b; }
--- request eval
["GET /a", "GET /b"]
--- error_code eval
[200, 200]
--- response_headers eval
["X-A: server\n!X-B", "X-B: location\n!X-A"]


=== TEST 24: limit_except applies to all other methods
--- config
    location /l {
        limit_except GET { deny all; }
        echo fine;
    }
--- request eval
["GET /l", "HEAD /l", "POST /l"]
--- error_code eval
[200, 200, 403]


=== TEST 25: quantified braces in a quoted expression
--- config
    location ~ "^/d/\d{3}$" { echo three; }
    location / { echo other; }
--- request eval
["GET /d/123", "GET /d/12"]
--- response_body eval
["three\n", "other\n"]
--- error_code eval
[200, 200]
