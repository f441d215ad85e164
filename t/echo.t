use Test::Nginx::Socket 'no_plan';
$ENV{TEST_NGINX_HTML_DIR} ||= html_dir();
run_tests();
__DATA__

=== TEST 1: echo joins its arguments by spaces and ends the line
--- config
    location /e { echo hello world; echo; echo "a  b" c; }
--- request
GET /e
--- response_body
hello world

a  b c


=== TEST 2: echo -n, --, and options in variables
--- config
    location /e {
        set $opt -n;
        echo -n "no end,";
        echo -- -n is text;
        echo $opt too;
        echo -n;
        echo -;
    }
--- request
GET /e
--- response_body
no end,-n is text
-n too
-


=== TEST 3: escapes and variables
--- config
    location /e { echo "a\tb\nc $uri${uri}x"; }
--- request
GET /e
--- response_body eval
"a\tb\nc /e/ex\n"


=== TEST 4: echo_duplicate
--- config
    location /e {
        echo_duplicate 3 "ab";
        echo;
        echo_duplicate 0 "never";
        echo_duplicate 1 $uri;
        echo_duplicate 2 "";
        echo_duplicate 1_0 x;
    }
--- request
GET /e
--- response_body chomp
ababab
/exxxxxxxxxx


=== TEST 5: echo_status
--- config
    location /e { echo_status 404; echo "mine"; }
--- request
GET /e
--- error_code: 404
--- response_body
mine


=== TEST 6: echo_sleep keeps the order
--- config
    location /e { echo before; echo_sleep 0.02; echo after; }
--- request
GET /e
--- response_body
before
after


=== TEST 7: the time that has elapsed
--- config
    location /e {
        echo_sleep 0.05;
        echo "$echo_timer_elapsed";
        echo_reset_timer;
        echo_sleep 0.02;
        echo "$echo_timer_elapsed";
    }
--- request
GET /e
--- response_body_like: ^0\.(0[5-9]|[1-9]\d)\d\n0\.(0[2-9]|[1-9]\d)\d$


=== TEST 8: echo_blocking_sleep
--- config
    location /e { echo_reset_timer; echo_blocking_sleep 0.03; echo "$echo_timer_elapsed"; }
--- request
GET /e
--- response_body_like: ^0\.(0[3-9]|[1-9]\d)\d$


=== TEST 9: echo_flush sends what is there
--- config
    location /e { echo first; echo_flush; echo_sleep 2; echo second; }
--- request
GET /e
--- timeout: 0.5
--- abort
--- ignore_response
--- wait: 0.1
--- no_error_log
[error]


=== TEST 10: the body of the request
--- config
    location /e { echo_read_request_body; echo "[$echo_request_body]"; echo_request_body; }
--- request
POST /e
some text
--- response_body chomp
[some text]
some text


=== TEST 11: without reading it there is none
--- config
    location /e { echo "[$echo_request_body]"; echo_request_body; }
--- request
GET /e
--- response_body
[]


=== TEST 12: the headers of the client
--- config
    location /e { echo -n "$echo_client_request_headers"; }
--- raw_request eval
"GET /e?x HTTP/1.0\r\nHost: h\r\nX-A:  b\r\n\r\n"
--- response_body eval
"GET /e?x HTTP/1.0\r\nHost: h\r\nX-A:  b\r\n\r\n"


=== TEST 13: echo_location in order
--- config
    location /main { echo a; echo_location /sub x=1; echo b; echo_location /sub x=2; echo c; }
    location /sub { echo "sub $arg_x"; }
--- request
GET /main
--- response_body
a
sub 1
b
sub 2
c


=== TEST 14: parallel subrequests appear in their order
--- config
    location /main {
        echo_location_async /slow;
        echo between;
        echo_location_async /fast;
        echo end;
    }
    location /slow { echo_sleep 0.1; echo slow; }
    location /fast { echo fast; }
--- request
GET /main
--- response_body
slow
between
fast
end


=== TEST 15: parallel subrequests overlap
--- config
    location /main {
        echo_location_async /a;
        echo_location_async /a;
        echo_location_async /a;
        echo_location_async /a;
    }
    location /a { echo_sleep 0.5; echo a; }
--- request
GET /main
--- response_body
a
a
a
a
--- access_log eval
qr{"GET /main HTTP/1\.1" 200 }
--- timeout: 1.5


=== TEST 16: nested subrequests
--- config
    location /a { echo a1; echo_location /b; echo a2; }
    location /b { echo b1; echo_location_async /c; echo b2; }
    location /c { echo_sleep 0.01; echo c; }
--- request
GET /a
--- response_body
a1
b1
c
b2
a2


=== TEST 17: variables of a subrequest
--- config
    location /main { set $v outer; echo_location /sub a=b; echo "$v $uri $request_uri"; }
    location /sub { set $v inner; echo "$v $uri $args $request_uri $request_method"; }
--- request
POST /main?q
x
--- response_body
inner /sub a=b /main?q POST
outer /main /main?q


=== TEST 18: echo_subrequest with method, arguments and body
--- config
    location /main { echo_subrequest PUT /sub -q 'a=b' -b 'the body'; }
    location /sub { echo "$echo_request_method $args [$echo_request_body] $http_content_length"; }
--- request
GET /main
--- response_body
PUT a=b [the body] 8


=== TEST 19: echo_subrequest with a body from a file
--- config
    location /main { echo_subrequest POST /sub -f html/body.txt; }
    location /sub { echo_request_body; }
--- user_files
>>> body.txt
from a file
--- request
GET /main
--- response_body
from a file


=== TEST 20: a subrequest through a proxy
--- config
    location /main { echo_subrequest_async POST /sub -b 'hello'; }
    location /sub { proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT/proxied; }
    location /proxied { echo_read_request_body; echo "$request_method $echo_request_body $content_length"; }
--- request
GET /main
--- response_body
POST hello 5


=== TEST 21: a subrequest to a file and to nothing
--- config
    location /main { echo_location /a.txt; echo_location /none; echo end; }
--- user_files
>>> a.txt
file
--- request
GET /main
--- response_body_like: ^file\n<html>.*404 Not Found.*</html>\r\nend$


=== TEST 22: the status of a subrequest's page does not change the answer's
--- config
    location /main { echo_location /sub; }
    location /sub { return 503; }
--- request
GET /main
--- error_code: 200
--- response_body_like: 503 Service Temporarily Unavailable


=== TEST 23: a cycle of subrequests ends
--- config
    location /main { echo_location /main; }
--- request
GET /main
--- error_code: 200
--- error_log
subrequests cycle while processing "/main"
--- ignore_response


=== TEST 24: echo_exec
--- config
    location /a { echo_exec /b x=y; }
    location /b { echo "$uri $args"; }
    location /c { echo_exec /b?q=r; }
    location /d { echo_exec @n; }
    location @n { echo "named $uri $args"; }
--- request eval
["GET /a", "GET /c", "GET /d?z"]
--- error_code eval
[200, 200, 200]
--- response_body eval
["/b x=y\n", "/b q=r\n", "named /d z\n"]


=== TEST 25: a cycle of echo_exec ends
--- config
    location /a { echo_exec /a; }
--- request
GET /a
--- error_code: 500
--- error_log
rewrite or internal redirection cycle


=== TEST 26: echo_foreach_split
--- config
    location /e {
        echo_foreach_split , $arg_list;
        echo "item: $echo_it";
        echo_end;
    }
--- request eval
["GET /e?list=a,b,c", "GET /e?list=a", "GET /e?list=,a,", "GET /e"]
--- error_code eval
[200, 200, 200, 200]
--- response_body eval
["item: a\nitem: b\nitem: c\n", "item: a\n", "item: a\n", ""]


=== TEST 27: a delimiter of several characters
--- config
    location /e {
        echo_foreach_split -- -a- "cat-a-dog-a-mouse";
        echo $echo_it;
        echo_end;
    }
--- request
GET /e
--- response_body
cat
dog
mouse


=== TEST 28: subrequests in a loop
--- config
    location /e {
        echo_foreach_split & $query_string;
        echo_location_async $echo_it;
        echo_end;
    }
    location /x { echo x; }
    location /y { echo y; }
--- request
GET /e?/x&/y&/x
--- response_body
x
y
x


=== TEST 29: two loops, one after the other
--- config
    location /e {
        echo_foreach_split , $arg_list;
        echo "1 $echo_it";
        echo_end;
        echo_foreach_split - $arg_list;
        echo "2 $echo_it";
        echo_end;
    }
--- request
GET /e?list=a,b-c
--- response_body
1 a
1 b-c
2 a,b
2 c


=== TEST 30: text before and after what another handler sends
--- config
    location /e {
        echo_before_body one;
        echo_before_body two;
        proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT/inner;
        echo_after_body three;
        echo_after_body -n four;
    }
    location /inner { return 200 "inner\n"; }
--- request
GET /e
--- response_headers
!Content-Length
--- response_body chomp
one
two
inner
three
four


=== TEST 31: before and after an error page
--- config
    location /e { echo_before_body before; return 404; echo_after_body "after $status"; }
--- request
GET /e
--- error_code: 404
--- response_body_like: ^before\n<html>.*404 Not Found.*</html>\r\nafter 404$


=== TEST 32: before and after a file
--- config
    location /a.txt { root html; echo_before_body "[$uri]"; echo_after_body end; }
--- user_files
>>> a.txt
file
--- request
GET /a.txt
--- response_body
[/a.txt]
file
end


=== TEST 33: echo within an if
--- config
    location /e {
        if ($arg_a) { echo "if $arg_a"; }
        echo else;
    }
--- request eval
["GET /e?a=1", "GET /e"]
--- response_body eval
["if 1\n", "else\n"]
--- error_code eval
[200, 200]


=== TEST 34: the type and the head of an answer
--- config
    location /e { default_type text/x-echo; echo a; }
--- request
GET /e
--- response_headers
Content-Type: text/x-echo
Transfer-Encoding: chunked


=== TEST 35: HEAD
--- config
    location /e { echo a; echo_location /sub; }
    location /sub { echo sub; }
--- request
HEAD /e
--- response_body:


=== TEST 36: $echo_request_method, $echo_request_uri and $echo_incr
--- config
    location /main { echo "$echo_incr $echo_request_method $echo_request_uri"; echo_location /sub; echo "$echo_incr"; }
    location /sub { echo "$echo_incr $echo_request_method $echo_request_uri"; }
--- request
GET /main
--- response_body
1 GET /main
2 GET /sub
3


=== TEST 37: $echo_response_status
--- config
    location /e { echo_status 403; echo x; echo_after_body $echo_response_status; }
--- request
GET /e
--- error_code: 403
--- response_body
x
403


=== TEST 38: an unknown option
--- config
    location /e { echo_subrequest GET /sub -z; }
--- request
GET /e
--- error_code:
--- error_log
unknown option for echo_subrequest*: -z


=== TEST 39: a long echo
--- config
    location /e { echo $arg_a; }
--- request eval
"GET /e?a=" . "x" x 4000
--- response_body eval
"x" x 4000 . "\n"


=== TEST 40: echo_exec of a named location leaves the query string
--- config
    location /main { echo_exec @bar?a=32; }
    location @bar { echo "a: [$arg_a]"; }
--- request
GET /main
--- response_body
a: []
--- error_log
querystring a=32 ignored when exec'ing named location @bar


=== TEST 41: a delimiter that begins with - needs --
--- config
    location /main { echo_foreach_split '-a-' $arg_list; echo $echo_it; echo_end; }
--- request
GET /main?list=foo-a-bar
--- error_code: 500
--- error_log
if your delimiter starts with "-", preceding it with a "--"


=== TEST 42: an unsafe URI ends the request and is no error of the server
--- config
    location /main { echo_location /../foo; }
--- request
GET /main
--- ignore_response
--- error_log
echo_location sees unsafe uri: "/../foo"
--- no_error_log
[error]
