// Package slow_test holds the server against many clients, and slow ones: what
// they cost, and that they stop nobody else.
//
//	go test ./t/slow
//	PERIGEE_T_SLOW=full go test ./t/slow -v -timeout 30m
//
// The full run makes 10,000 idle connections, 5,000 slow readers, and reads a
// response of 1 GB at 1 MB/s for a minute.
package slow_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"sort"
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

func full() bool { return os.Getenv("PERIGEE_T_SLOW") == "full" }

// size is the large number in a full run, else the small one.
func size(large, small int) int {
	if full() {
		return large
	}
	return small
}

// start serves a configuration on a free port; %d in it is the port.
func start(t *testing.T, format string) (srv *spec.Server, addr string) {
	t.Helper()
	bin := spec.Require(t, binary, binaryErr)
	ports := &spec.Ports{}
	port, err := ports.Take()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(ports.Release)
	root := t.TempDir()
	os.Chmod(root, 0o755)
	for _, d := range []string{"conf", "logs", "html", "temp"} {
		os.Mkdir(filepath.Join(root, d), 0o777)
		os.Chmod(filepath.Join(root, d), 0o777)
	}
	text := bin.LoadLines() + strings.ReplaceAll(strings.ReplaceAll(format, "PORT", strconv.Itoa(port)), "ROOT", root)
	if err := os.WriteFile(root+"/conf/nginx.conf", []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	srv, err = spec.Start(bin, root)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { srv.Stop() })
	addr = fmt.Sprintf("127.0.0.1:%d", port)
	for range 200 {
		c, err := net.Dial("tcp", addr)
		if err == nil {
			c.Close()
			return srv, addr
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatal("the server does not listen")
	return
}

// pss is the proportional set size of a process in bytes.
func pss(t *testing.T, pid int) int64 {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range strings.Split(string(text), "\n") {
		if f := strings.Fields(line); len(f) == 3 && f[0] == "Pss:" {
			n, _ := strconv.ParseInt(f[1], 10, 64)
			return n << 10
		}
	}
	t.Fatal("no Pss")
	return 0
}

func descriptors(t *testing.T, n int) {
	t.Helper()
	var l syscall.Rlimit
	syscall.Getrlimit(syscall.RLIMIT_NOFILE, &l)
	if l.Cur < uint64(n) {
		l.Cur = min(l.Max, uint64(n))
		syscall.Setrlimit(syscall.RLIMIT_NOFILE, &l)
	}
	if l.Cur < uint64(n) {
		t.Skipf("only %d descriptors allowed, %d needed", l.Cur, n)
	}
}

const head = `daemon off; master_process off; worker_rlimit_nofile 60000; error_log logs/error.log warn; pid logs/nginx.pid;
events { worker_connections 50000; }
http { access_log off; keepalive_timeout 600s; keepalive_requests 1000000; send_timeout 600s; proxy_temp_path ROOT/temp/p; client_body_temp_path ROOT/temp/b;
`

// TestIdleConnections states what an idle kept connection costs.
func TestIdleConnections(t *testing.T) {
	n := size(10_000, 1_000)
	descriptors(t, n+100)
	srv, addr := start(t, head+`server { listen 127.0.0.1:PORT backlog=4096; location / { return 200 "hello\n"; } } }`)
	before := pss(t, srv.Pid())
	conns := make([]net.Conn, 0, n)
	defer func() {
		for _, c := range conns {
			c.Close()
		}
	}()
	for range n {
		c, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		conns = append(conns, c)
		get(t, c, "/")
	}
	time.Sleep(time.Second)
	each := (pss(t, srv.Pid()) - before) / int64(n)
	t.Logf("%d idle connections: %d bytes each", n, each)
	if limit := int64(size(4096, 8192)); each > limit {
		t.Errorf("an idle connection costs %d bytes, at most %d expected", each, limit)
	}
}

// get makes a request on a kept connection and reads its whole response.
func get(t *testing.T, c net.Conn, uri string) time.Duration {
	t.Helper()
	began := time.Now()
	fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n", uri)
	r := bufio.NewReader(c)
	length := -1
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		if v, ok := strings.CutPrefix(line, "Content-Length: "); ok {
			length, _ = strconv.Atoi(strings.TrimSpace(v))
		}
		if line == "\r\n" {
			break
		}
	}
	if _, err := io.CopyN(io.Discard, r, int64(length)); err != nil {
		t.Fatal(err)
	}
	return time.Since(began)
}

// p99 is the 99th percentile of request times over a second.
func p99(t *testing.T, addr string) time.Duration {
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	var all []time.Duration
	for end := time.Now().Add(2 * time.Second); time.Now().Before(end); {
		all = append(all, get(t, c, "/"))
		time.Sleep(200 * time.Microsecond)
	}
	sort.Slice(all, func(i, j int) bool { return all[i] < all[j] })
	return all[len(all)*99/100]
}

// TestSlowReaders has many clients that hardly read a large response, beside
// one that is quick.
func TestSlowReaders(t *testing.T) {
	n := size(5_000, 500)
	descriptors(t, n+100)
	srv, addr := start(t, head+`server { listen 127.0.0.1:PORT backlog=4096; root html; location = / { return 200 "hello\n"; } location / { root ROOT/html; } } }`)
	root := rootOf(t, srv)
	f, err := os.Create(root + "/html/big")
	if err != nil {
		t.Fatal(err)
	}
	f.Truncate(64 << 20)
	f.Close()
	os.Chmod(root+"/html/big", 0o644)
	idle := p99(t, addr)
	before := pss(t, srv.Pid())
	var conns []net.Conn
	defer func() {
		for _, c := range conns {
			c.Close()
		}
	}()
	for range n {
		c, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		c.(*net.TCPConn).SetReadBuffer(4096)
		fmt.Fprintf(c, "GET /big HTTP/1.1\r\nHost: localhost\r\n\r\n")
		conns = append(conns, c)
	}
	stop := make(chan struct{})
	defer close(stop)
	go func() { // each reads a little now and then
		buf := make([]byte, 1024)
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
			}
			c := conns[i%len(conns)]
			c.SetReadDeadline(time.Now().Add(time.Millisecond))
			c.Read(buf)
			time.Sleep(50 * time.Microsecond)
		}
	}()
	time.Sleep(time.Second)
	busy := p99(t, addr)
	t.Logf("p99 of others: %v with %d slow readers, %v without; %d bytes each", busy, n, idle, (pss(t, srv.Pid())-before)/int64(n))
	if full() && busy > 2*idle+time.Millisecond { // in the small run other tests share the machine
		t.Errorf("p99 of others %v, without slow readers %v", busy, idle)
	}
}

// rootOf is the folder of the server's configuration, from its command line.
func rootOf(t *testing.T, srv *spec.Server) string {
	t.Helper()
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", srv.Pid()))
	f := strings.FieldsFunc(string(text), func(r rune) bool { return r == 0 || r == ' ' })
	for i, a := range f {
		if a == "-p" && i+1 < len(f) {
			return strings.TrimSuffix(f[i+1], "/")
		}
	}
	t.Fatalf("no -p in %q", text)
	return ""
}

// TestSlowClientOfProxy reads a large response through the proxy slowly: the
// worker keeps what it has read ahead in a file, not in memory.
func TestSlowClientOfProxy(t *testing.T) {
	up, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer up.Close()
	const total = 1 << 30
	go func() {
		for {
			c, err := up.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				bufio.NewReader(c).ReadString('\n')
				fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", total)
				block := make([]byte, 64<<10)
				for sent := 0; sent < total; sent += len(block) {
					if _, err := c.Write(block); err != nil {
						return
					}
				}
			}()
		}
	}()
	for _, mode := range []string{"proxy_max_temp_file_size 32m;", "proxy_max_temp_file_size 0;", "proxy_buffering off;"} {
		t.Run(mode, func(t *testing.T) {
			srv, addr := start(t, head+`server { listen 127.0.0.1:PORT; location = / { return 200 "hello\n"; } location / { `+mode+` proxy_pass http://`+up.Addr().String()+`; } } }`)
			c, err := net.Dial("tcp", addr)
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			c.(*net.TCPConn).SetReadBuffer(64 << 10)
			get(t, mustDial(t, addr), "/")
			before := pss(t, srv.Pid())
			fmt.Fprintf(c, "GET /x HTTP/1.1\r\nHost: localhost\r\n\r\n")
			most := int64(0)
			buf := make([]byte, 100<<10)
			for end := time.Now().Add(time.Duration(size(20, 2)) * time.Second); time.Now().Before(end); {
				if _, err := io.ReadFull(c, buf); err != nil {
					t.Fatal(err)
				}
				most = max(most, pss(t, srv.Pid())-before)
				time.Sleep(100 * time.Millisecond)
			}
			t.Logf("the worker grew by %d KB", most>>10)
			if most > 5<<20 {
				t.Errorf("the worker grew by %d KB, at most 5 MB expected", most>>10)
			}
		})
	}
}

func mustDial(t *testing.T, addr string) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}
