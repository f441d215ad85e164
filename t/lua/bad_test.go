package lua_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/perigee-server/perigee/t/spec"
)

// bad are scripts that fail, with what the log says of them.
var bad = []struct{ name, code, line string }{
	{"syntax", `local x = = 1`, "failed to load inlined Lua code: content_by_lua(nginx.conf:"},
	{"run time", `local t = nil; t.x = 1`, "attempt to index local 't' (a nil value)"},
	{"loop", `while true do end`, "lua_cpu_budget of 1s exceeded"},
	{"loop in pcall", `while true do pcall(function() while true do end end) end`, "lua_cpu_budget of 1s exceeded"},
	{"pattern", `string.find(string.rep("a", 40), string.rep("a?", 40) .. string.rep("a", 40))`, "pattern takes too many steps"},
	{"regex", `local m, err = ngx.re.match(string.rep("a", 60), "(a+)+$b", "j") error(err or "no error")`, "lua entry thread aborted: runtime error: "},
	{"recursion", `local function f() return 1 + f() end f()`, "stack overflow"},
	{"recursion in pcall", `local function f() return select(2, pcall(f)) end error(f())`, "stack overflow"},
	{"recursion in a metamethod", `local t t = setmetatable({}, {__index = function(_, k) return t[k] end}) local x = t.x`, "stack overflow"},
	{"huge string", `string.rep("x", 1e11)`, "not enough memory"},
	{"table", `error({code = 7})`, "lua entry thread aborted: runtime error: unknown reason"},
	{"nil", `error()`, "lua entry thread aborted: runtime error: unknown reason"},
	{"no coroutine", `coroutine.wrap(function() error("in a coroutine") end)()`, "in a coroutine"},
	{"thread", `local ok, err = ngx.thread.wait(ngx.thread.spawn(function() error("in a thread") end)) error(err)`, "lua user thread aborted: runtime error: content_by_lua"},
}

// TestBadScripts has scripts fail in every way: the client gets 500, the log
// says why, and the worker goes on.
func TestBadScripts(t *testing.T) {
	var conf strings.Builder
	for i, b := range bad {
		conf.WriteString("location = /" + string(rune('a'+i)) + " { content_by_lua_block { " + b.code + " } }\n")
	}
	conf.WriteString("location = /fine { content_by_lua_block { ngx.print(ngx.worker.pid()) } }\n")
	s := serve(t, "lua_cpu_budget 1s; lua_regex_match_limit 100000;", conf.String())
	_, pid, err := s.get("/fine")
	if err != nil {
		t.Fatal(err)
	}
	for i, b := range bad {
		before := len(s.log())
		status, body, err := s.get("/" + string(rune('a'+i)))
		if err != nil || status != 500 {
			t.Errorf("%s: %d %q %v", b.name, status, body, err)
		}
		if !s.logged(b.line) || !strings.Contains(s.log()[before:], b.line) {
			t.Errorf("%s: the log has no %q:\n%s", b.name, b.line, s.log()[before:])
		}
		if _, now, err := s.get("/fine"); err != nil || now != pid {
			t.Fatalf("%s: the worker was %s, is %s, %v", b.name, pid, now, err)
		}
	}
}

// TestLargeString sends 100 MB that a script has made.
func TestLargeString(t *testing.T) {
	s := serve(t, "", `location / { content_by_lua_block { local s = string.rep("0123456789", 10000000) ngx.header.content_length = #s ngx.print(s) } }`)
	status, body, err := s.get("/")
	if err != nil || status != 200 || len(body) != 100000000 {
		t.Errorf("%d, %d bytes, %v", status, len(body), err)
	}
}

// TestSyntaxFoundByTest has -t find a syntax error.
func TestSyntaxFoundByTest(t *testing.T) {
	bin := spec.Require(t, binary, binaryErr)
	dir := t.TempDir()
	conf := filepath.Join(dir, "nginx.conf")
	text := "events {}\nhttp { server {\nlocation / { content_by_lua_block {\nlocal x = = 1 } } } }\n"
	if err := os.WriteFile(conf, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "logs"), 0o755); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(bin.Path, "-p", dir, "-c", conf, "-t").CombinedOutput()
	const want = "content_by_lua(nginx.conf:3):2: unexpected symbol near '='"
	if err == nil || !strings.Contains(string(out), want) {
		t.Errorf("%v: %s", err, out)
	}
}
