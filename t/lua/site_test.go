package lua_test

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
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

// site is a running server with one server block.
type site struct {
	t    *testing.T
	root string
	url  string
	http *http.Client
}

// serve starts a server with a master and one worker; httpConf and serverConf
// stand in those blocks.
func serve(t *testing.T, httpConf, serverConf string) *site {
	t.Helper()
	bin := spec.Require(t, binary, binaryErr)
	root, err := os.MkdirTemp("", "pt-lua-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(root) })
	var ports spec.Ports
	t.Cleanup(ports.Release)
	port, err := ports.Take()
	if err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{"conf", "logs", "html"} {
		if err := os.Mkdir(filepath.Join(root, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	conf := fmt.Sprintf("daemon off; worker_processes 1; pid logs/nginx.pid; error_log logs/error.log warn;\nevents { worker_connections 4096; }\n"+
		"http {\naccess_log off;\n%s\nserver { listen 127.0.0.1:%d backlog=2048;\n%s\n} }\n", httpConf, port, serverConf)
	if err := os.WriteFile(filepath.Join(root, "conf", "nginx.conf"), []byte(conf), 0o644); err != nil {
		t.Fatal(err)
	}
	server, err := spec.Start(bin, root)
	if err != nil {
		t.Fatalf("%v\n%s", err, readFile(root))
	}
	client := &http.Client{
		Timeout:   20 * time.Second,
		Transport: &http.Transport{MaxIdleConnsPerHost: 1024, MaxConnsPerHost: 1024},
	}
	t.Cleanup(func() {
		// A connection that the client opened ahead and never used would hold
		// the worker for client_header_timeout.
		client.CloseIdleConnections()
		if err := server.Stop(); err != nil {
			t.Errorf("%v\n%s", err, readFile(root))
		}
	})
	return &site{t: t, root: root, url: fmt.Sprintf("http://127.0.0.1:%d", port), http: client}
}

func readFile(root string) string {
	text, _ := os.ReadFile(filepath.Join(root, "logs", "error.log"))
	return string(text)
}

// log is the error log so far.
func (s *site) log() string { return readFile(s.root) }

// get fetches a path.
func (s *site) get(path string) (status int, body string, err error) {
	r, err := s.http.Get(s.url + path)
	if err != nil {
		return 0, "", err
	}
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	return r.StatusCode, string(b), err
}

// logged waits for a line of the log.
func (s *site) logged(text string) bool {
	for range 100 {
		if strings.Contains(s.log(), text) {
			return true
		}
		time.Sleep(10 * time.Millisecond)
	}
	return false
}
