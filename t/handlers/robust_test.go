package handlers_test

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// TestBlockingHandlerIsNamed: the watchdog shows the stack of a synchronous
// handler that blocks.
func TestBlockingHandlerIsNamed(t *testing.T) {
	s := newSite(t)
	s.write(1, "", `location / { handler_run block $x 400ms; return 200 "$x"; }`)
	s.start()
	s.get("/")
	if s.count(`the event loop has been busy for \d+ ms`) == 0 || s.count(`library\.registerFailures\.func`) == 0 {
		t.Error("the handler is not named")
		t.Log(s.err.String())
	}
}

// TestFatalErrorCostsOneWorker: what Go can not recover from ends one worker,
// which is replaced.
func TestFatalErrorCostsOneWorker(t *testing.T) {
	s := newSite(t)
	s.write(2, "", `location / { return 200 "here"; } location /stray { handler_run_async stray $x y; return 200 "$x"; }`)
	s.start()
	s.try("/stray")
	s.until("the worker is replaced", func() bool { return s.count("start worker process [0-9]") == 3 })
	s.until("the server serves", func() bool { v, err := s.try("/"); return err == nil && v == "here" })
	if n := s.count(`worker process \d+ crashed`); n != 1 {
		t.Errorf("%d lines tell of the crash", n)
	}
}

// TestValuesAreNotTorn: while one worker changes a shared variable all the time,
// all others read whole values.
func TestValuesAreNotTorn(t *testing.T) {
	s := newSite(t)
	s.write(3, "handler_run_service blocks $b; handler_service_var_in_shm zone 128k LOCKS $b;", `location / { echo -n $b; }`)
	s.start()
	s.until("there is a value", func() bool { return s.get("/") != "" })
	seen := map[string]bool{}
	for end := time.Now().Add(time.Second); time.Now().Before(end); {
		v := s.get("/")
		if strings.Trim(v, v[:1]) != "" {
			t.Fatalf("a torn value: %q", v)
		}
		seen[fmt.Sprint(v[:1], len(v))] = true
	}
	if len(seen) < 3 {
		t.Errorf("only %d values were seen", len(seen))
	}
}

// TestManyWait: a thousand requests that each wait a second for a task are
// answered in little more than one.
func TestManyWait(t *testing.T) {
	s := newSite(t)
	s.write(2, "", `location / { handler_run_async delay $d 1s; return 200 "$d"; }`)
	s.start()
	const n = 500 // of each worker's 512 connections
	conns := make([]net.Conn, n)
	for i := range conns {
		c, err := net.Dial("tcp", s.addr())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		conns[i] = c
	}
	began := time.Now()
	for _, c := range conns {
		fmt.Fprintf(c, "GET / HTTP/1.0\r\n\r\n")
	}
	for _, c := range conns {
		b, err := io.ReadAll(c)
		if err != nil || !strings.HasSuffix(string(b), "\r\n\r\n1000") {
			t.Fatalf("%q %v", b, err)
		}
	}
	if d := time.Since(began); d < time.Second || d > 3*time.Second {
		t.Errorf("%d requests were answered after %v", n, d)
	}
}

// comeAndGo makes many requests with a body of three bytes at once. Of half of
// them the client leaves within a time, the others must end with what is wanted.
func (s *site) comeAndGo(within time.Duration, request func() (args, want string)) (answered, left int64) {
	s.t.Helper()
	var wg sync.WaitGroup
	var stayed, gone atomic.Int64
	for range 32 {
		wg.Go(func() {
			for range 60 {
				c, err := net.Dial("tcp", s.addr())
				if err != nil {
					s.t.Error(err)
					return
				}
				args, want := request()
				fmt.Fprintf(c, "POST /?%s HTTP/1.0\r\nContent-Length: 3\r\n\r\nabc", args)
				if rand.IntN(2) == 0 {
					time.Sleep(rand.N(within))
					c.Close()
					gone.Add(1)
					continue
				}
				c.SetDeadline(time.Now().Add(10 * time.Second))
				b, err := io.ReadAll(c)
				c.Close()
				if err != nil || !strings.HasSuffix(string(b), want) {
					s.t.Errorf("%q %v", b, err)
				}
				stayed.Add(1)
			}
		})
	}
	wg.Wait()
	return stayed.Load(), gone.Load()
}

// TestClientsComeAndGo: clients that leave at random moments disturb neither
// others nor the worker.
func TestClientsComeAndGo(t *testing.T) {
	s := newSite(t)
	s.write(1, "", `location / { handler_run_async delay $a $arg_d; handler_run_async tracedAsync $b $a; handler_run_async_on_request_body reqLen $c x; return 200 "$b $c"; }`)
	s.start()
	answered, left := s.comeAndGo(8*time.Millisecond, func() (args, want string) {
		return fmt.Sprintf("d=%dms", rand.IntN(8)), "[3 in 1 (x)]"
	})
	if answered == 0 || left == 0 {
		t.Errorf("%d answered, %d left", answered, left)
	}
	if n := s.count(`panic|\[alert\]|\[crit\]`); n != 0 {
		t.Errorf("%d alarming lines", n)
	}
	if n := s.count("start worker process [0-9]"); n != 1 {
		t.Errorf("%d workers were started", n)
	}
}

// TestUpgradeKeepsState: over a binary upgrade one service is active, and hooks'
// data hold.
func TestUpgradeKeepsState(t *testing.T) {
	s := newSite(t)
	s.write(2, shared+strings.ReplaceAll(holder, "handler_service_var_in_shm zone 128k LOCKS", "handler_service_var_in_shm _ _ _"), tickServer+holderServer)
	s.start()
	s.until("the services have values", func() bool {
		return s.get("/tick") != "" && strings.HasPrefix(s.get("/get"), "[initial]")
	})
	s.get("/set?v=kept")
	s.until("the value is there", func() bool { return strings.HasPrefix(s.get("/get"), "[kept] [kept]") })
	old := s.active()
	s.cmd.Process.Signal(syscall.SIGUSR2)
	s.until("the new master has written its id", func() bool {
		_, err := os.Stat(s.dir + "/logs/n.pid.oldbin")
		_, now := os.Stat(s.dir + "/logs/n.pid")
		return err == nil && now == nil
	})
	var pid int
	s.until("the id is there", func() bool {
		b, _ := os.ReadFile(s.dir + "/logs/n.pid")
		fmt.Sscan(string(b), &pid)
		return pid != 0 && pid != s.cmd.Process.Pid
	})
	defer syscall.Kill(pid, syscall.SIGTERM)
	if now := s.active(); now != old {
		t.Errorf("%d was active; with two masters %d is", old, now)
	}
	for range 20 {
		if v := s.get("/get"); !strings.HasPrefix(v, "[kept] [kept]") {
			t.Fatalf("with two masters: %q", v)
		}
	}
	s.cmd.Process.Signal(syscall.SIGQUIT)
	s.until("the new workers take over", func() bool { now := s.active(); return now != 0 && now != old })
	for range 20 {
		if v := s.get("/get"); !strings.HasPrefix(v, "[kept] [kept]") {
			t.Fatalf("after the upgrade: %q", v)
		}
	}
}

// TestTwoServersShareAService: two servers with one lock folder have one active
// worker.
func TestTwoServersShareAService(t *testing.T) {
	a, b := newSite(t), newSite(t)
	conf := strings.ReplaceAll(shared, "LOCKS", a.dir+"/locks")
	a.write(2, conf, tickServer)
	b.write(2, conf, tickServer)
	a.start()
	a.until("the service has a value", func() bool { return a.active() != 0 })
	b.start()
	time.Sleep(300 * time.Millisecond)
	if v := b.get("/tick"); v != "" {
		t.Errorf("both servers run the service: %q", v)
	}
	a.stop()
	b.until("the other server has taken over", func() bool { return b.active() != 0 })
}

// TestTestingRunsNoInitCode: -t loads and checks, and runs no hook.
func TestTestingRunsNoInitCode(t *testing.T) {
	s := newSite(t)
	s.write(1, "handler program_options fail;", `location / { handler_run upper $u x; }`)
	out, err := exec.Command(server.Path, "-t", "-p", s.dir).CombinedOutput()
	if err != nil || strings.Contains(string(out), "init hook") {
		t.Errorf("%v\n%s", err, out)
	}
}

// TestClientGoneIsTold: the handler of a client that has left hears of it, and
// the request is gone for it.
func TestClientGoneIsTold(t *testing.T) {
	s := newSite(t)
	s.write(1, "", `location / { handler_run_async delayLogged $d 10s; return 200 "$d"; }`)
	s.start()
	c, err := net.Dial("tcp", s.addr())
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(c, "GET / HTTP/1.0\r\n\r\n")
	time.Sleep(100 * time.Millisecond)
	c.Close()
	s.until("the handler is told", func() bool { return s.count("delayLogged cancelled: the client closed the connection") == 1 })
	s.until("its request is gone", func() bool { return s.count("then: the request has ended") == 1 })
	s.until("the access log says 499", func() bool {
		b, _ := os.ReadFile(s.dir + "/logs/access.log")
		return strings.Contains(string(b), `"GET / HTTP/1.0" 499 `)
	})
}
