package steer_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

const balanced = "listen 127.0.0.1:{port} reuseport; reuseport_balance least_conn;"

// kept is a connection that stays open, and who serves it.
type kept struct {
	net.Conn
	pid int
}

// keep opens a connection, asks for the worker's pid over it, and keeps it.
func (s *server) keep() kept {
	s.t.Helper()
	c, err := s.open("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(20 * time.Second))
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		s.t.Fatal(err)
	}
	body, _ := io.ReadAll(resp.Body)
	pid, err := strconv.Atoi(strings.TrimSpace(string(body)))
	if err != nil {
		s.t.Fatalf("no pid: %q", body)
	}
	return kept{c, pid}
}

// TestBalance: after one of two workers has lost all its connections it gets most
// of the new ones, until both serve as many.
func TestBalance(t *testing.T) {
	s := start(t, false, 2, balanced)
	s.waitLog("reuseport_balance least_conn on ", 1)
	if !strings.Contains(s.log(), "steering by eBPF") {
		t.Skip("the kernel does not steer by weights here")
	}
	var conns []kept
	for range 400 {
		conns = append(conns, s.keep())
	}
	idle := conns[0].pid
	for _, c := range conns {
		if c.pid == idle {
			c.Close()
		}
	}
	time.Sleep(time.Second) // some turns of the balance
	by := map[int]int{}
	for range 100 {
		by[s.keep().pid]++
	}
	// The shares are 64 to 16: 80 of 100 expected, with a deviation of 4.
	if by[idle] < 65 {
		t.Errorf("the idle worker has got %d of 100 connections: %v", by[idle], by)
	}
}

// TestBalanceOverLife: weights go on over deaths, reloads with other numbers of
// workers, other ways of steering and back, and an upgrade; nothing is lost.
func TestBalanceOverLife(t *testing.T) {
	s := start(t, false, 2, balanced)
	l := s.load(4)
	started := 2
	for _, step := range []struct {
		workers int
		block   string
	}{
		{4, balanced}, {2, balanced}, {3, single}, {2, balanced}, {2, spread}, {3, balanced},
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
		if step.block != balanced {
			continue
		}
		if !eventually(func() bool { return len(s.workers(60)) == step.workers }) {
			t.Errorf("%d workers, %s: not all have connections", step.workers, step.block)
		}
	}
	l.end()
	if l.refused.Load() != 0 || l.broken.Load() != 0 {
		t.Errorf("%d connections refused, %d broken, of %d: %v", l.refused.Load(), l.broken.Load(), l.done.Load(), l.why.Load())
	}

	old := s.master()
	s.signal(syscall.SIGUSR2)
	if !eventually(func() bool { return s.master() != old && s.pidIn("perigee.pid.oldbin") == old }) {
		t.Fatal("no upgrade")
	}
	s.waitLog("start worker process ", started+3)
	syscall.Kill(old, syscall.SIGQUIT)
	if !eventually(func() bool { return syscall.Kill(old, 0) != nil }) {
		t.Fatal("the old master stays")
	}
	if !eventually(func() bool { return len(s.workers(60)) == 3 }) {
		t.Error("after the upgrade not all workers have connections")
	}
	victim := s.worker()
	syscall.Kill(victim, syscall.SIGKILL)
	if !eventually(func() bool { by := s.workers(60); return len(by) == 3 && by[victim] == 0 }) {
		t.Error("after a death not all workers have connections")
	}
}

// TestBalancePlain: without rights the kernel chooses, and the log says so.
func TestBalancePlain(t *testing.T) {
	s := start(t, true, 2, balanced)
	s.waitLog("the kernel chooses by a hash, weights are beyond classic BPF (no eBPF: ", 1)
	if by := s.workers(200); len(by) != 2 {
		t.Errorf("200 connections by worker: %v", by)
	}
}
