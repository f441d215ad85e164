use Test::Nginx::Socket 'no_plan';
run_tests();
__DATA__

=== TEST 1: a handler that is not there
--- http_config
    handler load t;
--- config
    location /t { handler_run noSuch $u x; }
--- must_die
--- error_log
[emerg]
handler "noSuch" was not found


=== TEST 2: a content handler used for a variable
--- http_config
    handler load t;
--- config
    location /t { handler_run plain $u x; }
--- must_die
--- error_log
[emerg]
handler "plain" is a content handler, but "handler_run" needs a synchronous handler


=== TEST 3: a synchronous handler used as a task
--- http_config
    handler load t;
--- config
    location /t { handler_run_async upper $u x; }
--- must_die
--- error_log
[emerg]
handler "upper" is a synchronous handler, but "handler_run_async" needs an asynchronous handler


=== TEST 4: a variable's handler used for content
--- http_config
    handler load t;
--- config
    location /t { handler_content upper x; }
--- must_die
--- error_log
[emerg]
handler "upper" is a synchronous handler, but "handler_content" needs a content handler


=== TEST 5: a service used as a hook
--- http_config
    handler load t;
    handler_run_service steady $s;
--- config
    location /t { handler_service_hook steady $s; }
--- must_die
--- error_log
[emerg]
handler "steady" is a service handler, but "handler_service_hook" needs a service hook handler


=== TEST 6: too many arguments
--- http_config
    handler load t;
--- config
    location /t { handler_run upper $u x y; }
--- must_die
--- error_log
[emerg]
handler "upper" takes one argument, not 2


=== TEST 7: too few arguments of a handler of two
--- http_config
    handler load t;
--- config
    location /t { handler_run takeN $u x; }
--- must_die
--- error_log
[emerg]
handler "takeN" takes two arguments, not 1


=== TEST 8: an unknown library
--- http_config
    handler load t;
    handler load nobody;
--- config
    location /t { return 200; }
--- must_die
--- error_log
[emerg]
failed to load handler library "nobody"


=== TEST 9: the bang handler takes one argument
--- http_config
    handler load t;
--- config
    location /t { handler_run ! $u x y; }
--- must_die
--- error_log
[emerg]
bang handler accepts exactly one argument


=== TEST 10: too few arguments
--- http_config
    handler load t;
--- config
    location /t { handler_run upper $u; }
--- must_die
--- error_log
[emerg]
too few arguments


=== TEST 11: a name without a dollar
--- http_config
    handler load t;
--- config
    location /t { handler_run upper u x; }
--- must_die
--- error_log
[emerg]
invalid variable name "u"


=== TEST 12: a variable twice on one level
--- http_config
    handler load t;
--- config
    location /t { handler_run upper $u x; handler_run upper $u y; }
--- must_die
--- error_log
[emerg]
multiple declarations of variable "u" in a single configuration level


=== TEST 13: a variable of set
--- http_config
    handler load t;
--- config
    location /t { set $u 1; handler_run upper $u x; }
--- must_die
--- error_log
[emerg]
variable "u" has been already defined with another variable handler


=== TEST 14: a variable both synchronous and asynchronous
--- http_config
    handler load t;
--- config
    location /t { handler_run upper $u x; } location /u { handler_run_async now $u x; }
--- must_die
--- error_log
[emerg]
variable "u" has been already defined with another variable handler


=== TEST 15: two content handlers
--- http_config
    handler load t;
--- config
    location /t { handler_content plain x; handler_static_content plain x; }
--- must_die
--- error_log
[emerg]
handler content handler was already set


=== TEST 16: a content handler and a hook
--- http_config
    handler load t;
    handler_run_service steady $s;
--- config
    location /t { handler_content plain x; handler_service_hook setHeld $s; }
--- must_die
--- error_log
[emerg]
handler content handler was already set


=== TEST 17: a transitional variable takes one argument
--- http_config
    handler load t;
--- config
    location /t { handler_run upper <<$u $x $y; }
--- must_die
--- error_log
[emerg]
transitional handlers accept exactly one argument


=== TEST 18: a transitional variable takes no pointer
--- http_config
    handler load t;
--- config
    location /t { handler_run upper(r) <<$u $uri; }
--- must_die
--- error_log
[emerg]
transitional handlers do not accept request pointers


=== TEST 19: a service takes no pointer
--- http_config
    handler load t;
    handler_run_service steady(r) $s;
--- config
    location /t { return 200; }
--- must_die
--- error_log
[emerg]
service handlers do not accept request pointers


=== TEST 20: an update hook takes no pointer
--- http_config
    handler load t;
    handler_run_service steady $s; handler_service_update_hook saw(r) $s;
--- config
    location /t { return 200; }
--- must_die
--- error_log
[emerg]
service update hooks do not accept request pointers


=== TEST 21: a zone that is too small
--- http_config
    handler load t;
    handler_run_service steady $s; handler_service_var_in_shm z 16k /tmp $s;
--- config
    location /t { return 200; }
--- must_die
--- error_log
[emerg]
zone "z" is too small


=== TEST 22: a hooks zone that is too small
--- http_config
    handler load t;
    handler_service_hooks_zone z 16k;
--- config
    location /t { return 200; }
--- must_die
--- error_log
[emerg]
zone "z" is too small


=== TEST 23: a hooks zone twice
--- http_config
    handler load t;
    handler_service_hooks_zone z 64k; handler_service_hooks_zone y 64k;
--- config
    location /t { return 200; }
--- must_die
--- error_log
[emerg]
"handler_service_hooks_zone" directive is duplicate


=== TEST 24: a relative lock path
--- http_config
    handler load t;
    handler_run_service steady $s; handler_service_var_in_shm z 64k tmp $s;
--- config
    location /t { return 200; }
--- must_die
--- error_log
[emerg]
path to file locks must be absolute


=== TEST 25: a lock path that is not there
--- http_config
    handler load t;
    handler_run_service steady $s; handler_service_var_in_shm z 64k /nowhere/at/all $s;
--- config
    location /t { return 200; }
--- must_die
--- error_log
[emerg]
path to file locks: stat /nowhere/at/all: no such file or directory


=== TEST 26: placeholders for the second time
--- http_config
    handler load t;
    handler_run_service steady $s; handler_run_service steady $u; handler_service_var_in_shm z 64k /tmp $s; handler_service_var_in_shm y 64k /tmp $u;
--- config
    location /t { return 200; }
--- must_die
--- error_log
[emerg]
extra declarations of directive "handler_service_var_in_shm" must use placeholders "_" in the leftmost three arguments


=== TEST 27: two update hooks
--- http_config
    handler load t;
    handler_run_service steady $s; handler_service_update_hook saw $s; handler_service_update_hook saw $s;
--- config
    location /t { return 200; }
--- must_die
--- error_log
[emerg]
update hook for variable "s" was already declared


=== TEST 28: options twice
--- http_config
    handler load t;
    handler runtime_options GOGC=100; handler runtime_options GOGC=200;
--- config
    location /t { return 200; }
--- must_die
--- error_log
[emerg]
directive "handler runtime_options" was already set


=== TEST 29: an unknown option of the runtime
--- http_config
    handler load t;
    handler runtime_options GOSPEED=1;
--- config
    location /t { return 200; }
--- must_die
--- error_log
[emerg]
invalid runtime option "GOSPEED=1"


=== TEST 30: build options after a library
--- http_config
    handler load t;
    handler build_options -v;
--- config
    location /t { return 200; }
--- must_die
--- error_log
[emerg]
directive "handler build_options" must precede directives "handler compile" and "handler load"


=== TEST 31: the token's name after a library
--- http_config
    handler load t;
    handler_request_variable_name $rq;
--- config
    location /t { return 200; }
--- must_die
--- error_log
[emerg]
directive "handler_request_variable_name" must precede directives "handler compile" and "handler load"


=== TEST 32: an unknown word
--- http_config
    handler load t;
    handler frob x;
--- config
    location /t { return 200; }
--- must_die
--- error_log
[emerg]
unknown handler directive "frob"


=== TEST 33: a relative source path
--- http_config
    handler load t;
    handler compile x.go 'package x';
--- config
    location /t { return 200; }
--- must_die
--- error_log
[emerg]
handler source code file path must be absolute


=== TEST 34: a source path with another extension
--- http_config
    handler load t;
    handler compile /tmp/x.hs 'package x';
--- config
    location /t { return 200; }
--- must_die
--- error_log
[emerg]
handler source code file path must have extension ".go"


=== TEST 35: a folder that is not there
--- http_config
    handler load t;
    handler load /nowhere/at/all;
--- config
    location /t { return 200; }
--- must_die
--- error_log
[emerg]
failed to link handlers: stat /nowhere/at/all: no such file or directory


=== TEST 36: a plugin where none can be loaded
--- http_config
    handler load t;
    handler load /nowhere/x.so;
--- config
    location /t { return 200; }
--- must_die
--- error_log
[emerg]
failed to load handler library "/nowhere/x.so"


=== TEST 37: a plain variable made volatile
--- http_config
    handler load t;
--- config
    location /t { handler_run upper $u x; } location /u { handler_run upper <~$u x; }
--- must_die
--- error_log
[emerg]
strict volatile variable "u" cannot be set as nocacheable, probably it has already been declared in another context


=== TEST 38: a system file that is not there
--- http_config
    handler load t;
    handler program_options --sysread:key /nowhere/at/all;
--- config
    location /t { return 200; }
--- must_die
--- error_log
[emerg]
option "--sysread:key": open /nowhere/at/all: no such file or directory


=== TEST 39: a service variable twice
--- http_config
    handler load t;
    handler_run_service steady $s; handler_run_service steady $s;
--- config
    location /t { return 200; }
--- must_die
--- error_log
[emerg]
multiple declarations of variable "s" in a single configuration level


=== TEST 40: a variable in shm twice
--- http_config
    handler load t;
    handler_run_service steady $s; handler_service_var_in_shm z 64k /tmp $s $s;
--- config
    location /t { return 200; }
--- must_die
--- error_log
[emerg]
variable "s" is already in shm


=== TEST 41: a volatile variable declared plainly elsewhere is a warning
--- http_config
    handler load t;
--- config
    location /t { handler_run upper <~$u x; return 200 "$u\n"; }
    location /u { handler_run upper $u y; return 200 "$u\n"; }
--- request
GET /u
--- response_body
Y
--- error_log
variable "u" has nocacheable bit set, probably it has already been declared as strict volatile


=== TEST 42: the argument of a service is taken literally
--- http_config
    handler load t;
    handler_run_service echoService "$s" "$arg_a";
--- config
    location /t { echo_sleep 0.05; echo $s; }
--- request
GET /t
--- response_body
$arg_a


=== TEST 43: options of the runtime and of the program
--- http_config
    handler runtime_options GOGC=150 GOMEMLIMIT=512MiB GOMAXPROCS=3;
    handler program_options --plain value;
    handler load t;
--- config
    location /t { handler_run runtime $r x; return 200 "$r\n"; }
--- request
GET /t
--- response_body
GOMAXPROCS=3 GOMEMLIMIT=536870912 args=["--plain" "value"]


=== TEST 44: one name in two libraries
--- http_config
    handler load t;
    handler load twice;
--- config
    location /t { return 200; }
--- must_die
--- error_log eval
["[emerg]", qr/handler "upper" is exported twice: at \S+variables\.go:\d+ and at \S+variables\.go:\d+ in /]


=== TEST 45: build options twice
--- http_config
    handler build_options -v;
    handler build_options -race;
--- config
    location /t { return 200; }
--- must_die
--- error_log
[emerg]
directive "handler build_options" was already set


=== TEST 46: the priority of handlers that compute
--- http_config
    handler load t;
--- config
    location /t { handler_run_async nice $a 5ms; handler_run_async nice $b 5ms; return 200 "$a, $b\n"; }
--- request
GET /t
--- response_body
nice +10, nice +10


=== TEST 47: another priority of handlers that compute
--- http_config
    handler load t;
    handler runtime_options NICE=3;
--- config
    location /t { handler_run_async nice $a 5ms; handler_run_async nice $b 5ms; return 200 "$a, $b\n"; }
--- request
GET /t
--- response_body
nice +3, nice +3


=== TEST 48: handlers that compute are as others
--- http_config
    handler load t;
    handler runtime_options NICE=0;
--- config
    location /t { handler_run_async nice $a 5ms; handler_run_async nice $b 5ms; return 200 "$a, $b\n"; }
--- request
GET /t
--- response_body
nice +0, nice +0


=== TEST 49: an impossible priority
--- http_config
    handler load t;
    handler runtime_options NICE=20;
--- config
    location /t { return 200; }
--- must_die
--- error_log
[emerg]
invalid runtime option "NICE=20"


=== TEST 50: the priority of handlers that do not compute
--- http_config
    handler load t;
--- config
    location /t { handler_run_async nice $a 0ms; echo_sleep 0.05; echo_exec /second; }
    location /second { handler_run_async nice $b 0ms; return 200 "$b\n"; }
--- request
GET /t
--- response_body
nice +0
