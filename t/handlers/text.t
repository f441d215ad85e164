use Test::Nginx::Socket 'no_plan';
run_tests();
__DATA__

=== TEST 1: a string to a string
--- http_config
    handler load text;
--- config
    location /t {
        handler_run toUpper $v $arg_a;
        handler_run urlDecode $plain $arg_a;
        echo "$plain: $v.";
    }
--- request
GET /t?a=some_words
--- response_body
some_words: SOME_WORDS.


=== TEST 2: two strings to a string, in the order of the directive
--- http_config
    handler load text;
--- config
    location /t {
        handler_run takeN $v $arg_n $arg_a;
        handler_run urlDecode $plain $arg_a;
        echo "$plain: $v.";
    }
--- request
GET /t?a=some_words&n=4
--- response_body
some_words: some.


=== TEST 3: two strings, of which one is no number
--- http_config
    handler load text;
--- config
    location /t {
        handler_run takeN $v $arg_n $arg_a;
        handler_run urlDecode $plain $arg_a;
        echo "$plain: $v.";
    }
--- request
GET /t?a=some_words&n=x
--- response_body
some_words: .


=== TEST 4: a string to a string of other letters
--- http_config
    handler load text;
--- config
    location /t {
        handler_run reverse $v $arg_a;
        handler_run urlDecode $plain $arg_a;
        echo "$plain: $v.";
    }
--- request
GET /t?a=drawer
--- response_body
drawer: reward.


=== TEST 5: two strings to a truth value, which is true
--- http_config
    handler load text;
--- config
    location /t {
        handler_run matches $v $arg_a $arg_p;
        handler_run urlDecode $plain $arg_a;
        echo "$plain: $v.";
    }
--- request
GET /t?a=drawer&p=%5Ed.*r%24
--- response_body
drawer: 1.


=== TEST 6: two strings to a truth value, which is false
--- http_config
    handler load text;
--- config
    location /t {
        handler_run matches $v $arg_a $arg_p;
        handler_run urlDecode $plain $arg_a;
        echo "$plain: $v.";
    }
--- request
GET /t?a=drawer&p=%5ED
--- response_body
drawer: 0.


=== TEST 7: two strings to a truth value, of which one is absent
--- http_config
    handler load text;
--- config
    location /t {
        handler_run matches $v $arg_a $arg_p;
        handler_run urlDecode $plain $arg_a;
        echo "$plain: $v.";
    }
--- request
GET /t?a=drawer
--- response_body
drawer: 0.


=== TEST 8: a list of strings to a string: the first ones are absent
--- http_config
    handler load text;
--- config
    location /t {
        handler_run firstNotEmpty $v $arg_x $arg_b $arg_a;
        handler_run urlDecode $plain $arg_a;
        echo "$plain: $v.";
    }
--- request
GET /t?a=one&b=two
--- response_body
one: two.


=== TEST 9: a list of strings to a string: the first one
--- http_config
    handler load text;
--- config
    location /t {
        handler_run firstNotEmpty $v $arg_b $arg_x $arg_a;
        handler_run urlDecode $plain $arg_a;
        echo "$plain: $v.";
    }
--- request
GET /t?a=one&b=two
--- response_body
one: two.


=== TEST 10: a list of strings to a string: all are absent
--- http_config
    handler load text;
--- config
    location /t {
        handler_run firstNotEmpty $v $arg_x $arg_y;
        handler_run urlDecode $plain $arg_a;
        echo "$plain: $v.";
    }
--- request
GET /t?a=one
--- response_body
one: .


=== TEST 11: a list of strings to a truth value: the first one is absent
--- http_config
    handler load text;
--- config
    location /t {
        handler_run isInList $v $arg_x red green blue;
        handler_run urlDecode $plain $arg_a;
        echo "$plain: $v.";
    }
--- request
GET /t?a=red
--- response_body
red: 0.


=== TEST 12: a list of strings to a truth value, which is false
--- http_config
    handler load text;
--- config
    location /t {
        handler_run isInList $v $arg_a red green blue;
        handler_run urlDecode $plain $arg_a;
        echo "$plain: $v.";
    }
--- request
GET /t?a=gre
--- response_body
gre: 0.


=== TEST 13: a list of strings to a truth value, which is true
--- http_config
    handler load text;
--- config
    location /t {
        handler_run isInList $v $arg_a red green blue;
        handler_run urlDecode $plain $arg_a;
        echo "$plain: $v.";
    }
--- request
GET /t?a=blue
--- response_body
blue: 1.


=== TEST 14: bytes to a truth value, which is true
--- http_config
    handler load text;
--- config
    location /t {
        handler_run isJSONListOfInts $v $arg_a;
        handler_run urlDecode $plain $arg_a;
        echo "$plain: $v.";
    }
--- request
GET /t?a=%5B7%2C%208%5D
--- response_body
[7, 8]: 1.


=== TEST 15: bytes to a truth value, which is false
--- http_config
    handler load text;
--- config
    location /t {
        handler_run isJSONListOfInts $v $arg_a;
        handler_run urlDecode $plain $arg_a;
        echo "$plain: $v.";
    }
--- request
GET /t?a=%5B7%2C%22x%22%5D
--- response_body
[7,"x"]: 0.


=== TEST 16: bytes to bytes, out of a text with two variables
--- http_config
    handler load text;
--- config
    location /t {
        handler_run jSONListOfIntsTakeN $v $arg_n|$arg_a;
        handler_run urlDecode $plain $arg_a;
        echo "$plain: $v.";
    }
--- request
GET /t?a=%5B7%2C8%2C9%5D&n=2
--- response_body
[7,8,9]: [7,8].


=== TEST 17: bytes to bytes, of which a part is no number
--- http_config
    handler load text;
--- config
    location /t {
        handler_run jSONListOfIntsTakeN $v $arg_n|$arg_a;
        handler_run urlDecode $plain $arg_a;
        echo "$plain: $v.";
    }
--- request
GET /t?a=%5B7%2C8%2C9%5D&n=x
--- response_body
[7,8,9]: [].
