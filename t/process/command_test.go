package process_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// plain is a configuration with two workers; /who tells which one answers. The
// loop's watchdog is off: on a busy machine it would tell what others do.
const plain = `
daemon off;
baton_warn 0;
worker_processes 2;
error_log logs/error.log info;
events { worker_connections 128; }
http {
    access_log off;
    server {
        listen 127.0.0.1:{port};
        location /who { return 200 "$pid\n"; }
        location /last { return 200 "last\n"; }
        location / { root html; }
    }
}
`

// with is plain with other lines of the main context in front of it.
func with(lines string) string { return lines + "\n" + plain }

func TestCheck(t *testing.T) {
	t.Parallel()
	s := newSite(t, program(t), plain)
	code, out := s.call("-t")
	if code != 0 || !strings.Contains(out, "the configuration file "+s.path("conf/nginx.conf")+" syntax is ok\n") ||
		!strings.Contains(out, "configuration file "+s.path("conf/nginx.conf")+" test is successful\n") {
		t.Errorf("-t: %d %s", code, out)
	}
	if code, out = s.call("-t", "-q"); code != 0 || out != "" {
		t.Errorf("-tq: %d %q", code, out)
	}
	if s.pid() != 0 {
		t.Error("-t leaves a pid file")
	}
}

func TestCheckTellsAnError(t *testing.T) {
	t.Parallel()
	s := newSite(t, program(t), "events {}\nhttp {\n    server { listen nonsense:port; }\n}\n")
	code, out := s.call("-t")
	if code != 1 || !strings.Contains(out, "[emerg]") || !strings.Contains(out, s.path("conf/nginx.conf")+":3\n") ||
		!strings.Contains(out, "test failed") {
		t.Errorf("%d %s", code, out)
	}
}

// TestCheckListsEverything: all directives that are not supported at once.
func TestCheckListsEverything(t *testing.T) {
	t.Parallel()
	s := newSite(t, program(t), `events {}
nonsense_main 1;
http {
    nonsense_http on;
    server { location / { nonsense_location { anything; } } }
    nonsense_http off;
}
`)
	code, out := s.call("-t")
	if code != 1 {
		t.Errorf("exit code %d", code)
	}
	for _, want := range []string{`"nonsense_main" in %s:2`, `"nonsense_http" in %s:4`, `"nonsense_location" in %s:5`, `"nonsense_http" in %s:6`} {
		want = "unknown directive " + fmt.Sprintf(want, s.path("conf/nginx.conf")) + "\n"
		if !strings.Contains(out, want) {
			t.Errorf("%q is not in\n%s", want, out)
		}
	}
	if n := strings.Count(out, "[emerg]"); n != 4 {
		t.Errorf("%d errors instead of 4:\n%s", n, out)
	}
}

func TestDump(t *testing.T) {
	t.Parallel()
	s := newSite(t, program(t), "events {}\ninclude more.conf;\n")
	s.write("conf/more.conf", "worker_processes 3; # three\n")
	out, err := s.command("-T", "-q").Output()
	want := "# configuration file " + s.path("conf/nginx.conf") + ":\nevents {}\ninclude more.conf;\n\n" +
		"# configuration file " + s.path("conf/more.conf") + ":\nworker_processes 3; # three\n\n"
	if err != nil || string(out) != want {
		t.Errorf("%v, got\n%s\nexpected\n%s", err, out, want)
	}
}

// TestIdentities: the name under which the program is started decides how it
// introduces itself; the last line of -V says what it is.
func TestIdentities(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ prog, version, flags string }{
		{program(t), "perigee version: perigee/", "configure arguments: --with-"},
		{asNginx(t), "nginx version: nginx/1.22.1\n", "built with OpenSSL 3.0.19"},
	} {
		s := newSite(t, c.prog, plain)
		code, v := s.call("-v")
		if code != 0 || !strings.HasPrefix(v, c.version) || strings.Count(v, "\n") != 1 {
			t.Errorf("-v: %d %q", code, v)
		}
		code, all := s.call("-V")
		if code != 0 || !strings.HasPrefix(all, v) || !strings.Contains(all, c.flags) || !strings.Contains(all, "\nthis is perigee/") {
			t.Errorf("-V: %d %q", code, all)
		}
		code, help := s.call("-h")
		if code != 0 || !strings.HasPrefix(help, v) || !strings.Contains(help, "-s signal") {
			t.Errorf("-h: %d %q", code, help)
		}
		s.start()
		if res := s.raw("GET /who HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"); !strings.Contains(res, "\r\nServer: "+strings.Fields(v)[2]+"\r\n") {
			t.Errorf("Server is not %s: %s", strings.Fields(v)[2], res)
		}
		name := s.name()
		if got := title(s.pid()); got != name+": master process "+c.prog+" -p "+s.root+"/" {
			t.Errorf("the master's title is %q", got)
		}
		for _, w := range s.settled(2) {
			if title(w) != name+": worker process" {
				t.Errorf("a worker's title is %q", title(w))
			}
			if comm := status(w, "Name"); comm != name {
				t.Errorf("a worker's name is %q", comm)
			}
		}
	}
}

func TestWrongSwitches(t *testing.T) {
	t.Parallel()
	s := newSite(t, program(t), plain)
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"-x"}, `invalid option: "x"`},
		{[]string{"-s", "dance"}, `invalid option: "-s dance"`},
		{[]string{"-c"}, `option "-c" requires file name`},
		{[]string{"word"}, `invalid option: "word"`},
	} {
		if code, out := s.call(c.args...); code != 1 || !strings.Contains(out, c.want) {
			t.Errorf("%v: %d %q", c.args, code, out)
		}
	}
}

// TestOtherPlaces: -c, -e and -g, and a pid file and log elsewhere.
func TestOtherPlaces(t *testing.T) {
	t.Parallel()
	s := newSite(t, program(t), "this is not read")
	s.write("other.conf", strings.Replace(plain, "error_log logs/error.log info;", "", 1))
	s.start("-c", "other.conf", "-e", "logs/early.log", "-g", "pid logs/perigee.pid; worker_priority 3;")
	s.settled(2)
	s.raw("GET /absent HTTP/1.0\r\n\r\n")
	if !strings.Contains(s.read("logs/early.log"), "No such file or directory), client: ") {
		t.Errorf("-e names the log unless the configuration does:\n%s", s.read("logs/early.log"))
	}
	if _, err := os.Stat(s.path("logs/error.log")); err == nil {
		t.Error("logs/error.log was made although -e names another")
	}
}

func TestSignalsNeedAServer(t *testing.T) {
	t.Parallel()
	s := newSite(t, program(t), plain)
	code, out := s.call("-s", "reload")
	if code != 1 || !strings.Contains(out, `open() "`+s.path("logs/perigee.pid")+`" failed (2: No such file or directory)`) {
		t.Errorf("%d %s", code, out)
	}
	s.write("logs/perigee.pid", "nonsense\n")
	if code, out = s.call("-s", "stop"); code != 1 || !strings.Contains(out, `invalid PID number "nonsense"`) {
		t.Errorf("%d %s", code, out)
	}
}
