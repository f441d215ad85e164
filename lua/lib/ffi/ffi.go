// Package ffi is a stand-in for LuaJIT's module "ffi": libraries that declare
// C types and functions load, and fail with a clear error when they call one
// of the functions or use a C value.
package ffi

import (
	"strings"

	lua "github.com/yuin/gopher-lua"

	"github.com/perigee-server/perigee/lua/vm"
)

// Open makes the module.
func Open(L *lua.LState) *lua.LTable {
	values := opaque(L)
	types := opaque(L)
	types.RawSetString("__call", L.NewFunction(func(L *lua.LState) int {
		L.Push(value(L, values, L.Get(1)))
		return 1
	}))
	functions := L.NewTable()
	functions.RawSetString("__index", L.NewFunction(func(L *lua.LState) int {
		L.RaiseError("the C function '%s' can not be called: this engine has no FFI", vm.ToText(L, L.Get(2)))
		return 0
	}))
	library := func(L *lua.LState) int {
		table := L.NewTable()
		table.Metatable = functions
		L.Push(table)
		return 1
	}
	newType := func(L *lua.LState) int {
		L.Push(value(L, types, L.Get(1)))
		return 1
	}
	module := L.NewTable()
	for name, fn := range map[string]lua.LGFunction{
		"cdef":     func(*lua.LState) int { return 0 },
		"load":     library,
		"typeof":   newType,
		"metatype": newType,
		"new": func(L *lua.LState) int {
			L.Push(value(L, values, L.Get(1)))
			return 1
		},
		"cast": func(L *lua.LState) int {
			L.Push(value(L, values, L.Get(1)))
			return 1
		},
		"gc":     func(L *lua.LState) int { L.Push(L.Get(1)); return 1 },
		"istype": func(L *lua.LState) int { L.Push(lua.LFalse); return 1 },
		"errno":  func(L *lua.LState) int { L.Push(lua.LNumber(0)); return 1 },
		"abi": func(L *lua.LState) int {
			name := vm.CheckText(L, 1)
			L.Push(lua.LBool(name == "64bit" || name == "le" || name == "fpu" || name == "hardfp"))
			return 1
		},
		"sizeof":    sizeOf,
		"string":    noValue,
		"copy":      noValue,
		"fill":      noValue,
		"addressof": noValue,
		"offsetof":  noValue,
		"alignof":   sizeOf,
	} {
		module.RawSetString(name, L.NewFunction(fn))
	}
	library(L)
	module.RawSetString("C", L.Get(-1))
	L.Pop(1)
	module.RawSetString("os", lua.LString("Linux"))
	module.RawSetString("arch", lua.LString("x64"))
	return module
}

// opaque makes the metatable of what stands for a C value or type.
func opaque(L *lua.LState) *lua.LTable {
	metatable := L.NewTable()
	for _, event := range []string{"__index", "__newindex", "__call"} {
		metatable.RawSetString(event, L.NewFunction(noValue))
	}
	return metatable
}

func value(L *lua.LState, metatable *lua.LTable, of lua.LValue) lua.LValue {
	data := L.NewUserData()
	data.Value = of
	data.Metatable = metatable
	return data
}

func noValue(L *lua.LState) int {
	L.RaiseError("C values can not be used: this engine has no FFI")
	return 0
}

// sizes are those of C's own types in bytes.
var sizes = map[string]int{
	"char": 1, "unsigned char": 1, "uint8_t": 1, "int8_t": 1, "bool": 1,
	"short": 2, "unsigned short": 2, "uint16_t": 2, "int16_t": 2,
	"int": 4, "unsigned int": 4, "unsigned": 4, "uint32_t": 4, "int32_t": 4, "float": 4,
	"long": 8, "unsigned long": 8, "long long": 8, "size_t": 8, "ssize_t": 8, "uint64_t": 8, "int64_t": 8, "double": 8,
	"uintptr_t": 8, "intptr_t": 8,
}

func sizeOf(L *lua.LState) int {
	name, ok := L.Get(1).(lua.LString)
	size := sizes[strings.TrimSpace(string(name))]
	if strings.HasSuffix(strings.TrimSpace(string(name)), "*") {
		size = 8
	}
	if !ok || size == 0 {
		L.RaiseError("the size of '%s' is not known: this engine has no FFI", vm.ToText(L, L.Get(1)))
	}
	L.Push(lua.LNumber(size))
	return 1
}
