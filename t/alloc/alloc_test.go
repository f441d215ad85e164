package alloc_test

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	_ "github.com/perigee-server/perigee/builtins"
	"github.com/perigee-server/perigee/server/cycle"
	"github.com/perigee-server/perigee/server/event"
	"golang.org/x/sys/unix"
)

// serve runs a configuration's only server in this process and returns a
// connection to it.
func serve(t testing.TB, locations string) net.Conn {
	t.Helper()
	dir := t.TempDir()
	for _, d := range []string{"conf", "logs", "html"} {
		os.Mkdir(filepath.Join(dir, d), 0o755)
	}
	os.WriteFile(dir+"/html/1k.txt", make([]byte, 1024), 0o644)
	sock := dir + "/s"
	text := fmt.Sprintf("daemon off; error_log stderr; events {} http { access_log off; keepalive_requests 1000000; server { listen unix:%s; %s } }", sock, locations)
	os.WriteFile(dir+"/conf/nginx.conf", []byte(text), 0o644)
	c := cycle.New(cycle.Options{Prefix: dir + "/", ConfPath: dir + "/conf/nginx.conf", ErrorLog: "stderr", Identity: cycle.Identify("perigee")}, cycle.Single, nil)
	if err := c.Load(); err != nil {
		t.Fatal(err)
	}
	if err := c.Init(); err != nil {
		t.Fatal(err)
	}
	if err := c.RealizeZones(nil); err != nil {
		t.Fatal(err)
	}
	l, err := event.New()
	if err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("unix", sock)
	if err != nil {
		t.Fatal(err)
	}
	raw, _ := ln.(*net.UnixListener).File()
	fd := int(raw.Fd())
	unix.SetNonblock(fd, true)
	w := &cycle.Work{Cycle: c, Loop: l, Count: 1}
	if err := w.Start(); err != nil {
		t.Fatal(err)
	}
	accept := func(fd int, peer unix.Sockaddr) { c.Listening[0].Accept(w, fd, peer) }
	el, err := l.Listen(fd, false, accept, func(err error) { t.Error(err) })
	if err != nil {
		t.Fatal(err)
	}
	el.Enable(true)
	done := make(chan struct{})
	go func() { l.Run(); close(done) }()
	conn, err := net.Dial("unix", sock)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		conn.Close()
		l.Stop()
		<-done
		ln.Close()
		raw.Close()
	})
	return conn
}

// exchange sends one request and reads its whole response.
func exchange(t testing.TB, c net.Conn, request, buf []byte) int {
	if _, err := c.Write(request); err != nil {
		t.Fatal(err)
	}
	n, err := c.Read(buf)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestAllocations counts what a request costs on the hot paths. The limits are
// what was measured, so that a change that adds an allocation is noticed.
func TestAllocations(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	for _, c := range []struct {
		name, locations, uri string
		limit                float64
	}{
		{"return", `location / { return 200 "hello\n"; }`, "/", 0},
		{"static", `location / { root html; }`, "/1k.txt", 3},
		{"echo", `location / { echo hello; }`, "/", 1},
		{"handler_run of bytes", `location / { handler_run alloc.same $v hello; echo $v; }`, "/", 1},
		{"handler_run of text", `location / { handler_run alloc.text $v hello; echo $v; }`, "/", 2},
		{"handler_content", `location / { handler_content alloc.content; }`, "/", 0},
		{"handler_static_content", `location / { handler_static_content alloc.content; }`, "/", 0},
		{"handler_run_async", `location / { handler_run_async alloc.async $v hello; echo $v; }`, "/", 10},
	} {
		t.Run(c.name, func(t *testing.T) {
			conn := serve(t, c.locations)
			request := []byte("GET " + c.uri + " HTTP/1.1\r\nHost: localhost\r\nUser-Agent: test\r\n\r\n")
			buf := make([]byte, 4096)
			for range 200 {
				exchange(t, conn, request, buf)
			}
			const rounds = 2000
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			for range rounds {
				exchange(t, conn, request, buf)
			}
			runtime.ReadMemStats(&after)
			got := float64(after.Mallocs-before.Mallocs) / rounds
			t.Logf("%.2f allocations a request", got)
			if got > c.limit+0.2 {
				t.Errorf("%.2f allocations a request, at most %v expected", got, c.limit)
			}
		})
	}
}
