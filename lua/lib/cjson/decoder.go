package cjson

import (
	"fmt"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"github.com/perigee-server/perigee/lua/vm"
)

// maxShared is the length of a text in bytes up to which decoded strings are
// parts of it; those of longer texts are copied, so that one of them does not
// keep the whole text in memory.
const maxShared = 4096

// decoder reads one text. A token that is no token has its description in
// problem, as errors show it.
type decoder struct {
	*config
	L       *lua.LState
	text    string
	share   bool
	pos     int // behind the token
	depth   int
	token   token
	at      int // where the token is, from 0
	problem string
	word    string
	number  float64
}

// next reads a token.
func (d *decoder) next() {
	for d.pos < len(d.text) && isSpace[d.text[d.pos]] {
		d.pos++
	}
	d.at = d.pos
	if d.pos >= len(d.text) {
		d.token = tEnd
		return
	}
	switch c := d.text[d.pos]; c {
	case 0:
		d.token = tEnd
	case '{', '}', '[', ']', ':', ',':
		d.pos++
		d.token = token(c)
	case '"':
		d.string()
	case 't':
		d.literal("true", tTrue)
	case 'f':
		d.literal("false", tFalse)
	case 'n':
		if strings.HasPrefix(d.text[d.pos:], "null") {
			d.literal("null", tNull)
			return
		}
		d.invalidNumber()
	case 'N', 'i', 'I':
		d.invalidNumber()
	case '/':
		d.comment()
	default:
		if c >= '0' && c <= '9' || c == '-' || c == '+' && d.decodeInvalid {
			d.numeral()
			return
		}
		d.wrong(d.pos, "invalid token")
	}
}

func (d *decoder) literal(word string, t token) {
	if !strings.HasPrefix(d.text[d.pos:], word) {
		d.wrong(d.pos, "invalid token")
		return
	}
	d.pos += len(word)
	d.token = t
}

func (d *decoder) wrong(at int, problem string) {
	d.token, d.at, d.problem = tWrong, at, problem
}

// comment steps over "//" and "/* */" where they are allowed.
func (d *decoder) comment() {
	rest := d.text[d.pos:]
	end := -1
	switch {
	case !d.allowComment:
	case strings.HasPrefix(rest, "//"):
		if end = strings.IndexByte(rest, '\n'); end < 0 {
			end = len(rest)
		}
	case strings.HasPrefix(rest, "/*"):
		if end = strings.Index(rest[2:], "*/"); end < 0 {
			d.wrong(len(d.text), "unclosed multi-line comment")
			return
		}
		end += 4
	}
	if end < 0 {
		d.wrong(d.pos, "invalid token")
		return
	}
	d.pos += end
	d.next()
}

// unexpected tells what was looked for and what is there.
func (d *decoder) unexpected(want string) error {
	found := d.problem
	if d.token != tWrong {
		found = d.token.String()
	}
	return failure(fmt.Sprintf("Expected %s but found %s at character %d", want, found, d.at+1))
}

// value makes the value that begins with the current token.
func (d *decoder) value() (lua.LValue, error) {
	switch d.token {
	case tString:
		return lua.LString(d.word), nil
	case tNumber:
		return lua.LNumber(d.number), nil
	case tTrue:
		return lua.LTrue, nil
	case tFalse:
		return lua.LFalse, nil
	case tNull:
		return vm.Null, nil
	case tObject:
		return d.object()
	case tArray:
		return d.array()
	}
	return nil, d.unexpected("value")
}

func (d *decoder) descend() error {
	d.depth++
	if d.depth > d.decodeDepth {
		return failure(fmt.Sprintf("Found too many nested data structures (%d) at character %d", d.depth, d.pos))
	}
	return nil
}

func (d *decoder) object() (lua.LValue, error) {
	if err := d.descend(); err != nil {
		return nil, err
	}
	table := d.L.CreateTable(0, 4)
	d.next()
	if d.token == tObjectEnd {
		d.depth--
		return table, nil
	}
	for {
		if d.token != tString {
			return nil, d.unexpected("object key string")
		}
		key := d.word
		d.next()
		if d.token != tColon {
			return nil, d.unexpected("colon")
		}
		d.next()
		value, err := d.value()
		if err != nil {
			return nil, err
		}
		table.RawSetString(key, value)
		d.next()
		if d.token == tObjectEnd {
			d.depth--
			return table, nil
		}
		if d.token != tComma {
			return nil, d.unexpected("comma or object end")
		}
		d.next()
	}
}

func (d *decoder) array() (lua.LValue, error) {
	if err := d.descend(); err != nil {
		return nil, err
	}
	table := d.L.CreateTable(4, 0)
	if d.arrayMetatable {
		table.Metatable = d.shared.arrayMT
	}
	d.next()
	if d.token == tArrayEnd {
		d.depth--
		return table, nil
	}
	for {
		value, err := d.value()
		if err != nil {
			return nil, err
		}
		table.Append(value)
		d.next()
		if d.token == tArrayEnd {
			d.depth--
			return table, nil
		}
		if d.token != tComma {
			return nil, d.unexpected("comma or array end")
		}
		d.next()
	}
}
