package cjson

import (
	"fmt"

	lua "github.com/yuin/gopher-lua"

	"github.com/perigee-server/perigee/lua/vm"
)

const maxInt = 1<<31 - 1

// arguments checks their number.
func arguments(L *lua.LState, most int) {
	if L.GetTop() > most {
		L.ArgError(most+1, "found too many arguments")
	}
}

// integer makes a function that sets and gives a number.
func (c *config) integer(setting *int, low, high int) lua.LGFunction {
	return func(L *lua.LState) int {
		arguments(L, 1)
		setInteger(L, 1, setting, low, high)
		L.Push(lua.LNumber(*setting))
		return 1
	}
}

func setInteger(L *lua.LState, index int, setting *int, low, high int) {
	if L.Get(index) == lua.LNil {
		return
	}
	value := vm.CheckNumber(L, index)
	if value < float64(low) || value > float64(high) {
		// lua-cjson always names the first one.
		L.ArgError(1, fmt.Sprintf("expected integer between %d and %d", low, high))
	}
	*setting = int(value)
}

// flag makes a function that sets and gives a boolean.
func (c *config) flag(setting *bool) lua.LGFunction {
	return func(L *lua.LState) int {
		arguments(L, 1)
		setFlag(L, 1, setting)
		L.Push(lua.LBool(*setting))
		return 1
	}
}

// setFlag takes a boolean, "on" or "off".
func setFlag(L *lua.LState, index int, setting *bool) {
	switch v := L.Get(index).(type) {
	case *lua.LNilType:
	case lua.LBool:
		*setting = bool(v)
	default:
		switch word := vm.CheckText(L, index); word {
		case "on", "off":
			*setting = word == "on"
		default:
			L.ArgError(index, "invalid option '"+word+"'")
		}
	}
}

func (c *config) setSparse(L *lua.LState) int {
	arguments(L, 3)
	setFlag(L, 1, &c.sparseConvert)
	setInteger(L, 2, &c.sparseRatio, 0, maxInt)
	setInteger(L, 3, &c.sparseSafe, 0, maxInt)
	L.Push(lua.LBool(c.sparseConvert))
	L.Push(lua.LNumber(c.sparseRatio))
	L.Push(lua.LNumber(c.sparseSafe))
	return 3
}

// setIndent takes what stands for one level of nesting.
func (c *config) setIndent(L *lua.LState) int {
	arguments(L, 1)
	if L.Get(1) != lua.LNil {
		c.indent = vm.CheckText(L, 1)
	}
	L.Push(lua.LString(c.indent))
	return 1
}

func (c *config) setEncodeInvalid(L *lua.LState) int {
	arguments(L, 1)
	if L.Get(1) == lua.LString("null") {
		c.encodeInvalid = 2
	} else if L.Get(1) != lua.LNil {
		var on bool
		setFlag(L, 1, &on)
		c.encodeInvalid = 0
		if on {
			c.encodeInvalid = 1
		}
	}
	if c.encodeInvalid == 2 {
		L.Push(lua.LString("null"))
		return 1
	}
	L.Push(lua.LBool(c.encodeInvalid == 1))
	return 1
}
