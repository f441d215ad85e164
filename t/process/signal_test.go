package process_test

import (
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestStop(t *testing.T) {
	t.Parallel()
	s := newSite(t, program(t), plain).start()
	s.settled(2)
	if code, out := s.call("-s", "stop"); code != 0 || out != "" {
		t.Errorf("-s stop: %d %q", code, out)
	}
	if code := s.code(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	if s.pid() != 0 || len(groupOf(s.group)) != 0 {
		t.Errorf("pid file %d, processes %v", s.pid(), groupOf(s.group))
	}
}

// TestQuit: a request that is being answered is answered to its end.
func TestQuit(t *testing.T) {
	t.Parallel()
	s := newSite(t, program(t), plain).start()
	s.settled(2)
	conn := s.half()
	if code, out := s.call("-s", "quit"); code != 0 || out != "" {
		t.Errorf("-s quit: %d %q", code, out)
	}
	s.logged("gracefully shutting down")
	time.Sleep(100 * time.Millisecond)
	if s.ended() {
		t.Fatal("the server has not waited for a request")
	}
	rest(t, conn)
	if code := s.code(); code != 0 {
		t.Errorf("exit code %d", code)
	}
}

// half opens a connection and sends the first half of a request.
func (s *site) half() net.Conn {
	s.t.Helper()
	conn, err := net.DialTimeout("tcp", s.addr(), 5*time.Second)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(patience))
	io.WriteString(conn, "GET /who HTTP/1.1\r\nHost: a\r\n")
	time.Sleep(100 * time.Millisecond) // for the worker to read it
	return conn
}

// rest sends the other half and expects the answer and the end.
func rest(t *testing.T, conn net.Conn) {
	t.Helper()
	io.WriteString(conn, "\r\n")
	answer, err := io.ReadAll(conn)
	if err != nil || !strings.HasPrefix(string(answer), "HTTP/1.1 200 OK\r\n") {
		t.Errorf("%v %q", err, answer)
	}
}

// TestSignals: the master's own signals, as kill sends them.
func TestSignals(t *testing.T) {
	t.Parallel()
	for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT, syscall.SIGQUIT} {
		s := newSite(t, program(t), plain).start()
		s.settled(2)
		s.signal(sig)
		if code := s.code(); code != 0 || s.pid() != 0 {
			t.Errorf("%v: exit code %d, pid file %d", sig, code, s.pid())
		}
	}
}

// TestWorkerSignals: a worker that is told to end by a signal ends, and the
// master starts another.
func TestWorkerSignals(t *testing.T) {
	t.Parallel()
	s := newSite(t, program(t), plain).start()
	for _, sig := range []syscall.Signal{syscall.SIGQUIT, syscall.SIGTERM, syscall.SIGWINCH} {
		s.settled(2)
		ready, err := strconv.Atoi(strings.TrimSpace(s.get("/who")))
		if err != nil {
			t.Fatal(err)
		}
		syscall.Kill(ready, sig)
		s.settled(2, ready)
	}
	s.get("/who")
}

// TestReload: new workers serve the new configuration, the old ones end.
func TestReload(t *testing.T) {
	t.Parallel()
	s := newSite(t, program(t), plain).start()
	old := s.settled(2)
	master := s.pid()
	s.configure(strings.Replace(strings.Replace(plain, `"$pid\n"`, `"changed\n"`, 1), "processes 2", "processes 3", 1))
	if code, out := s.call("-s", "reload"); code != 0 || out != "" {
		t.Fatalf("-s reload: %d %q", code, out)
	}
	s.settled(3, old...)
	if got := s.get("/who"); got != "changed\n" {
		t.Errorf("got %q", got)
	}
	if s.pid() != master {
		t.Error("the master has changed")
	}
}

// TestReopen: after a rotation the lines of all processes go to the new file,
// though workers of a root are nobody and could not open it.
func TestReopen(t *testing.T) {
	t.Parallel()
	s := newSite(t, program(t), strings.Replace(plain, "access_log off", "access_log logs/access.log", 1)).start()
	workers := s.settled(2)
	s.get("/who?before")
	for _, name := range []string{"logs/access.log", "logs/error.log"} {
		if err := os.Rename(s.path(name), s.path(name+".1")); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(s.path("logs"), 0o700); err != nil {
		t.Fatal(err)
	}
	if code, out := s.call("-s", "reopen"); code != 0 || out != "" {
		t.Fatalf("-s reopen: %d %q", code, out)
	}
	eventually(func() bool {
		s.get("/who?after")
		return strings.Contains(s.read("logs/access.log"), "after")
	})
	time.Sleep(50 * time.Millisecond)
	for range 20 { // both workers
		s.get("/last")
	}
	if old := s.read("logs/access.log.1"); !strings.Contains(old, "before") || strings.Contains(old, "last") {
		t.Errorf("the old log is\n%s", old)
	}
	if now := s.read("logs/access.log"); strings.Count(now, "GET /last") != 20 {
		t.Errorf("the new log is\n%s", now)
	}
	for _, w := range workers {
		if !alive(w) {
			t.Errorf("worker %d has ended", w)
		}
	}
	if !strings.Contains(s.read("logs/error.log.1"), "reopening logs") {
		t.Error("the old log does not tell the reopening")
	}
	s.raw("GET /absent HTTP/1.0\r\n\r\n")
	s.logged("/html/absent\" failed")
}
