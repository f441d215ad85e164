use Test::Nginx::Socket 'no_plan';
run_tests();
__DATA__

=== TEST 1: threads run at once, results come back
--- config
    location /t {
        content_by_lua_block {
            local function f(a, b) ngx.say("in f") return a + b, "done" end
            local t = ngx.thread.spawn(f, 1, 2)
            ngx.say(coroutine.status(t))
            ngx.say(ngx.thread.wait(t))
            ngx.say(coroutine.status(t))
        }
    }
--- request
GET /t
--- response_body
in f
zombie
true3done
dead
--- no_error_log
[error]


=== TEST 2: wait gives the first that ends
--- config
    location /t {
        content_by_lua_block {
            local function f(s, v) ngx.sleep(s) return v end
            local a, b = ngx.thread.spawn(f, 0.05, "slow"), ngx.thread.spawn(f, 0.01, "fast")
            ngx.say(ngx.thread.wait(a, b))
            ngx.say(ngx.thread.wait(a, b))
            ngx.say(ngx.thread.wait(a))
        }
    }
--- request
GET /t
--- response_body
truefast
nilalready waited or killed
trueslow
--- no_error_log
[error]


=== TEST 3: kill
--- config
    location /t {
        content_by_lua_block {
            local t = ngx.thread.spawn(function() ngx.sleep(5) ngx.log(ngx.ERR, "alive") end)
            ngx.say(ngx.thread.kill(t))
            ngx.say(ngx.thread.kill(t))
            local done = ngx.thread.spawn(function() end)
            ngx.say(ngx.thread.kill(done))
        }
    }
--- request
GET /t
--- response_body
1
nilalready waited or killed
nilalready terminated
--- no_error_log
[error]


=== TEST 4: yielding gives others their turn
--- config
    location /t {
        content_by_lua_block {
            local function f(n) for i = 1, 3 do ngx.print(n, i, " ") coroutine.yield() end end
            local a, b = ngx.thread.spawn(f, "a"), ngx.thread.spawn(f, "b")
            ngx.thread.wait(a) ngx.thread.wait(b)
            ngx.say()
        }
    }
--- request
GET /t
--- response_body
a1 b1 a2 b2 a3 b3 
--- no_error_log
[error]


=== TEST 5: the parent alone may wait and kill
--- config
    location /t {
        content_by_lua_block {
            local t = ngx.thread.spawn(function() ngx.sleep(0.01) end)
            local other = ngx.thread.spawn(function() return pcall(ngx.thread.wait, t) end)
            local _, ok, err = ngx.thread.wait(other)
            ngx.say(ok, err)
            ngx.say(ngx.thread.wait(ngx.thread.spawn(function() return ngx.thread.kill(t) end)))
        }
    }
--- request
GET /t
--- response_body
falseonly the parent coroutine can wait on the thread
truenilkiller not parent
--- no_error_log
[error]


=== TEST 6: sleep(0) lets others run, coroutines sleep
--- config
    location /t {
        content_by_lua_block {
            local co = coroutine.wrap(function() ngx.sleep(0.01) coroutine.yield(1) ngx.sleep(0) return 2 end)
            ngx.say(co(), co())
        }
    }
--- request
GET /t
--- response_body
12
--- no_error_log
[error]


=== TEST 7: semaphores
--- config
    location /t {
        content_by_lua_block {
            local semaphore = require "ngx.semaphore"
            local s = semaphore.new(1)
            ngx.say(s:count(), s:wait(0), s:count())
            ngx.say(s:wait(0.01))
            ngx.thread.spawn(function() ngx.sleep(0.01) s:post(2) end)
            ngx.say(s:wait(1), s:count())
        }
    }
--- request
GET /t
--- response_body
1true0
falsetimeout
true1
--- no_error_log
[error]



=== TEST 8: what a thread that has failed leaves
--- config
    location /t { content_by_lua_block {
        local function try(f) ngx.say(ngx.thread.wait(ngx.thread.spawn(f))) end
        try(function() error("a ", 2) end)
        try(function() error("b ", 0) end)
        try(function() assert(false, "c ") end)
    } }
--- request
GET /t
--- response_body_like: ^falsea a \nfalseb \nfalsefalsec content_by_lua\(nginx\.conf:\d+\):5: c \n$
