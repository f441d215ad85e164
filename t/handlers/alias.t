use Test::Nginx::Socket 'no_plan';
run_tests();
__DATA__

=== TEST 1: cache_set keeps a value over a redirect, lazy_set does not
--- config
    recursive_error_pages on;
    location /t { cache_set $c $args; lazy_set $l $args; error_page 418 = /after?z=9; return 418; }
    location /after { internal; return 200 "cached=[$c] lazy=[$l]\n"; }
--- request
GET /t?q=1
--- response_body
cached=[q=1] lazy=[]


=== TEST 2: lazy_set is evaluated when it is wanted, cache_set before the rewrite directives
--- config
    location /t { set $x 1; cache_set $c "[$x]"; lazy_set $l "[$x]"; set $x 2; return 200 "$c $l\n"; }
--- request
GET /t
--- response_body
[] [2]


=== TEST 3: var_alias reads a variable whose name no text can mention
--- config
    location /t { set $a-b@c hello; var_alias $al $a-b@c; return 200 "$al\n"; }
--- request
GET /t
--- response_body
hello


=== TEST 4: var_alias of a variable that is not there
--- config
    location /t { var_alias $al $no-such; return 200 "$al\n"; }
--- must_die
--- error_log
[emerg]
unknown "no-such" variable


=== TEST 5: var_nocacheable
--- http_config
    handler load t;
    var_nocacheable $n;
--- config
    location /t { handler_run counter $n x; error_page 418 = /u; if ($n) { return 418; } }
    location /u { internal; handler_run counter $n x; return 200 "$n $n\n"; }
--- request
GET /t
--- response_body
2 2


=== TEST 6: var_nocacheable of a variable of another module
--- http_config
    map $arg_a $m { default $request_time; }
    var_nocacheable $m;
--- config
    location /t { set $before $m; echo_sleep 0.1; echo "$before $m"; }
--- request
GET /t
--- response_body_like
^0\.00\d 0\.1\d\d$


=== TEST 7: var_nohash leaves the variable usable in texts
--- http_config
    var_nohash $c;
--- config
    location /t { cache_set $c value; return 200 "$c\n"; }
--- request
GET /t
--- response_body
value


=== TEST 8: var_nohash of a variable that is not there
--- http_config
    var_nohash $nobody;
--- config
    location /t { return 200 "ok\n"; }
--- request
GET /t
--- response_body
ok
--- error_log
variable "nobody" was not declared


=== TEST 9: the handler ! with every prefix, and the innermost level
--- config
    handler_run ! $v server;
    location /s { return 200 "$v\n"; }
    location /l { handler_run ! $v location; location /l/in { handler_run ! <!$v inner; return 200 "$v\n"; } return 200 "$v\n"; }
    location /n { handler_run ! <~$w $uri; return 200 "$w\n"; }
--- request eval
["GET /s", "GET /l", "GET /l/in", "GET /n"]
--- response_body eval
["server\n", "location\n", "inner\n", "/n\n"]
