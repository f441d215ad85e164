package vm

import (
	"math"
	"strconv"
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// directive is one conversion of string.format.
type directive struct {
	minus, plus, space, sharp, zero bool
	width, precision                int // precision is -1 when it is not given
	verb                            byte
}

// stringFormat is string.format as LuaJIT has it: %a, %i and %q included,
// numbers as tostring writes them in %s, and strings with zero bytes.
func stringFormat(L *lua.LState) int {
	format := CheckText(L, 1)
	var b strings.Builder
	argument := 1
	for {
		percent := strings.IndexByte(format, '%')
		if percent < 0 {
			b.WriteString(format)
			break
		}
		b.WriteString(format[:percent])
		format = format[percent+1:]
		if strings.HasPrefix(format, "%") {
			b.WriteByte('%')
			format = format[1:]
			continue
		}
		d, size := parseDirective(format)
		if d.verb == 0 {
			L.RaiseError("invalid option '%%%s' to 'format'", format[:size])
		}
		format = format[size:]
		argument++
		b.WriteString(d.convert(L, argument))
	}
	L.Push(lua.LString(b.String()))
	return 1
}

// parseDirective reads what stands behind '%' and gives its length in bytes.
// The verb is 0 when the directive is not valid.
func parseDirective(format string) (directive, int) {
	d := directive{precision: -1}
	i := 0
flags:
	for ; i < len(format); i++ {
		switch format[i] {
		case '-':
			d.minus = true
		case '+':
			d.plus = true
		case ' ':
			d.space = true
		case '#':
			d.sharp = true
		case '0':
			d.zero = true
		default:
			break flags
		}
	}
	d.width, i = parseDigits(format, i)
	if i < len(format) && format[i] == '.' {
		d.precision, i = parseDigits(format, i+1)
	}
	if i >= len(format) {
		return directive{}, len(format)
	}
	if strings.IndexByte("diuoxXcsqeEfFgGaAp", format[i]) >= 0 {
		d.verb = format[i]
	}
	return d, i + 1
}

// parseDigits reads up to two digits, which is what LuaJIT admits.
func parseDigits(format string, i int) (value, end int) {
	for n := 0; n < 2 && i < len(format) && isDigit(format[i]); n++ {
		value = value*10 + int(format[i]-'0')
		i++
	}
	return value, i
}

func (d directive) convert(L *lua.LState, index int) string {
	switch d.verb {
	case 's':
		return d.pad(d.cut(formatArgument(L, index)), false)
	case 'q':
		return quote(CheckText(L, index))
	case 'p':
		return d.pad(lua.LString(pointer(L.CheckAny(index))).String(), false)
	}
	if index > L.GetTop() {
		L.ArgError(index, "value expected")
	}
	value := CheckNumber(L, index)
	switch d.verb {
	case 'c':
		return d.pad(string([]byte{byte(int64(value))}), false)
	case 'd', 'i':
		return d.integer(toInteger(value))
	case 'u', 'o', 'x', 'X':
		return d.unsigned(uint64(toInteger(value)))
	}
	return d.float(value)
}

// formatArgument gives the text of %s, which takes any value but none at all.
func formatArgument(L *lua.LState, index int) string {
	word, ok := Text(L, L.CheckAny(index)).(lua.LString)
	if !ok {
		L.RaiseError("'tostring' must return a string")
	}
	return string(word)
}

// pointer gives the address part of a value's name.
func pointer(v lua.LValue) string {
	name := v.String()
	if i := strings.LastIndex(name, "0x"); i >= 0 {
		return name[i:]
	}
	return "NULL"
}

// toInteger cuts the fraction; numbers from 2^63 up wrap as unsigned ones do.
func toInteger(value float64) int64 {
	switch {
	case value >= 1<<63 && value < 1<<64:
		return int64(uint64(value))
	case value >= -(1<<63) && value < 1<<63:
		return int64(value)
	}
	return math.MinInt64
}

func (d directive) cut(word string) string {
	if d.precision >= 0 && d.precision < len(word) {
		return word[:d.precision]
	}
	return word
}

// pad fills to the width; zeros go behind the sign and the base.
func (d directive) pad(word string, number bool) string {
	missing := d.width - len(word)
	if missing <= 0 {
		return word
	}
	if d.minus {
		return word + strings.Repeat(" ", missing)
	}
	if !d.zero || !number {
		return strings.Repeat(" ", missing) + word
	}
	sign := 0
	if word[0] == '-' || word[0] == '+' || word[0] == ' ' {
		sign = 1
	}
	if len(word) > sign+1 && word[sign] == '0' && word[sign+1]|0x20 == 'x' {
		sign += 2
	}
	return word[:sign] + strings.Repeat("0", missing) + word[sign:]
}

func (d directive) signed(word string) string {
	switch {
	case strings.HasPrefix(word, "-"):
		return word
	case d.plus:
		return "+" + word
	case d.space:
		return " " + word
	}
	return word
}

func (d directive) integer(value int64) string {
	digits := strconv.FormatInt(value, 10)
	sign := ""
	if value < 0 {
		sign, digits = "-", digits[1:]
	}
	digits = d.extend(digits)
	d.zero = d.zero && d.precision < 0
	return d.pad(d.signed(sign+digits), true)
}

func (d directive) unsigned(value uint64) string {
	base := map[byte]int{'u': 10, 'o': 8, 'x': 16, 'X': 16}[d.verb]
	digits := d.extend(strconv.FormatUint(value, base))
	prefix := ""
	if d.sharp && value != 0 {
		prefix = map[byte]string{'o': "0", 'x': "0x", 'X': "0x"}[d.verb]
	}
	word := prefix + digits
	if d.verb == 'X' {
		word = strings.ToUpper(word)
	}
	d.zero = d.zero && d.precision < 0
	return d.pad(word, true)
}

// extend adds zeros up to the precision.
func (d directive) extend(digits string) string {
	if d.precision == 0 && digits == "0" {
		return ""
	}
	return strings.Repeat("0", max(d.precision-len(digits), 0)) + digits
}

func (d directive) float(value float64) string {
	word, special := formatSpecial(value)
	if special {
		d.zero = false
	} else {
		word = d.finite(value)
	}
	if d.verb >= 'A' && d.verb <= 'Z' {
		word = strings.ToUpper(word)
	}
	return d.pad(d.signed(word), true)
}

func (d directive) finite(value float64) string {
	precision := d.precision
	if d.verb|0x20 == 'a' {
		return formatHex(value, precision)
	}
	if precision < 0 {
		precision = 6
	}
	switch d.verb | 0x20 {
	case 'e':
		return strconv.FormatFloat(breakTie(value, precision+1), 'e', precision, 64)
	case 'f':
		return formatFixed(value, precision)
	}
	return formatG(value, precision, d.sharp)
}

// formatFixed is C's %.<precision>f with halves rounded away from zero.
func formatFixed(value float64, precision int) string {
	long := strconv.FormatFloat(value, 'f', precision+1, 64)
	if !strings.HasSuffix(long, "5") {
		return strconv.FormatFloat(value, 'f', precision, 64)
	}
	if exact, err := strconv.ParseFloat(long, 64); err == nil && exact == value {
		full := strconv.FormatFloat(value, 'f', 1100, 64)
		if strings.Trim(full[len(long):], "0") == "" {
			value = math.Nextafter(value, math.Copysign(math.Inf(1), value))
		}
	}
	return strconv.FormatFloat(value, 'f', precision, 64)
}

// formatHex is C's %a: the exponent has no leading zeros.
func formatHex(value float64, precision int) string {
	word := strconv.FormatFloat(value, 'x', precision, 64)
	mark := strings.LastIndexByte(word, 'p')
	exponent := strings.TrimLeft(word[mark+2:], "0")
	if exponent == "" {
		exponent = "0"
	}
	return word[:mark+2] + exponent
}

// quote writes a string so that the parser reads it back.
func quote(word string) string {
	var b strings.Builder
	b.WriteByte('"')
	for i := range len(word) {
		c := word[i]
		switch {
		case c == '"' || c == '\\' || c == '\n':
			b.WriteByte('\\')
			b.WriteByte(c)
		case c < ' ' || c == 0x7f:
			b.WriteByte('\\')
			digits := strconv.Itoa(int(c))
			if i+1 < len(word) && isDigit(word[i+1]) {
				digits = strings.Repeat("0", 3-len(digits)) + digits
			}
			b.WriteString(digits)
		default:
			b.WriteByte(c)
		}
	}
	b.WriteByte('"')
	return b.String()
}
