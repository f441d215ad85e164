use Test::Nginx::Socket 'no_plan';
$ENV{TEST_NGINX_HTML_DIR} ||= html_dir();
run_tests();
__DATA__

=== TEST 1: return with a code only
--- config
    location /a { return 204; }
    location /b { return 403; }
--- request eval
["GET /a", "GET /b"]
--- error_code eval
[204, 403]
--- response_body_like eval
["^\$", "403 Forbidden"]


=== TEST 2: return with a text has the default type
--- config
    location /a { return 200 "text"; }
    location /b { default_type application/json; return 201 "{}"; }
--- request eval
["GET /a", "GET /b"]
--- error_code eval
[200, 201]
--- response_headers eval
["Content-Type: text/plain\nContent-Length: 4", "Content-Type: application/json\nContent-Length: 2"]


=== TEST 3: return with a URL
--- config
    location /a { return http://example.com/x; }
    location /b { return 301 /y; }
    location /c { return 302 https://$host/z; }
    location /d { return 307 /w?x=y; }
    location /e { return 308 $scheme://e/; }
--- request eval
["GET /a", "GET /b", "GET /c", "GET /d", "GET /e"]
--- error_code eval
[302, 301, 302, 307, 308]
--- response_headers_like eval
["Location: http://example.com/x", "Location: http://localhost:\\d+/y", "Location: https://localhost/z", "Location: http://localhost:\\d+/w\\?x=y", "Location: http://e/"]


=== TEST 4: return 444 closes the connection without an answer
--- config
    location /a { return 444; }
--- request
GET /a
--- error_code:


=== TEST 5: return 499 and codes without a page of their own
--- config
    location /a { return 418; }
    location /b { return 599; }
--- request eval
["GET /a", "GET /b"]
--- error_code eval
[418, 599]
--- response_body eval
["", ""]


=== TEST 6: return in the server comes before locations
--- config
    return 200 "server\n";
    location /a { return 200 "location\n"; }
--- request
GET /a
--- response_body
server


=== TEST 7: rewrite changes the path and the location
--- config
    rewrite ^/old/(.*)$ /new/$1;
    location /new/ { echo "$uri $request_uri"; }
--- request
GET /old/x/y
--- response_body
/new/x/y /old/x/y


=== TEST 8: rewrite appends the arguments
--- config
    location /a { rewrite ^ /b?x=1 last; }
    location /c { rewrite ^ /b?x=1? last; }
    location /d { rewrite ^ /b last; }
    location /b { echo "[$args]"; }
--- request eval
["GET /a?y=2", "GET /c?y=2", "GET /d?y=2", "GET /a"]
--- response_body eval
["[x=1&y=2]\n", "[x=1]\n", "[y=2]\n", "[x=1]\n"]
--- error_code eval
[200, 200, 200, 200]


=== TEST 9: last searches a new location, break stays
--- config
    location /l/ { rewrite ^/l/(.*) /t/$1 last; echo l; }
    location /b/ { rewrite ^/b/(.*) /t/$1 break; echo "b $uri"; }
    location /t/ { echo "t $uri"; }
--- request eval
["GET /l/x", "GET /b/x"]
--- response_body eval
["t /t/x\n", "b /t/x\n"]
--- error_code eval
[200, 200]


=== TEST 10: last and break end the processing of directives
--- config
    location /l {
        set $a 1;
        rewrite ^ /t last;
        set $a 2;
    }
    location /b {
        set $a 1;
        break;
        set $a 2;
        echo $a;
    }
    location /t { echo $a; }
--- request eval
["GET /l", "GET /b"]
--- response_body eval
["1\n", "1\n"]
--- error_code eval
[200, 200]


=== TEST 11: without a flag the next rewrites see the new path
--- config
    location /a {
        rewrite ^/a(.*) /b$1;
        rewrite ^/b(.*) /c$1;
    }
    location /c { echo $uri; }
--- request
GET /a/x
--- response_body
/c/x


=== TEST 12: redirect and permanent
--- config
    location /r { rewrite ^/r(.*) /x$1 redirect; }
    location /p { rewrite ^/p(.*) /x$1 permanent; }
    location /h { rewrite ^ https://example.com$uri; }
--- request eval
["GET /r/1?a=b", "GET /p/1", "GET /h/1?a=b"]
--- error_code eval
[302, 301, 302]
--- response_headers_like eval
["Location: http://localhost:\\d+/x/1\\?a=b", "Location: http://localhost:\\d+/x/1", "Location: https://example.com/h/1\\?a=b"]


=== TEST 13: spaces of captures are escaped in a redirect
--- config
    location /r { rewrite ^/r/(.*) /x/$1 redirect; }
--- request
GET /r/a%20b%3Fc
--- error_code: 302
--- response_headers_like
Location: http://localhost:\d+/x/a%20b\?c


=== TEST 14: captures in arguments are escaped as such
--- config
    location /r { rewrite ^/r/(.*) /t?v=$1 last; }
    location /t { echo $args; }
--- request
GET /r/a%26b%20c+d
--- response_body
v=a%26b%20c%2Bd


=== TEST 15: a cycle of rewrites ends after ten
--- config
    location /c { rewrite ^ /c last; }
--- request
GET /c
--- error_code: 500
--- error_log
rewrite or internal redirection cycle while processing "/c"


=== TEST 16: the rewritten path must not be empty
--- config
    location /e { rewrite ^/e$ $arg_none last; }
--- request
GET /e
--- error_code: 500
--- error_log
the rewritten URI has a zero length


=== TEST 17: if with a variable
--- config
    location /i {
        set $r no;
        if ($arg_a) { set $r yes; }
        echo $r;
    }
--- request eval
["GET /i", "GET /i?a=1", "GET /i?a=0", "GET /i?a=", "GET /i?a=00"]
--- response_body eval
["no\n", "yes\n", "no\n", "no\n", "yes\n"]
--- error_code eval
[200, 200, 200, 200, 200]


=== TEST 18: if with = and !=
--- config
    location /i {
        set $r "";
        if ($arg_a = x) { set $r "${r}eq"; }
        if ($arg_a != x) { set $r "${r}ne"; }
        echo "[$r]";
    }
--- request eval
["GET /i?a=x", "GET /i?a=X"]
--- response_body eval
["[eq]\n", "[ne]\n"]
--- error_code eval
[200, 200]


=== TEST 19: if with ~, ~*, !~ and !~*
--- config
    location /i {
        set $r "";
        if ($arg_a ~ ^ab) { set $r "${r}1"; }
        if ($arg_a ~* ^ab) { set $r "${r}2"; }
        if ($arg_a !~ ^ab) { set $r "${r}3"; }
        if ($arg_a !~* ^ab) { set $r "${r}4"; }
        echo $r;
    }
--- request eval
["GET /i?a=abc", "GET /i?a=ABC", "GET /i?a=c"]
--- response_body eval
["12\n", "23\n", "34\n"]
--- error_code eval
[200, 200, 200]


=== TEST 20: captures of an if
--- config
    location /i {
        set $r none;
        if ($arg_a ~ ^([a-z])(\d+)$) { set $r "$2-$1"; }
        echo $r;
    }
--- request eval
["GET /i?a=x12", "GET /i?a=12"]
--- response_body eval
["12-x\n", "none\n"]
--- error_code eval
[200, 200]


=== TEST 21: if with -f, -d, -e and -x
--- config
    location /t/ {
        root html;
        set $r "";
        if (-f $request_filename) { set $r "${r}f"; }
        if (-d $request_filename) { set $r "${r}d"; }
        if (-e $request_filename) { set $r "${r}e"; }
        if (!-f $request_filename) { set $r "${r}F"; }
        if (!-d $request_filename) { set $r "${r}D"; }
        if (!-e $request_filename) { set $r "${r}E"; }
        if (-x $request_filename) { set $r "${r}x"; }
        echo $r;
    }
--- user_files
>>> t/file
content
--- request eval
["GET /t/file", "GET /t/", "GET /t/none"]
--- response_body eval
["feD\n", "deFx\n", "FDE\n"]
--- error_code eval
[200, 200, 200]


=== TEST 22: an if is a location of its own
--- config
    location /i {
        add_header X-Where location;
        if ($arg_a) {
            add_header X-Where if;
            echo if;
        }
        echo location;
    }
--- request eval
["GET /i", "GET /i?a=1"]
--- response_body eval
["location\n", "if\n"]
--- response_headers eval
["X-Where: location", "X-Where: if"]
--- error_code eval
[200, 200]


=== TEST 23: return within an if
--- config
    location /i {
        if ($request_method = POST) { return 405; }
        return 200 "ok\n";
    }
--- request eval
["GET /i", "POST /i"]
--- error_code eval
[200, 405]


=== TEST 24: rewrite within an if of the server
--- config
    if ($arg_m) { rewrite ^ /mobile break; }
    location /a { echo a; }
    location /mobile { echo "mobile [$args]"; }
--- request
GET /a?m=1
--- response_body
mobile [m=1]


=== TEST 25: break in the server keeps its rewrites from running on
--- config
    set $x 1;
    break;
    set $x 2;
    location /a { set $x "${x}3"; echo $x; }
--- request
GET /a
--- response_body
13


=== TEST 26: a variable without a value
--- config
    location /a { echo "[$x]"; }
    location /b { set $x 1; echo $x; }
--- request
GET /a
--- response_body
[]
--- error_log
using uninitialized "x" variable


=== TEST 27: uninitialized_variable_warn off
--- config
    uninitialized_variable_warn off;
    location /a { echo "[$x]"; }
    location /b { set $x 1; echo $x; }
--- request
GET /a
--- response_body
[]
--- no_error_log
using uninitialized


=== TEST 28: rewrite_log
--- config
    rewrite_log on;
    location /a { rewrite ^/a(.*) /b$1 last; }
    location /b { echo $uri; }
--- request
GET /a/x
--- response_body
/b/x
--- error_log
"^/a(.*)" matches "/a/x"
rewritten data: "/b/x"


=== TEST 29: set with variables, later changes do not reach back
--- config
    location /a {
        set $a 1;
        set $b "$a$a";
        set $a 2;
        echo "$a $b";
    }
--- request
GET /a
--- response_body
2 11


=== TEST 30: variables live through an internal redirect
--- config
    location /a { set $v kept; echo_exec /b; }
    location /b { echo "$v"; }
--- request
GET /a
--- response_body
kept


=== TEST 31: a rewrite with a literal question mark in the target keeps the fragment out
--- config
    location /a { rewrite ^ /b?c#d last; }
    location /b { echo "$uri $args"; }
--- request
GET /a
--- response_body
/b c#d


=== TEST 32: an unmatched group is empty
--- config
    location /g {
        rewrite ^/g(x)?(y)$ /t?[$1][$2] last;
    }
    location /t { echo $args; }
--- request
GET /gy
--- response_body
[][y]


=== TEST 33: a redirect to a path keeps the port, unless port_in_redirect is off
--- config
    location /a { return 301 /x; }
    location /b { port_in_redirect off; return 301 /x; }
    location /c { server_name_in_redirect on; port_in_redirect off; return 301 /x; }
--- more_headers
Host: example.com
--- request eval
["GET /a", "GET /b", "GET /c"]
--- error_code eval
[301, 301, 301]
--- response_headers_like eval
["Location: http://example.com:\\d+/x", "Location: http://example.com/x", "Location: http://localhost/x"]


=== TEST 34: HEAD of a returned text
--- config
    location /a { return 200 "12345"; }
--- request
HEAD /a
--- response_headers
Content-Length: 5
--- response_body:


=== TEST 35: a returned text discards the body of the request
--- config
    location /a { return 200 "done\n"; }
--- request eval
"POST /a\n" . "x" x 20000
--- response_body
done
