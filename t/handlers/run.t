use Test::Nginx::Socket 'no_plan';
run_tests();
__DATA__

=== TEST 1: a lazy variable runs once, when it is wanted (1)
--- http_config
    handler load t;
--- config
    location /unused { handler_run traced $l1 A; return 200 "no use\n"; }
    location /used { handler_run traced $l2 B; return 200 "$l2$l2\n"; }
--- request eval
"GET /unused"
--- response_body eval
"no use\n"
--- grep_error_log eval
qr/traced\(\w+\)/
--- grep_error_log_out eval
""


=== TEST 2: a lazy variable runs once, when it is wanted (2)
--- http_config
    handler load t;
--- config
    location /unused { handler_run traced $l1 A; return 200 "no use\n"; }
    location /used { handler_run traced $l2 B; return 200 "$l2$l2\n"; }
--- request eval
"GET /used"
--- response_body eval
"BB\n"
--- grep_error_log eval
qr/traced\(\w+\)/
--- grep_error_log_out eval
"traced(B)\n"


=== TEST 3: a strict variable runs although nobody uses it
--- http_config
    handler load t;
--- config
    location /t { handler_run traced <!$e1 "C $uri"; return 200 "no use\n"; }
--- request
GET /t
--- response_body
no use
--- error_log
traced(C /t)


=== TEST 4: a strict variable is evaluated once in a request
--- http_config
    handler load t;
--- config
    location /from { handler_run traced <!$e2 "D $uri"; rewrite ^ /to last; }
    location /to { handler_run traced <!$e2 "D2 $uri"; return 200 "[$e2]\n"; }
--- request
GET /from
--- response_body
[D /from]
--- grep_error_log eval
qr/traced\([^)]+\)/
--- grep_error_log_out
traced(D /from)


=== TEST 5: a strict volatile variable is evaluated in every location, and for every text (1)
--- http_config
    handler load t;
--- config
    location /from { handler_run traced <~$v1 "F $uri"; rewrite ^ /to last; }
    location /to { handler_run traced <~$v1 "F2 $uri"; return 200 "[$v1]\n"; }
    location /twice { handler_run traced <~$v2 "G $uri"; echo "$v2 $v2"; }
--- request eval
"GET /from"
--- response_body eval
"[F2 /to]\n"
--- grep_error_log eval
qr/traced\([^)]+\)/
--- grep_error_log_out eval
"traced(F /from)\ntraced(F2 /to)\ntraced(F2 /to)\n"


=== TEST 6: a strict volatile variable is evaluated in every location, and for every text (2)
--- http_config
    handler load t;
--- config
    location /from { handler_run traced <~$v1 "F $uri"; rewrite ^ /to last; }
    location /to { handler_run traced <~$v1 "F2 $uri"; return 200 "[$v1]\n"; }
    location /twice { handler_run traced <~$v2 "G $uri"; echo "$v2 $v2"; }
--- request eval
"GET /twice"
--- response_body eval
"G /twice G /twice\n"
--- grep_error_log eval
qr/traced\([^)]+\)/
--- grep_error_log_out eval
"traced(G /twice)\ntraced(G /twice)\n"


=== TEST 7: a volatile variable of a server holds in its locations, one of a location not in an if (1)
--- http_config
    handler load t;
--- config
    handler_run traced <~$srv "srv $uri";
    location /a { return 200 "a\n"; }
    location /b { handler_run traced <~$loc "loc"; set $x 1; if ($arg_i) { set $x "[$loc]"; } return 200 "$x\n"; }
--- request eval
"GET /a"
--- response_body eval
"a\n"
--- grep_error_log eval
qr/traced\([^)]+\)/
--- grep_error_log_out eval
"traced(srv /a)\n"


=== TEST 8: a volatile variable of a server holds in its locations, one of a location not in an if (2)
--- http_config
    handler load t;
--- config
    handler_run traced <~$srv "srv $uri";
    location /a { return 200 "a\n"; }
    location /b { handler_run traced <~$loc "loc"; set $x 1; if ($arg_i) { set $x "[$loc]"; } return 200 "$x\n"; }
--- request eval
"GET /b?i=1"
--- response_body eval
"[]\n"
--- grep_error_log eval
qr/traced\([^)]+\)/
--- grep_error_log_out eval
"traced(srv /b)\ntraced(loc)\n"


=== TEST 9: a late variable runs in the log phase and is seen by the access log
--- http_config
    handler load t;
    log_format late "late=[$late]";
--- config
    location /t { handler_run traced !$late "E st=$status"; return 200 "no use\n"; access_log logs/access.log late; }
--- request
GET /t
--- response_body
no use
--- error_log
traced(E st=200)
--- access_log
late=[E st=200]


=== TEST 10: the handler ! is its argument; a lazy variable does not outlive its location
--- config
    recursive_error_pages on;
    location /t { handler_run ! <!$early $args; handler_run ! $lazy $args; error_page 418 = /after?z=9; return 418; }
    location /after { internal; return 200 "early=[$early] now=[$args] lazy=[$lazy]\n"; }
--- request
GET /t?q=1
--- response_body
early=[q=1] now=[z=9] lazy=[]


=== TEST 11: cache_set, lazy_set, var_alias and transitional variables
--- http_config
    handler load t;
--- config
    location /alias { cache_set $c $arg_a; lazy_set $z $arg_a; set $odd@name "odd-$arg_a"; var_alias $al $odd@name; echo "$c $z $al"; }
    location /trans { set $odd2@name $arg_a; handler_run upper <<$tr $odd2@name; echo "[$tr]"; }
--- request eval
["GET /alias?a=5", "GET /trans?a=abc"]
--- response_body eval
["5 5 odd-5\n", "[ABC]\n"]


=== TEST 12: an if overrides a lazy variable
--- http_config
    handler load t;
--- config
    location /t { handler_run traced $lv "loc"; if ($arg_i) { handler_run traced $lv "if"; } echo "[$lv]"; }
--- request eval
["GET /t", "GET /t?i=1"]
--- response_body eval
["[loc]\n", "[if]\n"]


=== TEST 13: every shape of a synchronous handler
--- http_config
    handler load t;
--- config
    location /t {
        handler_run upper $t1 $arg_a;
        handler_run takeN $t2 3 $arg_a;
        handler_run firstNotEmpty $t3 "" $arg_b $arg_a;
        handler_run isInList $t4 $arg_a x $arg_a;
        handler_run isEmptyS $t5 "";
        handler_run sameS $t6 $arg_a hello;
        handler_run isEmptyY $t7 $arg_a;
        handler_run upperY $t8 $arg_a;
        handler_run same $t9 $arg_a;
        handler_run jsonSum $t10 "[1,2,39]";
        echo "$t1 $t2 $t3 $t4 $t5 $t6 $t7 $t8 $t9 $t10";
    }
--- request
GET /t?a=hello
--- response_body
HELLO hel hello 1 1 1 0 HELLO hello 42


=== TEST 14: a loop of error pages with a variable that compensates for redirects
--- http_config
    handler load t;
    handler_var_nocacheable $next;
    handler_var_compensate_uri_changes $next;
--- config
    recursive_error_pages on;
    location /loop { handler_run loopStart <!$start $arg_n; error_page 418 = /step; return 418; }
    location /step { internal; handler_run loopNext $next x; error_page 418 = /step;
                     if ($next != "0") { return 418; } return 200 "done [$next]\n"; }
--- request eval
["GET /loop?n=5", "GET /loop?n=300"]
--- response_body eval
["done [0]\n", "done [0]\n"]


=== TEST 15: a cacheable variable of such a loop is evaluated once, and the loop ends with 500
--- http_config
    handler load t;
--- config
    recursive_error_pages on;
    location /loop { handler_run loopStart <!$start $arg_n; error_page 418 = /step; return 418; }
    location /step { internal; handler_run loopNext $next x; error_page 418 = /step;
                     if ($next != "0") { return 418; } return 200 "done [$next]\n"; }
--- request
GET /loop?n=3
--- error_code: 500
--- grep_error_log eval
qr/loopNext \d+|rewrite or internal redirection cycle while internally redirecting to "\/step"/
--- grep_error_log_out
loopNext 3
rewrite or internal redirection cycle while internally redirecting to "/step"


=== TEST 16: without compensation ten redirects are allowed (1)
--- http_config
    handler load t;
    handler_var_nocacheable $next;
--- config
    recursive_error_pages on;
    location /loop { handler_run loopStart <!$start $arg_n; error_page 418 = /step; return 418; }
    location /step { internal; handler_run loopNext $next x; error_page 418 = /step;
                     if ($next != "0") { return 418; } return 200 "done [$next]\n"; }
--- request eval
"GET /loop?n=3"
--- error_code eval
200
--- grep_error_log eval
qr/loopNext \d+/
--- grep_error_log_out eval
"loopNext 3\nloopNext 2\nloopNext 1\nloopNext 0\n"


=== TEST 17: without compensation ten redirects are allowed (2)
--- http_config
    handler load t;
    handler_var_nocacheable $next;
--- config
    recursive_error_pages on;
    location /loop { handler_run loopStart <!$start $arg_n; error_page 418 = /step; return 418; }
    location /step { internal; handler_run loopNext $next x; error_page 418 = /step;
                     if ($next != "0") { return 418; } return 200 "done [$next]\n"; }
--- request eval
"GET /loop?n=12"
--- error_code eval
500
--- grep_error_log eval
qr/loopNext \d+/
--- grep_error_log_out eval
"loopNext 12\nloopNext 11\nloopNext 10\nloopNext 9\nloopNext 8\nloopNext 7\nloopNext 6\nloopNext 5\nloopNext 4\nloopNext 3\n"


=== TEST 18: a nocacheable variable is cached within a location, an ordinary one for the request (1)
--- http_config
    handler load t;
    handler_var_nocacheable $n;
--- config
    location /nc { handler_run traced $n "N"; error_page 418 = /nc2; if ($n) { return 418; } }
    location /nc2 { handler_run traced $n "N2"; return 200 "[$n][$n]\n"; }
    location /cc { handler_run traced $k "K $uri"; error_page 418 = /cc2; if ($k) { return 418; } }
    location /cc2 { handler_run traced $k "K2"; return 200 "[$k][$k]\n"; }
--- request eval
"GET /nc"
--- response_body eval
"[N2][N2]\n"
--- grep_error_log eval
qr/traced\([^)]+\)/
--- grep_error_log_out eval
"traced(N)\ntraced(N2)\n"


=== TEST 19: a nocacheable variable is cached within a location, an ordinary one for the request (2)
--- http_config
    handler load t;
    handler_var_nocacheable $n;
--- config
    location /nc { handler_run traced $n "N"; error_page 418 = /nc2; if ($n) { return 418; } }
    location /nc2 { handler_run traced $n "N2"; return 200 "[$n][$n]\n"; }
    location /cc { handler_run traced $k "K $uri"; error_page 418 = /cc2; if ($k) { return 418; } }
    location /cc2 { handler_run traced $k "K2"; return 200 "[$k][$k]\n"; }
--- request eval
"GET /cc"
--- response_body eval
"[K /cc][K /cc]\n"
--- grep_error_log eval
qr/traced\([^)]+\)/
--- grep_error_log_out eval
"traced(K /cc)\n"


=== TEST 20: a panic leaves an empty value and one line with the handler's name (1)
--- http_config
    handler load t;
--- config
    location /s { handler_run boomS $b x; return 200 "[$b]\n"; }
    location /b { handler_run boomB $b x; return 200 "[$b]\n"; }
    location /m { handler_run nilMap $b x; return 200 "[$b]\n"; }
    location /early { handler_run boomS <!$eb x; return 200 "[$eb]\n"; }
    location /late { handler_run boomS !$lb x; return 200 "done\n"; }
--- request eval
"GET /s"
--- response_body eval
"[]\n"
--- error_log eval
qr/handler "boomS" has panicked while getting value of variable "b": "boomS:x at variables.go:\d+"/


=== TEST 21: a panic leaves an empty value and one line with the handler's name (2)
--- http_config
    handler load t;
--- config
    location /s { handler_run boomS $b x; return 200 "[$b]\n"; }
    location /b { handler_run boomB $b x; return 200 "[$b]\n"; }
    location /m { handler_run nilMap $b x; return 200 "[$b]\n"; }
    location /early { handler_run boomS <!$eb x; return 200 "[$eb]\n"; }
    location /late { handler_run boomS !$lb x; return 200 "done\n"; }
--- request eval
"GET /b"
--- response_body eval
"[]\n"
--- error_log eval
qr/handler "boomB" has panicked while getting value of variable "b": "boomB:x at variables.go:\d+"/


=== TEST 22: a panic leaves an empty value and one line with the handler's name (3)
--- http_config
    handler load t;
--- config
    location /s { handler_run boomS $b x; return 200 "[$b]\n"; }
    location /b { handler_run boomB $b x; return 200 "[$b]\n"; }
    location /m { handler_run nilMap $b x; return 200 "[$b]\n"; }
    location /early { handler_run boomS <!$eb x; return 200 "[$eb]\n"; }
    location /late { handler_run boomS !$lb x; return 200 "done\n"; }
--- request eval
"GET /m"
--- response_body eval
"[]\n"
--- error_log eval
qr/handler "nilMap" has panicked while getting value of variable "b": "assignment to entry in nil map at variables.go:\d+"/


=== TEST 23: a panic leaves an empty value and one line with the handler's name (4)
--- http_config
    handler load t;
--- config
    location /s { handler_run boomS $b x; return 200 "[$b]\n"; }
    location /b { handler_run boomB $b x; return 200 "[$b]\n"; }
    location /m { handler_run nilMap $b x; return 200 "[$b]\n"; }
    location /early { handler_run boomS <!$eb x; return 200 "[$eb]\n"; }
    location /late { handler_run boomS !$lb x; return 200 "done\n"; }
--- request eval
"GET /early"
--- response_body eval
"[]\n"
--- error_log eval
qr/handler "boomS" has panicked while getting value of variable "eb": "boomS:x at variables.go:\d+"/


=== TEST 24: a panic leaves an empty value and one line with the handler's name (5)
--- http_config
    handler load t;
--- config
    location /s { handler_run boomS $b x; return 200 "[$b]\n"; }
    location /b { handler_run boomB $b x; return 200 "[$b]\n"; }
    location /m { handler_run nilMap $b x; return 200 "[$b]\n"; }
    location /early { handler_run boomS <!$eb x; return 200 "[$eb]\n"; }
    location /late { handler_run boomS !$lb x; return 200 "done\n"; }
--- request eval
"GET /late"
--- response_body eval
"done\n"
--- error_log eval
qr/handler "boomS" has panicked while getting value of variable "lb": "boomS:x at variables.go:\d+"/


=== TEST 25: the text of a returned error is the value, unless the variable is to be empty (1)
--- http_config
    handler load t;
    handler_var_empty_on_error $q;
--- config
    location /t { handler_run boomE $b 1; return 200 "[$b]\n"; }
    location /q { handler_run boomE $q 1; return 200 "[$q]\n"; }
--- request eval
"GET /t"
--- response_body eval
"[user error\n(boomE:1)]\n"
--- error_log eval
"handler \"boomE\" has failed while getting value of variable \"b\": \"user error\\x0A(boomE:1)\""


=== TEST 26: the text of a returned error is the value, unless the variable is to be empty (2)
--- http_config
    handler load t;
    handler_var_empty_on_error $q;
--- config
    location /t { handler_run boomE $b 1; return 200 "[$b]\n"; }
    location /q { handler_run boomE $q 1; return 200 "[$q]\n"; }
--- request eval
"GET /q"
--- response_body eval
"[]\n"
--- error_log eval
"handler \"boomE\" has failed while getting value of variable \"q\": \"user error\\x0A(boomE:1)\""


=== TEST 27: the request's token is eight bytes, the same in the whole request
--- http_config
    handler load t;
--- config
    location /t { handler_run hex $h1 $_r_ptr; handler_run hex $h2 "${_r_ptr}tail"; handler_run hex(r) $h3 tail; handler_run hex(r) $h4 "";
                  echo "$h1 $h2 $h3 $h4"; }
--- request
GET /t
--- response_body
0000000000000001 00000000000000017461696c 00000000000000017461696c 0000000000000001


=== TEST 28: another name of the token
--- http_config
    handler_request_variable_name $rq;
    handler load t;
--- config
    location /t { handler_run hex $h1 $rq; handler_run hex(r) $h2 ""; echo "$h1 $h2"; }
--- request
GET /t
--- response_body
0000000000000001 0000000000000001


=== TEST 29: a handler sees the request
--- http_config
    handler load t;
--- config
    location /t { handler_run inspect(r) $i arg_a; return 200 "$i\n"; }
--- request
GET /t?a=5
--- more_headers
User-Agent: me
--- response_body
GET /t?a=5 ["me"] 5


=== TEST 30: a handler changes the request and the response
--- http_config
    handler load t;
--- config
    location /t { set $changed no; handler_run change $c new; handler_run ctx $k k;
                  echo "[$c] $changed $http_x_in $k"; }
--- request
GET /t
--- response_headers
X-Out: new, more
--- response_body
[] new new new


=== TEST 31: a request that a handler has kept is gone
--- http_config
    handler load t;
    handler_var_empty_on_error $y;
--- config
    location /t { handler_run keep $x 1; handler_run useKept $y 1; return 200 "$x [$y]\n"; }
--- request
GET /t
--- response_body
kept []
--- error_log
handler "useKept" has failed while getting value of variable "y": "the request has ended"


=== TEST 32: variables that can not be found by name
--- http_config
    handler load t;
    handler_var_nohash $hid* $counted;
    handler_var_nohash $zzz_*;
--- config
    location /t { handler_run same $hidden 1; handler_run counter $counted x; return 200 "$hidden $counted\n"; }
--- request
GET /t
--- response_body
1 1
--- error_log
no variable matches wildcard "zzz_*"


=== TEST 33: names that are not there are told and do no harm
--- http_config
    handler load t;
    handler_var_empty_on_error $nope;
    handler_var_compensate_uri_changes $uri;
--- config
    location /t { handler_run same $x 1; return 200 "$x\n"; }
--- request
GET /t
--- response_body
1
--- error_log eval
["variable \"nope\" was not declared", "variable \"uri\" has incompatible get handler"]


=== TEST 34: a script does not find a variable without a hash entry by its name, the configuration does
--- http_config
    handler load t;
    handler_var_nohash $hidden;
--- config
    location /t {
        handler_run same $hidden 1;
        handler_run same $seen 2;
        set $copy $hidden;
        content_by_lua_block { ngx.say(tostring(ngx.var.hidden), " ", ngx.var.seen, " ", ngx.var.copy) }
    }
--- request
GET /t
--- response_body
nil 2 1
