package lua_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"
)

// dumped is what lua_dump answers with.
type dumped struct {
	Scripts []dumpedScript
}

type dumpedScript struct {
	Request, URI, Client, Timer, Phase string
	Subrequest                         bool
	Threads                            []struct {
		Kind, Status, Waits string
		Traceback           []string
	}
}

const dumpConf = `
	location = /dump { lua_dump; }
	location = /sleep { content_by_lua_block {
		local function deep() ngx.sleep(1.5) end
		pcall(deep)
		ngx.print("slept")
	} }
	location = /threads { content_by_lua_block {
		local t = ngx.thread.spawn(function() ngx.sleep(1.5) end)
		local co = coroutine.wrap(function() coroutine.yield() ngx.sleep(1.5) end)
		co() co()
		ngx.thread.wait(t)
		ngx.print("waited")
	} }
	location = /socket { lua_code_cache off; content_by_lua_block {
		local s = ngx.socket.udp()
		s:setpeername("127.0.0.1", 9)
		s:settimeout(1500)
		local sem = require("ngx.semaphore").new()
		sem:wait(1.5)
		ngx.print("timed out")
	} }
	location = /timer { content_by_lua_block { ngx.timer.at(0, function() ngx.sleep(1.5) end) } }
	location = /sub { access_by_lua_block { ngx.location.capture("/sleep") } content_by_lua_block { ngx.print("sub") } }
`

// dump fetches the dump until f says that all has come.
func (s *site) dump(f func(d *dumped) bool) *dumped {
	s.t.Helper()
	for range 100 {
		_, body, err := s.get("/dump?format=json")
		if err != nil {
			s.t.Fatal(err)
		}
		d := &dumped{}
		if err := json.Unmarshal([]byte(body), d); err != nil {
			s.t.Fatalf("%v in %s", err, body)
		}
		if f(d) {
			return d
		}
		time.Sleep(10 * time.Millisecond)
	}
	s.t.Fatal("the scripts do not show")
	return nil
}

// TestDump looks at requests and a timer that wait in every way: it shows them
// and does not disturb them.
func TestDump(t *testing.T) {
	s := serve(t, "", dumpConf)
	wants := map[string]string{"/sleep": "slept", "/threads": "waited", "/socket": "timed out", "/timer": "", "/sub": "sub"}
	answers := make(chan string, len(wants))
	for path, want := range wants {
		go func() {
			status, body, err := s.get(path)
			if err != nil || status != 200 || body != want {
				answers <- path + ": " + body
				return
			}
			answers <- ""
		}()
	}
	byRequest := map[string][]dumpedScript{}
	s.dump(func(d *dumped) bool {
		clear(byRequest)
		for _, script := range d.Scripts {
			byRequest[script.Request] = append(byRequest[script.Request], script)
		}
		return len(d.Scripts) == 6
	})
	one := func(path string) dumpedScript {
		t.Helper()
		list := byRequest["GET "+path+" HTTP/1.1"]
		if path == "" {
			list = byRequest[""]
		}
		if len(list) == 0 {
			t.Fatalf("nothing of %q in %v", path, byRequest)
		}
		return list[0]
	}
	sleep := one("/sleep")
	if sleep.Phase != "content" || sleep.Client != "127.0.0.1" || len(sleep.Threads) != 1 || sleep.Threads[0].Waits != "ngx.sleep" ||
		!strings.Contains(strings.Join(sleep.Threads[0].Traceback, "\n"), ":2: in function <content_by_lua(nginx.conf:9):2>") ||
		!strings.Contains(strings.Join(sleep.Threads[0].Traceback, "\n"), ":3: in main chunk") {
		t.Errorf("%+v", sleep)
	}
	kinds := map[string]string{}
	for _, thread := range one("/threads").Threads {
		kinds[thread.Kind] = thread.Status + " " + thread.Waits
	}
	if kinds["entry thread"] != "resuming " || kinds["light thread"] != "waiting ngx.sleep" || kinds["coroutine"] != "waiting ngx.sleep" {
		t.Errorf("%v", kinds)
	}
	if sub := byRequest["GET /sub HTTP/1.1"]; len(sub) != 2 || sub[0].Phase != "access" || sub[0].Threads[0].Waits != "ngx.location.capture" || !sub[1].Subrequest || sub[1].URI != "/sleep" {
		t.Errorf("%+v", sub)
	}
	if socket := one("/socket"); !strings.HasSuffix(socket.Threads[0].Waits, "wait") {
		t.Errorf("%+v", socket)
	}
	if timer := one(""); timer.Phase != "timer" || !strings.HasPrefix(timer.Timer, "content_by_lua(nginx.conf:") || timer.Threads[0].Waits != "ngx.sleep" {
		t.Errorf("%+v", timer)
	}
	request, err := http.NewRequest("GET", s.url+"/dump", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Accept", "application/json")
	r, err := s.http.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	r.Body.Close()
	if kind := r.Header.Get("Content-Type"); kind != "application/json" {
		t.Errorf("Accept gives %q", kind)
	}
	if _, text, err := s.get("/dump"); err != nil || !strings.Contains(text, "entry thread, waiting in ngx.sleep\n") || !strings.Contains(text, "\"GET /sleep HTTP/1.1\", client: 127.0.0.1, phase: content, age: ") {
		t.Errorf("%s, %v", text, err)
	}
	for range wants {
		if answer := <-answers; answer != "" {
			t.Error(answer)
		}
	}
	s.dump(func(d *dumped) bool { return len(d.Scripts) == 0 })
}
