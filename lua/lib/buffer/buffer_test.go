package buffer

import (
	"os"
	"testing"

	lua "github.com/yuin/gopher-lua"

	"github.com/perigee-server/perigee/lua/lib/recorded"
	"github.com/perigee-server/perigee/lua/vm"
)

func open(L *lua.LState) {
	ngx := L.NewTable()
	ngx.RawSetString("null", vm.Null)
	L.SetGlobal("ngx", ngx)
	L.PreloadModule("string.buffer", func(L *lua.LState) int {
		L.Push(Open(L))
		return 1
	})
}

func TestRecorded(t *testing.T) {
	recorded.Run(t, "testdata/buffer.txt", open)
}

// FuzzDecode holds that damaged data is an error, and that what was read is
// written and read again to the same bytes.
func FuzzDecode(f *testing.F) {
	f.Add("\x0d\x03\x01\x07\x00\x00\x00\x00\x00\x00\xf0?!b!a\x02")
	f.Add("\x09\xff\xff\xff\xff\xff!k\x02")
	f.Add("\x08\x0c\xe0")
	f.Fuzz(func(t *testing.T, data string) {
		L := vm.New(vm.Options{Output: os.Stdout})
		defer L.Close()
		module := Open(L)
		call := func(name string, v lua.LValue) (lua.LValue, error) {
			if err := L.CallByParam(lua.P{Fn: module.RawGetString(name), NRet: 1, Protect: true}, v); err != nil {
				return nil, err
			}
			defer L.Pop(1)
			return L.Get(-1), nil
		}
		value, err := call("decode", lua.LString(data))
		if err != nil {
			return
		}
		again, err := call("encode", value)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := call("decode", again); err != nil {
			t.Fatalf("%q was decoded; encoded as %q it is not: %v", data, again, err)
		}
	})
}
