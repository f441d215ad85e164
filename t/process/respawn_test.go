package process_test

import (
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

func itoa(n int) string { return strconv.Itoa(n) }

// TestRespawn: a worker that is killed is replaced, and the next one answers
// within 100 ms. The figure is the median of seven, as others use the machine.
func TestRespawn(t *testing.T) {
	s := newSite(t, program(t), strings.Replace(plain, "processes 2", "processes 1", 1)).start()
	s.excuse("exited on signal 9")
	s.settled(1)
	var took []time.Duration
	for range 7 {
		old := strings.TrimSpace(s.get("/who"))
		pid, _ := strconv.Atoi(old)
		begin := time.Now()
		syscall.Kill(pid, syscall.SIGKILL)
		for time.Since(begin) < patience {
			code, body, err := get("tcp", s.addr(), "/who")
			if err == nil && code == 200 && strings.TrimSpace(body) != old {
				break
			}
		}
		took = append(took, time.Since(begin))
	}
	slices.Sort(took)
	t.Logf("a worker answers after %v (median of %v)", took[3], took)
	if took[3] > 100*time.Millisecond {
		t.Errorf("it takes %v until a new worker answers", took[3])
	}
	s.logged("exited on signal 9")
}

// TestRespawnServesTheOldConfiguration: a worker is what it was started as,
// whatever has happened to the files since.
func TestRespawnServesTheOldConfiguration(t *testing.T) {
	t.Parallel()
	s := newSite(t, program(t), plain)
	s.write("conf/part.conf", "location /part { return 200 \"one\\n\"; }")
	s.configure(strings.Replace(plain, "location /who", "include part.conf;\n location /who", 1))
	s.start()
	s.excuse("exited on signal 9")
	old := s.settled(2)
	if err := os.Remove(s.path("conf/part.conf")); err != nil {
		t.Fatal(err)
	}
	s.configure("this is broken")
	for _, w := range old {
		syscall.Kill(w, syscall.SIGKILL)
	}
	s.settled(2, old...)
	for range 10 {
		if got := s.get("/part"); got != "one\n" {
			t.Fatalf("got %q", got)
		}
	}
}

// TestWorkerThatCanNotStart: it exits with code 2, is not started again and
// again, and a server without any ends.
func TestWorkerThatCanNotStart(t *testing.T) {
	t.Parallel()
	s := newSite(t, program(t), with("working_directory {root}/absent;"))
	s.excuse(`chdir\(|exited with fatal code 2 and cannot be respawned|no worker process can be started`)
	s.launch(nil)
	s.code()
	log := s.errorLog()
	if n := strings.Count(log, "exited with fatal code 2 and cannot be respawned"); n != 2 {
		t.Errorf("%d workers ended with code 2:\n%s", n, log)
	}
	if n := strings.Count(log, "start worker process "); n != 2 {
		t.Errorf("%d workers were started:\n%s", n, log)
	}
	if s.pid() != 0 {
		t.Error("the pid file is left")
	}
}

// TestMasterDies: workers notice it and quit, after the requests they have.
func TestMasterDies(t *testing.T) {
	t.Parallel()
	s := newSite(t, program(t), plain).start()
	workers := s.settled(2)
	s.excuse("the master process is gone")
	conn := s.half()
	syscall.Kill(s.pid(), syscall.SIGKILL)
	s.code()
	s.logged("the master process is gone, quitting gracefully")
	rest(t, conn)
	for _, w := range workers {
		if !eventually(func() bool { return !alive(w) }) {
			t.Errorf("worker %d lives on", w)
		}
	}
}

// TestShutdownTimeout: worker_shutdown_timeout ends what does not end by itself.
func TestShutdownTimeout(t *testing.T) {
	t.Parallel()
	s := newSite(t, program(t), with("worker_shutdown_timeout 300ms;")).start()
	s.settled(2)
	s.half()
	begin := time.Now()
	s.signal(syscall.SIGQUIT)
	if code := s.code(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	if took := time.Since(begin); took < 250*time.Millisecond || took > 3*time.Second {
		t.Errorf("it has ended after %v", took)
	}
}
