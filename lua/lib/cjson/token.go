package cjson

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/perigee-server/perigee/lua/vm"
)

// token is a kind of token; those of one character are that character.
type token byte

const (
	tObject    token = '{'
	tObjectEnd token = '}'
	tArray     token = '['
	tArrayEnd  token = ']'
	tColon     token = ':'
	tComma     token = ','
	tString    token = '"'
	tNumber    token = '0'
	tTrue      token = 't'
	tFalse     token = 'f'
	tNull      token = 'n'
	tEnd       token = 'e'
	tWrong     token = '?'
)

var tokenNames = map[token]string{
	tObject:    "T_OBJ_BEGIN",
	tObjectEnd: "T_OBJ_END",
	tArray:     "T_ARR_BEGIN",
	tArrayEnd:  "T_ARR_END",
	tColon:     "T_COLON",
	tComma:     "T_COMMA",
	tString:    "T_STRING",
	tNumber:    "T_NUMBER",
	tTrue:      "T_BOOLEAN",
	tFalse:     "T_BOOLEAN",
	tNull:      "T_NULL",
	tEnd:       "T_END",
}

func (t token) String() string { return tokenNames[t] }

var isSpace = [256]bool{' ': true, '\t': true, '\n': true, '\r': true}

// string reads a string token.
func (d *decoder) string() {
	start := d.pos + 1
	for i := start; i < len(d.text); i++ {
		switch d.text[i] {
		case '"':
			d.token, d.word, d.pos = tString, d.text[start:i], i+1
			if !d.share {
				d.word = strings.Clone(d.word)
			}
			return
		case '\\':
			d.escaped(start, i)
			return
		case 0:
			d.wrong(i, "unexpected end of string")
			return
		}
	}
	d.wrong(len(d.text), "unexpected end of string")
}

// escaped reads a string token that has an escape sequence at i.
func (d *decoder) escaped(start, i int) {
	out := make([]byte, 0, len(d.text[start:i])+32)
	out = append(out, d.text[start:i]...)
	for i < len(d.text) && d.text[i] != 0 {
		c := d.text[i]
		switch c {
		case '"':
			d.token, d.word, d.pos = tString, string(out), i+1
			return
		case '\\':
			var ok bool
			if out, i, ok = d.escape(out, i); !ok {
				return
			}
		default:
			out = append(out, c)
			i++
		}
	}
	d.wrong(i, "unexpected end of string")
}

// escape reads one escape sequence and gives where it ends.
func (d *decoder) escape(out []byte, i int) ([]byte, int, bool) {
	if i+1 >= len(d.text) {
		d.wrong(i, "invalid escape code")
		return out, i, false
	}
	c := d.text[i+1]
	if c == 'u' {
		return d.unicode(out, i)
	}
	at := strings.IndexByte(`"\/bfnrt`, c)
	if at < 0 {
		d.wrong(i, "invalid escape code")
		return out, i, false
	}
	return append(out, "\"\\/\b\f\n\r\t"[at]), i + 2, true
}

func (d *decoder) unicode(out []byte, i int) ([]byte, int, bool) {
	code, ok := d.hex(i)
	end := i + 6
	if ok && code&0xf800 == 0xd800 {
		var low rune
		low, ok = d.hex(end)
		ok = ok && code < 0xdc00 && low&0xfc00 == 0xdc00
		code = 0x10000 + (code&0x3ff)<<10 + low&0x3ff
		end += 6
	}
	if !ok {
		d.wrong(i, "invalid unicode escape code")
		return out, i, false
	}
	return utf8.AppendRune(out, code), end, true
}

// hex reads "\uXXXX".
func (d *decoder) hex(i int) (rune, bool) {
	if i+6 > len(d.text) || d.text[i] != '\\' || d.text[i+1] != 'u' {
		return 0, false
	}
	code := rune(0)
	for _, c := range []byte(d.text[i+2 : i+6]) {
		digit := hexValue(c)
		if digit < 0 {
			return 0, false
		}
		code = code<<4 | rune(digit)
	}
	return code, true
}

func hexValue(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c|0x20 >= 'a' && c|0x20 <= 'f':
		return int(c|0x20-'a') + 10
	}
	return -1
}

// maxDigits is how many digits an integer may have to be exact.
const maxDigits = 15

// numeral reads a number token.
func (d *decoder) numeral() {
	i, negative := d.pos, d.text[d.pos] == '-'
	if negative {
		i++
	}
	first, value := i, 0
	for i < len(d.text) && isDigit(d.text[i]) && i-first <= maxDigits {
		value = value*10 + int(d.text[i]-'0')
		i++
	}
	simple := i > first && i-first <= maxDigits && (i == len(d.text) || !continues[d.text[i]])
	if simple && (d.text[first] != '0' || i-first == 1 && value == 0 && !negative) {
		d.token, d.pos, d.number = tNumber, i, float64(value)
		if negative {
			d.number = -d.number
		}
		return
	}
	if !d.decodeInvalid && d.isInvalid() {
		d.wrong(d.pos, "invalid number")
		return
	}
	d.scan()
}

// continues tells which bytes may belong to a number behind its first digits.
var continues = [256]bool{'.': true, 'e': true, 'E': true, 'x': true, 'X': true}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// isInvalid tells whether the number here is one that JSON does not have: with
// a plus sign, leading zeros, hexadecimal, infinite or none.
func (d *decoder) isInvalid() bool {
	rest := d.text[d.pos:]
	if rest[0] == '+' {
		return true
	}
	rest = strings.TrimPrefix(rest, "-")
	if rest == "" {
		return true
	}
	if rest[0] == '0' {
		return len(rest) > 1 && (isDigit(rest[1]) || rest[1]|0x20 == 'x')
	}
	return !isDigit(rest[0])
}

// invalidNumber reads "inf", "nan" and their longer names.
func (d *decoder) invalidNumber() {
	rest := strings.ToLower(d.text[d.pos:min(d.pos+3, len(d.text))])
	if !d.decodeInvalid || rest != "inf" && rest != "nan" {
		d.wrong(d.pos, "invalid token")
		return
	}
	d.scan()
}

// scan reads the longest number that C's strtod reads here.
func (d *decoder) scan() {
	end := numberEnd(d.text, d.pos)
	value, ok := vm.ParseNumber(d.text[d.pos:end])
	if end == d.pos || !ok {
		d.wrong(d.pos, "invalid number")
		return
	}
	d.token, d.number, d.pos = tNumber, value, end
}

// numberEnd gives the end of the longest number from i on, i when there is
// none.
func numberEnd(text string, i int) int {
	start := i
	if text[i] == '-' || text[i] == '+' {
		i++
	}
	for _, word := range []string{"infinity", "inf", "nan"} {
		if len(text)-i >= len(word) && strings.EqualFold(text[i:i+len(word)], word) {
			return i + len(word)
		}
	}
	if i+2 < len(text) && text[i] == '0' && text[i+1]|0x20 == 'x' && hexValue(text[i+2]) >= 0 {
		return digitsEnd(text, i+2, 'p', func(c byte) bool { return hexValue(c) >= 0 })
	}
	end := digitsEnd(text, i, 'e', isDigit)
	if _, err := strconv.ParseFloat(text[i:end], 64); err != nil && !isRange(err) {
		return start
	}
	return end
}

func isRange(err error) bool {
	failure, ok := err.(*strconv.NumError)
	return ok && failure.Err == strconv.ErrRange
}

// digitsEnd steps over digits, a point and an exponent.
func digitsEnd(text string, i int, exponent byte, digit func(byte) bool) int {
	for i < len(text) && digit(text[i]) {
		i++
	}
	if i < len(text) && text[i] == '.' {
		i++
		for i < len(text) && digit(text[i]) {
			i++
		}
	}
	if i >= len(text) || text[i]|0x20 != exponent {
		return i
	}
	end := i + 1
	if end < len(text) && (text[end] == '-' || text[end] == '+') {
		end++
	}
	first := end
	for end < len(text) && isDigit(text[end]) {
		end++
	}
	if end == first {
		return i
	}
	return end
}
