package lib

import (
	"os"
	"slices"
	"strings"
	"testing"

	lua "github.com/yuin/gopher-lua"

	"github.com/perigee-server/perigee/lua/lib/bundled"
	"github.com/perigee-server/perigee/lua/lib/shdict"
	"github.com/perigee-server/perigee/lua/vm"
	"github.com/perigee-server/perigee/shm"
)

// clock is what ngx.now, ngx.sleep and the libraries go by.
type clock struct{ seconds float64 }

func newVM(t *testing.T) (*lua.LState, *clock) {
	t.Helper()
	L := vm.New(vm.Options{Output: os.Stdout})
	t.Cleanup(L.Close)
	c := &clock{seconds: 1000}
	ngx := L.NewTable()
	ngx.RawSetString("null", vm.Null)
	ngx.RawSetString("now", L.NewFunction(func(L *lua.LState) int {
		L.Push(lua.LNumber(c.seconds))
		return 1
	}))
	ngx.RawSetString("sleep", L.NewFunction(func(L *lua.LState) int {
		c.seconds += float64(L.CheckNumber(1))
		return 0
	}))
	ngx.RawSetString("shared", shdict.Open(L, []string{"dogs"}, func(name string) *shm.Dict {
		zone, err := shm.Create(shm.Config{Name: name, Tag: "lua_shared_dict", Size: 1 << 20})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = zone.Close() })
		dict, err := shm.NewDict(zone)
		if err != nil {
			t.Fatal(err)
		}
		dict.Now = func() int64 { return int64(c.seconds * 1000) }
		return dict
	}))
	// Libraries on sockets take these when they load; no test here calls them.
	for _, name := range []string{"socket", "req", "thread", "timer", "worker", "var"} {
		ngx.RawSetString(name, L.NewTable())
	}
	L.SetGlobal("ngx", ngx)
	L.PreloadModule("ngx.upstream", func(L *lua.LState) int {
		L.Push(L.NewTable())
		return 1
	})
	Preload(L, Options{})
	return L, c
}

func evaluate(t *testing.T, L *lua.LState, source string) string {
	t.Helper()
	chunk, err := vm.Compile(source, "=t")
	if err != nil {
		t.Fatal(err)
	}
	top := L.GetTop()
	defer L.SetTop(top)
	L.Push(chunk.Load(L))
	if err := L.PCall(0, lua.MultRet, vm.Handler(L)); err != nil {
		return "error: " + err.(*lua.ApiError).Object.String()
	}
	var parts []string
	for i := top + 1; i <= L.GetTop(); i++ {
		parts = append(parts, vm.ToText(L, L.Get(i)))
	}
	return strings.Join(parts, " ")
}

// TestEveryModuleLoads requires each name, those of the bundled files included.
func TestEveryModuleLoads(t *testing.T) {
	L, _ := newVM(t)
	names := bundled.Names()
	preload := L.GetField(L.GetGlobal("package"), "preload").(*lua.LTable)
	preload.ForEach(func(name, _ lua.LValue) {
		if refused[name.String()] == "" {
			names = append(names, name.String())
		}
	})
	if len(names) < 30 || !slices.Contains(names, "resty.limit.req") || !slices.Contains(names, "cjson") {
		t.Fatalf("got %d names: %v", len(names), names)
	}
	for _, name := range names {
		if got := evaluate(t, L, "return type(require '"+name+"')"); got != "table" {
			t.Errorf("%s: %s", name, got)
		}
	}
}

func TestFFI(t *testing.T) {
	L, _ := newVM(t)
	for _, c := range []struct{ source, want string }{
		{`ffi = require "ffi" ffi.cdef "int foo(int);" local t = ffi.typeof("char[?]") return type(t(10)), ffi.os, ffi.sizeof("size_t")`, "userdata Linux 8"},
		{`return ffi.C.foo(1)`, "error: t:1: the C function 'foo' can not be called: this engine has no FFI"},
		{`local v = ffi.new("int[1]") return v[0]`, "error: t:1: C values can not be used: this engine has no FFI"},
		{`return jit.version_num, (jit.status())`, "20100 false"},
	} {
		if got := evaluate(t, L, c.source); got != c.want {
			t.Errorf("%s: got %s; want %s", c.source, got, c.want)
		}
	}
}

func TestLock(t *testing.T) {
	L, c := newVM(t)
	for _, step := range []struct{ source, want string }{
		{`lock = require "resty.lock" return lock:new("nodict")`, "nil dictionary not found"},
		{`a, b = lock:new("dogs"), lock:new("dogs", {timeout = 0.3, exptime = 10}) return a:lock("k"), a:lock("k")`, "0 nil locked"},
		{`return b:lock("k")`, "nil timeout"},
		{`return b:unlock()`, "nil unlocked"},
		{`return a:expire(100), a:unlock(), a:unlock()`, "true 1 nil unlocked"},
		{`return b:lock("k"), b:lock()`, "0 nil nil key"},
	} {
		if got := evaluate(t, L, step.source); got != step.want {
			t.Errorf("%s: got %s; want %s", step.source, got, step.want)
		}
	}
	before := c.seconds
	// b holds k for ten seconds and dies; a waits less than five.
	if got := evaluate(t, L, `return a:lock("k")`); got != "nil timeout" {
		t.Errorf("a held lock: got %s", got)
	}
	if waited := c.seconds - before; waited < 4.99 || waited > 5.01 {
		t.Errorf("waited %v seconds; want 5", waited)
	}
	c.seconds += 6
	if got := evaluate(t, L, `return a:lock("k")`); got != "0" {
		t.Errorf("an expired lock: got %s", got)
	}
}

func TestLimits(t *testing.T) {
	L, c := newVM(t)
	for _, step := range []struct {
		after  float64
		source string
		want   string
	}{
		{0, `req = require("resty.limit.req").new("dogs", 2, 1) return req:incoming("r", true)`, "0 0"},
		{0, `return req:incoming("r", true)`, "0.5 1"},
		{0, `return req:incoming("r", true)`, "nil rejected"},
		{0.5, `return req:incoming("r", true)`, "0.5 1"},
		{0, `req:uncommit("r") return req:incoming("r", false)`, "0.5 1"},
		{10, `return req:incoming("r", true)`, "0 0"},
		{0, `conn = require("resty.limit.conn").new("dogs", 1, 1, 0.5) return conn:incoming("c", true)`, "0 1"},
		{0, `return conn:incoming("c", true)`, "0.5 2"},
		{0, `return conn:incoming("c", true)`, "nil rejected"},
		{0, `return conn:is_committed(), conn:leaving("c", 0.1), conn.unit_delay`, "false 1 0.3"},
		{0, `count = require("resty.limit.count").new("dogs", 2, 60) return count:incoming("n", true)`, "0 1"},
		{0, `return count:incoming("n", true)`, "0 0"},
		{0, `return count:incoming("n", true)`, "nil rejected"},
		{61, `return count:incoming("n", true)`, "0 1"},
		{0, `traffic = require "resty.limit.traffic" states = {}
			return traffic.combine({count, conn}, {"n", "c"}, states), states[1], states[2]`, "0.3 0 2"},
		{0, `return traffic.combine({count, conn}, {"n", "c"})`, "nil rejected"},
		{0, `return conn:leaving("c")`, "1"},
	} {
		c.seconds += step.after
		if got := evaluate(t, L, step.source); got != step.want {
			t.Errorf("%s: got %s; want %s", step.source, got, step.want)
		}
	}
}

func TestTablepool(t *testing.T) {
	L, _ := newVM(t)
	got := evaluate(t, L, `local pool = require "tablepool" local a = pool.fetch("x", 1, 1) a[1], a.b = 1, 2
		pool.release("x", a) local b = pool.fetch("x", 1, 1) return a == b, b[1], b.b, pool.fetch("x", 1, 1) == b`)
	if got != "true nil nil false" {
		t.Errorf("got %s", got)
	}
}

func TestSignal(t *testing.T) {
	L, _ := newVM(t)
	L.SetGlobal("pid", lua.LNumber(os.Getpid()))
	for _, c := range []struct{ source, want string }{
		{`signal = require "resty.signal" return signal.signum("HUP"), signal.signum("SIGKILL"), signal.signum(3), signal.signum("X")`, "1 9 3 nil"},
		{`return signal.kill(pid, "NONE")`, "true"},
		{`return signal.kill(pid, 0)`, "true"},
		{`return signal.kill(2 ^ 22 + 5, 0)`, "nil No such process"},
		{`return signal.kill(pid, "NOPE")`, "nil unknown signal name"},
		{`return signal.kill(-1, "TERM")`, "nil process groups can not be signalled"},
	} {
		if got := evaluate(t, L, c.source); got != c.want {
			t.Errorf("%s: got %s; want %s", c.source, got, c.want)
		}
	}
}

// TestAhead has files of the user's in the path: they come first, but for those
// names whose originals need the FFI.
func TestAhead(t *testing.T) {
	L, _ := newVM(t)
	dir := t.TempDir()
	if err := os.Mkdir(dir+"/resty", 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"lock", "redis"} {
		if err := os.WriteFile(dir+"/resty/"+name+".lua", []byte("return {mine = true}"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	L.SetField(L.GetGlobal("package"), "path", lua.LString(dir+"/?.lua"))
	if got := evaluate(t, L, `return require("resty.lock").mine, type(require("resty.lock").new), require("resty.redis").mine`); got != "nil function true" {
		t.Errorf("got %s", got)
	}
}
