package vm

import (
	"math"
	"strconv"
)

// hugeLiteral stands for an infinite literal until the syntax tree is
// rewritten: gopher-lua's compiler does not read it.
const hugeLiteral = "9e999"

// number rewrites a number literal as a decimal one. The 64-bit integers and
// imaginary numbers of LuaJIT's FFI do not exist in this engine and are
// refused.
func (n *normalizer) number() error {
	start := n.pos
	exponent := byte('e')
	if n.at(0) == '0' && n.at(1)|0x20 == 'x' {
		exponent = 'p'
	}
	for n.pos < len(n.src) {
		c := n.src[n.pos]
		if !isNameByte(c) && c != '.' {
			sign := c == '-' || c == '+'
			if !sign || n.src[n.pos-1]|0x20 != exponent {
				break
			}
		}
		n.pos++
	}
	text := n.src[start:n.pos]
	value, ok := parseNumber(text)
	if ok {
		n.out.WriteString(literal(value))
		return nil
	}
	if suffix, is := ffiLiteral(text); is {
		return n.fail("number suffix '"+suffix+"' needs the FFI, which this engine does not have,", start)
	}
	return n.fail("malformed number", start)
}

// literal writes a number that is not negative so that gopher-lua reads back
// the same value.
func literal(value float64) string {
	if math.IsInf(value, 0) {
		return hugeLiteral
	}
	if value == math.Trunc(value) && value < 1<<53 {
		return strconv.FormatInt(int64(value), 10)
	}
	return strconv.FormatFloat(value, 'e', -1, 64)
}

// ffiLiteral tells whether text is a number that only LuaJIT's FFI reads, and
// gives its suffix as written.
func ffiLiteral(text string) (string, bool) {
	for _, suffix := range []string{"ull", "ll", "i"} {
		cut := len(text) - len(suffix)
		if cut <= 0 || !equalFold(text[cut:], suffix) {
			continue
		}
		if _, ok := parseNumber(text[:cut]); ok {
			return text[cut:], true
		}
	}
	return "", false
}

// equalFold compares ASCII text with a lower case word.
func equalFold(text, lower string) bool {
	for i := range len(lower) {
		if text[i]|0x20 != lower[i] {
			return false
		}
	}
	return true
}
