package vm

import (
	lua "github.com/yuin/gopher-lua"
)

// openJIT makes the table jit, by which libraries know LuaJIT. There is no
// compiler to machine code: its switches do nothing and its status is off.
func openJIT(L *lua.LState) {
	table := library(L, "jit")
	table.RawSetString("version", lua.LString("LuaJIT 2.1 (gopher-lua)"))
	table.RawSetString("version_num", lua.LNumber(20100))
	table.RawSetString("os", lua.LString("Linux"))
	table.RawSetString("arch", lua.LString("x64"))
	nothing := func(*lua.LState) int { return 0 }
	register(L, table, map[string]lua.LGFunction{
		"on":     nothing,
		"off":    nothing,
		"flush":  nothing,
		"attach": nothing,
		"status": func(L *lua.LState) int { L.Push(lua.LFalse); return 1 },
	})
	options := L.NewTable()
	register(L, options, map[string]lua.LGFunction{"start": nothing})
	table.RawSetString("opt", options)
	preload(L, "jit.opt", options)
}
