# What scripts encode, decode and hash, and the lists of bits of LuaJIT.

__DATA__

=== TEST 1: escapes of a URI and of arguments
--- config
location /t { content_by_lua_block {
    ngx.say(ngx.escape_uri("a b/ü?&=+"), " ", ngx.escape_uri("a b/ü?&=+", 0), " ", ngx.escape_uri(7))
    ngx.say(ngx.unescape_uri("a%20b+c%2f%zz%4"), "|", ngx.unescape_uri(""))
    ngx.say(ngx.encode_args({a = 1}), " ", ngx.encode_args({["b r"] = {"x&", true, "y="}}), " ", ngx.encode_args({c = false}), "|")
    local args = ngx.decode_args("a=1&b&a=2&c=%20+&=x")
    ngx.say(table.concat(args.a, ","), " ", tostring(args.b), " [", args.c, "]")
    local few, err = ngx.decode_args("a=1&b=2&c=3", 2)
    ngx.say(few.a, few.b, tostring(few.c), " ", err)
} }
--- request
GET /t
--- response_body
a%20b%2F%C3%BC%3F%26%3D%2B a%20b/%C3%BC%3F&=+ 7
a b c/%zz%4|
a=1 b%20r=x%26&b%20r&b%20r=y%3D |
1,2 true [  ]
12nil truncated

=== TEST 2: base64 in its three kinds
--- config
location /t { content_by_lua_block {
    ngx.say(ngx.encode_base64("hello\255"), " ", ngx.encode_base64("hell", true), " ", ngx.encode_base64(12), "|", ngx.encode_base64(""))
    ngx.say(ngx.decode_base64("aGVsbG8="), " ", ngx.decode_base64("aGVsbG8"), " ", tostring(ngx.decode_base64("a?")))
    ngx.say(pcall(ngx.decode_base64, 12))
    local b = require "ngx.base64"
    ngx.say(b.encode_base64url("\251\255x~"), " ", b.decode_base64url("-_94fg") == "\251\255x~")
    ngx.say(b.decode_base64url("a+"))
    ngx.say(pcall(b.decode_base64url, 1))
} }
--- request
GET /t
--- response_body
aGVsbG// aGVsbA MTI=|
hello hello nil
falsestring argument only
-_94fg true
nilinvalid input
truenilmust provide a string

=== TEST 3: base64 with line breaks in it
--- skip_nginx_reference: Debian's lua-nginx-module is older than this function
--- config
location /t { content_by_lua_block {
    ngx.say(ngx.decode_base64mime("aGVs\r\nbG8g\nd29y bGQ="), " ", ngx.decode_base64mime("aGVsbG8"))
    ngx.say(pcall(ngx.decode_base64mime, {}))
} }
--- request
GET /t
--- response_body
hello world hello
falsestring argument only

=== TEST 4: sums and digests
--- config
location /t { content_by_lua_block {
    local function hex(s) return (s:gsub(".", function(c) return string.format("%02x", c:byte()) end)) end
    ngx.say(ngx.crc32_short("hello"), " ", ngx.crc32_long("hello"), " ", ngx.crc32_long(""))
    ngx.say(ngx.md5("hello"), " ", hex(ngx.md5_bin("hello")) == ngx.md5("hello"), " ", ngx.md5(5) == ngx.md5("5"))
    ngx.say(hex(ngx.sha1_bin("hello")), " ", hex(ngx.hmac_sha1("key", "hello")))
    ngx.say(ngx.quote_sql_str("it's \\ \"\n\r\0\26\t"), " ", ngx.quote_sql_str(1))
} }
--- request
GET /t
--- response_body
907060870 907060870 0
5d41402abc4b2a76b9719d911017c592 true true
aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d b34ceac4516ff23a143e61d79d0fa7a4fbe5f266
'it\'s \\ \"\n\r\0\Z\t' '1'

=== TEST 5: bits
--- config
location /t { content_by_lua_block {
    local bit = require "bit"
    ngx.say(bit.band(0xff, 0x0f0f, 7), " ", bit.bor(1, 2, 4), " ", bit.bxor(5, 1), " ", bit.bnot(0), " ", bit.tobit(2^32 + 5))
    ngx.say(bit.lshift(1, 31), " ", bit.rshift(-1, 28), " ", bit.arshift(-16, 2), " ", bit.rol(0x12345678, 12), " ", bit.ror(0x12345678, 12))
    ngx.say(bit.tohex(bit.bswap(0x12345678)), " ", bit.tohex(255, 4), " ", bit.tohex(255, -4))
    ngx.say(pcall(bit.band, "x"))
} }
--- request
GET /t
--- response_body
7 7 4 -1 5
-2147483648 15 -4 1164411171 1736516421
78563412 00ff 00FF
falsebad argument #1 to '?' (number expected, got string)

=== TEST 6: what scripts ask the compiler for
--- config
location /t { content_by_lua_block {
    local jit = require "jit"
    ngx.say(type(jit.status()), " ", jit.os, " ", type(jit.arch), " ", jit.version_num >= 20000, " ", #jit.version > 5)
    jit.off()
    jit.on()
    jit.flush()
    ngx.say(select("#", jit.attach(function() end, "bc")))
    require("jit.opt").start("maxtrace=1000")
    ngx.say(ngx.config.subsystem, " ", type(ngx.config.debug), " ", ngx.config.nginx_version >= 1022001, " ", #ngx.config.prefix() > 1)
} }
--- request
GET /t
--- response_body
boolean Linux string true true
0
http boolean true true
