package handlers_test

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/perigee-server/perigee/t/spec"
)

// site is a server with a master process.
type site struct {
	t    *testing.T
	dir  string
	port int
	cmd  *exec.Cmd
	err  *lines
	http *http.Client

	started int // workers of the first configuration
}

// lines collects a server's standard error.
type lines struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func freePort(t *testing.T) int {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// newSite writes a configuration: main is what stands in the main level, http
// and server in those blocks.
func newSite(t *testing.T) *site {
	t.Helper()
	spec.Depend()
	dir, err := os.MkdirTemp("", "pt-h-") // workers are not root, and must get there
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	s := &site{t: t, dir: dir, port: freePort(t), err: &lines{}}
	for _, d := range []string{"conf", "logs", "locks"} {
		if err := os.Mkdir(filepath.Join(s.dir, d), 0o777); err != nil {
			t.Fatal(err)
		}
	}
	os.Chmod(s.dir, 0o755)
	os.Chmod(s.dir+"/locks", 0o777)
	s.http = &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	return s
}

// write writes the configuration; LOCKS in it is the folder of lock files.
func (s *site) write(workers int, httpConf, serverConf string) {
	if s.started == 0 {
		s.started = workers
	}
	text := fmt.Sprintf("daemon off; worker_processes %d; error_log stderr info; pid logs/n.pid;\nevents {}\nhttp {\naccess_log logs/access.log;\nhandler load t;\n%s\nserver { listen 127.0.0.1:%d; location = /nothing { return 200; }\n%s\n}\n}\n", workers, httpConf, s.port, serverConf)
	text = strings.ReplaceAll(text, "LOCKS", s.dir+"/locks")
	if err := os.WriteFile(s.dir+"/conf/nginx.conf", []byte(text), 0o644); err != nil {
		s.t.Fatal(err)
	}
}

func (s *site) start() {
	s.t.Helper()
	s.cmd = exec.Command(server.Path, "-p", s.dir)
	s.cmd.Stderr = s.err
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := s.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(s.stop)
	s.until("the server serves", func() bool {
		r, err := s.http.Get("http://" + s.addr() + "/nothing")
		if err == nil {
			r.Body.Close()
		}
		return err == nil && len(s.workers()) == s.started
	})
}

func (s *site) addr() string { return "127.0.0.1:" + strconv.Itoa(s.port) }

// stop ends the server by the master's id, and checks that it goes.
func (s *site) stop() {
	if s.cmd == nil || s.cmd.ProcessState != nil {
		return
	}
	s.cmd.Process.Signal(syscall.SIGTERM)
	done := make(chan struct{})
	go func() { s.cmd.Wait(); close(done) }()
	select {
	case <-done:
	case <-time.After(5 * time.Second):
		s.cmd.Process.Kill()
		<-done
		s.t.Error("the master did not end on TERM")
	}
	if s.t.Failed() {
		s.t.Log(s.err.String())
	}
}

func (s *site) until(what string, f func() bool) {
	s.t.Helper()
	for end := time.Now().Add(8 * time.Second); ; {
		if f() {
			return
		}
		if time.Now().After(end) {
			s.t.Log(s.err.String())
			s.t.Fatalf("it did not come true that %s", what)
		}
		time.Sleep(2 * time.Millisecond)
	}
}

func (s *site) get(uri string) string {
	s.t.Helper()
	body, err := s.try(uri)
	if err != nil {
		s.t.Log(s.err.String())
		s.t.Fatal(err)
	}
	return body
}

func (s *site) try(uri string) (string, error) {
	r, err := s.http.Get("http://" + s.addr() + uri)
	if err != nil {
		return "", err
	}
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	if err == nil && r.StatusCode != 200 {
		err = fmt.Errorf("status %d: %s", r.StatusCode, b)
	}
	return string(b), err
}

// workers are the ids of the worker processes.
func (s *site) workers() (pids []int) {
	b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", s.cmd.Process.Pid, s.cmd.Process.Pid))
	for _, f := range strings.Fields(s.children(b)) {
		pid, _ := strconv.Atoi(f)
		pids = append(pids, pid)
	}
	return pids
}

// children joins what all threads of the master have started.
func (s *site) children(b []byte) string {
	all := string(b)
	tasks, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", s.cmd.Process.Pid))
	for _, t := range tasks {
		if strings.Contains(t, fmt.Sprintf("task/%d/", s.cmd.Process.Pid)) {
			continue
		}
		more, _ := os.ReadFile(t)
		all += " " + string(more)
	}
	return all
}

func (s *site) kill(pid int, sig syscall.Signal) {
	if err := syscall.Kill(pid, sig); err != nil {
		s.t.Log(err)
	}
}

func (s *site) reload() { s.cmd.Process.Signal(syscall.SIGHUP) }

// count is how often a pattern occurs in what the server has said.
func (s *site) count(pattern string) int {
	return len(regexp.MustCompile(pattern).FindAllString(s.err.String(), -1))
}
