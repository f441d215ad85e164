package shdict

import (
	"os"
	"testing"
	"time"

	lua "github.com/yuin/gopher-lua"

	"github.com/perigee-server/perigee/lua/lib/recorded"
	"github.com/perigee-server/perigee/lua/vm"
	"github.com/perigee-server/perigee/shm"
)

// open sets ngx.shared with the dictionaries that the reference has.
func open(t testing.TB, L *lua.LState) {
	t.Helper()
	sizes := map[string]int64{"dogs": 1 << 20, "cats": 32 << 10}
	ngx := L.NewTable()
	ngx.RawSetString("null", L.NewUserData())
	ngx.RawSetString("sleep", L.NewFunction(func(L *lua.LState) int {
		time.Sleep(time.Duration(float64(L.CheckNumber(1)) * float64(time.Second)))
		return 0
	}))
	ngx.RawSetString("shared", Open(L, []string{"dogs", "cats"}, func(name string) *shm.Dict {
		zone, err := shm.Create(shm.Config{Name: name, Tag: "lua_shared_dict", Size: sizes[name]})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = zone.Close() })
		dict, err := shm.NewDict(zone)
		if err != nil {
			t.Fatal(err)
		}
		return dict
	}))
	L.SetGlobal("ngx", ngx)
}

func TestRecorded(t *testing.T) {
	recorded.Run(t, "testdata/shdict.txt", func(L *lua.LState) { open(t, L) })
}

// run gives the results of a chunk.
func run(t testing.TB, L *lua.LState, source string) []lua.LValue {
	t.Helper()
	chunk, err := vm.Compile(source, "=test")
	if err != nil {
		t.Fatal(err)
	}
	top := L.GetTop()
	L.Push(chunk.Load(L))
	if err := L.PCall(0, lua.MultRet, vm.Handler(L)); err != nil {
		t.Fatal(err)
	}
	var results []lua.LValue
	for i := top + 1; i <= L.GetTop(); i++ {
		results = append(results, L.Get(i))
	}
	L.SetTop(top)
	return results
}

func TestBeyond(t *testing.T) {
	L := vm.New(vm.Options{Output: os.Stdout})
	defer L.Close()
	open(t, L)
	for _, c := range []struct {
		source string
		want   []lua.LValue
	}{
		{`d = ngx.shared.dogs return d:cas("k", nil, 1)`, []lua.LValue{lua.LTrue, lua.LNil, lua.LFalse}},
		{`return d:cas("k", nil, 2)`, []lua.LValue{lua.LFalse, lua.LString("value changed"), lua.LFalse}},
		{`d:cas("k", 1, "two", 0, 5) return d:get("k")`, []lua.LValue{lua.LString("two"), lua.LNumber(5)}},
		{`d:cas("k", "two", nil) return d:get("k")`, []lua.LValue{lua.LNil}},
		{`return d:cas("k", {}, 1)`, []lua.LValue{lua.LNil, lua.LString("bad value type")}},
		{`for i = 1, 300 do d:set((i % 3 == 0 and "a" or "b") .. i, i) end
		  local n = 0 d:scan(function(k) n = n + d:get(k) % 3 + 1 end, "a") return n`, []lua.LValue{lua.LNumber(100)}},
		{`local n = 0 d:scan(function() n = n + 1 return n < 7 end) return n`, []lua.LValue{lua.LNumber(7)}},
		{`local s = d:stats() return s.entries, s.hits > 100, s.failures`, []lua.LValue{lua.LNumber(300), lua.LTrue, lua.LNumber(0)}},
	} {
		got := run(t, L, c.source)
		if len(got) != len(c.want) {
			t.Errorf("%s: got %v; want %v", c.source, got, c.want)
			continue
		}
		for i := range got {
			if got[i] != c.want[i] {
				t.Errorf("%s: got %v; want %v", c.source, got, c.want)
			}
		}
	}
}

// TestAllocations holds the two calls that pages use most to what the values
// themselves need.
func TestAllocations(t *testing.T) {
	L := vm.New(vm.Options{Output: os.Stdout})
	defer L.Close()
	open(t, L)
	run(t, L, `ngx.shared.dogs:set("n", 1) ngx.shared.dogs:set("s", ("x"):rep(300))`)
	dogs := L.GetField(L.GetField(L.GetGlobal("ngx"), "shared"), "dogs").(*lua.LTable)
	for _, c := range []struct {
		method, key string
		argument    lua.LValue
		limit       float64
	}{
		// A number becomes an interface value; a string is a copy and a
		// header; the key goes as it is.
		{"get", "n", nil, 1},
		{"get", "s", nil, 2},
		{"incr", "n", lua.LNumber(1), 1},
	} {
		fn := L.GetField(dogs, c.method)
		var name, argument lua.LValue = lua.LString(c.key), c.argument
		got := testing.AllocsPerRun(200, func() {
			L.Push(fn)
			L.Push(dogs)
			L.Push(name)
			count := 2
			if argument != nil {
				L.Push(argument)
				count++
			}
			L.Call(count, 1)
			L.Pop(1)
		})
		if got > c.limit {
			t.Errorf("%s of %s: %v allocations; want at most %v", c.method, c.key, got, c.limit)
		}
	}
}
