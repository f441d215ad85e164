use Test::Nginx::Socket 'no_plan';
run_tests();
__DATA__

=== TEST 1: exact values and the default
--- http_config
    map $arg_a $m { default other; one 1; two 2; "" empty; }
--- config
    location /m { return 200 "$m\n"; }
--- request eval
["GET /m?a=one", "GET /m?a=two", "GET /m?a=ONE", "GET /m", "GET /m?a=x"]
--- response_body eval
["1\n", "2\n", "1\n", "empty\n", "other\n"]
--- error_code eval
[200, 200, 200, 200, 200]


=== TEST 2: without a default the value is empty
--- http_config
    map $arg_a $m { one 1; }
--- config
    location /m { return 200 "[$m]\n"; }
--- request
GET /m?a=x
--- response_body
[]


=== TEST 3: expressions, with and without case, in their order
--- http_config
    map $arg_a $m { default none; ~^A first; ~*^a second; ~b$ third; }
--- config
    location /m { return 200 "$m\n"; }
--- request eval
["GET /m?a=Ab", "GET /m?a=ab", "GET /m?a=xb", "GET /m?a=x"]
--- response_body eval
["first\n", "second\n", "third\n", "none\n"]
--- error_code eval
[200, 200, 200, 200]


=== TEST 4: captures
--- http_config
    map $arg_a $m { ~^(?<k>\w)-(\d+)$ "$k is $2"; default none; }
--- config
    location /m { return 200 "$m\n"; }
--- request
GET /m?a=x-12
--- response_body
x is 12


=== TEST 5: values with variables
--- http_config
    map $arg_a $m { v $request_method; w "$host-$uri"; }
--- config
    location /m { return 200 "$m\n"; }
--- request eval
["GET /m?a=v", "GET /m?a=w"]
--- response_body eval
["GET\n", "localhost-/m\n"]
--- error_code eval
[200, 200]


=== TEST 6: a source of several variables
--- http_config
    map "$request_method:$arg_a" $m { "GET:x" getx; default no; }
--- config
    location /m { return 200 "$m\n"; }
--- request eval
["GET /m?a=x", "POST /m?a=x"]
--- response_body eval
["getx\n", "no\n"]
--- error_code eval
[200, 200]


=== TEST 7: host names
--- http_config
    map $host $m { hostnames; default none; a.test exact; *.a.test leading; www.* trailing; .b.test dot; }
--- config
    location /m { return 200 "$m\n"; }
--- more_headers eval
["Host: a.test", "Host: x.a.test", "Host: www.c.test", "Host: b.test", "Host: x.b.test", "Host: c.test"]
--- request eval
["GET /m", "GET /m", "GET /m", "GET /m", "GET /m", "GET /m"]
--- response_body eval
["exact\n", "leading\n", "trailing\n", "dot\n", "dot\n", "none\n"]
--- error_code eval
[200, 200, 200, 200, 200, 200]


=== TEST 8: exact values win over expressions
--- http_config
    map $arg_a $m { ~. regex; one exact; }
--- config
    location /m { return 200 "$m\n"; }
--- request
GET /m?a=one
--- response_body
exact


=== TEST 9: the value is cached
--- http_config
    map $arg_a $m { 1 one; 2 two; }
--- config
    location /m {
        set $before $m;
        set $args a=2;
        return 200 "$before $m\n";
    }
--- request
GET /m?a=1
--- response_body
one one


=== TEST 10: volatile maps are not
--- http_config
    map $arg_a $m { volatile; 1 one; 2 two; }
--- config
    location /m {
        set $before $m;
        set $args a=2;
        return 200 "$before $m\n";
    }
--- request
GET /m?a=1
--- response_body
one two


=== TEST 11: a duplicate default
--- http_config
    map $arg_a $m { default 1; default 2; }
--- config
--- must_die
--- request
GET /
--- error_log
duplicate default map parameter
--- suppress_stderr


=== TEST 12: a map of a map
--- http_config
    map $arg_a $m { 1 one; }
    map $m $n { one ONE; default -; }
--- config
    location /m { return 200 "$n\n"; }
--- request eval
["GET /m?a=1", "GET /m?a=2"]
--- response_body eval
["ONE\n", "-\n"]
--- error_code eval
[200, 200]


=== TEST 13: escaped special words
--- http_config
    map $arg_a $m { \default d; \volatile v; }
--- config
    location /m { return 200 "[$m]\n"; }
--- request eval
["GET /m?a=default", "GET /m?a=volatile", "GET /m?a=x"]
--- response_body eval
["[d]\n", "[v]\n", "[]\n"]
--- error_code eval
[200, 200, 200]


=== TEST 14: entries of an included file
--- http_config
    map $arg_a $m { include ../html/m.map; default no; }
--- config
    location /m { return 200 "$m\n"; }
--- user_files
>>> m.map
k v;
--- request
GET /m?a=k
--- response_body
v
