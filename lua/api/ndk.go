package api

import (
	lua "github.com/yuin/gopher-lua"

	"github.com/perigee-server/perigee/server/http/rewritecode"
)

func init() {
	family(func(e *Engine) {
		ndk, setVar, meta := e.L.NewTable(), e.L.NewTable(), e.L.NewTable()
		meta.RawSetString("__index", e.L.NewFunction(func(L *lua.LState) int {
			name := checkString(L, 2)
			f := rewritecode.Function(name)
			if f == nil {
				L.RaiseError("ndk.set_var: directive \"%s\" not found or does not use ndk_set_var_value", name)
			}
			L.Push(e.bindCore(anyPhase, func(e *Engine, c *Ctx, L *lua.LState) int {
				args := make([][]byte, L.GetTop())
				for i := range args {
					args[i] = []byte(checkString(L, i+1))
				}
				value, ok := f(c.R, args)
				if !ok {
					L.RaiseError("calling directive %s failed with code %d", name, -1)
				}
				L.Push(lua.LString(value))
				return 1
			}))
			return 1
		}))
		meta.RawSetString("__newindex", e.L.NewFunction(func(L *lua.LState) int {
			L.RaiseError("not allowed")
			return 0
		}))
		setVar.Metatable = meta
		ndk.RawSetString("set_var", setVar)
		e.L.SetGlobal("ndk", ndk)
		e.preloaded("ndk", ndk)
		e.preloaded("ngx", e.ngx)
	})
}

// preloaded makes a table known to require.
func (e *Engine) preloaded(name string, t *lua.LTable) {
	if loaded, ok := e.L.GetField(e.L.G.Registry, "_LOADED").(*lua.LTable); ok {
		loaded.RawSetString(name, t)
	}
}
