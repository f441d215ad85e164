package vm

import (
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// openText replaces the simple functions of string, which take numbers that
// are written as text and text that is written as numbers.
func openText(L *lua.LState) {
	register(L, library(L, "string"), map[string]lua.LGFunction{
		"byte":    stringByte,
		"char":    stringChar,
		"dump":    stringDump,
		"len":     func(L *lua.LState) int { L.Push(lua.LNumber(len(CheckText(L, 1)))); return 1 },
		"lower":   mapText(lowerText),
		"upper":   mapText(upperText),
		"reverse": mapText(reverseText),
		"sub":     stringSub,
	})
}

func mapText(change func(string) string) lua.LGFunction {
	return func(L *lua.LState) int {
		L.Push(lua.LString(change(CheckText(L, 1))))
		return 1
	}
}

// lowerText changes ASCII letters only, and every byte by itself.
func lowerText(text string) string {
	return changeCase(text, 'A', 'Z')
}

func upperText(text string) string {
	return changeCase(text, 'a', 'z')
}

func changeCase(text string, first, last byte) string {
	start := strings.IndexFunc(text, func(c rune) bool { return c >= rune(first) && c <= rune(last) })
	if start < 0 {
		return text
	}
	out := []byte(text)
	for i := start; i < len(out); i++ {
		if out[i] >= first && out[i] <= last {
			out[i] ^= 0x20
		}
	}
	return string(out)
}

func reverseText(text string) string {
	out := make([]byte, len(text))
	for i := range len(text) {
		out[len(text)-1-i] = text[i]
	}
	return string(out)
}

// bounds reads two positions that may count from the end, as offsets.
func bounds(length, first, last int) (from, to int) {
	if first < 0 {
		first = max(first+length+1, 1)
	}
	if last < 0 {
		last += length + 1
	}
	first, last = max(first, 1), min(last, length)
	if first > last {
		return 0, 0
	}
	return first - 1, last
}

func stringSub(L *lua.LState) int {
	text, first, last := CheckText(L, 1), int(CheckNumber(L, 2)), -1
	if L.Get(3) != lua.LNil {
		last = int(CheckNumber(L, 3))
	}
	from, to := bounds(len(text), first, last)
	L.Push(lua.LString(text[from:to]))
	return 1
}

func stringByte(L *lua.LState) int {
	text, first := CheckText(L, 1), 1
	if L.Get(2) != lua.LNil {
		first = int(CheckNumber(L, 2))
	}
	last := first
	if L.Get(3) != lua.LNil {
		last = int(CheckNumber(L, 3))
	}
	from, to := bounds(len(text), first, last)
	if to-from > maxRegisters/4 {
		L.RaiseError("string slice too long")
	}
	for i := from; i < to; i++ {
		L.Push(lua.LNumber(text[i]))
	}
	return to - from
}

func stringChar(L *lua.LState) int {
	out := make([]byte, L.GetTop())
	for i := range out {
		code := CheckNumber(L, i+1)
		if code < 0 || code > 255 {
			L.ArgError(i+1, "invalid value")
		}
		out[i] = byte(code)
	}
	L.Push(lua.LString(out))
	return 1
}

// stringDump refuses: there is no bytecode that could be loaded again.
func stringDump(L *lua.LState) int {
	checkFunction(L, 1)
	L.RaiseError("unable to dump given function")
	return 0
}
