package process_test

import (
	"fmt"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestFamilies: IPv4, IPv6 and Unix-domain sockets of every spelling.
func TestFamilies(t *testing.T) {
	t.Parallel()
	s := newSite(t, program(t), strings.Replace(plain, "listen 127.0.0.1:{port};", `
        listen 127.0.0.1:{port};
        listen [::1]:{port2};
        listen *:{port3};
        listen [::]:{port3};
        listen unix:{root}/socket;
        listen unix:@pp-{port4};`, 1)).start()
	s.settled(2)
	for _, c := range [][2]string{
		{"tcp", s.addr()}, {"tcp", "[::1]:" + itoa(s.ports[1])}, {"tcp", "127.0.0.1:" + itoa(s.ports[2])},
		{"tcp", "[::1]:" + itoa(s.ports[2])}, {"unix", s.path("socket")}, {"unix", "@pp-" + itoa(s.ports[3])},
	} {
		if code, body, err := get(c[0], c[1], "/who"); err != nil || code != 200 {
			t.Errorf("%v: %d %q %v", c, code, body, err)
		}
	}
	info, err := os.Stat(s.path("socket"))
	if err != nil || info.Mode().Perm() != 0o666 {
		t.Errorf("the socket's file: %v %v", info, err)
	}
	s.signal(syscall.SIGTERM)
	s.code()
	if _, err := os.Stat(s.path("socket")); err == nil {
		t.Error("the socket's file is left")
	}
}

// TestReuseport: each worker has a socket of its own, all of them are served,
// also after a reload with more workers, with fewer, and after a respawn.
func TestReuseport(t *testing.T) {
	t.Parallel()
	config := func(workers string) string {
		return strings.NewReplacer("{port};", "{port} reuseport;", "processes 2", "processes "+workers).Replace(plain)
	}
	s := newSite(t, program(t), config("3")).start()
	s.excuse("exited on signal 9")
	var old []int
	for _, step := range []struct {
		workers int
		do      func()
	}{
		{3, func() {}},
		{4, func() { s.configure(config("4")); s.signal(syscall.SIGHUP) }},
		{2, func() { s.configure(config("2")); s.signal(syscall.SIGHUP) }},
		{2, func() { syscall.Kill(old[0], syscall.SIGKILL); old = old[:1] }},
	} {
		step.do()
		old = s.settled(step.workers, old...)
		if n := listeners(t, s.ports[0]); n != step.workers {
			t.Errorf("%d sockets for %d workers", n, step.workers)
		}
		answered := map[string]int{}
		for range 60 * step.workers {
			answered[strings.TrimSpace(s.get("/who"))]++
		}
		if len(answered) != step.workers {
			t.Errorf("of %d workers %v have answered", step.workers, answered)
		}
	}
}

// listeners counts the sockets that listen on a port.
func listeners(t *testing.T, port int) int {
	t.Helper()
	text, err := os.ReadFile("/proc/net/tcp")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for line := range strings.Lines(string(text)) {
		f := strings.Fields(line)
		if len(f) > 3 && f[3] == "0A" && strings.HasSuffix(f[1], ":"+fmt.Sprintf("%04X", port)) {
			n++
		}
	}
	return n
}

// TestBusyAtStart: nginx waits two seconds for a server that is just ending.
func TestBusyAtStart(t *testing.T) {
	t.Parallel()
	s := newSite(t, program(t), plain)
	s.excuse("bind\\(\\) to")
	busy, err := net.Listen("tcp", s.addr())
	if err != nil {
		t.Fatal(err)
	}
	time.AfterFunc(300*time.Millisecond, func() { busy.Close() })
	s.start()
	s.settled(2)
	s.get("/who")
}
