package cosocket_test

import "testing"

// TestForgottenInTimer has a timer that runs on forget its sockets: the garbage
// collector closes them.
func TestForgottenInTimer(t *testing.T) {
	s := start(t, 0, map[string]string{
		"start": `
			local port = ngx.var.server_port
			local opened = require("ngx.semaphore").new()
			ngx.timer.at(0, function()
				for i = 1, 50 do
					local s = ngx.socket.tcp()
					assert(s:connect("127.0.0.1", port))
				end
				opened:post()
				for i = 1, 25 do
					ngx.sleep(0.1)
					collectgarbage()
				end
			end)
			ngx.say(opened:wait(5))`,
	})
	before := s.sockets(t)
	expect(t, s.get(t, "start"), "truenil\n")
	if n := s.sockets(t); n < before+50 {
		t.Errorf("%d sockets are open, not 50 more than %d", n, before)
	}
	s.noLeak(t, before, 4)
}
