package lua_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
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
	{"userdata", `error(newproxy(true))`, "lua entry thread aborted: runtime error: unknown reason"},
	{"an object that tells", `error(setmetatable({}, {__tostring = function() error("again") end}))`, "lua entry thread aborted: runtime error: unknown reason"},
	{"in the handler of xpcall", `local ok, err = xpcall(error, function() error("again") end) error(err)`, "lua entry thread aborted: runtime error: content_by_lua(nginx.conf:"},
	{"error of xpcall", `error(select(2, xpcall(function() local x = nil + 1 end, function(e) local t = nil return t.x end)), 0)`, "lua entry thread aborted: runtime error: error in error handling"},
	{"regex with alternatives", `local m, err = ngx.re.find(string.rep("a", 3000), "(a|aa|aaa)+\\1$b", "jo") error("the answer is " .. tostring(m), 0)`, "runtime error: the answer is nil"},
	{"regex that is none", `local m, err = ngx.re.match("a", string.rep("(", 500)) error(err, 0)`, "lua entry thread aborted: runtime error: pcre"},
	{"pattern of many parts", `string.match(string.rep("a", 100000), ".-.-.-.-b")`, "pattern takes too many steps"},
	{"pattern of many captures", `string.find(string.rep("a", 40), string.rep("(a)", 40))`, "too many captures"},
	{"format", `string.format("%99999999d", 1)`, "invalid option"},
	{"source of many levels", `assert(loadstring("return " .. string.rep("{", 100000)))`, "chunk has too many syntax levels"},
	{"json of a cycle", `local t = {} t.t = t require("cjson").encode(t)`, "Cannot serialise, excessive nesting"},
	{"json of many levels", `require("cjson").decode(string.rep("[", 1000000))`, "Found too many nested data structures"},
	{"recursion through coroutines", `local function f() return coroutine.wrap(f)() end f()`, "C stack overflow"},
	{"recursion through sort", `local function f() table.sort({2, 1}, f) end f()`, "stack overflow"},
	{"recursion through gsub", `local function f() return (string.gsub("x", "x", f)) end f()`, "stack overflow"},
	{"recursion through tostring", `local t = setmetatable({}, {}) getmetatable(t).__tostring = function() return tostring(t) end tostring(t)`, "stack overflow"},
	{"a list of texts", `local s, t = string.rep("x", 1e7), {} for i = 1, 500 do t[i] = s end table.concat(t)`, "not enough memory"},
	{"resume of a dead coroutine", `local co = coroutine.create(function() end) coroutine.resume(co) error(select(2, coroutine.resume(co)), 0)`, "cannot resume dead coroutine"},
	{"thread", `local ok, err = ngx.thread.wait(ngx.thread.spawn(function() error("in a thread") end)) error(err)`, "lua user thread aborted: runtime error: content_by_lua"},
}

// TestBadScripts has scripts fail in every way: the client gets 500, the log
// says why, and the worker goes on.
func TestBadScripts(t *testing.T) {
	var conf strings.Builder
	for i, b := range bad {
		conf.WriteString("location = /" + strconv.Itoa(i) + " { content_by_lua_block { " + b.code + " } }\n")
	}
	conf.WriteString("location = /fine { content_by_lua_block { ngx.print(ngx.worker.pid()) } }\n")
	s := serve(t, "lua_cpu_budget 1s; lua_regex_match_limit 100000;", conf.String())
	_, pid, err := s.get("/fine")
	if err != nil {
		t.Fatal(err)
	}
	for i, b := range bad {
		before := len(s.log())
		status, body, err := s.get("/" + strconv.Itoa(i))
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

// loops never end; each stands where a plain look at the clock would not be.
var loops = map[string]string{
	"while":      `while true do end`,
	"repeat":     `repeat until false`,
	"goto":       `::again:: goto again`,
	"iterator":   `for i in function() return 1 end do end`,
	"metamethod": `local x = setmetatable({}, {__index = function() while true do end end}).x`,
	"tostring":   `ngx.say(tostring(setmetatable({}, {__tostring = function() while true do end end})))`,
	"gsub":       `string.gsub("abc", ".", function() while true do end end)`,
	"re_gsub":    `ngx.re.gsub("abc", ".", function() while true do end end)`,
	"sort":       `table.sort({3, 2, 1}, function() while true do end end)`,
	"coroutine":  `coroutine.wrap(function() while true do end end)()`,
	"resumes":    `local co = coroutine.wrap(function() while true do coroutine.yield() end end) while true do co() end`,
	"xpcall":     `xpcall(function() while true do end end, function() while true do end end)`,
	"handler":    `xpcall(error, function() while true do end end)`,
	"rep":        `while true do local s = string.rep("x", 1000000) end`,
	"load":       `load(function() return "x = 1 " end)`,
	"require":    `package.preload.endless = function() while true do end end require("endless")`,
	"body":       `ngx.ctx.endless = true ngx.print("x")`,
}

// TestEndlessLoops has the budget end loops of every kind.
func TestEndlessLoops(t *testing.T) {
	var conf strings.Builder
	for name, code := range loops {
		conf.WriteString("location = /" + name + " { content_by_lua_block { " + code + " } body_filter_by_lua_block { if ngx.ctx.endless then while true do end end } }\n")
	}
	conf.WriteString("location = /fine { content_by_lua_block { ngx.print(ngx.worker.pid()) } }\n")
	s := serve(t, "lua_cpu_budget 200ms;", conf.String())
	_, pid, err := s.get("/fine")
	if err != nil {
		t.Fatal(err)
	}
	for name := range loops {
		before := len(s.log())
		status, body, err := s.get("/" + name)
		if name != "body" && (err != nil || status != 500) {
			t.Errorf("%s: %d %q %v", name, status, body, err)
		}
		if log := s.log()[before:]; !strings.Contains(log, "lua_cpu_budget of 200ms exceeded") {
			t.Errorf("%s: the log says\n%s", name, log)
		}
		if _, now, err := s.get("/fine"); err != nil || now != pid {
			t.Fatalf("%s: the worker was %s, is %s, %v", name, pid, now, err)
		}
	}
}

// TestWaitingWhereNothingWaits has scripts wait in phases that end a request,
// and in a destructor, which gopher-lua never calls.
func TestWaitingWhereNothingWaits(t *testing.T) {
	s := serve(t, "", `
		location = /log { content_by_lua_block { ngx.print("sent") } log_by_lua_block { ngx.sleep(0.01) } }
		location = /header { content_by_lua_block { ngx.print("sent") } header_filter_by_lua_block { ngx.sleep(0.01) } }
		location = /body { content_by_lua_block { ngx.print("sent") } body_filter_by_lua_block { ngx.sleep(0.01) } }
		location = /gc { content_by_lua_block {
			local p = newproxy(true)
			getmetatable(p).__gc = function() ngx.sleep(10) end
			p = nil
			collectgarbage() collectgarbage()
			ngx.print("sent")
		} }
		location = /fine { content_by_lua_block { ngx.print(ngx.worker.pid()) } }`)
	_, pid, err := s.get("/fine")
	if err != nil {
		t.Fatal(err)
	}
	for name, line := range map[string]string{
		"log": "API disabled in the context of log_by_lua*", "header": "API disabled in the context of header_filter_by_lua*",
		"body": "API disabled in the context of body_filter_by_lua*", "gc": "",
	} {
		_, body, err := s.get("/" + name)
		if (name == "log" || name == "gc") && (err != nil || body != "sent") {
			t.Errorf("%s: %q %v", name, body, err)
		}
		if !s.logged(line) {
			t.Errorf("%s: the log has no %q:\n%s", name, line, s.log())
		}
		if _, now, err := s.get("/fine"); err != nil || now != pid {
			t.Fatalf("%s: the worker was %s, is %s, %v", name, pid, now, err)
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
