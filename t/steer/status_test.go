package steer_test

import (
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"
)

// status is what stub_status says.
type status struct {
	active, accepts, handled, requests, reading, writing, waiting int
}

func (s *server) status() status {
	s.t.Helper()
	body, err := s.get("/status")
	if err != nil {
		s.t.Fatal(err)
	}
	var st status
	_, err = fmt.Sscanf(body, "Active connections: %d \nserver accepts handled requests\n %d %d %d \nReading: %d Writing: %d Waiting: %d \n",
		&st.active, &st.accepts, &st.handled, &st.requests, &st.reading, &st.writing, &st.waiting)
	if err != nil {
		s.t.Fatalf("%q: %v", body, err)
	}
	return st
}

// TestStatus: stub_status counts what all workers do, whichever answers, and
// goes on counting over a killed worker, a reload and an upgrade.
func TestStatus(t *testing.T) {
	s := start(t, false, 4, spread)
	before := s.status()
	total := before.accepts
	more := func(n int) {
		t.Helper()
		total += n
		s.workers(n)
		// A worker may not have closed yet what it has answered.
		var got, want status
		for range 100 {
			total++ // the question itself
			got, want = s.status(), status{1, total, total, total, 0, 1, 0}
			if got == want {
				return
			}
			time.Sleep(time.Millisecond)
		}
		t.Fatalf("status %+v, want %+v", got, want)
	}
	more(40)
	total++
	victim := s.worker()
	syscall.Kill(victim, syscall.SIGKILL)
	s.waitLog("start worker process ", 5)
	s.settle()
	total = s.status().accepts // some may have waited on the dead worker's socket
	more(40)
	old := s.master()
	s.signal(syscall.SIGHUP)
	s.waitLog("gracefully shutting down", 4)
	s.settle()
	if n := s.status().accepts; n < total {
		t.Fatalf("%d accepts after a reload, %d before", n, total)
	}
	s.signal(syscall.SIGUSR2)
	if !eventually(func() bool { return s.master() != 0 && s.master() != old }) {
		t.Fatal("there is no new master")
	}
	s.waitLog("start worker process ", 5+4+4)
	s.settle()
	syscall.Kill(old, syscall.SIGQUIT)
	if !eventually(func() bool { return s.pidIn("perigee.pid.oldbin") == 0 }) {
		t.Fatal("the old master stays")
	}
	s.settle()
	if n := s.status().accepts; n < total {
		t.Fatalf("%d accepts after an upgrade, %d before", n, total)
	}
	total = s.status().accepts
	more(20)
}

// settle waits until the numbers of workers and of what they count are calm: two
// questions in a row differ by one.
func (s *server) settle() {
	s.t.Helper()
	if !eventually(func() bool {
		time.Sleep(50 * time.Millisecond)
		a := s.status()
		b := s.status()
		return b.accepts == a.accepts+1 && b.active == 1
	}) {
		s.t.Fatalf("the counters do not come to rest: %+v", s.status())
	}
}

// TestStatusStates: connections are counted as reading, writing or waiting.
func TestStatusStates(t *testing.T) {
	s := start(t, false, 2, single)
	idle, err := s.open("")
	if err != nil {
		t.Fatal(err)
	}
	defer idle.Close()
	half, err := s.open("GET / HTTP/1.1\r\nHo")
	if err != nil {
		t.Fatal(err)
	}
	defer half.Close()
	kept, err := s.open("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
	if err != nil {
		t.Fatal(err)
	}
	defer kept.Close()
	want := status{active: 4, reading: 1, writing: 1, waiting: 2}
	var got status
	if !eventually(func() bool {
		got = s.status()
		got.accepts, got.handled, got.requests = 0, 0, 0
		return got == want
	}) {
		t.Fatalf("status %+v, want %+v", got, want)
	}
	if syscall.Kill(s.worker(), syscall.SIGKILL) != nil {
		t.Fatal("no worker")
	}
	want = status{active: 1, writing: 1}
	if !eventually(func() bool {
		got = s.status()
		got.accepts, got.handled, got.requests = 0, 0, 0
		return got == want
	}) {
		t.Fatalf("after the worker's death: status %+v, want %+v", got, want)
	}
}

// TestReloadThatFailsKeepsCounters: a configuration that is refused changes
// nothing about the counters.
func TestReloadThatFailsKeepsCounters(t *testing.T) {
	s := start(t, false, 2, spread)
	before := s.status().accepts
	s.configure(2, "listen 127.0.0.1:{port}; single_listener on;")
	s.signal(syscall.SIGHUP)
	s.waitLog("must use reuseport", 1)
	if got := s.status().accepts; got != before+1 {
		t.Errorf("%d accepts, want %d", got, before+1)
	}
	if strings.Contains(s.log(), "alert") {
		t.Errorf("an alert:\n%s", s.log())
	}
}
