package handlers_test

import (
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// luaFile writes a library in Lua and returns the directive that loads it.
func (s *site) luaFile(name, text string) string {
	s.t.Helper()
	path := s.dir + "/" + name
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		s.t.Fatal(err)
	}
	return "handler load " + path + ";"
}

// TestLuaInManyWorkers: a library in Lua is looked at once by the init process
// and runs in every worker, each with its own state.
func TestLuaInManyWorkers(t *testing.T) {
	s := newSite(t)
	load := s.luaFile("lib.lua", `local handler = require "handler"
print("looked at by ", ngx.worker.pid())
local n = 0
handler.sync("count", function() n = n + 1 return ngx.worker.pid() .. " " .. n end)`)
	s.write(2, load, `location / { handler_run count $c x; return 200 "$c"; }`)
	s.start()
	seen := map[string]bool{}
	s.until("both workers have answered", func() bool {
		pid, _, _ := strings.Cut(s.get("/"), " ")
		seen[pid] = true
		s.http.CloseIdleConnections()
		return len(seen) == 2
	})
}

// TestLuaReload: what is wrong with a library in Lua is found by -t and by the
// init process, with file and line, and the old workers stay; a good one is taken.
func TestLuaReload(t *testing.T) {
	const good = `require "handler".sync("text", function() return "first" end)`
	const uses = `location / { handler_run text $t x; return 200 "$t"; }`
	for _, c := range []struct {
		name, library, message string
		passes                 bool // -t does not find it
	}{
		{"syntax", "local x = = 1", "lib.lua:1:", false},
		{"run time", "\nlocal x; x.y = 1", "lib.lua:2: attempt to index local 'x' (a nil value)", false},
		{"missing", `require "handler".sync("other", string.upper)`, `handler "text" was not found`, false},
		{"kind", `require "handler".async("text", string.upper)`, `handler "text" is an asynchronous handler, but "handler_run" needs a synchronous handler`, false},
		{"double", "local h = require 'handler'\nh.sync('text', string.upper)\nh.sync('text', string.lower)", `lib.lua:3: handler "text" is registered twice`, false},
		{"also in Go", "local h = require 'handler'\nh.sync('text', string.upper)\nh.sync('upper', string.upper)", `handler "upper" is exported twice`, false},
		{"init hook", "local h = require 'handler'\nh.sync('text', string.upper)\nh.init(function() error('no database') end)", `no database`, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newSite(t)
			load := s.luaFile("lib.lua", good)
			s.write(2, load, uses)
			s.start()
			old := s.workers()
			s.luaFile("lib.lua", c.library)
			out, err := exec.Command(server.Path, "-p", s.dir, "-t").CombinedOutput()
			if (err == nil) != c.passes || !c.passes && (!strings.Contains(string(out), c.message) || !strings.Contains(string(out), "nginx.conf:") || !strings.Contains(string(out), "[emerg]")) {
				t.Errorf("-t: %v\n%s", err, out)
			}
			s.reload()
			s.until("the failure is told", func() bool { return strings.Contains(s.err.String(), c.message) })
			time.Sleep(100 * time.Millisecond)
			if now := s.workers(); len(now) != len(old) || s.get("/") != "first" {
				t.Errorf("workers %v, now %v", old, now)
			}
			s.luaFile("lib.lua", strings.Replace(good, "first", "second", 1))
			s.reload()
			s.until("a good library is taken", func() bool { v, err := s.try("/"); return err == nil && v == "second" })
		})
	}
}

// TestLuaServiceEndsItsWorker: terminate_worker ends it for good,
// restart_worker has it started anew.
func TestLuaServiceEndsItsWorker(t *testing.T) {
	for _, c := range []struct{ call, message string }{
		{"restart_worker", `"enough: .*", the worker process shall be respawned`},
		{"terminate_worker", `"enough: .*", terminating the worker process`},
	} {
		t.Run(c.call, func(t *testing.T) {
			s := newSite(t)
			load := s.luaFile("lib.lua", `local handler = require "handler"
handler.service("ends", function(arg, first)
    ngx.sleep(0.05)
    if ngx.worker.id() == 0 and not io.open("`+s.dir+`/locks/done") then
        io.open("`+s.dir+`/locks/done", "w"):close()
        pcall(handler.`+c.call+`, "enough")
        return "never reached"
    end
    ngx.sleep(100)
end)`)
			s.write(2, load+" handler_run_service ends $e x;", `location / { return 200 "here"; }`)
			s.start()
			s.until("the worker is told to end", func() bool { return s.count(c.message) == 1 })
			if c.call == "restart_worker" {
				s.until("a new worker serves", func() bool { return len(s.workers()) == 2 && s.get("/") == "here" })
				return
			}
			s.until("one worker is left", func() bool { return len(s.workers()) == 1 })
			time.Sleep(200 * time.Millisecond)
			if n := len(s.workers()); n != 1 || s.get("/") != "here" {
				t.Errorf("there are %d workers", n)
			}
		})
	}
}

// TestLuaCleansUp: a service in Lua hears that its worker exits, and may keep
// its state before it does.
func TestLuaCleansUp(t *testing.T) {
	s := newSite(t)
	load := s.luaFile("lib.lua", `local handler = require "handler"
handler.service("keeper", function(arg)
    local ok, err = pcall(ngx.sleep, 1000)
    if err == handler.worker_exiting then
        local f = io.open(arg, "w")
        f:write("kept")
        f:close()
    end
    ngx.sleep(1000)
end)`)
	s.write(1, load+" handler_run_service keeper $k "+s.dir+"/locks/state;", `location / { return 200 "here"; }`)
	s.start()
	s.until("the server serves", func() bool { return s.get("/") == "here" })
	s.reload()
	s.until("the state is kept", func() bool { b, _ := os.ReadFile(s.dir + "/locks/state"); return string(b) == "kept" })
}

// TestLuaExitBehindAHook: a service in Lua that a hook has interrupted hears
// nevertheless, once, that its worker ends, also while it holds the event loop.
func TestLuaExitBehindAHook(t *testing.T) {
	s := newSite(t)
	load := s.luaFile("lib.lua", `local handler = require "handler"
handler.service("luaCaretaker", function(_, first)
    if first then return "ready" end
    local ok, err = pcall(ngx.sleep, 1000)
    if err == handler.worker_exiting then
        ngx.log(ngx.NOTICE, "caretaker: state kept")
        return
    end
    ngx.log(ngx.NOTICE, "caretaker: interrupted")
    os.execute("sleep 0.2")
    ngx.log(ngx.NOTICE, "caretaker: goes on")
end)
handler.hook("luaPoke", function(data) return "poked" end)`)
	s.write(1, load+" handler_run_service luaCaretaker $k; handler_service_hooks_zone hooks 64k;", `location /poke { handler_service_hook luaPoke $k x; } location / { return 200 "$k"; }`)
	s.start()
	s.until("the service runs", func() bool { return s.get("/") == "ready" })
	go s.try("/poke")
	s.until("the service is interrupted", func() bool { return s.count("caretaker: interrupted") == 1 })
	s.cmd.Process.Signal(syscall.SIGQUIT)
	s.until("the worker has left", func() bool { return s.count("exited with code 0") == 1 })
	if n := s.count("caretaker: state kept"); n != 1 {
		t.Errorf("the state was kept %d times", n)
	}
}

// TestLuaSharedService: of a shared service in Lua one instance runs, and
// another worker takes over when its holder is killed.
func TestLuaSharedService(t *testing.T) {
	s := newSite(t)
	load := s.luaFile("lib.lua", `local handler = require "handler"
handler.service("luaHolder", function(arg, first)
    if first then return ngx.worker.pid() end
    ngx.sleep(1000)
end)`)
	s.write(3, load+" handler_run_service luaHolder $h x; handler_service_var_in_shm z 64k LOCKS $h;", `location / { return 200 "$h"; }`)
	s.start()
	s.until("there is a holder", func() bool { return s.get("/") != "" })
	first := s.get("/")
	for range 10 {
		s.http.CloseIdleConnections()
		if v := s.get("/"); v != first {
			t.Fatalf("%s holds the service, and %s", first, v)
		}
	}
	for _, pid := range s.workers() {
		if first == strconv.Itoa(pid) {
			s.kill(pid, syscall.SIGKILL)
		}
	}
	s.until("another one holds it", func() bool { v, err := s.try("/"); return err == nil && v != first })
}
