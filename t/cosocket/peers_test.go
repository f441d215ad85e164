package cosocket_test

import (
	"fmt"
	"strconv"
	"sync"
	"testing"
)

// redisScripts speak the protocol of redis by hand.
var redisScripts = map[string]string{
	"pipeline": `
		local s = ngx.socket.tcp()
		s:settimeout(5000)
		assert(s:connect("127.0.0.1", PEER))
		local commands = {}
		for i = 1, 100 do commands[i] = {"*3\r\n$3\r\nSET\r\n$", #tostring(i) + 1, "\r\nk", i, "\r\n$", #tostring(i), "\r\n", i, "\r\n"} end
		assert(s:send(commands))
		for i = 1, 100 do assert(s:receive() == "+OK") end
		assert(s:send("*2\r\n$3\r\nGET\r\n$4\r\nk100\r\n"))
		local size = tonumber(string.sub(s:receive(), 2))
		ngx.say(s:receive(size), s:receive(2) == "\r\n", " ", s:setkeepalive(60000, 8))`,
	"pubsub": `
		local sub, pub = ngx.socket.tcp(), ngx.socket.tcp()
		sub:settimeout(5000)
		assert(sub:connect("127.0.0.1", PEER))
		assert(pub:connect("127.0.0.1", PEER))
		assert(sub:send("SUBSCRIBE news\r\n"))
		for i = 1, 6 do sub:receive() end
		local reader = ngx.thread.spawn(function()
			local got = {}
			for i = 1, 3 do
				for j = 1, 6 do sub:receive() end
				got[i] = sub:receive()
			end
			return table.concat(got, ",")
		end)
		for i = 1, 3 do
			assert(pub:send("PUBLISH news m" .. i .. "\r\n"))
			assert(pub:receive() == ":1")
			ngx.sleep(0.01)
		end
		ngx.say(select(2, ngx.thread.wait(reader)))
		ngx.say(sub:close(), pub:setkeepalive())`,
	"many": `
		for i = 1, 100 do
			local s = ngx.socket.tcp()
			s:settimeout(5000)
			assert(s:connect("127.0.0.1", PEER))
			assert(s:send("INCR n\r\n"))
			assert(s:receive())
			assert(s:setkeepalive(60000, 8))
		end
		ngx.say("done")`,
	"count": `
		local s = ngx.socket.tcp()
		assert(s:connect("127.0.0.1", PEER))
		assert(s:send("GET n\r\n"))
		s:receive()
		ngx.say(s:receive())
		assert(s:setkeepalive())`,
	"left": `
		for i = 1, 10 do
			local s = ngx.socket.tcp()
			assert(s:connect("127.0.0.1", PEER))
			assert(s:send("PING\r\n"))
		end
		ngx.say("left")`,
}

// TestRedis pipelines, subscribes and does 10,000 operations over kept
// connections; no socket stays open but those of the pool.
func TestRedis(t *testing.T) {
	peer := ports(t, 1)[0]
	daemon(t, peer, "redis-server", "--port", strconv.Itoa(peer), "--save", "", "--bind", "127.0.0.1")
	s := start(t, peer, redisScripts)
	before := s.sockets(t)
	expect(t, s.get(t, "pipeline"), "100true 1\n")
	expect(t, s.get(t, "pubsub"), "m1,m2,m3\n11\n")
	var wg sync.WaitGroup
	for range 4 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for range 25 {
				expect(t, s.get(t, "many"), "done\n")
			}
		}()
	}
	wg.Wait()
	expect(t, s.get(t, "count"), "10000\n")
	for range 20 {
		expect(t, s.get(t, "left"), "left\n")
	}
	s.noLeak(t, before, 8)
}

// TestMemcached talks to memcached over TCP and UDP.
func TestMemcached(t *testing.T) {
	p := ports(t, 1)
	daemon(t, p[0], "memcached", "-l", "127.0.0.1", "-p", strconv.Itoa(p[0]), "-U", strconv.Itoa(p[0]), "-u", "nobody")
	s := start(t, p[0], map[string]string{
		"set": `
			local s = ngx.socket.tcp()
			s:settimeout(5000)
			assert(s:connect("127.0.0.1", PEER))
			local value = string.rep("0123456789", 20000)
			assert(s:send({"set big 0 0 ", #value, "\r\n", value, "\r\n"}))
			ngx.say(s:receive())
			assert(s:send("get big\r\n"))
			ngx.say(s:receive())
			ngx.say(s:receive(#value) == value, " ", s:receive() == "", " ", s:receive())
			assert(s:setkeepalive())`,
		"udp": `
			for i = 1, 200 do
				local s = ngx.socket.udp()
				s:settimeout(5000)
				assert(s:setpeername("127.0.0.1", PEER))
				assert(s:send("\0\1\0\0\0\1\0\0flush_all\r\n"))
				assert(#s:receive() == 12)
			end
			ngx.say("done")`,
	})
	before := s.sockets(t)
	expect(t, s.get(t, "set"), fmt.Sprintf("STORED\nVALUE big 0 %d\ntrue true END\n", 200000))
	expect(t, s.get(t, "udp"), "done\n")
	s.noLeak(t, before, 1)
}
