package encode

import (
	"fmt"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"github.com/perigee-server/perigee/lua/vm"
)

// EscapeKind says for which place of a URI text is escaped; the numbers are
// those of ngx_escape_uri and of escape_uri's second argument.
type EscapeKind int

// The kinds of escaping.
const (
	EscapePath EscapeKind = iota
	EscapeArgs
	EscapeComponent
	EscapeHTML
	EscapeRefresh
	EscapeMemcached
	EscapeMailAuth
)

// unsafeBytes tells for each kind which bytes are escaped.
var unsafeBytes = [...][256]bool{
	EscapePath:      byteSet(" #%?", true),
	EscapeArgs:      byteSet(" #%+?", true),
	EscapeComponent: byteSet(" \"#$%&+,/:;<=>?@[\\]^`{|}", true),
	EscapeHTML:      byteSet(" \"#%'", true),
	EscapeRefresh:   byteSet(" \"'", true),
	EscapeMemcached: byteSet(" %", false),
	EscapeMailAuth:  byteSet(" %", false),
}

// byteSet holds the control characters and the ones given; high adds DEL and
// everything above.
func byteSet(characters string, high bool) (set [256]bool) {
	for c := range 256 {
		set[c] = c < 0x20 || high && c >= 0x7f || strings.IndexByte(characters, byte(c)) >= 0 && c < 0x7f
	}
	return set
}

const hexDigits = "0123456789ABCDEF"

// EscapeURI writes bytes that have a meaning in that place of a URI as "%XX"
// (ngx_escape_uri). Text without such bytes is returned as it is.
func EscapeURI(text string, kind EscapeKind) string {
	set := &unsafeBytes[kind]
	count := 0
	for i := range len(text) {
		if set[text[i]] {
			count++
		}
	}
	if count == 0 {
		return text
	}
	out := make([]byte, 0, len(text)+2*count)
	for i := range len(text) {
		c := text[i]
		if set[c] {
			out = append(out, '%', hexDigits[c>>4], hexDigits[c&15])
			continue
		}
		out = append(out, c)
	}
	return string(out)
}

// UnescapeURI reads "%XX" as a byte and "+" as a space; a percent sign that
// no two hexadecimal digits follow stays.
func UnescapeURI(text string) string {
	first := strings.IndexAny(text, "%+")
	if first < 0 {
		return text
	}
	out := make([]byte, 0, len(text))
	out = append(out, text[:first]...)
	for i := first; i < len(text); i++ {
		c := text[i]
		if c == '+' {
			c = ' '
		}
		if c == '%' && i+2 < len(text) {
			high, low := hexValue(text[i+1]), hexValue(text[i+2])
			if high >= 0 && low >= 0 {
				c = byte(high<<4 | low)
				i += 2
			}
		}
		out = append(out, c)
	}
	return string(out)
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

// escapeURI is ngx.escape_uri(text, type?). False is the empty text, too.
func escapeURI(L *lua.LState) int {
	kind := EscapeComponent
	if v := L.Get(2); v != lua.LNil {
		number, ok := v.(lua.LNumber)
		if !ok {
			vm.Raise(L, 2, `"type" is not a number`)
		}
		if number < 0 || number >= lua.LNumber(len(unsafeBytes)) {
			vm.Raise(L, 2, fmt.Sprintf(`"type" %s out of range`, vm.FormatNumber(float64(number))))
		}
		kind = EscapeKind(number)
	}
	L.Push(lua.LString(EscapeURI(uriText(L), kind)))
	return 1
}

func unescapeURI(L *lua.LState) int {
	L.Push(lua.LString(UnescapeURI(uriText(L))))
	return 1
}

func uriText(L *lua.LState) string {
	if !lua.LVAsBool(L.Get(1)) {
		return ""
	}
	return vm.ToText(L, L.Get(1))
}
