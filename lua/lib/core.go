package lib

import (
	"strings"

	lua "github.com/yuin/gopher-lua"

	"github.com/perigee-server/perigee/lua/vm"
)

// coreVersion is the version of lua-resty-core whose functions ngx has.
const coreVersion = lua.LString("0.1.25")

// coreModules are the parts of lua-resty-core. They do nothing: what they
// replace in OpenResty is in Go from the start.
var coreModules = []string{"base64", "coroutine", "ctx", "exit", "hash", "misc", "ndk", "param", "phase", "regex", "request",
	"response", "shdict", "socket", "socket.tcp", "time", "uri", "var", "worker"}

func addCore(modules map[string]func(L *lua.LState) *lua.LTable) {
	modules["resty.core"] = openCore
	for _, name := range coreModules {
		modules["resty.core."+name] = openCore
	}
	modules["resty.core.base"] = openCoreBase
	modules["resty.core.utils"] = openCoreUtils
}

func openCore(L *lua.LState) *lua.LTable {
	module := L.NewTable()
	module.RawSetString("version", coreVersion)
	return module
}

// openCoreBase has what other libraries use of resty.core.base without the FFI.
func openCoreBase(L *lua.LState) *lua.LTable {
	module := openCore(L)
	loaded, _ := L.GetField(L.GetGlobal("package"), "loaded").(*lua.LTable)
	if loaded != nil {
		module.RawSetString("new_tab", loaded.RawGetString("table.new"))
		module.RawSetString("clear_tab", loaded.RawGetString("table.clear"))
	}
	module.RawSetString("allows_subsystem", L.NewFunction(allowsSubsystem))
	size := lua.LNumber(4096) // nothing here needs such a buffer
	module.RawSetString("set_string_buf_size", L.NewFunction(func(L *lua.LState) int {
		size = L.CheckNumber(1)
		return 0
	}))
	module.RawSetString("get_string_buf_size", L.NewFunction(func(L *lua.LState) int {
		L.Push(size)
		return 1
	}))
	module.RawSetString("set_errmsg_buf_size", L.NewFunction(func(*lua.LState) int { return 0 }))
	module.RawSetString("FFI_OK", lua.LNumber(0))
	module.RawSetString("FFI_ERROR", lua.LNumber(-1))
	module.RawSetString("FFI_DECLINED", lua.LNumber(-5))
	return module
}

// allowsSubsystem raises an error unless one of its arguments is "http".
func allowsSubsystem(L *lua.LState) int {
	for i := 1; i <= L.GetTop(); i++ {
		if L.Get(i) == lua.LString("http") {
			return 0
		}
	}
	L.RaiseError("unsupported subsystem: http")
	return 0
}

func openCoreUtils(L *lua.LState) *lua.LTable {
	module := openCore(L)
	module.RawSetString("str_replace_char", L.NewFunction(func(L *lua.LState) int {
		text, find, replace := vm.CheckText(L, 1), vm.CheckText(L, 2), vm.CheckText(L, 3)
		if len(find) != 1 || len(replace) != 1 {
			L.RaiseError("expecting single characters")
		}
		L.Push(lua.LString(strings.ReplaceAll(text, find, replace)))
		return 1
	}))
	return module
}
