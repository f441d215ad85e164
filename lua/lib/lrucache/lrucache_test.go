package lrucache

import (
	"testing"
	"time"

	lua "github.com/yuin/gopher-lua"

	"github.com/perigee-server/perigee/lua/lib/recorded"
)

func TestRecorded(t *testing.T) {
	recorded.Run(t, "testdata/lrucache.txt", func(L *lua.LState) {
		ngx := L.NewTable()
		ngx.RawSetString("sleep", L.NewFunction(func(L *lua.LState) int {
			time.Sleep(time.Duration(float64(L.CheckNumber(1)) * float64(time.Second)))
			return 0
		}))
		ngx.RawSetString("update_time", L.NewFunction(func(*lua.LState) int { return 0 }))
		L.SetGlobal("ngx", ngx)
		for _, name := range []string{"resty.lrucache", "resty.lrucache.pureffi"} {
			L.PreloadModule(name, func(L *lua.LState) int {
				L.Push(Open(L, time.Now))
				return 1
			})
		}
	})
}
