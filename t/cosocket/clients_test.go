package cosocket_test

import (
	"strconv"
	"sync"
	"testing"
)

// redisClient are scripts on the bundled resty.redis.
var redisClient = map[string]string{
	"pipeline": `
		local red = require("resty.redis"):new()
		red:set_timeouts(5000, 5000, 5000)
		assert(red:connect("127.0.0.1", PEER))
		red:init_pipeline(300)
		for i = 1, 300 do
			red:set("k" .. i, "v" .. i)
		end
		red:incr("k1")
		red:mget("k2", "none", "k300")
		local replies = assert(red:commit_pipeline())
		local last = replies[302]
		ngx.say(#replies, " ", replies[300], " ", replies[301][1], " ", replies[301][2])
		ngx.say(last[1], " ", last[2] == ngx.null, " ", last[3])
		red:init_pipeline()
		red:set("k1", "lost")
		red:cancel_pipeline()
		ngx.say(red:get("k1"), " ", red:set_keepalive(60000, 8))`,
	"types": `
		local red = require("resty.redis"):new()
		assert(red:connect("127.0.0.1", PEER))
		assert(red:hmset("h", {name = "moon", n = 7}))
		local hash = red:array_to_hash(red:hgetall("h"))
		ngx.say(hash.name, " ", hash.n)
		local binary = "a\r\nb\0c"
		red:set("binary", binary)
		ngx.say(red:get("binary") == binary, " ", red:get("nothing") == ngx.null)
		ngx.say(select(2, red:lpush("h", 1)))
		local reply = red:eval("return {1, {2, 'three'}, false}", 0)
		ngx.say(reply[1] + reply[2][1], reply[2][2], " ", reply[3] == ngx.null)
		ngx.say(red:multi(), " ", red:incr("tx"), " ", red:incr("tx"), " ", table.concat(red:exec(), "+"))
		assert(red:set_keepalive(60000, 8))`,
	"pubsub": `
		local redis = require "resty.redis"
		local sub, pub = redis:new(), redis:new()
		assert(sub:connect("127.0.0.1", PEER))
		assert(pub:connect("127.0.0.1", PEER))
		local reply = assert(sub:subscribe("news"))
		ngx.say(reply[1], " ", reply[2], " ", reply[3])
		ngx.say(select(2, sub:set_keepalive()))
		local reader = ngx.thread.spawn(function()
			local got = {}
			for i = 1, 3 do got[i] = assert(sub:read_reply())[3] end
			return table.concat(got, ",")
		end)
		for i = 1, 3 do
			assert(pub:publish("news", "m" .. i) == 1)
			ngx.sleep(0.01)
		end
		ngx.say(select(2, ngx.thread.wait(reader)))
		sub:set_timeout(20)
		ngx.say(select(2, sub:read_reply()))
		sub:set_timeout(5000)
		reply = assert(sub:unsubscribe("news"))
		ngx.say(reply[1], " ", reply[3], " ", select(2, sub:read_reply()))
		ngx.say(sub:set_keepalive(60000, 8), " ", pub:set_keepalive(60000, 8))`,
	"many": `
		local redis = require "resty.redis"
		local reused = 0
		for i = 1, 100 do
			local red = redis:new()
			red:set_timeout(5000)
			assert(red:connect("127.0.0.1", PEER))
			if red:get_reused_times() > 0 then reused = reused + 1 end
			assert(red:incr("n"))
			assert(red:set_keepalive(60000, 8))
		end
		ngx.print(reused)`,
	"count": `
		local red = require("resty.redis"):new()
		assert(red:connect("127.0.0.1", PEER))
		ngx.print(red:get("n"))
		red:close()`,
	"left": `
		for i = 1, 10 do
			local red = require("resty.redis"):new()
			assert(red:connect("127.0.0.1", PEER))
			assert(red:ping() == "PONG")
		end
		ngx.print("left")`,
}

// operations has four clients ask for a script that does 100 operations, until
// 10,000 are done, and gives the sum of what the answers say.
func operations(t *testing.T, s *server, script string) int {
	t.Helper()
	var wg sync.WaitGroup
	sums := make([]int, 4)
	for i := range sums {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for range 25 {
				n, err := strconv.Atoi(s.get(t, script))
				if err != nil {
					t.Error(err)
					return
				}
				sums[i] += n
			}
		}()
	}
	wg.Wait()
	return sums[0] + sums[1] + sums[2] + sums[3]
}

// TestRedisClient uses the bundled resty.redis: pipelines, types, messages, and
// 10,000 operations over at most eight kept connections, without a leak.
func TestRedisClient(t *testing.T) {
	peer := ports(t, 1)[0]
	daemon(t, peer, "redis-server", "--port", strconv.Itoa(peer), "--save", "", "--bind", "127.0.0.1")
	s := startWith(t, peer, "lua_socket_log_errors off;", redisClient)
	before := s.sockets(t)
	expect(t, s.get(t, "pipeline"), "302 OK false ERR value is not an integer or out of range\nv2 true v300\nv1 1\n")
	expect(t, s.get(t, "types"), "moon 7\ntrue true\nWRONGTYPE Operation against a key holding the wrong kind of value\n3three true\nOK QUEUED QUEUED 1+2\n")
	expect(t, s.get(t, "pubsub"), "subscribe news 1\nsubscribed state\nm1,m2,m3\ntimeout\nunsubscribe 0 not subscribed\n1 1\n")
	if reused := operations(t, s, "many"); reused < 9900 {
		t.Errorf("%d of 10,000 operations found a kept connection", reused)
	}
	expect(t, s.get(t, "count"), "10000")
	for range 20 {
		expect(t, s.get(t, "left"), "left")
	}
	s.noLeak(t, before, 8)
}

// TestMemcachedClient uses the bundled resty.memcached in the same way.
func TestMemcachedClient(t *testing.T) {
	peer := ports(t, 1)[0]
	daemon(t, peer, "memcached", "-l", "127.0.0.1", "-p", strconv.Itoa(peer), "-U", "0", "-u", "nobody")
	s := start(t, peer, map[string]string{
		"commands": `
			local memc = assert(require("resty.memcached"):new())
			memc:set_timeouts(5000, 5000, 5000)
			assert(memc:connect("127.0.0.1", PEER))
			ngx.say(memc:set("a key", {"four", 4}, 0, 32), " ", select(2, memc:add("a key", "x")), " ", memc:append("a key", "!"))
			local value, flags = memc:get("a key")
			ngx.say(value, " ", flags, " ", memc:get("none"))
			local value, _, cas = memc:gets("a key")
			ngx.say(memc:cas("a key", "swapped", cas), " ", select(2, memc:cas("a key", "late", cas)))
			assert(memc:set("n", "9"))
			ngx.say(memc:incr("n", 3), " ", memc:decr("n", 20), " ", select(2, memc:incr("none", 1)))
			local found = assert(memc:get({"a key", "n", "none"}))
			ngx.say(found["a key"][1], " ", found.n[1], " ", tostring(found.none))
			ngx.say(memc:touch("n", 60), " ", memc:delete("n"), " ", select(2, memc:delete("n")))
			local big = string.rep("0123456789", 90000)
			ngx.say(memc:set("big", big), " ", memc:get("big") == big)
			ngx.say(#memc:stats() > 10, " ", type(memc:version()), " ", memc:flush_all(), " ", memc:get("big"))
			ngx.say(memc:set_keepalive(60000, 8))`,
		"many": `
			local memcached = require "resty.memcached"
			local reused = 0
			for i = 1, 100 do
				local memc = assert(memcached:new())
				memc:set_timeout(5000)
				assert(memc:connect("127.0.0.1", PEER))
				if memc:get_reused_times() > 0 then reused = reused + 1 end
				assert(memc:incr("n", 1))
				assert(memc:set_keepalive(60000, 8))
			end
			ngx.print(reused)`,
		"count": `
			local memc = assert(require("resty.memcached"):new())
			assert(memc:connect("127.0.0.1", PEER))
			if ngx.var.arg_init then
				ngx.print(memc:set("n", "0"))
			else
				ngx.print((memc:get("n")))
			end
			memc:close()`,
	})
	before := s.sockets(t)
	expect(t, s.get(t, "commands"), "1 NOT_STORED 1\nfour4! 32 nilnilnil\n1 EXISTS\n12 0 NOT_FOUND\nswapped 0  nil\n1 1 NOT_FOUND\n1 true\ntrue string 1 nilnilnil\n1\n")
	expect(t, s.get(t, "count?init=1"), "1")
	if reused := operations(t, s, "many"); reused < 9900 {
		t.Errorf("%d of 10,000 operations found a kept connection", reused)
	}
	expect(t, s.get(t, "count"), "10000")
	s.noLeak(t, before, 8)
}
