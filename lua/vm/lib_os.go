package vm

import (
	"errors"
	"os"
	"syscall"

	lua "github.com/yuin/gopher-lua"
)

// openOS replaces the functions of os whose errors C words in another way.
func openOS(L *lua.LState) {
	register(L, library(L, "os"), map[string]lua.LGFunction{
		"getenv":    osGetenv,
		"remove":    osRemove,
		"rename":    osRename,
		"setlocale": osSetlocale,
	})
}

// failed gives the results of a call of the system that failed: nil, the name
// and the reason, and the number of the error.
func failed(L *lua.LState, name string, err error) int {
	var number syscall.Errno
	errors.As(err, &number)
	L.Push(lua.LNil)
	L.Push(lua.LString(name + ": " + reason(err)))
	L.Push(lua.LNumber(number))
	return 3
}

func osGetenv(L *lua.LState) int {
	value, ok := os.LookupEnv(CheckText(L, 1))
	if !ok {
		L.Push(lua.LNil)
		return 1
	}
	L.Push(lua.LString(value))
	return 1
}

func osRemove(L *lua.LState) int {
	name := CheckText(L, 1)
	if err := os.Remove(name); err != nil {
		return failed(L, name, err)
	}
	L.Push(lua.LTrue)
	return 1
}

func osRename(L *lua.LState) int {
	from, to := CheckText(L, 1), CheckText(L, 2)
	if err := os.Rename(from, to); err != nil {
		return failed(L, from, err)
	}
	L.Push(lua.LTrue)
	return 1
}

// osSetlocale knows the locale "C" only, which is in force.
func osSetlocale(L *lua.LState) int {
	if v := L.Get(1); v != lua.LNil {
		switch CheckText(L, 1) {
		case "", "C", "POSIX":
		default:
			L.Push(lua.LNil)
			return 1
		}
	}
	L.Push(lua.LString("C"))
	return 1
}
