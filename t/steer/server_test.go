// Package steer_test drives single_listener and the shared memory of the real
// program: deaths of workers, reloads and upgrades under load.
//
//	go test ./t/steer
//	PERIGEE_T_STRICT=1 PERIGEE_T_KILLS=50 go test -v -run TestKill ./t/steer
//
// Strict holds the waits of connections to 50 ms with eBPF and 150 ms with
// classic BPF; without it, on a machine that may be busy, to a second.
package steer_test

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
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

// nobody is the user and group of the server without privileges.
const nobody = 65534

// server is a running server in a root of its own.
type server struct {
	t    *testing.T
	root string
	port int
	cmd  *exec.Cmd
	done chan struct{}
}

// start runs the program with a server block that listens on {port}; plain means
// as a user without privileges.
func start(t *testing.T, plain bool, workers int, block string) *server {
	t.Helper()
	b := spec.Require(t, binary, binaryErr)
	if b.IsNginx() {
		t.Skip("a real nginx has no single_listener")
	}
	if plain && os.Geteuid() != 0 {
		t.Skip("only root can start a server as another user; run as a plain user all servers are plain")
	}
	root, err := os.MkdirTemp("", "ps-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(root) })
	var free spec.Ports
	t.Cleanup(free.Release)
	s := &server{t: t, root: root, done: make(chan struct{})}
	if s.port, err = free.Take(); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{"", "conf", "logs"} {
		path := filepath.Join(root, dir)
		os.MkdirAll(path, 0o755)
		os.Chmod(path, 0o755)
		if plain {
			os.Chown(path, nobody, nobody)
		}
	}
	s.configure(workers, block)
	prog := b.Path
	if plain {
		prog = filepath.Join(root, "perigee")
		copyFile(t, b.Path, prog)
	}
	s.cmd = exec.Command(prog, "-p", root+"/")
	s.cmd.WaitDelay = time.Second
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: 0}
	if plain {
		s.cmd.SysProcAttr.Credential = &syscall.Credential{Uid: nobody, Gid: nobody}
	}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		s.cmd.Wait()
		close(s.done)
	}()
	t.Cleanup(s.stop)
	if !eventually(func() bool { return s.master() != 0 && s.ask() == nil }) {
		t.Fatalf("the server does not start:\n%s", s.log())
	}
	return s
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	text, err := os.ReadFile(from)
	if err == nil {
		err = os.WriteFile(to, text, 0o755)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// configure writes the configuration.
func (s *server) configure(workers int, block string) {
	s.t.Helper()
	text := fmt.Sprintf(`daemon off;
worker_processes %d;
error_log logs/error.log notice;
pid logs/perigee.pid;
events { worker_connections 4096; }
http {
    access_log off;
    server {
        %s
        location / { return 200 "$pid\n"; }
        location = /status { stub_status; }
    }
}
`, workers, strings.ReplaceAll(block, "{port}", strconv.Itoa(s.port)))
	if err := os.WriteFile(filepath.Join(s.root, "conf/nginx.conf"), []byte(text), 0o644); err != nil {
		s.t.Fatal(err)
	}
}

func (s *server) log() string {
	text, _ := os.ReadFile(filepath.Join(s.root, "logs/error.log"))
	return string(text)
}

// waitLog waits until the log has a text n times.
func (s *server) waitLog(text string, n int) {
	s.t.Helper()
	if !eventually(func() bool { return strings.Count(s.log(), text) >= n }) {
		s.t.Fatalf("the log has %q %d times instead of %d:\n%s", text, strings.Count(s.log(), text), n, s.log())
	}
}

// master is the pid in the pid file, 0 while there is none.
func (s *server) master() int { return s.pidIn("perigee.pid") }

func (s *server) pidIn(name string) int {
	text, _ := os.ReadFile(filepath.Join(s.root, "logs", name))
	n, _ := strconv.Atoi(strings.TrimSpace(string(text)))
	return n
}

func (s *server) signal(sig syscall.Signal) {
	s.t.Helper()
	if err := syscall.Kill(s.master(), sig); err != nil {
		s.t.Fatal(err)
	}
}

// stop ends the server and, after an upgrade, the one that took its place.
func (s *server) stop() {
	for _, pid := range []int{s.master(), s.pidIn("perigee.pid.oldbin")} {
		if pid > 0 {
			syscall.Kill(pid, syscall.SIGTERM)
		}
	}
	select {
	case <-s.done:
	case <-time.After(10 * time.Second):
		s.cmd.Process.Kill()
		<-s.done
	}
	eventually(func() bool { return s.master() == 0 })
	if s.t.Failed() {
		s.t.Log(s.log())
	}
}

func eventually(f func() bool) bool {
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if f() {
			return true
		}
	}
	return f()
}

func (s *server) addr() string { return fmt.Sprintf("127.0.0.1:%d", s.port) }

// dial opens a connection and sends a request for a path.
func (s *server) dial(path string) (net.Conn, error) {
	c, err := net.DialTimeout("tcp", s.addr(), 5*time.Second)
	if err != nil {
		return nil, err
	}
	c.SetDeadline(time.Now().Add(10 * time.Second))
	if _, err := fmt.Fprintf(c, "GET %s HTTP/1.0\r\n\r\n", path); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

// answer reads the body of the response.
func answer(c net.Conn) (string, error) {
	defer c.Close()
	var b strings.Builder
	buf := make([]byte, 4096)
	for {
		n, err := c.Read(buf)
		b.Write(buf[:n])
		if err != nil {
			head, body, ok := strings.Cut(b.String(), "\r\n\r\n")
			if !ok || !strings.Contains(head, " 200 ") {
				return "", fmt.Errorf("%q after %w", b.String(), err)
			}
			return body, nil
		}
	}
}

// get asks for a path over a connection of its own.
func (s *server) get(path string) (string, error) {
	c, err := s.dial(path)
	if err != nil {
		return "", err
	}
	return answer(c)
}

func (s *server) ask() error {
	_, err := s.get("/")
	return err
}

// worker is the pid of the worker that answers.
func (s *server) worker() int {
	s.t.Helper()
	body, err := s.get("/")
	if err != nil {
		s.t.Fatal(err)
	}
	n, err := strconv.Atoi(strings.TrimSpace(body))
	if err != nil {
		s.t.Fatalf("no pid: %q", body)
	}
	return n
}

// workers counts who answers n connections.
func (s *server) workers(n int) map[int]int {
	s.t.Helper()
	by := map[int]int{}
	for range n {
		by[s.worker()]++
	}
	return by
}

// number is a figure from the environment, def without it.
func number(name string, def int) int {
	if n, err := strconv.Atoi(os.Getenv(name)); err == nil {
		return n
	}
	return def
}

// open opens a connection and sends a text.
func (s *server) open(text string) (net.Conn, error) {
	c, err := net.DialTimeout("tcp", s.addr(), 5*time.Second)
	if err != nil {
		return nil, err
	}
	_, err = c.Write([]byte(text))
	return c, err
}

// stopped reports whether all threads of a process have stopped.
func stopped(pid int) bool {
	tasks, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", pid))
	for _, path := range tasks {
		text, _ := os.ReadFile(path)
		_, state, _ := strings.Cut(string(text), ") ")
		if !strings.HasPrefix(state, "T") {
			return false
		}
	}
	return len(tasks) > 0
}
