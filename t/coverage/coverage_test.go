package coverage

import (
	_ "embed"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
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

const root = "../.."

func tests(t *testing.T) []sample {
	t.Helper()
	all, err := samples(root+"/t", root+"/lua", root+"/builtins", root+"/examples", root+"/server")
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 500 {
		t.Fatalf("%d samples: the tests are elsewhere", len(all))
	}
	return all
}

// TestDirectives: every directive of the reference, which a test of its own
// holds to what the modules register, is set in a specification or a test.
func TestDirectives(t *testing.T) {
	page, err := os.ReadFile(root + "/docs/directives.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := regexp.MustCompile("(?m)^\\| `([^`]+)` \\|").FindAllStringSubmatch(string(page), -1)
	if len(rows) < 300 {
		t.Fatalf("%d directives: the page is not understood", len(rows))
	}
	all := tests(t)
	for _, row := range rows {
		if !sets(row[1]).metBy(all) {
			t.Errorf("no specification sets %s", row[1])
		}
	}
}

//go:embed testdata/names.lua
var namesScript string

// ask has a server run a script with a request's body before it, and gives
// what it answers.
func ask(t *testing.T, script string) string {
	t.Helper()
	bin := spec.Require(t, binary, binaryErr)
	if bin.IsNginx() {
		t.Skip("the list is that of perigee")
	}
	ports := &spec.Ports{}
	port, err := ports.Take()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(ports.Release)
	dir := t.TempDir()
	for _, d := range []string{"conf", "logs"} {
		if err := os.Mkdir(filepath.Join(dir, d), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	conf := fmt.Sprintf(`daemon off; master_process off; error_log logs/error.log info; pid logs/nginx.pid; events {}
http { access_log off; lua_shared_dict names 1m; server { listen 127.0.0.1:%d; location / { content_by_lua_file conf/script.lua; } } }`, port)
	for name, text := range map[string]string{"nginx.conf": conf, "script.lua": script} {
		if err := os.WriteFile(filepath.Join(dir, "conf", name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	server, err := spec.Start(bin, dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Stop() })
	client := http.Client{Timeout: 10 * time.Second}
	var last error
	for range 300 {
		answer, err := client.Post(fmt.Sprintf("http://127.0.0.1:%d/", port), "text/plain", strings.NewReader("body"))
		if last = err; err != nil {
			time.Sleep(20 * time.Millisecond)
			continue
		}
		defer answer.Body.Close()
		text, err := io.ReadAll(answer.Body)
		if err != nil || answer.StatusCode != 200 {
			log, _ := os.ReadFile(filepath.Join(dir, "logs/error.log"))
			t.Fatalf("%d %v %s\n%s", answer.StatusCode, err, text, log)
		}
		return string(text)
	}
	t.Fatal(last)
	return ""
}

// TestNames: everything that a script finds in ngx, in the modules that are
// built in, and in the objects that they give, is used by a specification.
func TestNames(t *testing.T) {
	lines := strings.Split(strings.TrimSpace(ask(t, namesScript)), "\n")
	if len(lines) < 500 {
		t.Fatalf("%d names: the script does not find them\n%s", len(lines), strings.Join(lines, "\n"))
	}
	all := tests(t)
	for _, line := range lines {
		f := strings.Split(line, "\t")
		if len(f) != 3 {
			t.Fatalf("%q is no name", line)
		}
		if !uses(f[0], f[1], f[2]).metBy(all) {
			t.Errorf("no specification uses the %s %s %s", f[0], f[1], f[2])
		}
	}
}

// TestNeeds: what counts as a use, and what does not.
func TestNeeds(t *testing.T) {
	text := "location / { lua_code_cache off; content_by_lua_block { local r = require \"ngx.re\"; r.split(ngx.var.uri) ngx.say(1) } }"
	one := []sample{{"x.t", text}}
	for _, c := range []struct {
		need need
		met  bool
	}{
		{sets("lua_code_cache"), true}, {sets("lua_code"), false}, {sets("content_by_lua_block"), true}, {sets("cache"), false},
		{uses("function", "ngx.re", "split"), true}, {uses("function", "ngx.re", "opt"), false}, {uses("function", "ngx.resp", "split"), false},
		{uses("value", "ngx", "say"), true}, {uses("value", "ngx", "sa"), false}, {uses("method", "tcpsock", "split"), false},
		{uses("module", "ngx.re", ""), true}, {uses("module", "ngx.r", ""), false},
	} {
		if c.need.metBy(one) != c.met {
			t.Errorf("%v: want %v", c.need, c.met)
		}
	}
}
