package handlers_test

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// crowdEnv makes the test binary a client of many connections: an address, a
// path, how many, and the last number of its own address. It is a process of its
// own, since a process may not open that many descriptors.
const crowdEnv = "PERIGEE_T_CROWD"

// crowd makes requests on connections of their own, says when all have been
// sent, waits for the answers, and says how many were right.
func crowd(args string) error {
	var port, n, from int
	var path string
	if _, err := fmt.Sscan(args, &port, &path, &n, &from); err != nil {
		return err
	}
	raiseDescriptors()
	request := fmt.Appendf(nil, "GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", path)
	fds := make([]int, n)
	for i := range fds {
		fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
		if err != nil {
			return os.NewSyscallError("socket", err)
		}
		fds[i] = fd
		syscall.SetsockoptTimeval(fd, syscall.SOL_SOCKET, syscall.SO_RCVTIMEO, &syscall.Timeval{Sec: 60})
		if err := syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, byte(from)}}); err != nil {
			return os.NewSyscallError("bind", err)
		}
		if err := syscall.Connect(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}, Port: port}); err != nil {
			return os.NewSyscallError("connect", err)
		}
		if _, err := syscall.Write(fd, request); err != nil {
			return os.NewSyscallError("write", err)
		}
	}
	fmt.Println("sent")
	good := 0
	buf := make([]byte, 4096)
	for _, fd := range fds {
		n, err := syscall.Read(fd, buf)
		for err == syscall.EINTR {
			n, err = syscall.Read(fd, buf)
		}
		if err == nil && strings.HasPrefix(string(buf[:n]), "HTTP/1.1 200 ") {
			good++
		} else {
			fmt.Fprintf(os.Stderr, "a client read %q, %v\n", buf[:max(n, 0)], err)
		}
		syscall.Close(fd)
	}
	fmt.Println("good", good)
	return nil
}

// raiseDescriptors allows the process, and those that it starts, as many
// descriptors as it may have.
func raiseDescriptors() (limit int) {
	var l syscall.Rlimit
	syscall.Getrlimit(syscall.RLIMIT_NOFILE, &l)
	l.Cur = l.Max
	syscall.Setrlimit(syscall.RLIMIT_NOFILE, &l)
	return int(min(l.Max, 1<<20))
}

// startCrowd starts a client of n connections and returns when it has sent all
// requests; the function waits for its end and returns how many answers were right.
func startCrowd(t *testing.T, port int, path string, n, number int) func() int {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%d %s %d %d", crowdEnv, port, path, n, 10+number))
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	in := bufio.NewScanner(out)
	if !in.Scan() || in.Text() != "sent" {
		t.Fatalf("a client said %q", in.Text())
	}
	return func() (good int) {
		in.Scan()
		fmt.Sscanf(in.Text(), "good %d", &good)
		return good
	}
}

// memory is the proportional set size of processes in bytes.
func memory(t *testing.T, pids []int) (sum int) {
	t.Helper()
	for _, pid := range pids {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
		if err != nil {
			t.Fatal(err)
		}
		_, rest, _ := strings.Cut(string(text), "\nPss:")
		kb, err := strconv.Atoi(strings.Fields(rest)[0])
		if err != nil {
			t.Fatal(err)
		}
		sum += kb << 10
	}
	return sum
}

// TestWaitingRequests states what a request costs that waits for its
// asynchronous handler.
//
//	PERIGEE_T_WAITERS=50000 go test ./t/handlers -run TestWaitingRequests -v
func TestWaitingRequests(t *testing.T) {
	const workers, perClient = 4, 12_500
	n, delay, most := 1_000, "2s", 40<<10
	if v, err := strconv.Atoi(os.Getenv("PERIGEE_T_WAITERS")); err == nil {
		n, delay, most = v, "30s", 20<<10
	}
	if limit := raiseDescriptors(); limit < n/workers*3/2+100 || limit < min(n, perClient)+100 {
		t.Skipf("only %d descriptors allowed", limit)
	}
	s := newSite(t)
	s.started = workers
	text := fmt.Sprintf(`daemon off; worker_processes %d; worker_rlimit_nofile %d; error_log stderr warn; pid logs/n.pid; events { worker_connections 100000; }
http { access_log off; handler load t;
server { listen 127.0.0.1:%d reuseport backlog=8192; reuseport_balance least_conn; location = /nothing { return 200; }
location = /wait { handler_run_async delay $v %s; return 200 "$v"; } } }`, workers, raiseDescriptors(), s.port, delay)
	if err := os.WriteFile(filepath.Join(s.dir, "conf", "nginx.conf"), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	s.start()
	for range 100 { // every worker has answered
		s.get("/nothing")
	}
	pids := s.workers()
	before := memory(t, pids)
	var clients []func() int
	for left := n; left > 0; left -= perClient {
		clients = append(clients, startCrowd(t, s.port, "/wait", min(left, perClient), len(clients)))
	}
	time.Sleep(500 * time.Millisecond)
	each := (memory(t, pids) - before) / n
	good := 0
	for _, end := range clients {
		good += end()
	}
	t.Logf("%d waiting requests: %d bytes each; %d answers", n, each, good)
	if good != n {
		t.Errorf("%d of %d requests were answered", good, n)
	}
	if each > most {
		t.Errorf("a waiting request costs %d bytes, at most %d expected", each, most)
	}
}
