package vm

import (
	lua "github.com/yuin/gopher-lua"
)

// CheckText gives an argument that is a string, or a number as tostring writes
// it; anything else raises "bad argument" (luaL_checklstring).
func CheckText(L *lua.LState, index int) string {
	switch v := L.Get(index).(type) {
	case lua.LString:
		return string(v)
	case lua.LNumber:
		return FormatNumber(float64(v))
	}
	L.ArgError(index, "string expected, got "+TypeName(L, index))
	return ""
}

// CheckNumber gives a numeric argument, text being read as tonumber reads it;
// anything else raises "bad argument" (luaL_checknumber).
func CheckNumber(L *lua.LState, index int) float64 {
	switch v := L.Get(index).(type) {
	case lua.LNumber:
		return float64(v)
	case lua.LString:
		if value, ok := ParseNumber(string(v)); ok {
			return value
		}
	}
	L.ArgError(index, "number expected, got "+TypeName(L, index))
	return 0
}

// CheckTable gives an argument that is a table; anything else raises "bad
// argument" (luaL_checktype).
func CheckTable(L *lua.LState, index int) *lua.LTable {
	if table, ok := L.Get(index).(*lua.LTable); ok {
		return table
	}
	L.ArgError(index, "table expected, got "+TypeName(L, index))
	return nil
}

// TypeName names the type of an argument as errors do: "no value" stands for
// an argument that was not given.
func TypeName(L *lua.LState, index int) string {
	if index > L.GetTop() {
		return "no value"
	}
	return L.Get(index).Type().String()
}

// ToText gives the text that tostring gives for an argument of any type,
// metamethods included; nil and a missing argument are "nil".
func ToText(L *lua.LState, v lua.LValue) string {
	switch v := v.(type) {
	case lua.LString:
		return string(v)
	case lua.LNumber:
		return FormatNumber(float64(v))
	}
	return Text(L, v).String()
}

// Raise raises an error whose position is that of the function at a level of
// the stack, as error(message, level) does in LuaJIT: 1 is the caller of the
// running Go function. A Go function at that level has no position.
func Raise(L *lua.LState, level int, message string) {
	L.Error(lua.LString(Where(L, level)+message), 0)
}

// Where gives "chunk:line: " for the function at a level of the stack, or the
// empty text for a Go function and behind the end (luaL_where).
func Where(L *lua.LState, level int) string {
	debug, ok := L.GetStack(level)
	if !ok {
		return ""
	}
	if _, err := L.GetInfo("Sl", debug, nil); err != nil || debug.CurrentLine <= 0 {
		return ""
	}
	return debug.Source + ":" + formatInt(debug.CurrentLine) + ": "
}
