package process_test

import (
	"bytes"
	"fmt"
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

// patience is how long a test waits for what must happen.
const patience = 20 * time.Second

// site is a server root and what was started in it.
type site struct {
	t     *testing.T
	prog  string
	root  string
	ports []int
	out   safeBuffer
	group int // of the started process
	cmd   *exec.Cmd
	done  chan struct{}
	fine  []*regexp.Regexp // alerts and emergencies that the test brings about
}

// newSite makes a root with a configuration, in which {port} and {port2} …
// {port4} are free ports and {root} is the root. Workers that are nobody can
// enter it.
func newSite(t *testing.T, prog, config string) *site {
	t.Helper()
	root, err := os.MkdirTemp("", "pp-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(root) })
	var free spec.Ports
	t.Cleanup(free.Release)
	s := &site{t: t, prog: prog, root: root}
	for range 4 {
		p, err := free.Take()
		if err != nil {
			t.Fatal(err)
		}
		s.ports = append(s.ports, p)
	}
	for _, dir := range []string{"", "conf", "logs", "html"} {
		if err := os.MkdirAll(s.path(dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	os.Chmod(root, 0o755)
	s.configure(config)
	return s
}

func (s *site) path(name string) string { return filepath.Join(s.root, name) }

// configure writes conf/nginx.conf.
func (s *site) configure(config string) { s.t.Helper(); s.write("conf/nginx.conf", config) }

// write puts a file into the root, replacing {port} and {root}.
func (s *site) write(name, text string) {
	s.t.Helper()
	if err := os.WriteFile(s.path(name), []byte(s.expand(text)), 0o644); err != nil {
		s.t.Fatal(err)
	}
}

func (s *site) expand(text string) string {
	r := []string{"{root}", s.root, "{port}", strconv.Itoa(s.ports[0])}
	for i, p := range s.ports {
		r = append(r, fmt.Sprintf("{port%d}", i+1), strconv.Itoa(p))
	}
	return strings.NewReplacer(r...).Replace(text)
}

// read returns a file of the root, "" while there is none.
func (s *site) read(name string) string {
	text, _ := os.ReadFile(s.path(name))
	return string(text)
}

// errorLog is what the server has logged so far.
func (s *site) errorLog() string { return s.read("logs/error.log") }

// command prepares a call of the program in the root.
func (s *site) command(args ...string) *exec.Cmd {
	cmd := exec.Command(s.prog, append([]string{"-p", s.root + "/"}, args...)...)
	cmd.WaitDelay = time.Second
	return cmd
}

// call runs the program to its end: exit code and what it has said.
func (s *site) call(args ...string) (code int, output string) {
	s.t.Helper()
	out, err := s.command(args...).CombinedOutput()
	if err == nil {
		return 0, string(out)
	}
	exit, ok := err.(*exec.ExitError)
	if !ok {
		s.t.Fatalf("%v: %v", args, err)
	}
	return exit.ExitCode(), string(out)
}

// start runs the server in the foreground until the test ends; it is ready when
// the pid file is there and a worker, if there are any, answers.
func (s *site) start(args ...string) *site {
	s.t.Helper()
	s.launch(nil, args...)
	if !eventually(func() bool { return s.pid() != 0 || s.ended() }) || s.ended() {
		s.t.Fatalf("the server does not start:\n%s%s", s.out.String(), s.errorLog())
	}
	return s
}

// launch starts the server and does not wait for it.
func (s *site) launch(env []string, args ...string) {
	s.t.Helper()
	s.cmd = s.command(args...)
	s.cmd.Env = append(os.Environ(), env...)
	s.cmd.Stdout, s.cmd.Stderr = &s.out, &s.out
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := s.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.own(s.cmd.Process.Pid)
	s.done = make(chan struct{})
	go func() { s.cmd.Wait(); close(s.done) }()
	s.t.Cleanup(func() { <-s.done })
	s.t.Cleanup(s.finish)
}

// own makes the test end a process group, also when it does not come to that.
func (s *site) own(group int) {
	s.group = group
	spec.Keep(group)
	s.t.Cleanup(func() {
		syscall.Kill(-group, syscall.SIGKILL)
		spec.Forget(group)
	})
}

// ended reports whether the started process is gone.
func (s *site) ended() bool {
	select {
	case <-s.done:
		return true
	default:
		return false
	}
}

// code waits for the end of the started process and returns its exit code.
func (s *site) code() int {
	s.t.Helper()
	select {
	case <-s.done:
		return s.cmd.ProcessState.ExitCode()
	case <-time.After(patience):
		s.t.Fatalf("the server does not end:\n%s", s.errorLog())
		return -1
	}
}

// excuse names lines at alert or emerg that the test brings about.
func (s *site) excuse(pattern string) { s.fine = append(s.fine, regexp.MustCompile(pattern)) }

var trouble = regexp.MustCompile(`(?m)^.*\[(?:alert|emerg)\].*$|^panic: .*$|^fatal error: .*$|^goroutine \d+ .*$`)

// finish looks at the log, and ends what is left.
func (s *site) finish() {
	for _, line := range trouble.FindAllString(s.errorLog()+s.out.String(), -1) {
		if !s.excused(line) {
			s.t.Errorf("the server said %s", line)
		}
	}
	if s.t.Failed() {
		s.t.Logf("error log:\n%s\noutput:\n%s", s.errorLog(), s.out.String())
	}
	for _, pid := range groupOf(s.group) {
		syscall.Kill(pid, syscall.SIGTERM)
	}
	if !eventually(func() bool { return len(groupOf(s.group)) == 0 }) {
		s.t.Errorf("processes %v are left", groupOf(s.group))
	}
}

func (s *site) excused(line string) bool {
	for _, p := range s.fine {
		if p.MatchString(line) {
			return true
		}
	}
	return false
}

// pidFile is where the master writes its number, under either name.
func (s *site) pidFile() string { return "logs/" + s.name() + ".pid" }

// name is how the server introduces itself.
func (s *site) name() string {
	if filepath.Base(s.prog) == "nginx" {
		return "nginx"
	}
	return "perigee"
}

// pid is the number in the pid file, 0 without.
func (s *site) pid() int { return s.pidIn(s.pidFile()) }

func (s *site) pidIn(name string) int {
	text := s.read(name)
	if !strings.HasSuffix(text, "\n") {
		return 0
	}
	n, _ := strconv.Atoi(strings.TrimSpace(text))
	return n
}

// signal sends a signal to the master.
func (s *site) signal(sig syscall.Signal) {
	s.t.Helper()
	if err := syscall.Kill(s.pid(), sig); err != nil {
		s.t.Fatal(err)
	}
}

// workers are the children of the master, those that are ending excepted.
func (s *site) workers() []int { return serving(s.pid()) }

// settled waits for n workers that serve, none of them one of old, and for the
// end of the old ones.
func (s *site) settled(n int, old ...int) []int {
	s.t.Helper()
	var now []int
	ok := eventually(func() bool {
		now = childrenOf(s.pid())
		return len(now) == n && len(serving(s.pid())) == n && !overlap(now, old)
	})
	if !ok {
		s.t.Fatalf("there are workers %v, %d others than %v were expected\n%s", now, n, old, s.errorLog())
	}
	return now
}

// logged waits for a text in the error log.
func (s *site) logged(text string) {
	s.t.Helper()
	if !eventually(func() bool { return strings.Contains(s.errorLog(), text) }) {
		s.t.Fatalf("%q is not in the error log:\n%s", text, s.errorLog())
	}
}

func overlap(a, b []int) bool {
	for _, x := range a {
		for _, y := range b {
			if x == y {
				return true
			}
		}
	}
	return false
}

// eventually waits for something to become true.
func eventually(what func() bool) bool {
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(2 * time.Millisecond) {
		if what() {
			return true
		}
	}
	return what()
}

// safeBuffer collects output of a process.
type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *safeBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *safeBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}
