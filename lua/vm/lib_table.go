package vm

import (
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// openTable adds LuaJIT's and OpenResty's table functions. Each is a module of
// its own for require ("table.new") and a field of table.
func openTable(L *lua.LState) {
	table := library(L, "table")
	register(L, table, map[string]lua.LGFunction{
		"concat":  tableConcat,
		"move":    tableMove,
		"new":     tableNew,
		"clear":   tableClear,
		"nkeys":   tableNkeys,
		"isempty": tableIsEmpty,
		"isarray": tableIsArray,
		"clone":   tableClone,
	})
	if native, ok := table.RawGetString("sort").(*lua.LFunction); ok && native.IsG {
		table.RawSetString("sort", L.NewFunction(sortWith(native.GFunction)))
	}
	loaded, ok := L.GetField(L.G.Registry, "_LOADED").(*lua.LTable)
	if !ok {
		return
	}
	for _, name := range []string{"new", "clear", "nkeys", "isempty", "isarray", "clone"} {
		loaded.RawSetString("table."+name, table.RawGetString(name))
		if name != "new" && name != "clear" {
			continue
		}
		// LuaJIT has these two behind require only.
		table.RawSetString(name, lua.LNil)
	}
	for _, name := range []string{"nkeys", "isempty", "isarray", "clone"} {
		table.RawSetString(name, lua.LNil)
	}
}

// sortWith lets the order be nil, which gopher-lua refuses.
func sortWith(native lua.LGFunction) lua.LGFunction {
	return func(L *lua.LState) int {
		if L.GetTop() == 2 && L.Get(2) == lua.LNil {
			L.SetTop(1)
		}
		return native(L)
	}
}

func tableConcat(L *lua.LState) int {
	list := L.CheckTable(1)
	separator := ""
	if v := L.Get(2); v != lua.LNil {
		separator = L.CheckString(2)
		if joins(v) {
			separator = text(v)
		}
	}
	first := L.OptInt(3, 1)
	last := 0
	if L.Get(4) == lua.LNil {
		last = list.Len()
	} else {
		last = L.CheckInt(4)
	}
	var b strings.Builder
	for i := first; i <= last; i++ {
		v := list.RawGetInt(i)
		if !joins(v) {
			L.RaiseError("invalid value (%s) at index %d in table for 'concat'", v.Type().String(), i)
		}
		piece := text(v)
		if b.Len()+len(piece)+len(separator) > maxString {
			L.RaiseError("not enough memory")
		}
		b.WriteString(piece)
		if i < last {
			b.WriteString(separator)
		}
	}
	L.Push(lua.LString(b.String()))
	return 1
}

// tableMove copies elements, with metamethods, in the order that keeps
// overlapping ranges whole.
func tableMove(L *lua.LState) int {
	from := L.CheckTable(1)
	first, last, at := L.CheckInt(2), L.CheckInt(3), L.CheckInt(4)
	to := from
	if L.Get(5) != lua.LNil {
		to = L.CheckTable(5)
	}
	copyOne := func(i int) {
		L.SetTable(to, lua.LNumber(at+i-first), L.GetTable(from, lua.LNumber(i)))
	}
	if to != from || at <= first || at > last {
		for i := first; i <= last; i++ {
			copyOne(i)
		}
	} else {
		for i := last; i >= first; i-- {
			copyOne(i)
		}
	}
	L.Push(to)
	return 1
}

// maxPrepared bounds what table.new reserves; a larger wish is a hint only.
const maxPrepared = 1 << 16

func tableNew(L *lua.LState) int {
	list, hash := int(CheckNumber(L, 1)), int(CheckNumber(L, 2))
	clamp := func(n int) int { return min(max(n, 0), maxPrepared) }
	L.Push(L.CreateTable(clamp(list), clamp(hash)))
	return 1
}

// tableClear empties a table and keeps its metatable.
func tableClear(L *lua.LState) int {
	table := L.CheckTable(1)
	metatable := table.Metatable
	*table = *L.NewTable()
	table.Metatable = metatable
	return 0
}

func tableNkeys(L *lua.LState) int {
	count := 0
	L.CheckTable(1).ForEach(func(_, _ lua.LValue) { count++ })
	L.Push(lua.LNumber(count))
	return 1
}

func tableIsEmpty(L *lua.LState) int {
	key, _ := L.CheckTable(1).Next(lua.LNil)
	L.Push(lua.LBool(key == lua.LNil))
	return 1
}

// tableIsArray tells whether every key is a positive integer; holes are
// admitted, as in OpenResty.
func tableIsArray(L *lua.LState) int {
	array := true
	L.CheckTable(1).ForEach(func(key, _ lua.LValue) {
		number, ok := key.(lua.LNumber)
		array = array && ok && number > 0 && float64(number) == float64(int64(number))
	})
	L.Push(lua.LBool(array))
	return 1
}

// tableClone makes a shallow copy without the metatable.
func tableClone(L *lua.LState) int {
	table := L.CheckTable(1)
	result := L.CreateTable(table.Len(), 0)
	table.ForEach(result.RawSet)
	L.Push(result)
	return 1
}
