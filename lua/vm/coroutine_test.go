package vm_test

import (
	"strings"
	"testing"
	"time"

	lua "github.com/yuin/gopher-lua"

	"github.com/perigee-server/perigee/lua/vm"
	"github.com/perigee-server/perigee/server/event"
)

// onLoop runs a script on a machine whose `sleep` waits and whose `leave`
// unwinds, and returns what it printed.
func onLoop(t *testing.T, source string) (string, error) {
	t.Helper()
	loop, err := event.New()
	if err != nil {
		t.Fatal(err)
	}
	defer loop.Close()
	var out strings.Builder
	m := vm.NewMachine(&out, loop)
	m.L.SetGlobal("sleep", m.L.NewFunction(func(L *lua.LState) int {
		if loop.Sleep(time.Duration(float64(L.CheckNumber(1))*float64(time.Second))) != nil {
			vm.Unwind(L)
		}
		return 0
	}))
	m.L.SetGlobal("leave", m.L.NewFunction(func(L *lua.LState) int { vm.Unwind(L); return 0 }))
	chunk, err := vm.Compile(source, "=test")
	if err != nil {
		t.Fatal(err)
	}
	var failure error
	loop.Do(func() {
		var s vm.Scope
		s.Init(m, nil)
		s.Waits = true
		var th vm.Thread
		m.Enter(&th, &s)
		th.L.Push(chunk.Load(th.L))
		failure = th.Call(0, 0)
		s.End()
		if s.Live() != 0 {
			t.Errorf("%d threads are left", s.Live())
		}
		th.Release()
	})
	return out.String(), failure
}

func TestCoroutines(t *testing.T) {
	for _, c := range []struct{ name, source, want string }{
		{"values", `local co = coroutine.create(function(a, b) local c = coroutine.yield(a + b) local d, e = coroutine.yield(c * 2) return d, e end)
			print(coroutine.resume(co, 1, 2)) print(coroutine.resume(co, 5)) print(coroutine.status(co)) print(coroutine.resume(co, 'x', 'y')) print(coroutine.status(co)) print(coroutine.resume(co))`,
			"true\t3\ntrue\t10\nsuspended\ntrue\tx\ty\ndead\nfalse\tcannot resume dead coroutine\n"},
		{"wrap", `for i in coroutine.wrap(function() for i = 1, 3 do coroutine.yield(i) end end) do print(i) end`, "1\n2\n3\n"},
		{"across pcall", `local co = coroutine.wrap(function() local ok, v = pcall(function() return coroutine.yield(1) .. '!' end) print(ok, v) error({}) end) print(co()) print(pcall(co, 'a') == false)`,
			"1\ntrue\ta!\ntrue\n"},
		{"in a metamethod, an iterator and gsub", `local co = coroutine.wrap(function()
				local t = setmetatable({}, {__index = function(_, k) return coroutine.yield(k) end})
				print(t.x)
				for v in function() return coroutine.yield('next') end do print(v) end
				print((string.gsub('abc', '.', function(c) return coroutine.yield(c) end)))
			end)
			print(co()) print(co('index')) print(co('one')) print(co(nil)) print(co('A')) print(co('B')) print(co('C'))`,
			"x\nindex\nnext\none\nnext\na\nb\nc\nABC\n\n"},
		{"status", `local co co = coroutine.create(function() print(coroutine.status(co)) local inner = coroutine.wrap(function() print(coroutine.status(co)) end) inner() print(coroutine.running() == co) end) coroutine.resume(co)`,
			"running\nnormal\ntrue\n"},
		{"itself", `local co co = coroutine.create(function() print(coroutine.resume(co)) end) coroutine.resume(co)`, "false\tcannot resume running coroutine\n"},
		{"sleep inside", `local co = coroutine.wrap(function() sleep(0.001) coroutine.yield(1) sleep(0.001) return 2 end) print(co(), co())`, "1\t2\n"},
		{"failing", `local co = coroutine.create(function() local x = nil; x.y = 1 end) print(coroutine.resume(co))`, "false\ttest:1: attempt to index local 'x' (a nil value)\n"},
		{"many unfinished", `for i = 1, 500 do local co = coroutine.wrap(function() coroutine.yield(i) print('never') end) co() end print('done')`, "done\n"},
		{"closures of failed calls", `local kept; local n = 0; local function bump() n = n + 1 end
			pcall(function() local x = 'alive'; kept = function() x = x .. '!'; return x end; pcall(bump); error('no') end)
			local a, b, c = 1, 2, 3; bump(); print(kept(), kept(), n, a, b, c)
			print(select('#', pcall(function(...) return ... end, 1, nil, nil)))
			print(xpcall(function() kept = nil; local y = 5; kept = function() return y end; error('e', 0) end, function(e) return e .. '?' end), kept())`,
			"alive!\talive!!\t2\t1\t2\t3\n4\nfalse\t5\n"},
		{"deep pcall", `local function f() return pcall(f) end print(select(2, f()) ~= nil)
			local function g(n) if n == 0 then return 'bottom' end return select(2, pcall(g, n - 1)) end print(g(3000))`, "true\nbottom\n"},
		{"unwinding", `coroutine.wrap(function() pcall(function() xpcall(leave, function() print('never') end) print('never') end) print('never') end)() print('never')`, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := onLoop(t, c.source)
			if err != nil && err != vm.ErrUnwound {
				t.Error(err)
			}
			if got != c.want {
				t.Errorf("got\n%s\nwant\n%s", got, c.want)
			}
		})
	}
}

func TestFailureHasTraceback(t *testing.T) {
	_, err := onLoop(t, "local function f()\n error('no') end\nf()")
	failure, ok := err.(*vm.Failure)
	if !ok || failure.Error() != "test:2: no" || !strings.Contains(failure.Traceback, "test:3") {
		t.Errorf("got %#v", err)
	}
}
