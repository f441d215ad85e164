package regex

import (
	"testing"

	lua "github.com/yuin/gopher-lua"

	"github.com/perigee-server/perigee/lua/lib/recorded"
)

// open sets ngx.re with the reference's settings.
func open(L *lua.LState) {
	ngx := L.NewTable()
	table, module := Open(L, Options{MaxEntries: 1024, MatchLimit: 100000})
	ngx.RawSetString("re", table)
	L.SetGlobal("ngx", ngx)
	L.PreloadModule("ngx.re", func(L *lua.LState) int {
		L.Push(module)
		return 1
	})
}

func TestRecorded(t *testing.T) {
	for _, name := range []string{"match", "sub", "split"} {
		recorded.Run(t, "testdata/"+name+".txt", open)
	}
}
