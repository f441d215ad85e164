package vm

import (
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// concatKey is where the registry keeps the function that ".." calls.
const concatKey = "perigee.vm.concat"

// concatFunction gives the VM's function that ".." calls.
func concatFunction(L *lua.LState) lua.LValue {
	registry := L.G.Registry
	if fn := registry.RawGetString(concatKey); fn != lua.LNil {
		return fn
	}
	fn := L.NewFunction(concat)
	registry.RawSetString(concatKey, fn)
	return fn
}

// concat joins its arguments from the right, with the metamethod where one of
// two neighbours is neither a string nor a number.
func concat(L *lua.LState) int {
	last := L.GetTop()
	if last == 1 { // a bound of a for, see rewriteBound
		if text, ok := L.Get(1).(lua.LString); ok {
			if value, ok := ParseNumber(string(text)); ok {
				L.Push(lua.LNumber(value))
			}
		}
		return 1
	}
	result := L.Get(last)
	right := last // the argument that result is, 0 when it was made here
	for i := last - 1; i > 0; {
		left := L.Get(i)
		if !joins(left) || !joins(result) {
			result = concatMeta(L, left, result, i, right)
			right = 0
			i--
			continue
		}
		right = 0
		first := i
		for first > 1 && joins(L.Get(first-1)) {
			first--
		}
		result = join(L, first, i, result)
		i = first - 1
	}
	L.Push(result)
	return 1
}

func joins(v lua.LValue) bool {
	switch v.(type) {
	case lua.LString, lua.LNumber:
		return true
	}
	return false
}

// join writes the arguments first to last and then the value behind them.
func join(L *lua.LState, first, last int, behind lua.LValue) lua.LValue {
	var b strings.Builder
	for i := first; i <= last; i++ {
		piece := text(L.Get(i))
		if b.Len()+len(piece) > maxString {
			L.RaiseError("not enough memory")
		}
		b.WriteString(piece)
	}
	rest := text(behind)
	if b.Len()+len(rest) > maxString {
		L.RaiseError("not enough memory")
	}
	b.WriteString(rest)
	return lua.LString(b.String())
}

// text gives a string's bytes, or a number as tostring writes it.
func text(v lua.LValue) string {
	if number, ok := v.(lua.LNumber); ok {
		return FormatNumber(float64(number))
	}
	return v.String()
}

// concatMeta joins two values of which one needs a metamethod; the indices are
// theirs among the arguments.
func concatMeta(L *lua.LState, left, right lua.LValue, leftIndex, rightIndex int) lua.LValue {
	op := L.GetMetaField(left, "__concat")
	if op == lua.LNil {
		op = L.GetMetaField(right, "__concat")
	}
	if op == lua.LNil {
		culprit, index := left, leftIndex
		if joins(left) {
			culprit, index = right, rightIndex
		}
		L.RaiseError("attempt to concatenate %s", concatenated(L, culprit, index))
	}
	L.Push(op)
	L.Push(left)
	L.Push(right)
	L.Call(2, 1)
	result := L.Get(-1)
	L.Pop(1)
	return result
}
