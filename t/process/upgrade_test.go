package process_test

import (
	"os"
	"strings"
	"syscall"
	"testing"
)

// upgraded waits for the master that USR2 has started.
func (s *site) upgraded(old int) int {
	s.t.Helper()
	ok := eventually(func() bool {
		return s.pidIn(s.pidFile()+".oldbin") == old && s.pid() != 0 && s.pid() != old
	})
	if !ok {
		s.t.Fatalf("pid file %d, old pid file %d\n%s%s", s.pid(), s.pidIn(s.pidFile()+".oldbin"), s.errorLog(), s.out.String())
	}
	return s.pid()
}

// gone waits for the end of a process.
func (s *site) gone(pid int) {
	s.t.Helper()
	if !eventually(func() bool { return !alive(pid) }) {
		s.t.Fatalf("process %d does not end\n%s", pid, s.errorLog())
	}
}

// TestUpgrade: USR2 starts what the program's name means now beside the old
// one; QUIT ends that. No request is lost, the socket's file stays, and the new
// master does it all again.
func TestUpgrade(t *testing.T) {
	t.Parallel()
	config := strings.Replace(plain, "listen 127.0.0.1:{port};", "listen 127.0.0.1:{port}; listen unix:{root}/socket;", 1)
	s := newSite(t, program(t), config).start()
	s.settled(2)
	l := startLoad(s.addr(), 6)
	for range 3 {
		l.more(50)
		old := s.pid()
		s.signal(syscall.SIGUSR2)
		now := s.upgraded(old)
		s.settled(2)
		if alive(old) && len(childrenOf(old)) < 3 {
			t.Errorf("the old master has %v, two workers and the new master were expected", childrenOf(old))
		}
		syscall.Kill(old, syscall.SIGQUIT)
		s.gone(old)
		if s.pid() != now || s.pidIn(s.pidFile()+".oldbin") != 0 {
			t.Errorf("pid file %d, old pid file %d, master %d", s.pid(), s.pidIn(s.pidFile()+".oldbin"), now)
		}
	}
	l.end(t)
	if code, _, err := get("unix", s.path("socket"), "/who"); err != nil || code != 200 {
		t.Errorf("the socket: %d %v", code, err)
	}
}

// TestUpgradeGivenUp: WINCH rests the old workers, HUP brings them back without
// reading the configuration, QUIT ends the new binary.
func TestUpgradeGivenUp(t *testing.T) {
	t.Parallel()
	s := newSite(t, program(t), plain).start()
	old := s.pid()
	s.settled(2)
	l := startLoad(s.addr(), 6)
	l.more(50)
	s.signal(syscall.SIGUSR2)
	now := s.upgraded(old)
	s.settled(2)
	syscall.Kill(old, syscall.SIGWINCH)
	if !eventually(func() bool { return len(serving(old)) == 0 && len(childrenOf(old)) == 1 }) {
		t.Errorf("the old master still has %v", childrenOf(old))
	}
	syscall.Kill(old, syscall.SIGHUP)
	if !eventually(func() bool { return len(serving(old)) == 2 }) {
		t.Errorf("the old master has %v", childrenOf(old))
	}
	l.more(50)
	syscall.Kill(now, syscall.SIGQUIT)
	s.gone(now)
	if !eventually(func() bool { return s.pid() == old }) || s.pidIn(s.pidFile()+".oldbin") != 0 {
		t.Errorf("pid file %d, old pid file %d, master %d", s.pid(), s.pidIn(s.pidFile()+".oldbin"), old)
	}
	l.end(t)
	workers := serving(old)
	s.signal(syscall.SIGHUP) // an ordinary reload again
	s.settled(2, workers...)
}

// TestUpgradeThatFails: a new binary that does not start changes nothing.
func TestUpgradeThatFails(t *testing.T) {
	t.Parallel()
	link := asNginx(t)
	s := newSite(t, link, plain).start()
	s.excuse("execve\\(\\) failed")
	s.excuse("unknown directive")
	old := s.pid()
	workers := s.settled(2)
	if err := os.Rename(link, link+".away"); err != nil {
		t.Fatal(err)
	}
	s.signal(syscall.SIGUSR2)
	s.logged("execve() failed while executing new binary process")
	if !eventually(func() bool { return s.pid() == old }) {
		t.Errorf("pid file %d, master %d", s.pid(), old)
	}
	if err := os.Rename(link+".away", link); err != nil {
		t.Fatal(err)
	}
	s.configure("nonsense;")
	s.signal(syscall.SIGUSR2)
	s.logged("start new binary process")
	if !eventually(func() bool { return s.pid() == old && s.pidIn(s.pidFile()+".oldbin") == 0 && len(childrenOf(old)) == 2 }) {
		t.Errorf("pid file %d, children %v", s.pid(), childrenOf(old))
	}
	if now := s.workers(); now[0] != workers[0] || now[1] != workers[1] {
		t.Errorf("the workers were %v and are %v", workers, now)
	}
	s.get("/who")
}
