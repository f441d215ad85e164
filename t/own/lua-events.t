use Test::Nginx::Socket 'no_plan';
master_on();
workers(2);
run_tests();
__DATA__

=== TEST 1: every worker hears of a message
--- skip_nginx_reference: event channels are ours
--- http_config
    lua_worker_events 64k;
    lua_shared_dict d 1m;
    init_worker_by_lua_block {
        require("ngx.worker.events").subscribe("greet", function(data, topic, number)
            ngx.sleep(0.001)
            ngx.shared.d:incr(data, 1, 0)
        end)
        ngx.shared.d:incr("ready", 1, 0)
    }
--- config
    location /t { content_by_lua_block {
        local events = require "ngx.worker.events"
        while ngx.shared.d:get("ready") < ngx.worker.count() do ngx.sleep(0.01) end
        ngx.say(events.publish("greet", "all") > 0)
        events.publish("greet", "one", 0)
        events.publish("greet", "new", "newest")
        events.publish("other", "none")
        ngx.sleep(0.2)
        local d = ngx.shared.d
        local n = ngx.worker.count()
        ngx.say(d:get("all") == n, d:get("one"), d:get("new") == n, tostring(d:get("none")))
        ngx.say(events.publish("greet", "x", 9))
    } }
--- request
GET /t
--- response_body
true
true1truenil
nilthere is no worker 9


=== TEST 2: without the directive
--- skip_nginx_reference: event channels are ours
--- config
    location /t { content_by_lua_block { ngx.say(require("ngx.worker.events").publish("a", "b")) } }
--- request
GET /t
--- response_body
nildirective "lua_worker_events" is not set
