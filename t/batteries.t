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
--- skip_nginx_reference: nginx has no handlers


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
--- skip_nginx_reference: nginx has no handlers


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
--- skip_nginx_reference: nginx has no handlers


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
--- skip_nginx_reference: nginx has no handlers


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
--- skip_nginx_reference: nginx has no handlers


=== TEST 6: a library that is not loaded has no handlers
--- config
    location /t { handler_run jsonValid $v x; echo $v; }
--- must_die
--- error_log
handler "jsonValid" was not found
--- skip_nginx_reference: nginx has no handlers
