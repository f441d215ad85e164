package vm

import (
	"math"
	"strconv"
	"strings"
)

func formatInt(i int) string { return strconv.Itoa(i) }

// FormatNumber writes a number as LuaJIT's tostring does: C's "%.14g", with
// "inf", "-inf" and "nan".
func FormatNumber(value float64) string {
	if value == math.Trunc(value) && math.Abs(value) < 1e14 {
		if value == 0 && math.Signbit(value) {
			return "-0"
		}
		return strconv.FormatInt(int64(value), 10)
	}
	return formatG(value, 14, false)
}

// formatG is C's %.<precision>g; keepZeros is its '#' flag.
func formatG(value float64, precision int, keepZeros bool) string {
	if text, special := formatSpecial(value); special {
		return text
	}
	precision = max(precision, 1)
	value = breakTie(value, precision)
	scientific := strconv.FormatFloat(value, 'e', precision-1, 64)
	mark := strings.LastIndexByte(scientific, 'e')
	exponent, _ := strconv.Atoi(scientific[mark+1:])
	if exponent < -4 || exponent >= precision {
		mantissa := scientific[:mark]
		if !keepZeros {
			mantissa = trimZeros(mantissa)
		}
		return mantissa + scientific[mark:]
	}
	fixed := strconv.FormatFloat(value, 'f', precision-1-exponent, 64)
	if keepZeros {
		return fixed
	}
	return trimZeros(fixed)
}

// breakTie moves a value that lies exactly between two numbers of so many
// digits away from zero: LuaJIT rounds such halves up, Go to even.
func breakTie(value float64, precision int) float64 {
	var room [32]byte
	digits := strconv.AppendFloat(room[:0], value, 'e', precision, 64)
	mark := strings.LastIndexByte(string(digits), 'e')
	if digits[mark-1] != '5' {
		return value
	}
	const exact = 800 // no double has more digits
	long := strconv.FormatFloat(value, 'e', exact, 64)
	sign := 0
	if value < 0 {
		sign = 1
	}
	tail := long[sign+1+precision+1 : strings.LastIndexByte(long, 'e')]
	if strings.Trim(tail, "0") != "" {
		return value
	}
	return math.Nextafter(value, math.Copysign(math.Inf(1), value))
}

func formatSpecial(value float64) (string, bool) {
	switch {
	case math.IsNaN(value):
		return "nan", true
	case math.IsInf(value, 1):
		return "inf", true
	case math.IsInf(value, -1):
		return "-inf", true
	}
	return "", false
}

func trimZeros(text string) string {
	if !strings.Contains(text, ".") {
		return text
	}
	return strings.TrimSuffix(strings.TrimRight(text, "0"), ".")
}

// ParseNumber reads text as LuaJIT's tonumber does without a base: decimal and
// hexadecimal floats, "0b" integers, "inf" and "nan", white space around them.
func ParseNumber(text string) (float64, bool) {
	for text != "" && isSpace(text[0]) {
		text = text[1:]
	}
	for text != "" && isSpace(text[len(text)-1]) {
		text = text[:len(text)-1]
	}
	negative := false
	if text != "" && (text[0] == '-' || text[0] == '+') {
		negative = text[0] == '-'
		text = text[1:]
	}
	value, ok := parseSpecial(text)
	if !ok {
		value, ok = parseNumber(text)
	}
	if negative {
		value = -value
	}
	return value, ok
}

func parseSpecial(text string) (float64, bool) {
	switch {
	case len(text) == 3 && equalFold(text, "inf"), len(text) == 8 && equalFold(text, "infinity"):
		return math.Inf(1), true
	case len(text) == 3 && equalFold(text, "nan"):
		return math.NaN(), true
	}
	return 0, false
}

// parseNumber reads a number without sign and without white space.
func parseNumber(text string) (float64, bool) {
	if len(text) > 2 && text[0] == '0' {
		switch text[1] | 0x20 {
		case 'x':
			return parseHex(text[2:])
		case 'b':
			return parseBinary(text[2:])
		}
	}
	if !isDecimal(text) {
		return 0, false
	}
	value, err := strconv.ParseFloat(text, 64)
	if err != nil && !math.IsInf(value, 0) {
		return 0, false
	}
	return value, true
}

// isDecimal refuses what Go's parser reads beyond C's: underscores and words.
func isDecimal(text string) bool {
	digits := false
	for i := range len(text) {
		c := text[i]
		switch {
		case isDigit(c):
			digits = true
		case c == '.':
		case c|0x20 == 'e':
		case (c == '-' || c == '+') && i > 0 && text[i-1]|0x20 == 'e':
		default:
			return false
		}
	}
	return digits
}

func parseHex(text string) (float64, bool) {
	digits, dots, end := 0, 0, len(text)
scan:
	for i := range len(text) {
		switch c := text[i]; {
		case hexValue(c) >= 0:
			digits++
		case c == '.':
			dots++
		case c|0x20 == 'p':
			end = i
			break scan
		default:
			return 0, false
		}
	}
	if digits == 0 || dots > 1 || strings.Contains(text, "_") {
		return 0, false
	}
	if end == len(text) {
		text += "p0"
	}
	value, err := strconv.ParseFloat("0x"+text, 64)
	if err != nil && !math.IsInf(value, 0) {
		return 0, false
	}
	return value, true
}

// parseBinary reads the digits of a "0b" number, of at most 64 digits behind
// leading zeros.
func parseBinary(text string) (float64, bool) {
	value, err := strconv.ParseUint(text, 2, 64)
	return float64(value), err == nil && text != ""
}
