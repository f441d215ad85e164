package vm

import (
	lua "github.com/yuin/gopher-lua"
)

// openEnvironment replaces what reads and sets environments and metatables,
// and walks tables.
func openEnvironment(L *lua.LState) {
	iterate := L.NewFunction(next)
	follow := L.NewFunction(ipairsNext)
	register(L, L.G.Global, map[string]lua.LGFunction{
		"getfenv":      getEnvironment,
		"setfenv":      setEnvironment,
		"setmetatable": setMetatable,
		"next":         next,
		"rawget":       rawGet,
		"rawset":       rawSet,
		"select":       selectValues,
		"newproxy":     newProxy,
		"gcinfo":       gcInfo,
		"pairs": func(L *lua.LState) int {
			table := checkIterated(L)
			L.Push(iterate)
			L.Push(table)
			L.Push(lua.LNil)
			return 3
		},
		"ipairs": func(L *lua.LState) int {
			table := checkIterated(L)
			L.Push(follow)
			L.Push(table)
			L.Push(lua.LNumber(0))
			return 3
		},
	})
	L.G.Global.RawSetString("next", iterate)
}

func checkIterated(L *lua.LState) *lua.LTable {
	if L.GetTop() == 0 {
		L.ArgError(1, "value expected")
	}
	return CheckTable(L, 1)
}

// next takes a key that the table does not have for its last one: gopher-lua
// does not tell it from one that the walk has removed.
func next(L *lua.LState) int {
	table, key := CheckTable(L, 1), L.Get(2)
	following, value := table.Next(key)
	if following == lua.LNil {
		L.Push(lua.LNil)
		return 1
	}
	L.Push(following)
	L.Push(value)
	return 2
}

func ipairsNext(L *lua.LState) int {
	table, ok := L.Get(1).(*lua.LTable)
	if !ok {
		CheckTable(L, 1)
	}
	at := int(L.CheckNumber(2)) + 1
	value := table.RawGetInt(at)
	if value == lua.LNil {
		L.Push(lua.LNil)
		return 1
	}
	L.Push(lua.LNumber(at))
	L.Push(value)
	return 2
}

func setMetatable(L *lua.LState) int {
	table := CheckTable(L, 1)
	metatable := L.Get(2)
	switch metatable.(type) {
	case *lua.LTable:
	case *lua.LNilType:
		if L.GetTop() < 2 {
			L.ArgError(2, "nil or table expected")
		}
	default:
		L.ArgError(2, "nil or table expected")
	}
	if present, ok := table.Metatable.(*lua.LTable); ok && present.RawGetString("__metatable") != lua.LNil {
		L.RaiseError("cannot change a protected metatable")
	}
	table.Metatable = metatable
	L.Push(table)
	return 1
}

func rawGet(L *lua.LState) int {
	table := CheckTable(L, 1)
	L.Push(table.RawGet(L.CheckAny(2)))
	return 1
}

func rawSet(L *lua.LState) int {
	table, key, value := CheckTable(L, 1), L.CheckAny(2), L.CheckAny(3)
	if key == lua.LNil {
		L.Error(lua.LString("table index is nil"), 0)
	}
	if number, ok := key.(lua.LNumber); ok && number != number {
		L.Error(lua.LString("table index is NaN"), 0)
	}
	table.RawSet(key, value)
	L.Push(table)
	return 1
}

func selectValues(L *lua.LState) int {
	if L.Get(1) == lua.LString("#") {
		L.Push(lua.LNumber(L.GetTop() - 1))
		return 1
	}
	at, top := int(CheckNumber(L, 1)), L.GetTop()
	if at < 0 {
		at += top
	}
	if at < 1 {
		L.ArgError(1, "index out of range")
	}
	return max(top-at, 0)
}

// at gives the function at a level of the caller's stack; level 1 is the one
// that called the running Go function.
func at(L *lua.LState, level int) *lua.LFunction {
	debug, ok := L.GetStack(level)
	if !ok {
		return nil
	}
	v, err := L.GetInfo("f", debug, nil)
	fn, isFunction := v.(*lua.LFunction)
	if err != nil || !isFunction {
		return nil
	}
	return fn
}

// function reads an argument that is a function or the level of one; level 0
// is the thread and gives nil.
func function(L *lua.LState, index, standard int) *lua.LFunction {
	if fn, ok := L.Get(index).(*lua.LFunction); ok {
		return fn
	}
	level := standard
	if L.Get(index) != lua.LNil {
		level = int(CheckNumber(L, index))
	}
	if level == 0 {
		return nil
	}
	fn := (*lua.LFunction)(nil)
	if level > 0 {
		fn = at(L, level)
	}
	if fn == nil {
		L.ArgError(index, "invalid level")
	}
	return fn
}

func getEnvironment(L *lua.LState) int {
	fn := function(L, 1, 1)
	switch {
	case fn == nil:
		L.Push(L.Env)
	case fn.IsG:
		L.Push(L.G.Global)
	default:
		L.Push(fn.Env)
	}
	return 1
}

func setEnvironment(L *lua.LState) int {
	env := CheckTable(L, 2)
	fn := function(L, 1, 1)
	if fn == nil {
		L.Env = env
		return 0
	}
	if fn.IsG {
		L.RaiseError("'setfenv' cannot change environment of given object")
	}
	fn.Env = env
	L.Push(fn)
	return 1
}

// newProxy makes an empty userdata, with a metatable when it is asked for.
func newProxy(L *lua.LState) int {
	proxy := L.NewUserData()
	switch v := L.Get(1).(type) {
	case *lua.LNilType:
	case lua.LBool:
		if v {
			proxy.Metatable = L.NewTable()
		}
	case *lua.LUserData:
		proxy.Metatable = v.Metatable
	default:
		L.ArgError(1, "boolean or proxy expected")
	}
	L.Push(proxy)
	return 1
}
