package process_test

import (
	"net"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// daemon starts the server as a daemon and takes charge of it.
func (s *site) daemon(args ...string) {
	s.t.Helper()
	code, out := s.call(args...)
	if code != 0 || out != "" {
		s.t.Fatalf("%d %q\n%s", code, out, s.errorLog())
	}
	pid := s.pid()
	st, ok := statOf(pid)
	if !ok {
		s.t.Fatalf("pid file %q and no such process\n%s", s.read(s.pidFile()), s.errorLog())
	}
	s.own(st.group)
	s.t.Cleanup(s.finish)
	if st.group != pid {
		s.t.Errorf("the daemon %d is in the group %d", pid, st.group)
	}
}

var asDaemon = strings.Replace(plain, "daemon off;", "", 1)

// TestDaemon: the command returns when the server answers, with code 0, and the
// server has a session of its own and nothing of the terminal.
func TestDaemon(t *testing.T) {
	t.Parallel()
	for _, prog := range []string{program(t), asNginx(t)} {
		s := newSite(t, prog, asDaemon)
		s.daemon()
		s.get("/who")
		master := s.pid()
		for fd := range 3 {
			to, err := os.Readlink("/proc/" + itoa(master) + "/fd/" + itoa(fd))
			if err != nil || to != "/dev/null" && to != s.path("logs/error.log") {
				t.Errorf("descriptor %d is %q (%v)", fd, to, err)
			}
		}
		if code, out := s.call("-s", "quit"); code != 0 {
			t.Errorf("%d %s", code, out)
		}
		if !eventually(func() bool { return !alive(master) && s.pid() == 0 }) {
			t.Error("the daemon does not end")
		}
	}
}

// TestDaemonReportsErrors: what goes wrong is told by the command that was
// called, with its exit code.
func TestDaemonReportsErrors(t *testing.T) {
	t.Parallel()
	s := newSite(t, program(t), asDaemon+"\nnonsense;")
	if code, out := s.call(); code != 1 || !strings.Contains(out, `[emerg] unknown directive "nonsense"`) {
		t.Errorf("%d %q", code, out)
	}
	s.configure(asDaemon)
	busy, err := net.Listen("tcp", s.addr())
	if err != nil {
		t.Fatal(err)
	}
	defer busy.Close()
	code, out := s.call()
	if code != 1 || !strings.Contains(out, "bind() to "+s.addr()+" failed (98: Address already in use)") || !strings.Contains(out, "still could not bind()") {
		t.Errorf("%d %q", code, out)
	}
	if s.pid() != 0 {
		t.Error("a pid file is left")
	}
}

// TestSingle: master_process off is one process, in the foreground and as a
// daemon, that obeys the same signals.
func TestSingle(t *testing.T) {
	t.Parallel()
	s := newSite(t, program(t), with("master_process off;")).start()
	pid := s.pid()
	if got := s.get("/who"); got != itoa(pid)+"\n" || pid != s.cmd.Process.Pid {
		t.Errorf("%q answers, the pid file says %d", got, pid)
	}
	if kids := childrenOf(pid); len(kids) != 0 {
		t.Errorf("there are children: %v", kids)
	}
	s.configure(strings.Replace(with("master_process off;"), `"$pid\n"`, `"changed\n"`, 1))
	s.signal(syscall.SIGHUP)
	if !eventually(func() bool { return s.get("/who") == "changed\n" }) {
		t.Error("a reload changes nothing")
	}
	os.Rename(s.path("logs/error.log"), s.path("logs/old.log"))
	s.signal(syscall.SIGUSR1)
	if !eventually(func() bool { _, err := os.Stat(s.path("logs/error.log")); return err == nil }) {
		t.Error("the log is not reopened")
	}
	s.signal(syscall.SIGQUIT)
	if code := s.code(); code != 0 || s.pid() != 0 {
		t.Errorf("exit code %d, pid file %d", code, s.pid())
	}
}

func TestSingleDaemon(t *testing.T) {
	t.Parallel()
	s := newSite(t, program(t), "master_process off;"+asDaemon)
	s.daemon()
	if got := s.get("/who"); got != itoa(s.pid())+"\n" {
		t.Errorf("%q answers, the pid file says %d", got, s.pid())
	}
}

// TestSingleReloadFails: what is wrong with a new configuration changes nothing.
func TestSingleReloadFails(t *testing.T) {
	t.Parallel()
	s := newSite(t, program(t), with("master_process off;")).start()
	s.excuse(`unknown directive "nonsense"`)
	s.configure(with("master_process off; nonsense;"))
	s.signal(syscall.SIGHUP)
	s.logged(`unknown directive "nonsense"`)
	time.Sleep(20 * time.Millisecond)
	s.get("/who")
}

// TestDaemonCrash: the trace of a worker that crashes is in the error log, also
// after that was reopened, and after an upgrade.
func TestDaemonCrash(t *testing.T) {
	t.Parallel()
	s := newSite(t, program(t), asDaemon)
	s.excuse("crashed and exited with code 2|^goroutine |SIGABRT")
	s.daemon()
	crash := func() {
		t.Helper()
		worker, err := strconv.Atoi(strings.TrimSpace(s.get("/who")))
		if err != nil {
			t.Fatal(err)
		}
		syscall.Kill(worker, syscall.SIGABRT)
		s.logged("SIGABRT: abort")
		s.settled(2, worker)
	}
	s.settled(2)
	crash()
	os.Rename(s.path("logs/error.log"), s.path("logs/old.log"))
	s.signal(syscall.SIGUSR1)
	if !eventually(func() bool { _, err := os.Stat(s.path("logs/error.log")); return err == nil }) {
		t.Fatal("the log is not reopened")
	}
	time.Sleep(100 * time.Millisecond) // for the workers to follow
	crash()
	old := s.pid()
	s.signal(syscall.SIGUSR2)
	s.upgraded(old)
	syscall.Kill(old, syscall.SIGQUIT)
	s.gone(old)
	os.Rename(s.path("logs/error.log"), s.path("logs/older.log"))
	s.signal(syscall.SIGUSR1)
	if !eventually(func() bool { _, err := os.Stat(s.path("logs/error.log")); return err == nil }) {
		t.Fatal("the log is not reopened")
	}
	time.Sleep(100 * time.Millisecond)
	crash()
}

// TestDaemonToStandardError: error_log stderr keeps the standard error that the
// daemon was started with.
func TestDaemonToStandardError(t *testing.T) {
	t.Parallel()
	s := newSite(t, program(t), strings.Replace(asDaemon, "error_log logs/error.log info", "error_log stderr info", 1))
	said, err := os.Create(s.path("said"))
	if err != nil {
		t.Fatal(err)
	}
	defer said.Close()
	cmd := s.command()
	cmd.Stderr = said
	if err := cmd.Run(); err != nil {
		t.Fatal(err)
	}
	st, _ := statOf(s.pid())
	s.own(st.group)
	s.t.Cleanup(s.finish)
	s.raw("GET /absent HTTP/1.0\r\n\r\n")
	if !eventually(func() bool { return strings.Contains(s.read("said"), "No such file or directory), client: ") }) {
		t.Errorf("standard error is\n%s", s.read("said"))
	}
}
