package log

import (
	"strconv"
	"time"

	"github.com/perigee-server/perigee/server/cycle"
	"github.com/perigee-server/perigee/server/http"
)

// escaping is the escape= of a format.
type escaping int

const (
	escapeDefault escaping = iota
	escapeJSON
	escapeNone
)

// format is a compiled log_format.
type format struct {
	parts []part
	esc   escaping
}

// part is literal text or one variable.
type part struct {
	text  string
	value *http.Complex
}

// compile splits a format at its variables, each a value of its own, so that
// each is escaped by itself.
func compile(c *cycle.Conf, esc escaping, s string) (*format, error) {
	f := &format{esc: esc}
	for len(s) > 0 {
		i := 0
		for i < len(s) && s[i] != '$' {
			i++
		}
		if i > 0 {
			f.parts = append(f.parts, part{text: s[:i]})
			s = s[i:]
			continue
		}
		n := variableLength(s)
		v, err := http.CompileComplex(c, s[:n])
		if err != nil {
			return nil, err
		}
		f.parts = append(f.parts, part{value: v})
		s = s[n:]
	}
	return f, nil
}

// variableLength is the length of the variable at the beginning of s.
func variableLength(s string) int {
	i := 1
	if i < len(s) && s[i] == '{' {
		for i < len(s) && s[i] != '}' {
			i++
		}
		return min(i+1, len(s))
	}
	for i < len(s) && (s[i] >= 'a' && s[i] <= 'z' || s[i] >= 'A' && s[i] <= 'Z' || s[i] >= '0' && s[i] <= '9' || s[i] == '_') {
		i++
	}
	return i
}

// append appends the line for a request, without its end.
func (f *format) append(b []byte, r *http.Request) []byte {
	for i := range f.parts {
		p := &f.parts[i]
		if p.value == nil {
			b = append(b, p.text...)
			continue
		}
		v := p.value.Eval(r)
		switch {
		case len(v) == 0 && f.esc == escapeDefault:
			b = append(b, '-')
		case f.esc == escapeDefault:
			b = appendEscaped(b, v)
		case f.esc == escapeJSON:
			b = appendJSON(b, v)
		default:
			b = append(b, v...)
		}
	}
	return b
}

const hexUpper = "0123456789ABCDEF"

// appendEscaped writes `"`, `\` and bytes outside of printable ASCII as \xXX.
func appendEscaped(b, v []byte) []byte {
	for _, c := range v {
		if c < 0x20 || c >= 0x7f || c == '"' || c == '\\' {
			b = append(b, '\\', 'x', hexUpper[c>>4], hexUpper[c&15])
			continue
		}
		b = append(b, c)
	}
	return b
}

// appendJSON writes what a JSON string wants escaped.
func appendJSON(b, v []byte) []byte {
	for _, c := range v {
		switch {
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
		case c == '\n':
			b = append(b, '\\', 'n')
		case c == '\r':
			b = append(b, '\\', 'r')
		case c == '\t':
			b = append(b, '\\', 't')
		case c == '\b':
			b = append(b, '\\', 'b')
		case c == '\f':
			b = append(b, '\\', 'f')
		case c < 0x20:
			b = append(b, '\\', 'u', '0', '0', hexUpper[c>>4], hexUpper[c&15])
		default:
			b = append(b, c)
		}
	}
	return b
}

// variables are those that only logs need; most are the core's.
var variables = []http.Variable{
	{Name: "apache_bytes_sent", Get: func(r *http.Request) ([]byte, bool) {
		return strconv.AppendInt(nil, r.BodyBytesSent(), 10), true
	}},
}

// openFor is how long a log file with variables in its name stays open unused.
const openFor = time.Minute
