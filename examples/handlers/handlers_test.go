// Package handlers_test runs the example and compares what it answers with what
// its configuration says.
package handlers_test

import (
	"bytes"
	"image"
	"image/color"
	"image/gif"
	"image/png"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
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

// site is the running example; its ports are other ones than those of the
// configuration.
type site struct {
	t     *testing.T
	ports map[string]string
	log   *bytes.Buffer
}

// start runs the example, in Lua with the library in Lua.
func start(t *testing.T, inLua bool) *site {
	bin := spec.Require(t, binary, binaryErr)
	dir, err := os.MkdirTemp("", "pt-example-") // workers are not root, and must get there
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	os.Chmod(dir, 0o755)
	here, err := filepath.Abs(".")
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile("conf/nginx.conf")
	if err != nil {
		t.Fatal(err)
	}
	s := &site{t: t, ports: map[string]string{}, log: &bytes.Buffer{}}
	config := string(text)
	if inLua {
		config = strings.Replace(config, "handler load ../library;", "", 1)
		config = strings.Replace(config, "#handler load", "handler load", 1)
	}
	config = strings.ReplaceAll(config, " ../", " "+here+"/")
	for _, port := range []string{"8010", "8011", "8012"} {
		s.ports[port] = free(t)
		config = strings.ReplaceAll(config, "127.0.0.1:"+port, "127.0.0.1:"+s.ports[port])
	}
	locks := dir + "/locks"
	config = strings.Replace(config, "512k /tmp ", "512k "+locks+" ", 1)
	for _, d := range []string{"conf", "logs", "locks"} {
		os.Mkdir(filepath.Join(dir, d), 0o777)
	}
	os.Chmod(locks, 0o777)
	if err := os.WriteFile(dir+"/conf/nginx.conf", []byte(config), 0o644); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(bin.Path, "-p", dir)
	cmd.Stderr = s.log
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Signal(syscall.SIGTERM)
		cmd.Wait()
		if t.Failed() {
			t.Log(s.log.String())
		}
	})
	s.until("the example serves", func() bool {
		c, err := net.Dial("tcp", "127.0.0.1:"+s.ports["8010"])
		if err == nil {
			c.Close()
		}
		return err == nil
	})
	return s
}

func free(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
}

func (s *site) until(what string, f func() bool) {
	s.t.Helper()
	for end := time.Now().Add(20 * time.Second); !f(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			s.t.Fatalf("it did not come true that %s", what)
		}
	}
}

func (s *site) address(port string) string { return "http://127.0.0.1:" + s.ports[port] }

// ask sends a GET, or a POST with a body.
func (s *site) ask(port, uri string, body []byte) (status int, text string) {
	s.t.Helper()
	method := http.MethodGet
	if body != nil {
		method = http.MethodPost
	}
	req, err := http.NewRequest(method, s.address(port)+uri, bytes.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return resp.StatusCode, string(b)
}

func (s *site) get(uri string) string {
	_, text := s.ask("8010", uri, nil)
	return text
}

func TestExample(t *testing.T) {
	for name, inLua := range map[string]bool{"Go": false, "Lua": true} {
		t.Run(name, func(t *testing.T) {
			s := start(t, inLua)
			t.Run("variables", s.variables)
			t.Run("content and bodies", s.content)
			t.Run("service", s.service)
		})
	}
}

func (s *site) variables(t *testing.T) {
	for uri, want := range map[string]string{
		"/?a=hello_world":                         "toUpper (hello_world) = HELLO_WORLD\n",
		"/?a=hello_world&b=4":                     "takeN (hello_world, 4) = hell\n",
		"/?c=intelligence":                        "reverse (intelligence) = ecnegilletni\n",
		"/?d=intelligence&a=^i":                   "matches (intelligence, ^i) = 1\n",
		"/?d=intelligence&a=^I":                   "matches (intelligence, ^I) = 0\n",
		"/?e=1&g=intelligence&a=smart":            "firstNotEmpty (, intelligence, smart) = intelligence\n",
		"/?e=1&g=intelligence&a=smart&f=more":     "firstNotEmpty (more, intelligence, smart) = more\n",
		"/?e=1":                                   "firstNotEmpty (, , ) = \n",
		"/?l=1&a=secret1":                         "isInList (secret1, <secret words>) = 1\n",
		"/?l=1&a=secret4":                         "isInList (secret4, <secret words>) = 0\n",
		"/?m=%5B10,20,30,40%5D&n=3":               "jSONListOfIntsTakeN ([10,20,30,40], 3) = [10,20,30]\n",
		"/md?a=%23%20Title%0A**bold**%0A*%20item": "<h1>Title</h1>\n<p><strong>bold</strong></p>\n<ul>\n<li>item</li>\n</ul>\n",
	} {
		if got := s.get(uri); got != want {
			t.Errorf("%s answers %q, not %q", uri, got, want)
		}
	}
}

func (s *site) content(t *testing.T) {
	began := time.Now()
	if _, got := s.ask("8010", "/timer", []byte("timer=300ms")); got != "Waited 300ms\n" || time.Since(began) < 300*time.Millisecond {
		t.Errorf("the timer answers %q after %v", got, time.Since(began))
	}
	picture := image.NewPaletted(image.Rect(0, 0, 300, 200), color.Palette{color.Black, color.White})
	picture.SetColorIndex(7, 8, 1)
	var in bytes.Buffer
	if err := gif.Encode(&in, picture, nil); err != nil {
		t.Fatal(err)
	}
	_, out := s.ask("8010", "/png", in.Bytes())
	got, err := png.Decode(strings.NewReader(out))
	if err != nil {
		t.Fatal(err)
	}
	if r, _, _, _ := got.At(7, 8).RGBA(); r == 0 || got.Bounds() != picture.Bounds() {
		t.Errorf("another picture came back: %v", got.Bounds())
	}
	if status, page := s.ask("8010", "/png", []byte("no picture")); status != 415 || !strings.Contains(page, "415 Unsupported Media Type") {
		t.Errorf("%d %s", status, page)
	}
}

func (s *site) service(t *testing.T) {
	const first, second = "<a href=\"/b\">b</a> <a href=\"/a\">a</a>\n", "<a href=\"/c\">c</a>\n"
	s.until("the page is there", func() bool { return s.get("/page") == first })
	if got := s.get("/links"); got != "Links:\n/a\n/b\n" {
		t.Errorf("links: %q", got)
	}
	s.until("the change is counted", func() bool { _, n := s.ask("8012", "/changes", nil); return n == "1\n" })
	s.get("/set?u=" + s.address("8011") + "/other")
	s.until("all workers have the other page", func() bool {
		for range 8 {
			if s.get("/page") != second {
				return false
			}
		}
		return true
	})
	s.until("that change is counted too", func() bool { _, n := s.ask("8012", "/changes", nil); return n == "2\n" })
}
