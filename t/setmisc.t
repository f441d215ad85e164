use Test::Nginx::Socket 'no_plan';
run_tests();
__DATA__

=== TEST 1: set_if_empty
--- config
    location /s { set $a $arg_a; set_if_empty $a default; echo $a; }
--- request eval
["GET /s", "GET /s?a=x", "GET /s?a="]
--- error_code eval
[200, 200, 200]
--- response_body eval
["default\n", "x\n", "default\n"]


=== TEST 2: set_escape_uri and set_unescape_uri
--- config
    location /s {
        set_escape_uri $e "a b/c?d&é+";
        set_unescape_uri $u "a%20b%2fc+d%zz";
        echo $e;
        echo $u;
    }
--- request
GET /s
--- response_body_like: ^a%20b%2Fc%3Fd%26%C3%A9%2B\na b/c dzz$


=== TEST 3: one argument: the variable is source and target
--- config
    location /s {
        set $a "x y";
        set_escape_uri $a;
        set_encode_hex $a;
        set_md5 $a;
        echo $a;
    }
--- request
GET /s
--- response_body
6b7dd0f2c40a210985f54046374f1bb8


=== TEST 4: digests
--- config
    location /s {
        set_md5 $a hello;
        set_sha1 $b hello;
        echo $a;
        echo $b;
    }
--- request
GET /s
--- response_body
5d41402abc4b2a76b9719d911017c592
aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d


=== TEST 5: keyed digests
--- config
    location /s {
        set_hmac_sha1 $a key "hello";
        set_encode_base64 $a;
        set_hmac_sha256 $b key "hello";
        set_encode_hex $b;
        echo $a;
        echo $b;
    }
--- request
GET /s
--- response_body
s0zqxFFv8joUPmHXnQ+npPvl8mY=
9307b3b915efb5171ff14d8cb55fbcc798c6c0ef1456d66ded1a6aa723a58b7b


=== TEST 6: base64
--- config
    location /s {
        set_encode_base64 $e "hello, world";
        set_decode_base64 $d $e;
        echo $e;
        echo $d;
    }
    location /bad { set_decode_base64 $bad "!!"; echo "[$bad]"; }
--- request eval
["GET /s", "GET /bad"]
--- error_code eval
[200, 500]
--- response_body_like eval
["^aGVsbG8sIHdvcmxk\nhello, world\n\$", "500 Internal Server Error"]


=== TEST 7: base64url
--- config
    location /s {
        set_unescape_uri $raw "%fb%ff%fe";
        set_encode_base64 $n $raw;
        set_encode_base64url $e $raw;
        set_decode_base64url $d $e;
        set_encode_hex $d;
        echo "$n $e $d";
    }
--- request
GET /s
--- response_body
+//+ -__- fbfffe


=== TEST 8: base32
--- config
    location /s {
        set_encode_base32 $e "hello";
        set_decode_base32 $d $e;
        set_encode_base32 $p "hi";
        echo "$e $d $p";
    }
--- request
GET /s
--- response_body
d1imor3f hello d1kg====


=== TEST 9: base32 without padding, with an alphabet
--- config
    location /s {
        set_base32_padding off;
        set_base32_alphabet "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
        set_encode_base32 $e "hi";
        set_decode_base32 $d $e;
        echo "$e $d";
    }
--- request
GET /s
--- response_body
NBUQ hi


=== TEST 10: hex
--- config
    location /s {
        set_encode_hex $e "Hello";
        set_decode_hex $d $e;
        echo "$e $d";
    }
    location /bad { set_decode_hex $bad "0g"; echo "[$bad]"; }
--- request eval
["GET /s", "GET /bad"]
--- error_code eval
[200, 500]
--- response_body_like eval
["^48656c6c6f Hello\n\$", "500 Internal Server Error"]


=== TEST 11: quoted for SQL
--- config
    location /s { set_unescape_uri $a $arg_a; set_quote_sql_str $q $a; echo $q; }
--- request eval
["GET /s?a=it%27s", "GET /s?a=a%0ab%5cc%22", "GET /s"]
--- error_code eval
[200, 200, 200]
--- response_body eval
["'it\\'s'\n", "'a\\nb\\\\c\\\"'\n", "''\n"]


=== TEST 12: quoted for PostgreSQL
--- config
    location /s { set_unescape_uri $a $arg_a; set_quote_pgsql_str $q $a; echo $q; }
--- request eval
["GET /s?a=it%27s", "GET /s?a=b%5cc"]
--- error_code eval
[200, 200]
--- response_body eval
["E'it\\'s'\n", "E'b\\\\c'\n"]


=== TEST 13: quoted for JSON
--- config
    location /s { set_unescape_uri $a $arg_a; set_quote_json_str $q $a; echo $q; }
--- request eval
["GET /s?a=a%22b%0a%09%5c%2f", "GET /s?a=%01", "GET /s"]
--- error_code eval
[200, 200, 200]
--- response_body eval
["\"a\\\"b\\n\\t\\\\/\"\n", "\"\\u0001\"\n", "null\n"]


=== TEST 14: random numbers within their bounds
--- config
    location /s { set_random $a 3 5; set_random $b 7 7; echo "$a $b"; }
--- request
GET /s
--- response_body_like: ^[345] 7$


=== TEST 15: random numbers with bounds that make no sense
--- config
    location /s { set_random $a abc 5; echo "[$a]"; }
--- request
GET /s
--- error_code: 500
--- error_log
set_random: bad "from" argument: abc


=== TEST 16: secure random texts
--- config
    location /s { set_secure_random_alphanum $a 16; set_secure_random_lcalpha $b 8; echo "$a $b"; }
--- request
GET /s
--- response_body_like: ^[A-Za-z0-9]{16} [a-z]{8}$


=== TEST 17: the length of a secure random text is limited
--- config
    location /s { set_secure_random_alphanum $a 0; echo "[$a]"; }
--- request
GET /s
--- error_code: 500
--- error_log
set_random: bad "length" argument: 0


=== TEST 18: set_rotate
--- config
    location /s { set_rotate $a 1 3; echo $a; }
    location /t { set $a 3; set_rotate $a 1 3; echo $a; }
--- request eval
["GET /t", "GET /t"]
--- error_code eval
[200, 200]
--- response_body_like eval
["^[123]\$", "^[123]\$"]


=== TEST 19: dates
--- config
    location /s {
        set_local_today $a;
        set_formatted_gmt_time $b "%Y-%m-%dT%H:%M";
        set_formatted_local_time $c "%a %d";
        echo "$a|$b|$c";
    }
--- request
GET /s
--- response_body_like: ^\d{4}-\d\d-\d\d\|\d{4}-\d\d-\d\dT\d\d:\d\d\|[A-Z][a-z]{2} \d\d$


=== TEST 20: set_hashed_upstream
--- http_config
    upstream one { server 127.0.0.1:1; }
    upstream two { server 127.0.0.1:2; }
    upstream_list all one two;
--- config
    location /s { set_hashed_upstream $u all $arg_k; echo $u; }
--- request
GET /s?k=abc
--- response_body_like: ^(one|two)$


=== TEST 21: a chain of directives runs in the order of the file
--- config
    location /s {
        set $a "x";
        set_md5 $b $a;
        set $a "y";
        set_md5 $c $a;
        set_encode_hex $d "$b$c";
        set_md5 $d;
        echo $d;
    }
--- request
GET /s
--- response_body
3671953203fc9dfb2758747f3f345a60


=== TEST 22: within an if
--- config
    location /s {
        set $r none;
        if ($arg_a) { set_md5 $r $arg_a; }
        echo $r;
    }
--- request eval
["GET /s", "GET /s?a=hello"]
--- error_code eval
[200, 200]
--- response_body eval
["none\n", "5d41402abc4b2a76b9719d911017c592\n"]
