package lua_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

const relaxedConf = `
	location = /ready { content_by_lua_block { ngx.print(ngx.shared.d:get("ready")) } }
	location = /set { set_by_lua_block $v { ngx.sleep(0.02) local t = ngx.thread.spawn(function() ngx.sleep(0.02) ngx.ctx.t = "thread" end) ngx.thread.wait(t) return ngx.ctx.t } return 200 $v; }
	location = /log { return 200 "logged"; log_by_lua_block { ngx.sleep(0.03) ngx.shared.d:incr("logged", 1, 0) } }
	location = /logged { content_by_lua_block { ngx.print(ngx.shared.d:get("logged")) } }
	location = /pass { proxy_pass http://chosen/log; }
	location = /body { content_by_lua_block { ngx.print("x") } header_filter_by_lua_block { ngx.log(ngx.WARN, select(2, pcall(ngx.socket.tcp))) } body_filter_by_lua_block { if not ngx.ctx.said then ngx.ctx.said = true ngx.log(ngx.WARN, select(2, pcall(ngx.sleep, 0))) end } }
	location = /name { content_by_lua_block {
		local s = ngx.socket.tcp()
		assert(s:connect("localhost", ngx.var.server_port))
		s:send("GET /set HTTP/1.0\r\n\r\n")
		ngx.print(s:receive("*a"):match("thread"))
		ngx.print(" ", select(2, ngx.socket.tcp():connect("name.invalid", 80)))
	} }
	location = /execute { content_by_lua_block { local a = os.execute("sleep 0.4") local b = os.execute("exit 3") ngx.print(a, b) } }
	location = /fifo { content_by_lua_block {
		local f = assert(io.open(ngx.config.prefix() .. "/logs/fifo", "r+"))
		ngx.thread.spawn(function() ngx.sleep(0.2) local g = io.open(ngx.config.prefix() .. "/logs/fifo", "r+") g:write("through\n") g:flush() g:close() end)
		ngx.print(f:read("*l")) f:close()
	} }
	location = /now { content_by_lua_block { ngx.print("now") } }
`

// TestRelaxed has scripts wait in the phases in which OpenResty lets none.
func TestRelaxed(t *testing.T) {
	dir, err := os.MkdirTemp("", "pt-relaxed-")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { // after the server's end
		if _, err := os.Stat(filepath.Join(dir, "exited")); err != nil {
			t.Errorf("exit_worker_by_lua has not gone on after its wait: %v", err)
		}
		_ = os.RemoveAll(dir)
	})
	s := serve(t, `lua_compat relaxed; lua_shared_dict d 1m;
		init_worker_by_lua_block { ngx.sleep(0.05) ngx.shared.d:set("ready", "yes") }
		exit_worker_by_lua_block { ngx.sleep(0.02) assert(io.open("`+dir+`/exited", "w")):close() }
		upstream chosen { server 0.0.0.1; balancer_by_lua_block { ngx.sleep(0.02) require("ngx.balancer").set_current_peer("127.0.0.1", tonumber(ngx.var.server_port)) } }`, relaxedConf)
	s.expect("/ready", 200, "yes")
	s.expect("/set", 200, "thread")
	s.expect("/pass", 200, "logged")
	s.expect("/name", 200, "thread name.invalid could not be resolved (3: Host not found)")
	s.expect("/body", 200, "x")
	for _, refusal := range []string{
		"API disabled in the context of body_filter_by_lua*: parts of the response that come meanwhile would overtake the one that waits",
		"API disabled in the context of header_filter_by_lua*: another thread of the request could send the response meanwhile",
	} {
		if !s.logged(refusal) {
			t.Errorf("the log has no %q:\n%s", refusal, s.log())
		}
	}
	pipelined(t, s)
	s.expect("/logged", 200, "6")
	for _, line := range strings.Split(s.log(), "\n") {
		if strings.Contains(line, "[alert]") || strings.Contains(line, "[error]") && !strings.Contains(line, "name.invalid") {
			t.Error(line)
		}
	}
}

// pipelined sends five requests at once whose log phases wait.
func pipelined(t *testing.T, s *site) {
	t.Helper()
	c, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	fmt.Fprint(c, strings.Repeat("GET /log HTTP/1.1\r\nHost: a\r\n\r\n", 4)+"GET /log HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
	answer, err := io.ReadAll(bufio.NewReader(c))
	if err != nil || strings.Count(string(answer), "logged") != 5 {
		t.Errorf("%v %q", err, answer)
	}
}

// TestRelaxedIO has others run while a script waits for a program.
func TestRelaxedIO(t *testing.T) {
	s := serve(t, "lua_compat relaxed; lua_shared_dict d 1m;", strings.ReplaceAll(relaxedConf, "proxy_pass http://chosen/log;", "return 404;"))
	var wait sync.WaitGroup
	wait.Go(func() { s.expect("/execute", 200, "01") })
	time.Sleep(100 * time.Millisecond)
	began := time.Now()
	s.expect("/now", 200, "now")
	if took := time.Since(began); took > 200*time.Millisecond {
		t.Errorf("another request has waited for %s", took)
	}
	wait.Wait()
}

// TestOpenRestyRefuses has the default refuse what OpenResty refuses.
func TestOpenRestyRefuses(t *testing.T) {
	s := serve(t, "", `location / { set_by_lua_block $v { return select(2, pcall(ngx.sleep, 0)) } return 200 $v; }
		location /name { content_by_lua_block { ngx.print(select(2, ngx.socket.tcp():connect("localhost", 80))) } }`)
	s.expect("/", 200, "API disabled in the context of set_by_lua*")
	s.expect("/name", 200, `no resolver defined to resolve "localhost"`)
}
