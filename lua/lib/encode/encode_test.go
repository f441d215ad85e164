package encode

import (
	"testing"

	lua "github.com/yuin/gopher-lua"

	"github.com/perigee-server/perigee/lua/lib/recorded"
)

func TestRecorded(t *testing.T) {
	recorded.Run(t, "testdata/encode.txt", func(L *lua.LState) {
		ngx := L.NewTable()
		ngx.RawSetString("null", L.NewUserData())
		L.SetGlobal("ngx", ngx)
		Register(L, ngx)
		L.PreloadModule("ngx.base64", func(L *lua.LState) int {
			L.Push(OpenBase64(L))
			return 1
		})
	})
}
