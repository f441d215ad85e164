package vm

import (
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

// assert raises its message as it is, without a position.
func assert(L *lua.LState) int {
	if lua.LVAsBool(L.CheckAny(1)) {
		return L.GetTop()
	}
	if L.GetTop() < 2 {
		L.Error(lua.LString("assertion failed!"), 0)
	}
	L.Error(L.Get(2), 0)
	return 0
}

// raise is error: without an argument it raises nil.
func raise(L *lua.LState) int {
	L.Error(L.Get(1), L.OptInt(2, 1))
	return 0
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
