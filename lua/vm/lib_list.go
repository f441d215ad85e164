package vm

import (
	lua "github.com/yuin/gopher-lua"
)

// openList replaces the functions of table that treat it as a list.
func openList(L *lua.LState) {
	register(L, library(L, "table"), map[string]lua.LGFunction{
		"insert":   tableInsert,
		"remove":   tableRemove,
		"maxn":     tableMaxn,
		"getn":     tableGetn,
		"foreach":  tableForeach,
		"foreachi": tableForeachI,
	})
}

func tableInsert(L *lua.LState) int {
	list := CheckTable(L, 1)
	switch L.GetTop() {
	case 2:
		list.Append(L.Get(2))
	case 3:
		at, value := int(CheckNumber(L, 2)), L.Get(3)
		if at < 1 || at > list.Len() {
			list.RawSet(lua.LNumber(at), value)
			break
		}
		list.Insert(at, value)
	default:
		L.RaiseError("wrong number of arguments to 'insert'")
	}
	return 0
}

// tableRemove gives nothing at all where there is nothing to remove.
func tableRemove(L *lua.LState) int {
	list := CheckTable(L, 1)
	length := list.Len()
	at := length
	if L.Get(2) != lua.LNil {
		at = int(CheckNumber(L, 2))
	}
	if at < 1 || at > length {
		return 0
	}
	L.Push(list.Remove(at))
	return 1
}

func tableMaxn(L *lua.LState) int {
	table := CheckTable(L, 1)
	most := lua.LNumber(table.MaxN())
	from := lua.LValue(lua.LNil)
	if most > 0 {
		from = most
	}
	for key, _ := table.Next(from); key != lua.LNil; key, _ = table.Next(key) {
		if number, ok := key.(lua.LNumber); ok && number > most {
			most = number
		}
	}
	L.Push(most)
	return 1
}

func tableGetn(L *lua.LState) int {
	L.Push(lua.LNumber(CheckTable(L, 1).Len()))
	return 1
}

func checkFunction(L *lua.LState, index int) *lua.LFunction {
	fn, ok := L.Get(index).(*lua.LFunction)
	if !ok {
		L.ArgError(index, "function expected, got "+TypeName(L, index))
	}
	return fn
}

// visit calls a function with a pair and tells whether it gave something.
func visit(L *lua.LState, fn *lua.LFunction, key, value lua.LValue) bool {
	L.Push(fn)
	L.Push(key)
	L.Push(value)
	L.Call(2, 1)
	if L.Get(-1) != lua.LNil {
		return true
	}
	L.Pop(1)
	return false
}

func tableForeach(L *lua.LState) int {
	table, fn := CheckTable(L, 1), checkFunction(L, 2)
	for key, value := table.Next(lua.LNil); key != lua.LNil; key, value = table.Next(key) {
		if visit(L, fn, key, value) {
			return 1
		}
	}
	return 0
}

func tableForeachI(L *lua.LState) int {
	list, fn := CheckTable(L, 1), checkFunction(L, 2)
	for i := 1; i <= list.Len(); i++ {
		if visit(L, fn, lua.LNumber(i), list.RawGetInt(i)) {
			return 1
		}
	}
	return 0
}
