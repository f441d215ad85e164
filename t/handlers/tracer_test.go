package handlers_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

var tracerBegins = regexp.MustCompile(`tracer (\d+) begins (-?\d+) ms after the last beat`)

// tracers are the workers that have run the traced service, in their order, and
// how long nobody had run it before, in milliseconds.
func (s *site) tracers() (pids, gaps []int) {
	for _, m := range tracerBegins.FindAllStringSubmatch(s.err.String(), -1) {
		pid, _ := strconv.Atoi(m[1])
		gap, _ := strconv.Atoi(m[2])
		pids, gaps = append(pids, pid), append(gaps, gap)
	}
	return pids, gaps
}

// TestExactlyOneActive: a shared service that watches for others like it finds
// none over reloads, kills, stops, the death of all workers and a binary upgrade,
// and somebody runs it soon after each of them.
func TestExactlyOneActive(t *testing.T) {
	s := newSite(t)
	s.write(3, "lua_shared_dict trace 256k; handler_run_service tracer $tr trace; handler_service_var_in_shm zone 64k LOCKS $tr;", `location / { return 200 here; }`)
	s.start()
	active := func() int {
		pids, _ := s.tracers()
		if len(pids) == 0 {
			return 0
		}
		return pids[len(pids)-1]
	}
	taken := func(what string, before int) {
		t.Helper()
		s.until("somebody takes over after "+what, func() bool { pids, _ := s.tracers(); return len(pids) > before })
	}
	begun := func() int { pids, _ := s.tracers(); return len(pids) }
	taken("the start", 0)

	for range 3 {
		n := begun()
		s.reload()
		taken("a reload", n)
	}
	s.until("the old workers have left", func() bool { return len(s.workers()) == 3 })

	var gaps []int
	for range 5 {
		n := begun()
		s.kill(active(), syscall.SIGKILL)
		taken("a kill", n)
		_, all := s.tracers()
		gaps = append(gaps, all[n])
		s.until("there are three workers", func() bool { return len(s.workers()) == 3 })
	}
	slices.Sort(gaps)
	t.Logf("taken over after %v ms", gaps)
	if gaps[2] > 100 {
		t.Errorf("five kills: taken over after %v ms", gaps)
	}

	for _, pid := range s.workers() { // the one that runs it, and those that wait
		n := begun()
		s.kill(pid, syscall.SIGSTOP)
		time.Sleep(100 * time.Millisecond)
		if begun() != n {
			t.Error("somebody has taken over from a worker that is only stopped")
		}
		s.kill(pid, syscall.SIGCONT)
		time.Sleep(30 * time.Millisecond)
	}
	now := active()
	waiting := s.workers()[0]
	if waiting == now {
		waiting = s.workers()[1]
	}
	n := begun()
	s.kill(waiting, syscall.SIGSTOP)
	s.until("it is stopped, and can not get the lock any more", func() bool { return stopped(waiting) })
	s.kill(now, syscall.SIGKILL)
	taken("a kill while another worker is stopped", n)
	s.kill(waiting, syscall.SIGCONT)
	s.until("there are three workers", func() bool { return len(s.workers()) == 3 })

	n = begun()
	for _, pid := range s.workers() {
		s.kill(pid, syscall.SIGKILL)
	}
	taken("the death of all", n)
	s.until("there are three workers", func() bool { return len(s.workers()) == 3 })

	n = begun()
	s.cmd.Process.Signal(syscall.SIGUSR2)
	var master int
	s.until("there is a new master", func() bool {
		if _, err := os.Stat(s.dir + "/logs/n.pid.oldbin"); err != nil {
			return false
		}
		b, _ := os.ReadFile(s.dir + "/logs/n.pid")
		master, _ = strconv.Atoi(strings.TrimSpace(string(b)))
		return master != 0 && master != s.cmd.Process.Pid
	})
	defer func() {
		syscall.Kill(master, syscall.SIGTERM)
		s.until("the new master has ended", func() bool { return syscall.Kill(master, 0) != nil || s.ended(master) })
	}()
	time.Sleep(200 * time.Millisecond)
	if begun() != n {
		t.Error("a worker of the new master has taken over while the old ones run")
	}
	s.cmd.Process.Signal(syscall.SIGQUIT)
	taken("the upgrade", n)
	if n := s.count("is active at once"); n > 0 {
		t.Errorf("two were active %d times", n)
	}
}

// stopped reports whether all threads of a process are stopped.
func stopped(pid int) bool {
	stats, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", pid))
	for _, path := range stats {
		if b, err := os.ReadFile(path); err == nil && stateOf(b) != "T" {
			return false
		}
	}
	return true
}

// stateOf is the state in a file stat of /proc.
func stateOf(stat []byte) string {
	return strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))[0]
}

// ended reports whether a process is gone or only waits to be reaped.
func (s *site) ended(pid int) bool {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return true
	}
	return stateOf(b) == "Z"
}

// TestServiceUnderHooks: a service that is interrupted at random moments, by many
// clients at once, is completed once each time and runs again; never twice at
// once, and it is neither lost nor stuck.
func TestServiceUnderHooks(t *testing.T) {
	s := newSite(t)
	s.write(1, "handler_run_service restless $r; handler_service_hooks_zone hooks 64k;", `location /poke { handler_service_hook poke $r $arg_n; } location /state { handler_run restlessState $st x; return 200 "$st"; }`)
	s.start()
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for i := range 150 {
				if _, err := s.try("/poke?n=" + strconv.Itoa(i)); err != nil {
					t.Error(err)
					return
				}
				time.Sleep(time.Duration(rand.IntN(1500)) * time.Microsecond)
			}
		})
	}
	wg.Wait()
	state := func() (runs, most int) {
		fmt.Sscanf(s.get("/state"), "%d runs, %d at once", &runs, &most)
		return runs, most
	}
	before, most := state()
	t.Logf("%d runs", before)
	if before < 100 || most != 1 {
		t.Errorf("%d runs, %d at once", before, most)
	}
	for range 20 { // none of them is lost
		s.until("the service waits for the next hook, or runs on", func() bool {
			s.get("/poke?n=x")
			runs, _ := state()
			return runs > before
		})
		before, _ = state()
	}
	if n := s.count(`\[(alert|emerg|crit)\]`); n > 0 {
		t.Errorf("%d alarming lines", n)
	}
	if n := len(s.workers()); n != 1 || s.count("start worker process [0-9]") != 1 {
		t.Errorf("%d workers", n)
	}
}

// TestExitIsHeardBehindAHook: a service that a hook has interrupted hears
// nevertheless, once, that its worker ends, and can keep its state.
func TestExitIsHeardBehindAHook(t *testing.T) {
	for _, sig := range []syscall.Signal{syscall.SIGQUIT, syscall.SIGTERM, syscall.SIGHUP} {
		t.Run(sig.String(), func(t *testing.T) {
			s := newSite(t)
			s.write(1, "handler_run_service caretaker $k; handler_service_hooks_zone hooks 64k;", `location /poke { handler_service_hook poke $k x; } location / { return 200 "$k"; }`)
			s.start()
			s.until("the service runs", func() bool { return s.get("/") == "ready" })
			time.Sleep(20 * time.Millisecond)
			s.get("/poke")
			s.until("the service is interrupted", func() bool { return s.count("keeper: interrupted") == 1 })
			s.cmd.Process.Signal(sig)
			s.until("the old worker has left", func() bool { return s.count("exited with code 0") == 1 })
			if n := s.count("keeper: state kept"); n != 1 {
				t.Errorf("the state was kept %d times", n)
			}
		})
	}
}

// TestLuaClientsComeAndGo: of asynchronous handlers in Lua whose clients leave at
// random moments each is unwound exactly once, and the others' answers are theirs.
func TestLuaClientsComeAndGo(t *testing.T) {
	s := newSite(t)
	load := s.luaFile("lib.lua", `local handler = require "handler"
local begun, left, gone = 0, 0, 0
handler.async("nap", function(arg)
    begun = begun + 1
    local ok, err = pcall(function()
        for part in arg:gmatch("%d+") do ngx.sleep(tonumber(part) / 1000) end
    end)
    left = left + 1
    if not ok then
        gone = gone + 1
        error(err, 0)
    end
    return "slept " .. arg
end)
handler.async_on_body("len", function(body, arg)
    begun = begun + 1
    local n = body:len()
    local ok, err = pcall(ngx.sleep, 0)
    left = left + 1
    if not ok then error(err, 0) end
    return n .. " of " .. arg
end)
handler.sync("counts", function() return begun .. " " .. left .. " " .. gone end)`)
	s.write(1, load, `location / { handler_run_async nap $a $arg_d; handler_run_async_on_request_body len $c $arg_d; return 200 "$a, $c"; } location = /counts { handler_run counts $n x; return 200 "$n"; }`)
	s.start()
	answered, left := s.comeAndGo(10*time.Millisecond, func() (args, want string) {
		d := fmt.Sprintf("%d-%d", rand.IntN(5), rand.IntN(5))
		return "d=" + d, "\r\n\r\nslept " + d + ", 3 of " + d
	})
	var begun, unwound, gone int
	s.until("all handlers are unwound", func() bool {
		fmt.Sscan(s.get("/counts"), &begun, &unwound, &gone)
		return begun == unwound
	})
	t.Logf("%d answered, %d clients left, %d handlers begun, %d interrupted", answered, left, begun, gone)
	if int64(begun) < 2*answered || gone == 0 || answered == 0 {
		t.Errorf("%d answered, %d clients left, %d handlers begun, %d interrupted", answered, left, begun, gone)
	}
	if n := s.count(`has panicked|\[alert\]|\[crit\]`); n != 0 {
		t.Errorf("%d alarming lines", n)
	}
}
