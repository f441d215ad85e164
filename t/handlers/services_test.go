package handlers_test

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

const shared = `
handler_run_service tick $tick 50ms;
handler_service_var_in_shm zone 128k LOCKS $tick;
`

const tickServer = `location /tick { return 200 "$tick"; } location /pid { handler_run pid $p x; return 200 "$p"; }`

var tickPattern = regexp.MustCompile(`^tick (\d+) by (\d+) first=`)

// active is the worker that the shared value comes from.
func (s *site) active() int {
	m := tickPattern.FindStringSubmatch(s.get("/tick"))
	if m == nil {
		return 0
	}
	var pid int
	fmt.Sscan(m[2], &pid)
	return pid
}

// TestSharedServiceHasOneActiveWorker: at any moment one worker runs it; when it
// is killed the next one takes over, and begins with its first run.
func TestSharedServiceHasOneActiveWorker(t *testing.T) {
	s := newSite(t)
	s.write(3, shared, tickServer)
	s.start()
	s.until("the service has a value", func() bool { return s.active() != 0 })
	for round := range 5 {
		pid := s.active()
		if pid == 0 {
			t.Fatal("the variable is empty")
		}
		s.kill(pid, syscall.SIGKILL)
		began := time.Now()
		s.until("another worker has taken over", func() bool {
			p, err := s.try("/tick") // a connection that the dead worker had accepted may fail
			return err == nil && p != "" && !strings.Contains(p, fmt.Sprintf("by %d ", pid))
		})
		t.Logf("round %d: taken over after %v", round, time.Since(began))
		if d := time.Since(began); d > time.Second {
			t.Errorf("it took %v to take over", d)
		}
		s.until("there are three workers", func() bool { return len(s.workers()) == 3 })
	}
}

// TestStoppedWorkerStaysActive: a worker that is stopped keeps its lock, so that
// two never run.
func TestStoppedWorkerStaysActive(t *testing.T) {
	s := newSite(t)
	s.write(2, shared, tickServer)
	s.start()
	s.until("the service has a value", func() bool { return s.active() != 0 })
	pid := s.active()
	s.kill(pid, syscall.SIGSTOP)
	time.Sleep(300 * time.Millisecond)
	s.kill(pid, syscall.SIGCONT)
	if now := s.active(); now != pid {
		t.Errorf("%d was active, now %d is", pid, now)
	}
}

// TestValueOutlivesReload: a shared variable is never empty in new workers, and
// the successor's service begins while the old worker still serves a request.
func TestValueOutlivesReload(t *testing.T) {
	s := newSite(t)
	s.write(2, shared, tickServer+` location /slow { echo_sleep 2; echo done; }`)
	s.start()
	s.until("the service has a value", func() bool { return s.active() != 0 })
	old := s.active()
	slow := make(chan string)
	go func() { b, err := s.try("/slow"); slow <- fmt.Sprint(b, err) }()
	time.Sleep(100 * time.Millisecond)
	s.reload()
	began := time.Now()
	empty := 0
	s.until("a new worker's service runs", func() bool {
		v := s.get("/tick")
		if v == "" {
			empty++
		}
		return v != "" && !strings.Contains(v, fmt.Sprintf("by %d ", old))
	})
	t.Logf("after %v", time.Since(began))
	select {
	case <-slow:
		t.Error("the successor waited for the end of a request that the old worker served")
	default:
	}
	if empty > 0 {
		t.Errorf("the variable was empty %d times", empty)
	}
	if got := <-slow; got != "done\n<nil>" {
		t.Errorf("the request in flight: %q", got)
	}
}

// TestWaitingCostsNothing: workers that wait for a service's lock use no
// processor time.
func TestWaitingCostsNothing(t *testing.T) {
	s := newSite(t)
	s.write(4, "handler_run_service steady $s 1h; handler_service_var_in_shm zone 64k LOCKS $s;", "")
	s.start()
	time.Sleep(300 * time.Millisecond)
	before := s.cpu()
	time.Sleep(time.Second)
	if used := s.cpu() - before; used > 3 {
		t.Errorf("idle workers used %d ticks of processor time in a second", used)
	}
}

// cpu is the processor time of all workers, in ticks of 10 ms.
func (s *site) cpu() (ticks int) {
	for _, pid := range s.workers() {
		b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil {
			continue
		}
		f := strings.Fields(string(b[strings.LastIndexByte(string(b), ')')+1:]))
		var user, system int
		fmt.Sscan(f[11], &user)
		fmt.Sscan(f[12], &system)
		ticks += user + system
	}
	return ticks
}

// TestServicesCleanUp: services of a worker that is told to end may finish what
// they do, on QUIT, HUP and TERM.
func TestServicesCleanUp(t *testing.T) {
	for _, sig := range []syscall.Signal{syscall.SIGQUIT, syscall.SIGHUP, syscall.SIGTERM} {
		t.Run(sig.String(), func(t *testing.T) {
			s := newSite(t)
			s.write(1, "handler_run_service cleanup $s;", `location / { return 200 "$s"; }`)
			s.start()
			s.until("the service runs", func() bool { return s.get("/") == "ready" })
			time.Sleep(20 * time.Millisecond)
			s.cmd.Process.Signal(sig)
			s.until("the service has cleaned up", func() bool {
				return s.count("cleanup done: the worker process is exiting") == 1
			})
		})
	}
}

// TestTerminatedWorkerStaysAway: handler.ErrTerminateWorker ends a worker for
// good.
func TestTerminatedWorkerStaysAway(t *testing.T) {
	s := newSite(t)
	s.write(2, "handler_run_service terminate $s 200ms; handler_service_var_in_shm zone 64k LOCKS $s; handler_run_service steady $other 1h;", "")
	s.start()
	s.until("a worker has ended", func() bool { return s.count(`terminating the worker process`) >= 1 })
	s.until("it is not started again", func() bool { return s.count(`exited with fatal code 2 and cannot be respawned`) >= 1 })
	if n := s.count("start worker process [0-9]"); n != 2 {
		t.Errorf("%d workers were started", n)
	}
}
