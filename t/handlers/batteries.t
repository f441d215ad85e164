use Test::Nginx::Socket 'no_plan';
no_long_string();
run_tests();
__DATA__

=== TEST 1: values out of JSON
--- http_config
    handler load json;
--- config
    location /t {
        set $json '{"user":{"name":"Ann \\"A\\"","tags":["x",2,null,{"y":true}]},"n":1.50}';
        handler_run jsonGet $name user.name $json;
        handler_run jsonGet $tag "user.tags[-1]" $json;
        handler_run jsonGet $n n $json;
        handler_run jsonGet $none user.age $json;
        handler_run jsonType $type user.tags $json;
        handler_run jsonLength $length user.tags $json;
        handler_run jsonValid $valid $json;
        handler_run jsonValid $invalid "$json,";
        echo "$name|$tag|$n|$none|$type|$length|$valid|$invalid";
    }
--- request
GET /t
--- response_body
Ann "A"|{"y":true}|1.50||array|4|1|0
--- no_error_log
[error]


=== TEST 2: JSON out of values, and the errors
--- http_config
    handler load json;
    handler_var_empty_on_error $bad;
--- config
    location /t {
        handler_run jsonString $string $arg_a;
        handler_run jsonObject $object a $arg_a n:json "[1,2]";
        handler_run jsonMerge $merged $object '{"a":null,"b":"<b>"}';
        handler_run jsonGet $bad a "{";
        handler_run jsonObject $odd a;
        echo "$string|$object|$merged|$bad|$odd";
    }
--- request
GET /t?a=x"y\z
--- response_body
"x\"y\\z"|{"a":"x\"y\\z","n":[1,2]}|{"b":"<b>","n":[1,2]}||names and values in turn are expected
--- error_log
handler "jsonGet" has failed while getting value of variable "bad": "unexpected EOF"


=== TEST 3: regular expressions
--- http_config
    handler load pcre;
--- config
    location /t {
        handler_run pcreTest $test '^(?=.*b)a' $arg_a;
        handler_run pcreMatch $match '(?<first>[a-z]+)-(?<last>[a-z]+)' $arg_a last;
        handler_run pcreMatch $group '/([A-Z]+)/i' $arg_a;
        handler_run pcreSub $sub '-' '+' $arg_a;
        handler_run pcreGsub $gsub '(\w)(\w)' '\2\1' $arg_a;
        handler_run pcreGsub $wrong '(' '' $arg_a;
        echo "$test|$match|$group|$sub|$gsub|$wrong";
    }
--- request
GET /t?a=ab-cd-ef
--- response_body_like
^1\|cd\|ab\|ab.cd-ef\|ba-dc-fe\|.*missing closing parenthesis in "\("


=== TEST 4: templates: a page from the argument, from the body, and a variable; HTML is escaped
--- http_config
    handler load templates;
--- config
    location /page { handler_async_content templatePage "$TEST_NGINX_HTML_DIR/a.html|{\"name\":\"<b>\",\"list\":[1,2.5],\"n\":7}"; }
    location /body { handler_async_content_on_request_body templateBody $TEST_NGINX_HTML_DIR/a.txt; }
    location /var { handler_run_async template $v "$TEST_NGINX_HTML_DIR/a.txt|{\"name\":\"$arg_n\"}"; return 200 "$v!\n"; }
    location /bare { handler_async_content templatePage $TEST_NGINX_HTML_DIR/bare.json; }
--- user_files
>>> a.html
<p>{{.name}}{{range .list}} {{.}}{{end}}{{if gt .n 5}} many{{end}}
>>> a.txt
{{.name | upper}} {{b64 .name}} {{uenc .name}}
>>> bare.json
{"a":1}
--- request eval
["GET /page", "POST /body\n{\"name\":\"<b>\"}", "GET /var?n=x", "GET /bare"]
--- response_headers eval
["Content-Type: text/html", "Content-Type: text/plain", "!X", "Content-Type: application/json"]
--- response_body eval
["<p>&lt;b&gt; 1 2.5 many\n", "<B> PGI+ %3Cb%3E\n", "X eA== x\n!\n", "{\"a\":1}\n"]


=== TEST 5: a template that is not there, values that are no JSON, a template with an error
--- http_config
    handler load templates;
--- config
    error_page 500 /failed;
    location /failed { echo "failed"; }
    location /none { handler_async_content templatePage $TEST_NGINX_HTML_DIR/none.txt; }
    location /values { handler_async_content_on_request_body templateBody $TEST_NGINX_HTML_DIR/a.txt; }
    location /wrong { handler_async_content templatePage $TEST_NGINX_HTML_DIR/wrong.txt; }
--- user_files
>>> a.txt
x
>>> wrong.txt
{{.a
--- request eval
["GET /none", "POST /values\n{", "GET /wrong"]
--- error_code eval
[500, 500, 500]
--- response_body eval
["failed\n", "failed\n", "failed\n"]


=== TEST 6: a library that is not loaded has no handlers
--- config
    location /t { handler_run jsonValid $v x; echo $v; }
--- must_die
--- error_log
handler "jsonValid" was not found


=== TEST 7: what workers report is one object, by their ids; values expire
--- http_config
    handler load aggregate;
    lua_shared_dict d 1m;
--- config
    location /report { handler_run aggregateReport $r d stats 200ms $arg_v; echo "[$r]"; }
    location /other { handler_run aggregateReport $o d other 10s plain; echo "[$o]"; }
    location /all { handler_content aggregate "d stats"; }
    location /late { content_by_lua_block { ngx.sleep(0.25) ngx.say((ngx.location.capture("/all")).body) } }
    location /text { handler_content aggregate "d other"; }
--- request eval
["GET /report?v={\"n\":1}", "GET /other", "GET /report?v=[2]", "GET /all", "GET /late", "GET /text"]
--- response_body_like eval
["^..\n\$", "^..\n\$", "^..\n\$", "^\{\"[0-9]+\":.2.\}\$", "^\{\}\n\$", "^\{\"[0-9]+\":\"plain\"\}\$"]


=== TEST 8: the service that reports the state of the runtime, in two workers
--- workers: 2
--- master: on
--- http_config
    handler load aggregate;
    lua_shared_dict d 1m;
    handler_run_service aggregateRuntime $state "d runtime 50ms";
--- config
    location /t {
        content_by_lua_block {
            ngx.sleep(0.2)
            local all = require "cjson".decode((ngx.location.capture("/all")).body)
            local n = 0
            for pid, state in pairs(all) do
                n = n + 1
                assert(state.goroutines > 0 and state.memory > state.objects and state.uptime < 60, pid)
            end
            ngx.say(n, " ", #ngx.var.state > 0)
        }
    }
    location /all { handler_content aggregate "d runtime"; }
--- request
GET /t
--- response_body
2 true


=== TEST 9: a dictionary that is not there
--- http_config
    handler load aggregate;
--- config
    location /all { handler_content aggregate "d runtime"; }
--- request
GET /all
--- error_code: 500
--- error_log
content handler "aggregate" has failed: "there is no dictionary "d": directive "lua_shared_dict" is missing"


=== TEST 10: requests to the server itself, over the loopback and over a socket: bodies, methods, fields
--- http_config
    handler load subrequest;
    server { listen unix:$TEST_NGINX_HTML_DIR/inner.sock; location / { return 200 "socket $request_method $host $http_x_a"; } }
--- config
    location /inner { content_by_lua_block { ngx.req.read_body() ngx.print(ngx.req.get_method(), " ", ngx.req.get_body_data() or "-") } }
    location /get { handler_run_async subrequest $v http://127.0.0.1:$server_port/inner; return 200 "$v\n"; }
    location /post { handler_run_async subrequest $v '{"uri":"http://127.0.0.1:$server_port/inner","method":"POST","body":"some text"}'; return 200 "$v\n"; }
    location /socket { handler_run_async subrequest $v '{"uri":"http://inner/x","socket":"$TEST_NGINX_HTML_DIR/inner.sock","headers":{"X-A":"b"}}'; return 200 "$v\n"; }
    location /host { handler_run_async subrequest $v '{"uri":"http://inner/x","socket":"$TEST_NGINX_HTML_DIR/inner.sock","headers":{"Host":"other"}}'; return 200 "$v\n"; }
--- request eval
["GET /get", "GET /post", "GET /socket", "GET /host"]
--- response_body eval
["GET -\n", "POST some text\n", "socket GET inner b\n", "socket GET other \n"]
--- no_error_log
[error]


=== TEST 11: a whole response, and a request's body that is passed on
--- http_config
    handler load subrequest;
--- config
    location /inner { more_set_headers "X-A: b" "X-C: d"; default_type text/x-inner; return 418 "teapot $request_method"; }
    location /echo { echo_read_request_body; echo_request_body; }
    location /away { return 302 /elsewhere; }
    location /page { handler_async_content subrequestPage http://127.0.0.1:$server_port/inner; }
    location /redirect { handler_async_content subrequestPage http://127.0.0.1:$server_port/away; }
    location /forward { handler_async_content_on_request_body subrequestForward '{"uri":"http://127.0.0.1:$server_port/echo","method":"POST"}'; }
--- request eval
["GET /page", "GET /redirect", "POST /forward\nsome text"]
--- error_code eval
[418, 302, 200]
--- response_headers eval
["X-A: b\nX-C: d\nContent-Type: text/x-inner", "!X-A", "!X-A"]
--- response_body_like eval
["^teapot GET\$", "302 Found", "^some text\$"]


=== TEST 12: what goes wrong: a status, a timeout, no server, an argument that is none
--- http_config
    handler load subrequest;
    handler_var_empty_on_error $r;
--- config
    location /404 { return 404; }
    location /slow { content_by_lua_block { ngx.sleep(2) } }
    location /t {
        handler_run_async subrequest $s http://127.0.0.1:$server_port/404;
        handler_run_async subrequest $t '{"uri":"http://127.0.0.1:$server_port/slow","timeout":"50ms"}';
        handler_run_async subrequest $r http://127.0.0.1:$TEST_NGINX_RAND_PORT_1/;
        handler_run_async subrequest $u ftp://x;
        return 200 "$s|$t|$r|$u\n";
    }
--- request
GET /t
--- response_body_like
^subrequest: status 404\|.*context deadline exceeded\|\|subrequest: invalid URI "ftp://x"
--- error_log
connection refused
