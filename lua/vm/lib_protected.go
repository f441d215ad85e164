package vm

import (
	"strconv"

	lua "github.com/yuin/gopher-lua"
)

// openProtected replaces the functions that raise and catch errors.
func openProtected(L *lua.LState) {
	register(L, L.G.Global, map[string]lua.LGFunction{
		"assert": assert,
		"error":  raise,
		"pcall":  pcall,
		"xpcall": xpcall,
	})
}

// assert puts the position before a message that is text, as LuaJIT does.
func assert(L *lua.LState) int {
	if lua.LVAsBool(L.CheckAny(1)) {
		return L.GetTop()
	}
	message := L.Get(2)
	if L.GetTop() < 2 {
		message = lua.LString("assertion failed!")
	}
	L.Error(placed(L, message, 1), 0)
	return 0
}

// raise is error: without an argument it raises nil. gopher-lua takes the
// caller for the function at level 2 as well.
func raise(L *lua.LState) int {
	level := L.OptInt(2, 1)
	value := L.Get(1)
	L.SetTop(1) // what is left of the arguments is a result of ngx.thread.wait
	if level <= 0 || !lua.LVCanConvToString(value) {
		L.SetTop(0)
	}
	L.Error(placed(L, value, level), 0)
	return 0
}

// placed puts the position of a level of the stack before a message that is
// text; level 0 has none.
func placed(L *lua.LState, message lua.LValue, level int) lua.LValue {
	if level <= 0 || !lua.LVCanConvToString(message) {
		return message
	}
	return lua.LString(place(L, level) + Text(L, message).String())
}

// place is the position of the function at a level of the stack, as errors
// begin with it (luaL_where); "" for a function in Go and behind the end.
func place(L *lua.LState, level int) string {
	frame, ok := L.GetStack(level)
	if !ok || what(L, level) != "Lua" {
		return ""
	}
	if _, err := L.GetInfo("Sl", frame, lua.LNil); err != nil {
		return ""
	}
	return frame.Source + ":" + strconv.Itoa(frame.CurrentLine) + ": "
}

func pcall(L *lua.LState) int {
	L.CheckAny(1)
	p := protectorOf(L)
	n, err := p.call(L, L.GetTop()-1, p.handler)
	if err != nil {
		return caught(L, err)
	}
	L.Insert(lua.LTrue, L.GetTop()-n+1)
	return n + 1
}

// inHandler is what xpcall answers when its message handler fails.
const inHandler = lua.LString("error in error handling")

// xpcall passes the arguments behind the handler, as LuaJIT does. The
// handler sees the error as LuaJIT words it.
func xpcall(L *lua.LState) int {
	fn, user := L.CheckAny(1), L.CheckFunction(2)
	top := L.GetTop()
	handling := false
	handler := L.NewFunction(func(L *lua.LState) int {
		value := explained(L)
		if !isUnwind(value) {
			L.Push(user)
			L.Push(value)
			handling = true
			L.Call(1, 1)
			handling = false
			value = L.Get(-1)
		}
		closeVariables(L)
		L.Push(value)
		return 1
	})
	L.Push(fn)
	for i := 3; i <= top; i++ {
		L.Push(L.Get(i))
	}
	n, err := protectorOf(L).call(L, max(top-2, 0), handler)
	if err != nil && handling && !Unwound(err) {
		L.Push(lua.LFalse)
		L.Push(inHandler)
		return 2
	}
	if err != nil {
		return caught(L, err)
	}
	L.Insert(lua.LTrue, L.GetTop()-n+1)
	return n + 1
}

// overflow is gopher-lua's text when calls nest too deep.
const overflow = lua.LString("lua callstack overflow")

// caught gives what pcall answers for an error; Unwind's goes on.
func caught(L *lua.LState, err error) int {
	if Unwound(err) {
		Unwind(L)
	}
	L.Push(lua.LFalse)
	failure, ok := err.(*lua.ApiError)
	if ok && failure.Object == overflow {
		// No call fits any more, so that no handler has run: the position
		// that LuaJIT gives is not known here.
		L.Push(lua.LString("stack overflow"))
		return 2
	}
	if ok && failure.Object != nil {
		L.Push(failure.Object)
		return 2
	}
	L.Push(lua.LString(err.Error()))
	return 2
}
