package cjson

import (
	"fmt"
	"math"
	"strconv"

	lua "github.com/yuin/gopher-lua"

	"github.com/perigee-server/perigee/lua/vm"
)

type encoder struct {
	*config
	L   *lua.LState
	out []byte
}

// plain tells which bytes a string holds as they are.
var plain = func() (set [256]bool) {
	for c := range 256 {
		set[c] = c >= 0x20 && c != '"' && c != '\\' && c != 0x7f && c != '/'
	}
	return set
}()

// value writes a value; depth counts the tables around it and itself.
func (e *encoder) value(v lua.LValue, depth int) error {
	switch v := v.(type) {
	case lua.LString:
		e.string(string(v))
	case lua.LNumber:
		return e.number(float64(v))
	case lua.LBool:
		e.out = strconv.AppendBool(e.out, bool(v))
	case *lua.LNilType:
		e.out = append(e.out, "null"...)
	case *lua.LTable:
		return e.table(v, depth)
	case *lua.LUserData:
		switch v {
		case vm.Null:
			e.out = append(e.out, "null"...)
		case EmptyArray:
			e.out = append(e.out, "[]"...)
		default:
			return unsupported(v, "type not supported")
		}
	default:
		return unsupported(v, "type not supported")
	}
	return nil
}

func unsupported(v lua.LValue, why string) error {
	return failure("Cannot serialise " + v.Type().String() + ": " + why)
}

func (e *encoder) supports(v lua.LValue) bool {
	switch v := v.(type) {
	case *lua.LUserData:
		return v == vm.Null || v == EmptyArray
	case lua.LString, lua.LNumber, lua.LBool, *lua.LNilType, *lua.LTable:
		return true
	}
	return false
}

const hexDigits = "0123456789abcdef"

func (e *encoder) string(text string) {
	out := append(e.out, '"')
	start := 0
	for i := range len(text) {
		c := text[i]
		if plain[c] || c == '/' && !e.escapeSlash {
			continue
		}
		out = append(out, text[start:i]...)
		start = i + 1
		switch c {
		case '"', '\\', '/':
			out = append(out, '\\', c)
		case '\n':
			out = append(out, `\n`...)
		case '\r':
			out = append(out, `\r`...)
		case '\t':
			out = append(out, `\t`...)
		case '\b':
			out = append(out, `\b`...)
		case '\f':
			out = append(out, `\f`...)
		default:
			out = append(out, `\u00`...)
			out = append(out, hexDigits[c>>4], hexDigits[c&15])
		}
	}
	out = append(out, text[start:]...)
	e.out = append(out, '"')
}

func (e *encoder) number(value float64) error {
	if math.IsNaN(value) || math.IsInf(value, 0) {
		switch e.encodeInvalid {
		case 0:
			return failure("Cannot serialise number: must not be NaN or Infinity")
		case 1:
			e.out = append(e.out, invalidName(value)...)
		default:
			e.out = append(e.out, "null"...)
		}
		return nil
	}
	e.digits(value)
	return nil
}

// invalidName writes a number as JavaScript names it.
func invalidName(value float64) string {
	switch {
	case math.IsNaN(value):
		return "NaN"
	case value < 0:
		return "-Infinity"
	}
	return "Infinity"
}

// digits writes a number as C's "%.<precision>g" does.
func (e *encoder) digits(value float64) {
	if whole := int64(value); float64(whole) == value && whole < 1e14 && whole > -1e14 && e.precision >= 14 && (whole != 0 || !math.Signbit(value)) {
		e.out = strconv.AppendInt(e.out, whole, 10)
		return
	}
	e.out = strconv.AppendFloat(e.out, value, 'g', e.precision, 64)
}

func (e *encoder) table(t *lua.LTable, depth int) error {
	if depth > e.encodeDepth {
		return failure(fmt.Sprintf("Cannot serialise, excessive nesting (%d)", depth))
	}
	if t.Metatable == lua.LValue(e.shared.arrayMT) {
		return e.array(t, t.Len(), depth)
	}
	if length, ok := e.proxyLength(t); ok {
		return e.array(t, length, depth)
	}
	length, first, err := e.arrayLength(t)
	if err != nil {
		return err
	}
	switch {
	case length > 0, length == 0 && !e.emptyAsObject:
		return e.array(t, length, depth)
	case length == 0 && t.Metatable == lua.LValue(e.shared.emptyArrayMT):
		e.out = append(e.out, "[]"...)
		return nil
	}
	return e.object(t, first, depth)
}

// proxyLength gives the length of a table that has a __len: it is an array,
// whose elements may come from an __index.
func (e *encoder) proxyLength(t *lua.LTable) (int, bool) {
	metatable, ok := t.Metatable.(*lua.LTable)
	if !ok {
		return 0, false
	}
	op := metatable.RawGetString("__len")
	if op == lua.LNil {
		return 0, false
	}
	e.L.Push(op)
	e.L.Push(t)
	e.L.Call(1, 1)
	length, ok := e.L.Get(-1).(lua.LNumber)
	e.L.Pop(1)
	return int(length), ok
}

// newline begins a line at a depth where lines are indented.
func (e *encoder) newline(depth int) {
	if e.indent == "" {
		return
	}
	e.out = append(e.out, '\n')
	for range depth {
		e.out = append(e.out, e.indent...)
	}
}

// arrayLength gives the length of the array that a table is, or -1 for an
// object, with the first key that is not in the table's list.
func (e *encoder) arrayLength(t *lua.LTable) (length int, first lua.LValue, err error) {
	length = t.MaxN()
	from := lua.LValue(lua.LNil)
	if length > 0 {
		from = lua.LNumber(length)
	}
	first, _ = t.Next(from)
	if first != lua.LNil {
		return -1, first, nil
	}
	if e.sparseRatio > 0 && length > e.sparseSafe && e.sparse(t, length) {
		if e.sparseConvert {
			return -1, first, nil
		}
		return 0, nil, unsupported(t, "excessively sparse array")
	}
	return length, first, nil
}

func (e *encoder) sparse(t *lua.LTable, length int) bool {
	items := 0
	for i := 1; i <= length; i++ {
		if t.RawGetInt(i) != lua.LNil {
			items++
		}
	}
	return length > items*e.sparseRatio
}

func (e *encoder) array(t *lua.LTable, length, depth int) error {
	e.out = append(e.out, '[')
	comma := false
	for i := 1; i <= length; i++ {
		item := t.RawGetInt(i)
		if item == lua.LNil && t.Metatable != lua.LNil {
			item = e.L.GetTable(t, lua.LNumber(i))
		}
		if e.skipUnsupported && !e.supports(item) {
			continue
		}
		if comma {
			e.out = append(e.out, ',')
		}
		comma = true
		e.newline(depth)
		if err := e.value(item, depth+1); err != nil {
			return err
		}
	}
	if comma {
		e.newline(depth - 1)
	}
	e.out = append(e.out, ']')
	return nil
}

// object writes all of a table; first is the first key behind its list.
func (e *encoder) object(t *lua.LTable, first lua.LValue, depth int) error {
	e.out = append(e.out, '{')
	start := len(e.out)
	for i, length := 1, t.MaxN(); i <= length; i++ {
		item := t.RawGetInt(i)
		if item == lua.LNil {
			continue
		}
		if err := e.field(lua.LNumber(i), item, start, depth); err != nil {
			return err
		}
	}
	for key := first; key != lua.LNil; {
		if err := e.field(key, t.RawGetH(key), start, depth); err != nil {
			return err
		}
		key, _ = t.Next(key)
	}
	if len(e.out) > start {
		e.newline(depth - 1)
	}
	e.out = append(e.out, '}')
	return nil
}

func (e *encoder) field(key, item lua.LValue, start, depth int) error {
	if e.skipUnsupported && !e.supports(item) {
		return nil
	}
	if len(e.out) > start {
		e.out = append(e.out, ',')
	}
	e.newline(depth)
	switch key := key.(type) {
	case lua.LString:
		e.string(string(key))
	case lua.LNumber:
		e.out = append(e.out, '"')
		if err := e.number(float64(key)); err != nil {
			return err
		}
		e.out = append(e.out, '"')
	default:
		return unsupported(key, "table key must be a number or string")
	}
	e.out = append(e.out, ':')
	if e.indent != "" {
		e.out = append(e.out, ' ')
	}
	return e.value(item, depth+1)
}
