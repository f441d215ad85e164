package vm

import (
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// maxString bounds what string.rep, table.concat or ".." makes, in bytes, so that a
// script fails instead of the process.
const maxString = 1 << 30

// openString replaces the functions whose results differ from LuaJIT's.
func openString(L *lua.LState) {
	register(L, library(L, "string"), map[string]lua.LGFunction{
		"format": stringFormat,
		"rep":    stringRep,
	})
}

func stringRep(L *lua.LState) int {
	piece, count := CheckText(L, 1), int64(CheckNumber(L, 2))
	separator := ""
	if L.Get(3) != lua.LNil {
		separator = CheckText(L, 3)
	}
	size := int64(len(piece) + len(separator))
	if count <= 0 || size == 0 {
		L.Push(lua.LString(""))
		return 1
	}
	if count > maxString/size {
		L.RaiseError("not enough memory")
	}
	if separator == "" {
		L.Push(lua.LString(strings.Repeat(piece, int(count))))
		return 1
	}
	L.Push(lua.LString(strings.Repeat(piece+separator, int(count)-1) + piece))
	return 1
}
