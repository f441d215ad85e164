// Package tour_test walks through the tour as a newcomer does.
package tour_test

import (
	"context"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
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

const port = "8765" // of the configuration

// repository copies what the tour is made of, with another port.
func repository(t *testing.T, other string) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{"conf/mime.types", "examples/tour/conf/nginx.conf", "examples/tour/html/index.html", "examples/tour/html/lost.html"} {
		text, err := os.ReadFile("../../" + name)
		if err != nil {
			t.Fatal(err)
		}
		to := filepath.Join(dir, name)
		os.MkdirAll(filepath.Dir(to), 0o755)
		if err := os.WriteFile(to, []byte(strings.ReplaceAll(string(text), port, other)), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	tour := filepath.Join(dir, "examples/tour")
	os.MkdirAll(filepath.Join(tour, "logs"), 0o755)
	return tour
}

// start runs the tour and returns its address.
func start(t *testing.T) string {
	t.Helper()
	bin := spec.Require(t, binary, binaryErr)
	if bin.IsNginx() {
		t.Skip("not on a real nginx: its packages load echo as a module")
	}
	var ports spec.Ports
	t.Cleanup(ports.Release)
	free, err := ports.Take()
	if err != nil {
		t.Fatal(err)
	}
	var said strings.Builder
	cmd := exec.Command(bin.Path, "-p", repository(t, strconv.Itoa(free)))
	cmd.Stderr = &said
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	spec.Keep(cmd.Process.Pid)
	t.Cleanup(func() {
		cmd.Process.Signal(syscall.SIGTERM)
		if err := cmd.Wait(); err != nil {
			t.Errorf("the end of the server: %v", err)
		}
		spec.Forget(cmd.Process.Pid)
		if regexp.MustCompile(`\[(warn|alert|emerg|crit)\]|panic: `).MatchString(said.String()) {
			t.Errorf("the server said\n%s", said.String())
		}
	})
	base := "http://127.0.0.1:" + strconv.Itoa(free)
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if res, err := http.Get(base + "/"); err == nil {
			res.Body.Close()
			return base
		}
	}
	t.Fatalf("the server does not answer:\n%s", said.String())
	return ""
}

func TestTour(t *testing.T) {
	base := start(t)
	page := ""
	for _, c := range []struct {
		path   string
		status int
		want   string
	}{
		{"/", 200, "<title>Perigee: the tour</title>"},
		{"/echo?a=1", 200, "You have asked for /echo?a=1 with GET.\nYou are 127.0.0.1, and something else.\n"},
		{"/slowly", 200, "first\nsecond, half a second later\n"},
		{"/together", 200, "part one\npart two\n"},
		{"/greet/moon", 200, "Hello, moon!\n"},
		{"/greet/mond?lang=de", 200, "Guten Tag, mond!\n"},
		{"/old/moon", 200, "Hello, moon!\n"},
		{"/away", 302, "302 Found"},
		{"/proxied/echo", 200, "You have asked for /echo with GET.\n"},
		{"/forbidden", 403, "403 Forbidden"},
		{"/not/there", 404, "Nothing here"},
		{"/lost.html", 404, "Nothing here"},
		{"/cached", 200, "keep this for an hour\n"},
		{"/status", 200, "Active connections: "},
	} {
		status, body := ask(t, base+c.path)
		if status != c.status || !strings.Contains(body, c.want) {
			t.Errorf("%s: %d %q", c.path, status, body)
		}
		if c.path == "/" {
			page = body
			continue
		}
		page = strings.Replace(page, `href="`+c.path+`"`, "", 1)
	}
	if left := regexp.MustCompile(`href="[^"]*"`).FindString(page); left != "" {
		t.Errorf("the page has a link that is not tested: %s", left)
	}
}

func ask(t *testing.T, url string) (int, string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, "GET", url, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("User-Agent", "a test")
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	if res.StatusCode < 400 && res.Header.Get("X-Tour") == "" && !strings.Contains(url, "proxied") {
		t.Errorf("%s: add_header adds nothing", url)
	}
	return res.StatusCode, string(body)
}

// TestConfigurations: what a newcomer starts passes the server's own test: the
// tour as it is, the default configuration, and the one in the README.
func TestConfigurations(t *testing.T) {
	bin := spec.Require(t, binary, binaryErr)
	if bin.IsNginx() {
		t.Skip("not on a real nginx: its packages load echo as a module")
	}
	standard, err := os.ReadFile("../../conf/nginx.conf")
	if err != nil {
		t.Fatal(err)
	}
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, first, _ := strings.Cut(string(readme), "```nginx\n")
	first, _, found := strings.Cut(first, "```")
	if !found {
		t.Fatal("the README has no configuration")
	}
	for name, args := range map[string][]string{
		"tour":     {"-p", "examples/tour"},
		"standard": {"-p", prefixWith(t, strings.Replace(string(standard), "80;", "127.0.0.1:8766;", 1))},
		"README":   {"-p", prefixWith(t, strings.Replace(first, "8080;", "127.0.0.1:8766;", 1))},
	} {
		cmd := exec.Command(bin.Path, append(args, "-t")...)
		cmd.Dir = "../.."
		if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), "test is successful") {
			t.Errorf("%s: %v\n%s", name, err, out)
		}
	}
}

// prefixWith makes a prefix with a configuration and the default types.
func prefixWith(t *testing.T, config string) string {
	t.Helper()
	prefix := t.TempDir()
	for _, dir := range []string{"conf", "logs"} {
		if err := os.Mkdir(filepath.Join(prefix, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	types, err := os.ReadFile("../../conf/mime.types")
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"conf/nginx.conf": config, "conf/mime.types": string(types)} {
		if err := os.WriteFile(filepath.Join(prefix, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return prefix
}
