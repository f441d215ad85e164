package vm

import (
	"math"
	"math/bits"

	lua "github.com/yuin/gopher-lua"
)

// openBit adds LuaJIT's bit library. Numbers are taken modulo 2^32 and results
// are signed.
func openBit(L *lua.LState) {
	register(L, library(L, "bit"), map[string]lua.LGFunction{
		"tobit":   bitUnary(func(a uint32) uint32 { return a }),
		"bnot":    bitUnary(func(a uint32) uint32 { return ^a }),
		"bswap":   bitUnary(bits.ReverseBytes32),
		"band":    bitFold(func(a, b uint32) uint32 { return a & b }),
		"bor":     bitFold(func(a, b uint32) uint32 { return a | b }),
		"bxor":    bitFold(func(a, b uint32) uint32 { return a ^ b }),
		"lshift":  bitShift(func(a, n uint32) uint32 { return a << n }),
		"rshift":  bitShift(func(a, n uint32) uint32 { return a >> n }),
		"arshift": bitShift(func(a, n uint32) uint32 { return uint32(int32(a) >> n) }),
		"rol":     bitShift(func(a, n uint32) uint32 { return bits.RotateLeft32(a, int(n)) }),
		"ror":     bitShift(func(a, n uint32) uint32 { return bits.RotateLeft32(a, -int(n)) }),
		"tohex":   toHex,
	})
}

// bitArgument rounds an argument to the nearest integer, halves to even, and
// takes its low 32 bits.
func bitArgument(L *lua.LState, index int) uint32 {
	value := math.RoundToEven(CheckNumber(L, index))
	if math.Abs(value) < 1<<63 {
		return uint32(int64(value))
	}
	// Beyond 2^63 LuaJIT adds 2^52 + 2^51 and keeps the low word, which is 0.
	return 0
}

func bitUnary(op func(uint32) uint32) lua.LGFunction {
	return func(L *lua.LState) int {
		L.Push(lua.LNumber(int32(op(bitArgument(L, 1)))))
		return 1
	}
}

func bitFold(op func(a, b uint32) uint32) lua.LGFunction {
	return func(L *lua.LState) int {
		value := bitArgument(L, 1)
		for i := 2; i <= L.GetTop(); i++ {
			value = op(value, bitArgument(L, i))
		}
		L.Push(lua.LNumber(int32(value)))
		return 1
	}
}

func bitShift(op func(a, n uint32) uint32) lua.LGFunction {
	return func(L *lua.LState) int {
		value, count := bitArgument(L, 1), bitArgument(L, 2)
		L.Push(lua.LNumber(int32(op(value, count&31))))
		return 1
	}
}

func toHex(L *lua.LState) int {
	value, digits := bitArgument(L, 1), int32(8)
	if L.GetTop() > 1 {
		digits = int32(bitArgument(L, 2))
	}
	alphabet := "0123456789abcdef"
	if digits < 0 {
		alphabet = "0123456789ABCDEF"
		digits = -digits
	}
	if digits < 0 || digits > 8 {
		digits = 8
	}
	word := make([]byte, digits)
	for i := len(word) - 1; i >= 0; i-- {
		word[i] = alphabet[value&15]
		value >>= 4
	}
	L.Push(lua.LString(word))
	return 1
}
