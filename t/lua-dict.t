# lua_shared_dict: the methods of a dictionary, and what they refuse.

__DATA__

=== TEST 1: values of each type, with flags
--- http_config
lua_shared_dict d 1m;
--- config
location /t { content_by_lua_block {
    local d = ngx.shared.d
    ngx.say(d:set("s", "text", 0, 7), d:set("n", 2.5), d:set("b", false), d:set("s2", ""))
    ngx.say(d:get("s"))
    ngx.say(d:get("n"), type(d:get("n")), d:get("b"), "[", d:get("s2"), "]", d:get("none"))
    ngx.say(d:set("s", nil), d:get("s"))
    ngx.say(pcall(d.set, d, "t", {}))
    ngx.say(d:set("t", {}))
    ngx.say(d:set(nil, 1))
    ngx.say(d:get(("x"):rep(65536)))
    ngx.say(d:get(5), d:set(5, "five"), d:get("5"))
    ngx.say(pcall(d.get, {}, "x"))
} }
--- request
GET /t
--- response_body
truetruetruetruenilfalse
text7
2.5numberfalse[]nil
truenil
truenilbad value type
nilbad value type
nilnil key
nilkey too long
niltruefive
falsebad "zone" argument

=== TEST 2: add and replace, safely or not
--- http_config
lua_shared_dict d 1m;
--- config
location /t { content_by_lua_block {
    local d = ngx.shared.d
    ngx.say(d:add("k", 1))
    ngx.say(d:add("k", 2))
    ngx.say(d:replace("k", 3))
    ngx.say(d:replace("none", 3))
    ngx.say(d:safe_add("k", 4))
    ngx.say(d:safe_add("l", 4))
    ngx.say(d:safe_set("k", 5), d:get("k"), d:get("l"))
    ngx.say(d:delete("k"), d:get("k"))
} }
--- request
GET /t
--- response_body
truenilfalse
falseexistsfalse
truenilfalse
falsenot foundfalse
falseexistsfalse
truenilfalse
true54
truenil

=== TEST 3: without room, a safe method fails and another one drops the oldest
--- http_config
lua_shared_dict d 100k;
--- config
location /t { content_by_lua_block {
    local d = ngx.shared.d
    local big = ("x"):rep(20000)
    local forced, n = false, 0
    for i = 1, 20 do
        local ok, err = d:safe_set("k" .. i, big)
        if not ok then ngx.say("safe_set ", ok, " ", err, " ", i < 10) break end
        n = i
    end
    ngx.say("safe_add ", d:safe_add("other", big))
    local ok, err, forcible = d:set("other", big)
    ngx.say("set ", ok, " ", err, " ", forcible, " ", d:get("k1") == nil, " ", #d:get("k" .. n))
    ngx.say(d:set("huge", ("x"):rep(200000)))
    ngx.say(d:capacity(), " ", d:free_space() % 4096, " ", d:free_space() < 102400)
} }
--- request
GET /t
--- response_body
safe_set false no memory true
safe_add falseno memoryfalse
set true nil true true 20000
falseno memorytrue
102400 0 true

=== TEST 4: what expires, and what is still seen then
--- http_config
lua_shared_dict d 1m;
--- config
location /t { content_by_lua_block {
    local d = ngx.shared.d
    d:set("short", 1, 0.02)
    d:set("long", 2, 100, 3)
    d:set("ever", 3)
    ngx.say(d:ttl("short") <= 0.02, " ", d:ttl("long") > 99, " ", d:ttl("ever"), " ", d:ttl("none"))
    ngx.sleep(0.04)
    ngx.say(d:get("short"))
    ngx.say(d:get_stale("short"))
    ngx.say(d:get_stale("long"))
    ngx.say(d:expire("ever", 0.01), d:expire("none", 1))
    ngx.say(pcall(d.expire, d, "long", -1))
    ngx.sleep(0.03)
    local keys = d:get_keys()
    ngx.say(#keys, keys[1])
    ngx.say(d:flush_expired(1), " ", d:flush_expired(), " ", d:flush_expired())
    ngx.say(d:get_stale("short"))
    d:flush_all()
    ngx.say(d:get("long"), " ", #d:get_keys(0), " ", d:flush_expired())
} }
--- request
GET /t
--- response_body
true true 0 nilnot found
nil
nil
23false
truenilnot found
truetrue
1long
1 0 0
nil
nil 0 0

=== TEST 5: numbers that grow
--- http_config
lua_shared_dict d 1m;
--- config
location /t { content_by_lua_block {
    local d = ngx.shared.d
    ngx.say(d:incr("n", 1))
    ngx.say(d:incr("n", 1, 10))
    ngx.say(d:incr("n", -0.5))
    d:set("s", "text")
    ngx.say(d:incr("s", 1))
    ngx.say(d:incr("t", 1, 5, 0.02), " ", d:ttl("t") > 0)
    ngx.sleep(0.04)
    ngx.say(d:incr("t", 1, 7))
    ngx.say(pcall(d.incr, d, "n", 1, nil, 5))
} }
--- request
GET /t
--- response_body
nilnot found
11nilfalse
10.5
nilnot a number
6 true
8nilfalse
falsemust provide "init" when providing "init_ttl"

=== TEST 6: lists
--- http_config
lua_shared_dict d 1m;
--- config
location /t { content_by_lua_block {
    local d = ngx.shared.d
    ngx.say(d:lpush("l", "b"), d:lpush("l", "a"), d:rpush("l", 3))
    ngx.say(d:llen("l"), " ", d:llen("none"))
    ngx.say(d:lpop("l"), " ", d:rpop("l"), " ", type(d:rpop("l")), " ", d:lpop("l"))
    d:set("v", 1)
    ngx.say(d:lpush("v", 1))
    ngx.say(d:rpop("v"))
    ngx.say(d:llen("v"))
    d:rpush("l", 1)
    ngx.say(d:get("l"))
    ngx.say(d:incr("l", 1))
    ngx.say(pcall(d.lpush, d, "l", true))
    ngx.say(d:lpush("l", true))
} }
--- request
GET /t
--- response_body
123
3 0
a 3 string nil
nilvalue not a list
nilvalue not a list
nilvalue not a list
nilvalue is a list
nilnot a number
truenilbad value type
nilbad value type

=== TEST 7: keys, some or all
--- http_config
lua_shared_dict d 1m;
--- config
location /t { content_by_lua_block {
    local d = ngx.shared.d
    for i = 1, 1100 do d:set("k" .. i, i) end
    local few = d:get_keys(3)
    ngx.say(#few, " ", few[1], " ", #d:get_keys(), " ", #d:get_keys(0))
    ngx.say(ngx.shared.none)
} }
--- request
GET /t
--- response_body
3 k1 1024 1100
nil

=== TEST 8: a name is given once, and a size makes sense
--- http_config
lua_shared_dict d 1m;
lua_shared_dict d 1m;
--- must_die
--- error_log
lua_shared_dict "d" is already defined as "d"

=== TEST 9: a size that is too small
--- http_config
lua_shared_dict d 1k;
--- must_die
--- error_log
invalid lua shared dict size "1k"
