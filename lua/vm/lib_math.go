package vm

import (
	"math"
	"math/rand"

	lua "github.com/yuin/gopher-lua"
)

// openMath corrects what gopher-lua computes in another way: huge is infinite,
// fmod and modf keep the sign as C does, max and min pass text that is a
// number.
func openMath(L *lua.LState) {
	table := library(L, "math")
	table.RawSetString("huge", lua.LNumber(math.Inf(1)))
	register(L, table, map[string]lua.LGFunction{
		"fmod":   mathFmod,
		"mod":    mathFmod,
		"modf":   mathModf,
		"max":    mathFold(func(a, b float64) bool { return b > a }),
		"min":    mathFold(func(a, b float64) bool { return b < a }),
		"floor":  mathUnary(math.Floor),
		"ceil":   mathUnary(math.Ceil),
		"log":    mathLog,
		"random": mathRandom,
	})
}

func mathUnary(op func(float64) float64) lua.LGFunction {
	return func(L *lua.LState) int {
		L.Push(lua.LNumber(op(CheckNumber(L, 1))))
		return 1
	}
}

func mathFmod(L *lua.LState) int {
	L.Push(lua.LNumber(math.Mod(CheckNumber(L, 1), CheckNumber(L, 2))))
	return 1
}

func mathModf(L *lua.LState) int {
	value := CheckNumber(L, 1)
	if math.IsInf(value, 0) {
		L.Push(lua.LNumber(value))
		L.Push(lua.LNumber(math.Copysign(0, value)))
		return 2
	}
	whole := math.Trunc(value)
	L.Push(lua.LNumber(whole))
	L.Push(lua.LNumber(math.Copysign(value-whole, value)))
	return 2
}

func mathFold(better func(a, b float64) bool) lua.LGFunction {
	return func(L *lua.LState) int {
		best := CheckNumber(L, 1)
		for i := 2; i <= L.GetTop(); i++ {
			if next := CheckNumber(L, i); better(best, next) {
				best = next
			}
		}
		L.Push(lua.LNumber(best))
		return 1
	}
}

// mathRandom does not check its bounds, as LuaJIT does not.
func mathRandom(L *lua.LState) int {
	value := rand.Float64()
	switch L.GetTop() {
	case 0:
	case 1:
		value = math.Floor(value*CheckNumber(L, 1)) + 1
	default:
		low := CheckNumber(L, 1)
		value = math.Floor(value*(CheckNumber(L, 2)-low+1)) + low
	}
	L.Push(lua.LNumber(value))
	return 1
}

// mathLog takes a base as its second argument.
func mathLog(L *lua.LState) int {
	value := CheckNumber(L, 1)
	if L.GetTop() < 2 {
		L.Push(lua.LNumber(math.Log(value)))
		return 1
	}
	base := CheckNumber(L, 2)
	L.Push(lua.LNumber(math.Log2(value) / math.Log2(base)))
	return 1
}
