package steer_test

import (
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

const (
	single = "listen 127.0.0.1:{port} reuseport; single_listener on;"
	spread = "listen 127.0.0.1:{port} reuseport; single_listener off;"
)

// ways are the two ways of steering: with the rights of root and without.
var ways = []struct {
	name  string
	plain bool
	says  []string
	limit time.Duration
}{
	{"root", false, []string{"steering by "}, 50 * time.Millisecond},
	{"plain", true, []string{"steering by classic BPF", "no eBPF: ", "no permission"}, 150 * time.Millisecond},
}

// TestAll: with single_listener all connections are one worker's, without it
// they are not.
func TestAll(t *testing.T) {
	for _, way := range ways {
		t.Run(way.name, func(t *testing.T) {
			s := start(t, way.plain, 4, single)
			if by := s.workers(1000); len(by) != 1 {
				t.Errorf("1000 connections by worker: %v", by)
			}
			for _, text := range way.says {
				if strings.Count(s.log(), text) != 1 {
					t.Errorf("the log does not say %q once:\n%s", text, s.log())
				}
			}
		})
	}
	t.Run("off", func(t *testing.T) {
		if by := start(t, false, 4, spread).workers(200); len(by) < 2 {
			t.Errorf("200 connections by worker: %v", by)
		}
	})
}

// TestKill: connections that a worker has not accepted when it is killed are all
// answered by its successor, at once. That it has not accepted them is certain
// because it was stopped before they came.
func TestKill(t *testing.T) {
	for _, way := range ways {
		t.Run(way.name, func(t *testing.T) {
			s := start(t, way.plain, 4, single)
			limit := way.limit
			if number("PERIGEE_T_STRICT", 0) == 0 {
				limit = time.Second
			}
			var longest time.Duration
			kills := number("PERIGEE_T_KILLS", 5)
			s.load(4)
			for range kills {
				longest = max(longest, s.killOnce(50))
				if by := s.workers(20); len(by) != 1 {
					t.Fatalf("connections by worker: %v", by)
				}
			}
			t.Logf("%d kills, 50 connections each, longest wait %v", kills, longest)
			if longest > limit {
				t.Errorf("a connection has waited %v, more than %v", longest, limit)
			}
		})
	}
}

// killOnce stops the listener, lets connections come, kills it and returns how
// long the last answer took from then on.
func (s *server) killOnce(connections int) time.Duration {
	s.t.Helper()
	listener := s.worker()
	if err := syscall.Kill(listener, syscall.SIGSTOP); err != nil {
		s.t.Fatal(err)
	}
	if !eventually(func() bool { return stopped(listener) }) {
		s.t.Fatal("the listener does not stop")
	}
	var conns []net.Conn
	for range connections {
		c, err := s.dial("/")
		if err != nil {
			s.t.Fatalf("a connection was refused: %v", err)
		}
		conns = append(conns, c)
	}
	killed := time.Now()
	syscall.Kill(listener, syscall.SIGKILL)
	var longest atomic.Int64
	var all sync.WaitGroup
	for _, c := range conns {
		all.Go(func() {
			if _, err := answer(c); err != nil {
				s.t.Errorf("a connection that waited was lost: %v", err)
			}
			for took := int64(time.Since(killed)); ; {
				was := longest.Load()
				if took <= was || longest.CompareAndSwap(was, took) {
					return
				}
			}
		})
	}
	all.Wait()
	return time.Duration(longest.Load())
}

// TestQuit: a worker that quits hands the office on before it ends.
func TestQuit(t *testing.T) {
	s := start(t, false, 2, single)
	held, err := net.Dial("tcp", s.addr())
	if err != nil {
		t.Fatal(err)
	}
	defer held.Close()
	held.Write([]byte("GET / HTTP/1.0\r\n")) // keeps the worker from ending
	old := s.worker()
	syscall.Kill(old, syscall.SIGQUIT)
	if !eventually(func() bool { return s.worker() != old }) {
		t.Fatal("the worker that quits still accepts")
	}
	if syscall.Kill(old, 0) != nil {
		t.Error("the worker has ended before its connection")
	}
}

// TestKillUnderLoad: while clients connect all the time the listener is killed;
// no connection is refused, and only such are reset that the dead worker can have
// accepted: not more than there are clients.
func TestKillUnderLoad(t *testing.T) {
	s := start(t, false, 4, single)
	const clients = 8
	l := s.load(clients)
	kills := number("PERIGEE_T_KILLS", 5)
	for range kills {
		l.progress(200)
		if w := l.last.Load(); w > 0 {
			syscall.Kill(int(w), syscall.SIGKILL)
		}
	}
	l.progress(200)
	l.end()
	if n := l.refused.Load(); n != 0 {
		t.Errorf("%d connections were refused", n)
	}
	if n := l.broken.Load(); n > int64(kills*clients) {
		t.Errorf("%d connections were reset by %d kills with %d clients", n, kills, clients)
	}
	t.Logf("%d answers, %d reset by %d kills, longest wait %v", l.done.Load(), l.broken.Load(), kills, time.Duration(l.longest.Load()))
}

// TestReload goes through numbers of workers and turns single_listener off and
// on again, under load: nothing is lost, and while it is on one worker has all.
func TestReload(t *testing.T) {
	for _, way := range ways {
		t.Run(way.name, func(t *testing.T) {
			s := start(t, way.plain, 2, single)
			l := s.load(4)
			started := 2
			for _, step := range []struct {
				workers int
				block   string
			}{
				{4, single}, {1, single}, {3, single}, {3, spread}, {3, single}, {3, spread}, {2, single},
			} {
				s.configure(step.workers, step.block)
				old := s.worker()
				s.signal(syscall.SIGHUP)
				started += step.workers
				s.waitLog("start worker process ", started)
				if !eventually(func() bool { return s.worker() != old && syscall.Kill(old, 0) != nil }) {
					t.Fatal("the old worker stays")
				}
				l.progress(100)
				by := s.workers(100)
				if step.block == single && len(by) != 1 {
					t.Errorf("%d workers, %s: connections by worker: %v", step.workers, step.block, by)
				}
				if step.block == spread && !eventually(func() bool { return len(s.workers(30)) > 1 }) {
					t.Errorf("%d workers, %s: one worker has all connections", step.workers, step.block)
				}
			}
			l.end()
			if l.refused.Load() != 0 || l.broken.Load() != 0 {
				t.Errorf("%d connections refused, %d broken, of %d: %v", l.refused.Load(), l.broken.Load(), l.done.Load(), l.why.Load())
			}
			t.Logf("%d answers, longest wait %v", l.done.Load(), time.Duration(l.longest.Load()))
		})
	}
}

// TestUpgrade: the new binary goes on with the steering, and with it alone one
// worker has all connections.
func TestUpgrade(t *testing.T) {
	for _, way := range ways {
		t.Run(way.name, func(t *testing.T) {
			s := start(t, way.plain, 3, single)
			l := s.load(4)
			old := s.master()
			s.signal(syscall.SIGUSR2)
			if !eventually(func() bool { return s.pidIn("perigee.pid.oldbin") == old && s.master() != 0 && s.master() != old }) {
				t.Fatal("there is no new master")
			}
			s.waitLog("start worker process ", 3+3)
			l.progress(100)
			syscall.Kill(old, syscall.SIGQUIT)
			if !eventually(func() bool { return s.pidIn("perigee.pid.oldbin") == 0 }) {
				t.Fatal("the old master stays")
			}
			l.progress(100)
			if by := s.workers(100); len(by) != 1 {
				t.Errorf("connections by worker: %v", by)
			}
			if took := s.killOnce(20); took > time.Second {
				t.Errorf("a connection has waited %v", took)
			}
			l.end()
			if l.refused.Load() != 0 {
				t.Errorf("%d connections refused", l.refused.Load())
			}
			if n := l.broken.Load(); n > 4 { // by the kill
				t.Errorf("%d connections broken: %v", n, l.why.Load())
			}
		})
	}
}

// TestNeedsReuseport: a server without reuseport is refused at the directive.
func TestNeedsReuseport(t *testing.T) {
	s := start(t, false, 1, single)
	s.configure(1, "listen 127.0.0.1:{port}; single_listener on;")
	s.signal(syscall.SIGHUP)
	s.waitLog(`[emerg]`, 1)
	if !strings.Contains(s.log(), `single listener "`+s.addr()+`" must use reuseport in `+s.root+`/conf/nginx.conf:9`) {
		t.Errorf("the log does not say why:\n%s", s.log())
	}
	if err := s.ask(); err != nil {
		t.Error(err)
	}
}
