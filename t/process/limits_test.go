package process_test

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestUser: the workers of a master that is root are someone else, in all their
// threads, and see what the master has opened for them.
func TestUser(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("only root can have workers of another user")
	}
	s := newSite(t, program(t), strings.Replace(with("user nobody nogroup;"), "location /who", "include part.conf;\n location /who", 1))
	s.write("conf/part.conf", "location /part { return 200 \"part\\n\"; }")
	os.Chmod(s.path("conf/part.conf"), 0o600)
	s.start()
	nobody := userID(t, "-u", "nobody")
	group := userID(t, "-g", "nobody")
	for _, w := range s.settled(2) {
		stray := ""
		// Threads change one after the other.
		eventually(func() bool { stray = strayThread(w, nobody, group); return stray == "" })
		if stray != "" {
			t.Errorf("a thread is not of user %s and group %s:\n%s", nobody, group, stray)
		}
	}
	if uid := strings.Fields(status(s.pid(), "Uid")); len(uid) == 0 || uid[0] != "0" {
		t.Errorf("the master is %v", uid)
	}
	if got := s.get("/part"); got != "part\n" {
		t.Errorf("got %q", got)
	}
}

// strayThread is the status of a thread that has another user or group, or "".
func strayThread(pid int, user, group string) string {
	paths, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/status", pid))
	if len(paths) == 0 {
		return "no threads"
	}
	for _, path := range paths {
		text, _ := os.ReadFile(path)
		for _, want := range []string{
			"\nUid:\t" + strings.Repeat(user+"\t", 3) + user + "\n",
			"\nGid:\t" + strings.Repeat(group+"\t", 3) + group + "\n",
		} {
			if len(text) > 0 && !strings.Contains(string(text), want) {
				return string(text)
			}
		}
	}
	return ""
}

func userID(t *testing.T, what, name string) string {
	t.Helper()
	out, err := exec.Command("id", what, name).Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

// TestWorkerLimits: rlimits, priority, processors, environment and directory.
func TestWorkerLimits(t *testing.T) {
	t.Parallel()
	s := newSite(t, program(t), with(`
worker_rlimit_nofile 500;
worker_rlimit_core 1m;
worker_priority 5;
worker_cpu_affinity 01;
working_directory {root}/html;
env GIVEN=value;
env PP_KEPT;
`))
	s.launch([]string{"PP_KEPT=kept", "PP_DROPPED=dropped"})
	for _, w := range s.settled(2) {
		eventually(func() bool { dir, _ := os.Readlink(fmt.Sprintf("/proc/%d/cwd", w)); return dir == s.path("html") })
		limits, err := os.ReadFile(fmt.Sprintf("/proc/%d/limits", w))
		if err != nil {
			t.Fatal(err)
		}
		for name, want := range map[string]string{"Max open files": "500", "Max core file size": "1048576"} {
			if _, rest, _ := strings.Cut(string(limits), name); !strings.HasPrefix(strings.TrimSpace(rest), want+" ") {
				t.Errorf("%s is not %s:\n%s", name, want, limits)
			}
		}
		if cpus := status(w, "Cpus_allowed_list"); cpus != "0" {
			t.Errorf("the processors are %s", cpus)
		}
		out, err := exec.Command("ps", "-o", "ni=", "-p", itoa(w)).Output()
		if err == nil && strings.TrimSpace(string(out)) != "5" {
			t.Errorf("the nice value is %s", out)
		}
		if dir, _ := os.Readlink(fmt.Sprintf("/proc/%d/cwd", w)); dir != s.path("html") {
			t.Errorf("the directory is %s", dir)
		}
	}
	if status(s.pid(), "Cpus_allowed_list") == "0" && affinityOfTest() != "0" {
		t.Error("the master has the affinity of a worker")
	}
}

func affinityOfTest() string { return status(os.Getpid(), "Cpus_allowed_list") }

// TestNoDescriptorsLeft: a worker without descriptors says so, does not spin,
// and takes connections again once there are some.
func TestNoDescriptorsLeft(t *testing.T) {
	t.Parallel()
	s := newSite(t, program(t), strings.Replace(with("worker_rlimit_nofile 60;"), "processes 2", "processes 1", 1)).start()
	s.excuse("Too many open files")
	worker := s.settled(1)[0]
	var held []net.Conn
	for range 80 {
		if conn, err := net.DialTimeout("tcp", s.addr(), time.Second); err == nil {
			held = append(held, conn)
		}
	}
	s.logged("accept4() failed (24: Too many open files)")
	before := cpuTicks(worker)
	time.Sleep(time.Second)
	if used := cpuTicks(worker) - before; used > 20 {
		t.Errorf("a worker without descriptors uses %d ticks of a second", used)
	}
	for _, conn := range held {
		conn.Close()
	}
	s.get("/who")
	if n := strings.Count(s.errorLog(), "Too many open files"); n > 50 {
		t.Errorf("that is said %d times", n)
	}
	if !alive(worker) {
		t.Error("the worker has ended")
	}
}

// cpuTicks is the processor time of a process in hundredths of a second.
func cpuTicks(pid int) int {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	_, rest, _ := strings.Cut(string(text), ") ")
	f := strings.Fields(rest)
	if len(f) < 13 {
		return 0
	}
	var user, system int
	fmt.Sscan(f[11], &user)
	fmt.Sscan(f[12], &system)
	return user + system
}

// TestNoConnectionsLeft: more connections than worker_connections end at once
// and are told; kept ones make place.
func TestNoConnectionsLeft(t *testing.T) {
	t.Parallel()
	s := newSite(t, program(t), strings.NewReplacer("worker_connections 128", "worker_connections 20", "processes 2", "processes 1").Replace(plain)).start()
	s.excuse("20 worker_connections are not enough")
	s.settled(1)
	var held []net.Conn
	for range 30 {
		conn, err := net.DialTimeout("tcp", s.addr(), time.Second)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		fmt.Fprint(conn, "GET /who HTTP/1.1\r\nHost: a\r\n") // not idle
		held = append(held, conn)
	}
	s.logged("20 worker_connections are not enough")
	for _, conn := range held {
		conn.Close()
	}
	if !eventually(func() bool { code, _, err := get("tcp", s.addr(), "/who"); return err == nil && code == 200 }) {
		t.Error("nothing is answered after the connections have ended")
	}
}
