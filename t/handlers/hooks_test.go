package handlers_test

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

const holder = `
handler_run_service holder $h 1h;
handler_service_var_in_shm zone 128k LOCKS $h;
handler_service_hooks_zone hooks 64k;
handler_service_update_hook saw $h;
`

const holderServer = `
location /set { handler_service_hook setHeld $h $arg_v; }
location /get { handler_run held $held x; handler_run pid $p x; return 200 "[$h] [$held] $p"; }
`

// TestHooksReachAllWorkers: each worker runs the hook, and sees the new value.
func TestHooksReachAllWorkers(t *testing.T) {
	s := newSite(t)
	s.write(3, holder, holderServer)
	s.start()
	s.until("the service has a value", func() bool { return strings.HasPrefix(s.get("/get"), "[initial]") })
	s.get("/set?v=one")
	s.until("all workers have run the hook", func() bool { return s.count(`service hook reported "set to one in \d+"`) == 3 })
	s.until("all workers have run the update hook", func() bool { return s.count(`service hook reported "saw <one> in \d+"`) == 3 })
	for range 20 {
		if v := s.get("/get"); !strings.HasPrefix(v, "[one] [one]") {
			t.Errorf("a worker says %q", v)
		}
	}
}

// TestHooksOutliveWorkers: workers that are born after all others were killed
// have run the hooks before they serve; so have those of a new generation.
func TestHooksOutliveWorkers(t *testing.T) {
	s := newSite(t)
	s.write(2, holder, holderServer)
	s.start()
	s.until("the service has a value", func() bool { return strings.HasPrefix(s.get("/get"), "[initial]") })
	s.get("/set?v=two")
	s.until("the value is there", func() bool { return strings.HasPrefix(s.get("/get"), "[two] [two]") })
	old := s.workers()
	for _, pid := range old {
		s.kill(pid, syscall.SIGKILL)
	}
	answers := 0
	for end := time.Now().Add(500 * time.Millisecond); time.Now().Before(end); {
		v, err := s.try("/get")
		if err != nil {
			continue // a dead worker had accepted it
		}
		answers++
		if !strings.HasPrefix(v, "[two] [two]") {
			t.Fatalf("after the death of all workers: %q", v)
		}
	}
	if answers == 0 {
		t.Error("nobody answered")
	}
	s.reload()
	s.until("a new generation serves", func() bool {
		return s.count(`start worker process \d`) == 6 && s.count("gracefully shutting down") == 2
	})
	for range 50 {
		if v := s.get("/get"); !strings.HasPrefix(v, "[two] [two]") {
			t.Fatalf("after a reload: %q", v)
		}
	}
}

// TestHooksCoalesce: of calls that come at once every worker runs the last, and
// says how many it has run as one; none is forgotten.
func TestHooksCoalesce(t *testing.T) {
	s := newSite(t)
	s.write(2, holder, holderServer)
	s.start()
	s.until("both workers serve", func() bool { return s.count(`init hook`) == 2 })
	s.until("the service has a value", func() bool { return strings.HasPrefix(s.get("/get"), "[initial]") })
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() { s.try(fmt.Sprintf("/set?v=x%d", i)) })
	}
	wg.Wait()
	s.get("/set?v=last")
	s.until("the last value wins everywhere", func() bool {
		for range 10 {
			if !strings.HasPrefix(s.get("/get"), "[last] [last]") {
				return false
			}
		}
		return true
	})
	calls := map[string]int{} // by worker
	for _, m := range regexp.MustCompile(`(\d+)#\d+: service hook reported "set to`).FindAllStringSubmatch(s.err.String(), -1) {
		calls[m[1]]++
	}
	for _, m := range regexp.MustCompile(`(\d+)#\d+: service hook "setHeld": (\d+) calls were run as one`).FindAllStringSubmatch(s.err.String(), -1) {
		n, _ := strconv.Atoi(m[2])
		calls[m[1]] += n - 1
	}
	if len(calls) != 2 {
		t.Errorf("%d workers have run hooks", len(calls))
	}
	for pid, n := range calls {
		if n != 21 {
			t.Errorf("worker %s knows of %d calls of 21", pid, n)
		}
	}
}

// TestNoInterruptionIsLost: a service in Lua, and one in Go, that rest for long
// unless a hook wakes them, have the value of the last of many hooks in haste.
func TestNoInterruptionIsLost(t *testing.T) {
	s := newSite(t)
	load := s.luaFile("lib.lua", `local handler = require "handler"
local set, woken = "initial", false
handler.hook("setLua", function(v) set = v return "set" end)
handler.service("luaRests", function(arg, first)
    if not first and not woken then
        local ok, err = pcall(ngx.sleep, 1000)
        if not ok then
            woken = err == handler.interrupted
            error(err, 0)
        end
    end
    woken = false
    return set
end)`)
	s.write(1, load+`handler_run_service luaRests $l; handler_run_service holder $h 1h; handler_service_hooks_zone hooks 64k;`,
		`location /l { handler_service_hook setLua $l $arg_v; } location /h { handler_service_hook setHeld $h $arg_v; } location /get { return 200 "$l $h"; }`)
	s.start()
	s.until("the services have values", func() bool { return s.get("/get") == "initial initial" })
	for round := range 30 {
		var wg sync.WaitGroup
		for i := range 8 {
			wg.Go(func() { s.try(fmt.Sprintf("/l?v=%d-%d", round, i)) })
			wg.Go(func() { s.try(fmt.Sprintf("/h?v=%d-%d", round, i)) })
		}
		wg.Wait()
		s.get(fmt.Sprintf("/l?v=last%d", round))
		s.get(fmt.Sprintf("/h?v=last%d", round))
		s.until("both have the last value", func() bool { return s.get("/get") == fmt.Sprintf("last%d last%d", round, round) })
	}
}

// TestDeadlyHookData: a value that kills its worker is quarantined, and the last
// good one holds.
func TestDeadlyHookData(t *testing.T) {
	for _, deadly := range []string{"kill", "restart"} {
		t.Run(deadly, func(t *testing.T) {
			s := newSite(t)
			s.write(1, holder, holderServer)
			s.start()
			s.until("the service has a value", func() bool { return strings.HasPrefix(s.get("/get"), "[initial]") })
			s.get("/set?v=good")
			s.until("the value is there", func() bool { return strings.HasPrefix(s.get("/get"), "[good] [good]") })
			time.Sleep(1200 * time.Millisecond)
			s.try("/set?v=" + deadly)
			s.until("the data are quarantined", func() bool { return s.count(`\[alert\] .*service hook data quarantined`) >= 1 })
			s.until("the last good value holds", func() bool {
				v, err := s.try("/get")
				return err == nil && strings.HasPrefix(v, "[good] [good]")
			})
		})
	}
}

// TestReloadsInHasteConvictNobody: workers that end because of reloads, soon
// after they have run a hook, do not count as its victims.
func TestReloadsInHasteConvictNobody(t *testing.T) {
	s := newSite(t)
	s.write(1, holder, holderServer)
	s.start()
	s.until("the service has a value", func() bool { return strings.HasPrefix(s.get("/get"), "[initial]") })
	s.get("/set?v=kept")
	s.until("the value is there", func() bool { return strings.HasPrefix(s.get("/get"), "[kept] [kept]") })
	for range 5 {
		n := s.count("gracefully shutting down")
		s.reload()
		s.until("the old worker leaves", func() bool { return s.count("gracefully shutting down") > n })
	}
	if v := s.get("/get"); !strings.HasPrefix(v, "[kept] [kept]") || s.count("quarantined") > 0 {
		t.Errorf("after five reloads: %q", v)
	}
}
