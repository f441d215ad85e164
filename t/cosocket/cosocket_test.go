// Package cosocket_test has scripts talk to redis and memcached through
// cosockets of the real server, and to servers over TLS.
package cosocket_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/perigee-server/perigee/t/spec"
)

var (
	binary    *spec.Binary
	binaryErr error
)

func TestMain(m *testing.M) {
	spec.Main(m, func(b *spec.Binary, err error) { binary, binaryErr = b, err })
}

// ports takes free ports for the time of a test.
func ports(t *testing.T, n int) []int {
	t.Helper()
	p := &spec.Ports{}
	t.Cleanup(p.Release)
	taken := make([]int, n)
	for i := range taken {
		port, err := p.Take()
		if err != nil {
			t.Fatal(err)
		}
		taken[i] = port
	}
	return taken
}

// daemon starts a program for the time of a test and waits until it listens.
func daemon(t *testing.T, port int, name string, args ...string) {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Skipf("%s is not installed", name)
	}
	cmd := exec.Command(path, args...)
	cmd.Dir = t.TempDir()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	listens(t, port)
}

func listens(t *testing.T, port int) {
	t.Helper()
	for range 300 {
		c, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err == nil {
			c.Close()
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("nothing listens on port %d", port)
}

// server is the server under test.
type server struct {
	port int
	root string
}

// start serves scripts by name: /NAME runs scripts[NAME]; PEER stands for the
// port of the peer. The log must hold no alert at the end.
func start(t *testing.T, peer int, scripts map[string]string) *server {
	t.Helper()
	return startWith(t, peer, "", scripts)
}

// startWith is start with more directives in the http block.
func startWith(t *testing.T, peer int, more string, scripts map[string]string) *server {
	t.Helper()
	bin := spec.Require(t, binary, binaryErr)
	port := ports(t, 1)[0]
	root := t.TempDir()
	for _, d := range []string{"conf", "logs"} {
		os.Mkdir(filepath.Join(root, d), 0o777)
	}
	var locations strings.Builder
	for name, script := range scripts {
		fmt.Fprintf(&locations, "location = /%s { content_by_lua_block {\n%s\n} }\n", name, strings.ReplaceAll(script, "PEER", strconv.Itoa(peer)))
	}
	text := bin.LoadLines() + fmt.Sprintf(`daemon off; master_process off; error_log logs/error.log warn; pid logs/nginx.pid; events { worker_connections 512; }
http { access_log off; client_body_temp_path logs/b; %s
server { listen 127.0.0.1:%d; default_type text/plain; %s } }`, more, port, locations.String())
	os.WriteFile(root+"/conf/nginx.conf", []byte(text), 0o644)
	srv, err := spec.Start(bin, root)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		srv.Stop()
		log, _ := os.ReadFile(root + "/logs/error.log")
		for line := range strings.Lines(string(log)) {
			expected := strings.Contains(line, "SSL_do_handshake() failed")
			if !expected && (strings.Contains(line, "[alert]") || strings.Contains(line, "[error]") || strings.Contains(line, "panic")) {
				t.Errorf("error log:\n%s", log)
				break
			}
		}
	})
	listens(t, port)
	return &server{port, root}
}

func (s *server) get(t *testing.T, name string) string {
	t.Helper()
	client := &http.Client{Timeout: time.Minute}
	resp, err := client.Get(fmt.Sprintf("http://127.0.0.1:%d/%s", s.port, name))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	client.CloseIdleConnections()
	return string(body)
}

// sockets counts the server's open sockets.
func (s *server) sockets(t *testing.T) int {
	t.Helper()
	pid, err := os.ReadFile(s.root + "/logs/nginx.pid")
	if err != nil {
		t.Fatal(err)
	}
	dir := "/proc/" + strings.TrimSpace(string(pid)) + "/fd"
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, e := range entries {
		if to, err := os.Readlink(filepath.Join(dir, e.Name())); err == nil && strings.HasPrefix(to, "socket:") {
			n++
		}
	}
	return n
}

// expect compares what a script has said.
func expect(t *testing.T, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("the script has said %q, not %q", got, want)
	}
}

// noLeak demands that soon no more than a few sockets are open beyond before.
func (s *server) noLeak(t *testing.T, before, more int) {
	t.Helper()
	n := 0
	for range 100 {
		if n = s.sockets(t); n <= before+more {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Errorf("%d sockets are open, at first %d were", n, before)
}
