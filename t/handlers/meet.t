use Test::Nginx::Socket 'no_plan';
no_long_string();
run_tests();
__DATA__

=== TEST 1: a script calls handlers of Go: synchronous, asynchronous, on a body, content
--- http_config
    handler load t;
--- config
    location /t {
        content_by_lua_block {
            ngx.say(ngx.handler.upper("hello"))
            ngx.say(ngx.handler.takeN("2", "hello"))
            ngx.say(ngx.handler.delay("20ms"), " ", ngx.handler.now("x"))
            local body, kind, status, headers = ngx.handler.full("201 b=body h=X-A:1 t=text/x")
            ngx.say(body, kind, " ", status, " ", headers[1][1], " ", headers[1][2])
            ngx.say((ngx.handler.plainAsync("y")))
            ngx.say(ngx.handler.reqBody("x", "12345"))
        }
    }
--- request
GET /t
--- response_body
HELLO
he
20 x
bodytext/x 201 X-A 1
async y

12345
--- no_error_log
[error]


=== TEST 2: a returned error is nil and its text, a panic an error; what is not there and what can not be called
--- http_config
    handler load t;
    handler load meet;
--- config
    location /t {
        content_by_lua_block {
            ngx.say(ngx.handler.takeN("x", "hello"))
            ngx.say(pcall(ngx.handler.takeN, "2"))
            local ok, err = pcall(ngx.handler.boomS, "x")
            ngx.say(ok, " ", (err:gsub(" at .*", "")))
            ngx.say(pcall(function() return ngx.handler.nobody end))
            ngx.say(pcall(function() return ngx.handler.aService end))
        }
    }
--- request
GET /t
--- response_body
nilstrconv.Atoi: parsing "x": invalid syntax
falsewrong number of arguments for handler "takeN"
false handler "boomS" has panicked: boomS:x
falsecontent_by_lua(nginx.conf:22):6: handler "nobody" was not found in the libraries that are loaded
falsecontent_by_lua(nginx.conf:22):7: handler "aService" is a service handler, which can not be called


=== TEST 3: handlers in Lua are called by the same name, and wait as the script does
--- http_config
    handler load $TEST_NGINX_HTML_DIR/lib.lua;
--- config
    location /t {
        content_by_lua_block {
            ngx.say(ngx.handler.same("a", "a"), " ", ngx.handler.later("x"), " ", ngx.handler.size("x", "abc"))
            local body, kind, status, headers = ngx.handler.page("p")
            ngx.say(body, " ", kind, " ", status, " ", headers.A)
            ngx.say(ngx.handler.wrong("x"))
            ngx.say(pcall(ngx.handler.raised, "x"))
        }
    }
--- user_files
>>> lib.lua
local handler = require "handler"
handler.sync("same", function(a, b) return a == b end)
handler.async("later", function(s) ngx.sleep(0.01) return s .. " later" end)
handler.async_on_body("size", function(body) return body:len() end)
handler.content("page", function(s) return s, "text/x", 201, {A = "b"} end)
handler.sync("wrong", function() return nil, "no luck" end)
handler.sync("raised", function() error("raised", 0) end)
--- request
GET /t
--- response_body
1 x later 3
p text/x 201 b
nilno luck
falseraised


=== TEST 4: ten scripts wait for an asynchronous handler of Go at once, and one is killed
--- http_config
    handler load t;
--- config
    location /t {
        content_by_lua_block {
            local threads = {}
            local start = ngx.now()
            for i = 1, 10 do threads[i] = ngx.thread.spawn(ngx.handler.delay, "100ms") end
            local doomed = ngx.thread.spawn(ngx.handler.delay, "10s")
            for i = 1, 10 do
                local ok, text = ngx.thread.wait(threads[i])
                assert(ok and text == "100", text)
            end
            ngx.update_time()
            ngx.say(ngx.now() - start < 0.5, " ", ngx.thread.kill(doomed))
        }
    }
--- request
GET /t
--- response_body
true 1
--- no_error_log
[error]


=== TEST 5: a timer calls handlers without a request
--- http_config
    handler load t;
--- config
    location /t {
        content_by_lua_block {
            local out
            ngx.timer.at(0, function() out = ngx.handler.upper("timer") .. " " .. ngx.handler.delay("1ms") .. " " .. tostring(ngx.handler.traced("x")) end)
            ngx.sleep(0.05)
            ngx.say(out)
        }
    }
--- request
GET /t
--- response_body
TIMER 1 nil


=== TEST 6: what may not wait can not call an asynchronous handler
--- http_config
    handler load t;
--- config
    location /t {
        set_by_lua_block $a { return ngx.handler.upper("set") }
        set_by_lua_block $b { return select(2, pcall(ngx.handler.delay, "1ms")) }
        echo "$a $b";
    }
--- request
GET /t
--- response_body
SET API disabled in the context of set_by_lua*


=== TEST 7: ngx.ctx and the values of Go: set by Go before and after the script's first look, and by the script
--- http_config
    handler load meet;
--- config
    location /t {
        handler_run ctxSet <!$before before_;
        handler_run ctxSet $after after_;
        handler_run ctxGet $text text;
        handler_run ctxGet $number number;
        handler_run ctxGet $truth truth;
        handler_run ctxGet $a_table a_table;
        handler_run ctxGet $opaque before_opaque;
        handler_run ctxGet $none none;
        content_by_lua_block {
            local c = ngx.ctx
            ngx.say(c.before_text, " ", c.before_number, " ", c.before_truth, " ", c.before_opaque)
            local _ = ngx.var.after
            ngx.say(c.after_text, " ", c.after_number, " ", c.after_truth)
            c.text, c.number, c.truth, c.a_table = "lua", 1.5, false, {}
            ngx.say(ngx.var.text, " ", ngx.var.number, " ", ngx.var.truth, " ", ngx.var.a_table, " ", ngx.var.opaque, " ", ngx.var.none)
        }
    }
--- request
GET /t
--- response_body
go 7 true nil
go 7 true
lua(string) 1.5(float64) false(bool) <nil>(<nil>) {}(struct {}) <nil>(<nil>)


=== TEST 8: variables: Go assigns what Lua reads, and the other way round
--- http_config
    handler load meet;
    handler load t;
--- config
    location /t {
        set $shared start;
        handler_run setVar $s go;
        handler_run upper $up $shared;
        content_by_lua_block {
            ngx.print(ngx.var.shared, " ", ngx.var.s, " ", ngx.var.shared)
            ngx.var.shared = "lua"
            ngx.say(" ", ngx.var.up)
        }
    }
--- request
GET /t
--- response_body
start done go LUA


=== TEST 9: dictionaries: Go and Lua see each other's values, of every type
--- http_config
    handler load meet;
    lua_shared_dict d 1m;
--- config
    location /t {
        content_by_lua_block {
            local d = ngx.shared.d
            d:set("from-lua", "lua")
            d:set("deleted", 1)
            ngx.say(ngx.handler.dict("count"))
            ngx.say(d:get("count"), " ", d:get("added"), " ", d:get("from-go"), " ", d:get("deleted"), " ", d:ttl("added") > 3500)
            d:set("from-lua", 2.5)
            ngx.say(ngx.handler.dict("count"))
        }
    }
--- request
GET /t
--- response_body
lua true false <nil>
41 true bytes nil true
2.5 false false <nil>


=== TEST 10: events: from Go to Go and to Lua, and from Lua to Go
--- http_config
    handler load meet;
    lua_shared_dict d 1m;
    lua_worker_events 128k;
    init_worker_by_lua_block {
        require "ngx.worker.events".subscribe("to-lua", function(data) ngx.shared.d:rpush("list", data) end)
    }
--- config
    location /t {
        content_by_lua_block {
            require "ngx.worker.events".publish("to-go", "one")
            ngx.say(ngx.handler.publish("two"))
            ngx.sleep(0.1)
            local d = ngx.shared.d
            ngx.say(d:get("heard"), ", ", d:lpop("list"), ", ", d:lpop("list"))
        }
    }
--- request
GET /t
--- response_body
published
to-go: two, again one, again two


=== TEST 11: without the directive there is no channel
--- http_config
    handler load meet;
--- config
    location /t { content_by_lua_block { ngx.say(ngx.handler.publish("two")) ngx.say(ngx.handler.dict("x")) } }
--- request
GET /t
--- response_body
nildirective "lua_worker_events" is not set
nilthere is no dictionary "d": directive "lua_shared_dict" is missing


=== TEST 12: a module of Go: its functions, userdata, request, one value in each VM
--- config
    location /t {
        content_by_lua_block {
            local counter = require "t.counter"
            local box = counter.box(41)
            ngx.say(counter.next(), " ", counter.next(), " ", box:value() + 1, " ", counter.path(), " ", require "t.counter" == counter)
            local path = "none"
            ngx.timer.at(0, function() path = counter.path() end)
            ngx.sleep(0.01)
            ngx.say(path)
        }
    }
--- request eval
["GET /t", "GET /t"]
--- response_body eval
["1 2 42 /t true\nnil\n", "3 4 42 /t true\nnil\n"]


=== TEST 13: a function of Go that waits: others run meanwhile, a panic is an error, a killed one ends
--- config
    location /t {
        content_by_lua_block {
            local counter = require "t.counter"
            local threads = {}
            local start = ngx.now()
            for i = 1, 5 do threads[i] = ngx.thread.spawn(counter.wait, 100) end
            local doomed = ngx.thread.spawn(counter.wait, 10000)
            for i = 1, 5 do assert(select(2, ngx.thread.wait(threads[i])) == "waited") end
            ngx.thread.kill(doomed)
            ngx.update_time()
            ngx.say(ngx.now() - start < 0.4)
            ngx.say(pcall(counter.fall))
        }
    }
    location /s { set_by_lua_block $x { return select(2, pcall(require "t.counter".wait, 1)) } echo $x; }
--- request eval
["GET /t", "GET /s"]
--- response_body eval
["true\nfalsepanic: fallen\n", "API disabled in the context of set_by_lua*\n"]
--- no_error_log
[error]
