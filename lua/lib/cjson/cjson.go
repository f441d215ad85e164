// Package cjson is the module "cjson" with the rules of OpenResty's lua-cjson,
// and "cjson.safe". It needs no request.
package cjson

import (
	"fmt"

	lua "github.com/yuin/gopher-lua"

	"github.com/perigee-server/perigee/lua/vm"
)

// config is one instance of the module, with its settings.
type config struct {
	sparseConvert bool
	sparseRatio   int
	sparseSafe    int

	encodeDepth     int
	precision       int
	keepBuffer      bool
	encodeInvalid   int // 0: refuse, 1: as JavaScript writes them, 2: null
	emptyAsObject   bool
	escapeSlash     bool
	skipUnsupported bool
	indent          string // for each level; empty: all in one line

	decodeDepth    int
	decodeInvalid  bool
	arrayMetatable bool
	allowComment   bool

	safe    bool
	shared  *shared
	scratch []byte
}

// shared is what all instances of a VM have in common.
type shared struct {
	arrayMT      *lua.LTable
	emptyArrayMT *lua.LTable
}

// EmptyArray is cjson.empty_array: it is encoded as "[]".
var EmptyArray = &lua.LUserData{Metatable: lua.LNil}

// The registry's fields for what all instances of a VM share.
const sharedKey = "perigee.cjson"

// Open makes the module "cjson", or "cjson.safe", whose functions give nil and
// the error instead of raising it.
func Open(L *lua.LState, safe bool) *lua.LTable {
	c := &config{
		sparseRatio:   2,
		sparseSafe:    10,
		encodeDepth:   1000,
		precision:     14,
		keepBuffer:    true,
		emptyAsObject: true,
		escapeSlash:   true,
		decodeDepth:   1000,
		decodeInvalid: true,
		safe:          safe,
		shared:        sharedOf(L),
	}
	module := L.NewTable()
	for name, fn := range map[string]lua.LGFunction{
		"encode":                              c.encode,
		"decode":                              c.decode,
		"encode_sparse_array":                 c.setSparse,
		"encode_max_depth":                    c.integer(&c.encodeDepth, 1, maxInt),
		"decode_max_depth":                    c.integer(&c.decodeDepth, 1, maxInt),
		"encode_number_precision":             c.integer(&c.precision, 1, 16),
		"encode_keep_buffer":                  c.flag(&c.keepBuffer),
		"encode_invalid_numbers":              c.setEncodeInvalid,
		"decode_invalid_numbers":              c.flag(&c.decodeInvalid),
		"encode_empty_table_as_object":        c.flag(&c.emptyAsObject),
		"encode_escape_forward_slash":         c.flag(&c.escapeSlash),
		"encode_skip_unsupported_value_types": c.flag(&c.skipUnsupported),
		"encode_indent":                       c.setIndent,
		"decode_array_with_array_mt":          c.flag(&c.arrayMetatable),
		"decode_allow_comment":                c.flag(&c.allowComment),
		"new": func(L *lua.LState) int {
			L.Push(Open(L, safe))
			return 1
		},
	} {
		module.RawSetString(name, L.NewFunction(fn))
	}
	module.RawSetString("null", vm.Null)
	module.RawSetString("empty_array", EmptyArray)
	module.RawSetString("array_mt", c.shared.arrayMT)
	module.RawSetString("empty_array_mt", c.shared.emptyArrayMT)
	module.RawSetString("_NAME", lua.LString("cjson"))
	module.RawSetString("_VERSION", lua.LString("2.1.0.11"))
	return module
}

func sharedOf(L *lua.LState) *shared {
	if data, ok := L.G.Registry.RawGetString(sharedKey).(*lua.LUserData); ok {
		return data.Value.(*shared)
	}
	s := &shared{arrayMT: L.NewTable(), emptyArrayMT: L.NewTable()}
	data := L.NewUserData()
	data.Value = s
	L.G.Registry.RawSetString(sharedKey, data)
	return s
}

// failure is an error of encoding or decoding.
type failure string

func (f failure) Error() string { return string(f) }

// fail ends a call with an error, as its instance does.
func (c *config) fail(L *lua.LState, err error) int {
	if !c.safe {
		L.RaiseError("%s", err.Error())
	}
	L.Push(lua.LNil)
	L.Push(lua.LString(err.Error()))
	return 2
}

func (c *config) encode(L *lua.LState) int {
	if L.GetTop() != 1 {
		L.ArgError(1, "expected 1 argument")
	}
	e := encoder{config: c, L: L, out: c.scratch[:0]}
	var err error
	if v := L.Get(1); !c.skipUnsupported || e.supports(v) {
		err = e.value(v, 1)
	}
	if c.keepBuffer && cap(e.out) <= maxScratch {
		c.scratch = e.out
	}
	if err != nil {
		return c.fail(L, err)
	}
	L.Push(lua.LString(e.out))
	return 1
}

// maxScratch is the largest buffer in bytes that is kept for the next call.
const maxScratch = 1 << 20

func (c *config) decode(L *lua.LState) int {
	if L.GetTop() != 1 {
		L.ArgError(1, "expected 1 argument")
	}
	var text string
	switch v := L.Get(1).(type) {
	case lua.LString:
		text = string(v)
	case lua.LNumber:
		text = vm.FormatNumber(float64(v))
	default:
		if c.safe {
			return c.fail(L, failure(fmt.Sprintf("bad argument #1 to '?' (string expected, got %s)", v.Type())))
		}
		vm.CheckText(L, 1)
	}
	value, err := c.read(L, text)
	if err != nil {
		return c.fail(L, err)
	}
	L.Push(value)
	return 1
}

// read reads a whole JSON text.
func (c *config) read(L *lua.LState, text string) (lua.LValue, error) {
	if len(text) >= 2 && (text[0] == 0 || text[1] == 0) {
		return nil, failure("JSON parser does not support UTF-16 or UTF-32")
	}
	d := decoder{config: c, L: L, text: text, share: len(text) <= maxShared}
	d.next()
	value, err := d.value()
	if err != nil {
		return nil, err
	}
	d.next()
	if d.token != tEnd {
		return nil, d.unexpected("the end")
	}
	return value, nil
}
