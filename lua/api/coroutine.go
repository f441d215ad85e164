package api

import (
	lua "github.com/yuin/gopher-lua"
)

func init() {
	family(func(e *Engine) {
		library, ok := e.L.GetGlobal("coroutine").(*lua.LTable)
		if !ok {
			return
		}
		// lua-nginx-module keeps LuaJIT's functions and its own ones beside
		// those that choose between them. Here they are the same.
		for _, name := range []string{"create", "resume", "status", "wrap", "yield"} {
			f := library.RawGetString(name)
			library.RawSetString("_"+name, f)
			library.RawSetString("__"+name, f)
		}
		library.RawSetString("isyieldable", lua.LNil)
	})
}
