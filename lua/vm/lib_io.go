package vm

import (
	"errors"
	"strings"
	"syscall"

	lua "github.com/yuin/gopher-lua"
)

// openIO corrects what gopher-lua's io tells of errors and of its files.
func openIO(L *lua.LState) {
	table := library(L, "io")
	open, lines := table.RawGetString("open"), table.RawGetString("lines")
	register(L, table, map[string]lua.LGFunction{
		"open":  func(L *lua.LState) int { return ioOpen(L, open) },
		"lines": func(L *lua.LState) int { return ioLines(L, open, lines) },
	})
	file, ok := table.RawGetString("stdout").(*lua.LUserData)
	if !ok {
		return
	}
	if metatable, ok := file.Metatable.(*lua.LTable); ok {
		metatable.RawSetString("__tostring", L.NewFunction(fileName))
	}
}

// fileName is tostring of a file.
func fileName(L *lua.LState) int {
	L.Push(L.GetField(L.GetGlobal("io"), "type"))
	L.Push(L.Get(1))
	L.Call(1, 1)
	state := L.Get(-1)
	L.Pop(1)
	if state == lua.LString("closed file") {
		L.Push(lua.LString("file (closed)"))
		return 1
	}
	file, ok := L.Get(1).(*lua.LUserData)
	if !ok {
		L.ArgError(1, "FILE* expected, got "+TypeName(L, 1))
	}
	L.Push(lua.LString("file (" + pointer(&lua.LUserData{Value: file.Value}) + ")"))
	return 1
}

// openError finds the error of the system in what gopher-lua says of a file.
func openError(text string) error {
	for number := syscall.Errno(1); number < 134; number++ {
		if strings.HasSuffix(text, ": "+number.Error()) {
			return number
		}
	}
	return errors.New(text)
}

func ioOpen(L *lua.LState, open lua.LValue) int {
	name, mode := CheckText(L, 1), "r"
	if L.Get(2) != lua.LNil {
		mode = CheckText(L, 2)
	}
	plain := strings.Replace(mode, "b", "", 1)
	switch plain {
	case "r", "w", "a", "r+", "w+", "a+":
	default:
		return failed(L, name, syscall.EINVAL)
	}
	L.Push(open)
	L.Push(lua.LString(name))
	L.Push(lua.LString(plain))
	L.Call(2, 2)
	if L.Get(-2) != lua.LNil {
		L.Pop(1)
		return 1
	}
	message := L.Get(-1).String()
	L.Pop(2)
	return failed(L, name, openError(message))
}

// ioLines raises an error for a file that can not be read.
func ioLines(L *lua.LState, open, lines lua.LValue) int {
	top := L.GetTop()
	if L.Get(1) != lua.LNil {
		L.Push(open)
		L.Push(L.Get(1))
		L.Call(1, 2)
		file, message := L.Get(-2), L.Get(-1)
		L.Pop(2)
		if file == lua.LNil {
			L.ArgError(1, CheckText(L, 1)+": "+reason(openError(message.String())))
		}
		L.CallByParam(lua.P{Fn: L.GetField(file, "close"), NRet: 0}, file)
	}
	L.Push(lines)
	for i := 1; i <= top; i++ {
		L.Push(L.Get(i))
	}
	before := L.GetTop() - top - 1
	L.Call(top, lua.MultRet)
	return L.GetTop() - before
}
