package handlers_test

import (
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestReloadWithSomethingBroken: whatever is wrong, -t says so where it can, and
// a reload leaves the old workers.
func TestReloadWithSomethingBroken(t *testing.T) {
	for _, c := range []struct {
		name, http, server, message string
		passes                      bool // -t does not find it
	}{
		{"missing handler", "", `location /x { handler_run noSuch $u x; }`, `handler "noSuch" was not found`, false},
		{"wrong type", "", `location /x { handler_run_async upper $u x; }`, `handler "upper" is a synchronous handler`, false},
		{"wrong number of arguments", "", `location /x { handler_run upper $u x y; }`, `takes one argument, not 2`, false},
		{"missing library", "handler load nobody;", "", `failed to load handler library "nobody"`, false},
		{"init hook", "handler program_options fail;", `location /x { handler_run upper $u x; }`, `failed to run init hook at`, true},
		{"source that does not compile", "handler compile DIR/bad.go 'package bad; func init() { nonsense }';", "", `failed to link handlers`, false},
		{"lock folder", "handler_run_service steady $s; handler_service_var_in_shm z 64k DIR/none $s;", "", `path to file locks`, false},
		{"lock folder of another", "handler_run_service steady $s; handler_service_var_in_shm z 64k DIR/private $s;", "", `failed to open file lock`, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newSite(t)
			good := `location /pid { handler_run pid $p x; return 200 "$p"; }`
			s.write(2, "", good)
			s.start()
			before := s.get("/pid")
			old := s.workers()
			os.Mkdir(s.dir+"/private", 0o700)
			s.write(2, strings.ReplaceAll(c.http, "DIR", s.dir), good+c.server)
			out, err := exec.Command(server.Path, "-p", s.dir, "-t").CombinedOutput()
			if (err == nil) != c.passes || !c.passes && !strings.Contains(string(out), c.message) {
				t.Errorf("-t: %v\n%s", err, out)
			}
			s.reload()
			s.until("the failure is told", func() bool { return strings.Contains(s.err.String(), c.message) })
			time.Sleep(200 * time.Millisecond)
			if now := s.workers(); len(now) != len(old) || s.get("/pid") == "" {
				t.Errorf("workers %v, now %v (%s)", old, now, before)
			}
			s.write(2, "", good+` location /new { return 200 new; }`)
			s.reload()
			s.until("a good configuration is taken", func() bool { v, err := s.try("/new"); return err == nil && v == "new" })
		})
	}
}

// TestFirstStartFails: the server ends with exit code 1 and says why.
func TestFirstStartFails(t *testing.T) {
	s := newSite(t)
	s.write(2, "", `location /x { handler_run noSuch $u x; }`)
	out, err := exec.Command(server.Path, "-p", s.dir).CombinedOutput()
	if err == nil || err.(*exec.ExitError).ExitCode() != 1 || !strings.Contains(string(out), `[emerg]`) {
		t.Errorf("%v\n%s", err, out)
	}
}

// TestSystemFile: a file that only the master may read is given to init hooks,
// also in workers that are born later, and forgotten then.
func TestSystemFile(t *testing.T) {
	s := newSite(t)
	secret := s.dir + "/secret"
	if err := os.WriteFile(secret, []byte("TOP"), 0o600); err != nil {
		t.Fatal(err)
	}
	empty := s.dir + "/empty"
	os.WriteFile(empty, nil, 0o600)
	s.write(1, "handler program_options --sysread:key "+secret+" --mread:empty "+empty+" last;", `location / { handler_run secret $x y; return 200 "$x"; }`)
	s.start()
	const want = `init hook \["--sysread:key" "TOP" "--mread:empty" "" "last"\]`
	s.until("the init hook has run", func() bool { return s.count(want) == 1 })
	if v := s.get("/"); v != "5 [--sysread:key  --mread:empty  last]" {
		t.Errorf("later: %q", v)
	}
	os.WriteFile(secret, []byte("OTHER"), 0o600)
	s.kill(s.workers()[0], syscall.SIGKILL)
	s.until("the next worker has the same", func() bool { return s.count(want) == 2 })
	s.reload()
	s.until("a reload reads the file again", func() bool { return s.count(`init hook \["--sysread:key" "OTHER"`) == 1 })
}

// TestLibraryOfAFolder: a folder is linked into the workers' executable, and a
// change of its source takes a reload.
func TestLibraryOfAFolder(t *testing.T) {
	s := newSite(t)
	lib := s.dir + "/lib"
	os.Mkdir(lib, 0o755)
	source := func(greeting string) {
		text := "package lib\n\nimport \"github.com/perigee-server/perigee/server/handler\"\n\nfunc init() { handler.Sync(\"greet\", func(s string) string { return \"" + greeting + " \" + s }) }\n"
		if err := os.WriteFile(lib+"/lib.go", []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	source("hello")
	s.write(1, "handler load "+lib+";", `location / { handler_run greet $g world; return 200 "$g"; }`)
	text, _ := os.ReadFile(s.dir + "/conf/nginx.conf")
	os.WriteFile(s.dir+"/conf/nginx.conf", []byte(strings.Replace(string(text), "handler load t;", "", 1)), 0o644)
	s.start()
	if v := s.get("/"); v != "hello world" {
		t.Errorf("got %q", v)
	}
	source("good morning")
	s.reload()
	s.until("the changed library serves", func() bool { return s.get("/") == "good morning world" })
	made, _ := os.ReadDir(s.dir + "/handler_cache")
	if len(made) != 2 {
		t.Errorf("the cache has %v", made)
	}
}

// TestQuitWaitsForTasks: requests that wait for an asynchronous handler are
// answered on QUIT and HUP.
func TestQuitWaitsForTasks(t *testing.T) {
	for _, sig := range []syscall.Signal{syscall.SIGQUIT, syscall.SIGHUP} {
		t.Run(sig.String(), func(t *testing.T) {
			s := newSite(t)
			s.write(2, "", `location / { handler_run_async delay $d 600ms; return 200 "$d"; } location /c { handler_async_content slow 600ms; }`)
			s.start()
			answers := make(chan string, 2)
			for _, uri := range []string{"/", "/c"} {
				go func() { b, err := s.try(uri); answers <- b + errText(err) }()
			}
			time.Sleep(200 * time.Millisecond)
			s.cmd.Process.Signal(sig)
			for range 2 {
				if a := <-answers; a != "600" {
					t.Errorf("answered %q", a)
				}
			}
		})
	}
}

func errText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// TestMasterServesDuringReload: while a reload takes its time the master
// replaces workers, takes a second reload, and ends when it is told to.
func TestMasterServesDuringReload(t *testing.T) {
	s := newSite(t)
	good := `location /pid { handler_run pid $p x; return 200 "$p"; }`
	s.write(2, "", good)
	s.start()
	old := s.workers()
	s.write(2, "handler load slow;", good+` location /new { return 200 new; }`)
	s.reload()
	time.Sleep(300 * time.Millisecond)
	s.kill(old[0], syscall.SIGKILL)
	began := time.Now()
	s.until("the dead worker is replaced", func() bool { return s.count("start worker process [0-9]") == 3 })
	if d := time.Since(began); d > time.Second {
		t.Errorf("a worker was replaced after %v, while a reload was under way", d)
	}
	s.reload()
	s.until("the new configuration serves", func() bool { v, err := s.try("/new"); return err == nil && v == "new" })
	s.until("the reload that was asked for meanwhile is done too", func() bool { return s.count("reconfiguring") >= 3 })
	s.reload()
	time.Sleep(300 * time.Millisecond)
	began = time.Now()
	s.stop()
	if d := time.Since(began); d > 1500*time.Millisecond {
		t.Errorf("the master ended after %v", d)
	}
}
