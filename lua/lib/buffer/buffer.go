// Package buffer is LuaJIT's module "string.buffer": buffers that grow, and
// the serialisation of Lua values in LuaJIT's format. What needs the FFI
// (reserve, commit, ref) fails when it is called.
package buffer

import (
	lua "github.com/yuin/gopher-lua"

	"github.com/perigee-server/perigee/lua/vm"
)

// contents is one buffer: what was written and not yet read.
type contents struct {
	data []byte
	read int
}

func (c *contents) rest() []byte { return c.data[c.read:] }

func (c *contents) reset() { c.data, c.read = c.data[:0], 0 }

// take reads count bytes, or what there is.
func (c *contents) take(count int) lua.LString {
	rest := c.rest()
	if count < len(rest) {
		c.read += count
		return lua.LString(rest[:count])
	}
	word := lua.LString(rest)
	c.reset()
	return word
}

// maxPrepared bounds what new reserves; a larger wish is a hint only.
const maxPrepared = 1 << 20

// Open makes the module.
func Open(L *lua.LState) *lua.LTable {
	methods := L.NewTable()
	for name, fn := range map[string]lua.LGFunction{
		"put":      put,
		"putf":     putf,
		"set":      set,
		"get":      get,
		"tostring": toString,
		"skip":     skip,
		"reset":    reset,
		"free":     free,
		"encode":   encodeInto,
		"decode":   decodeFrom,
		"reserve":  needsFFI,
		"commit":   needsFFI,
		"ref":      needsFFI,
		"putcdata": needsFFI,
	} {
		methods.RawSetString(name, L.NewFunction(fn))
	}
	metatable := L.NewTable()
	metatable.RawSetString("__index", methods)
	metatable.RawSetString("__tostring", L.NewFunction(toString))
	metatable.RawSetString("__concat", L.NewFunction(concat))
	metatable.RawSetString("__len", L.NewFunction(length))
	module := L.NewTable()
	module.RawSetString("new", L.NewFunction(func(L *lua.LState) int { return create(L, metatable) }))
	module.RawSetString("encode", L.NewFunction(encode))
	module.RawSetString("decode", L.NewFunction(decode))
	return module
}

func create(L *lua.LState, metatable *lua.LTable) int {
	c := &contents{}
	if _, isOptions := L.Get(1).(*lua.LTable); !isOptions && L.Get(1) != lua.LNil {
		c.data = make([]byte, 0, min(size(L, 1), maxPrepared))
	}
	data := L.NewUserData()
	data.Value = c
	data.Metatable = metatable
	L.Push(data)
	return 1
}

// size reads a number of bytes.
func size(L *lua.LState, index int) int {
	value := vm.CheckNumber(L, index)
	if value < 0 || value >= 1<<31 {
		L.ArgError(index, "number out of range")
	}
	return int(value)
}

func of(v lua.LValue) *contents {
	data, ok := v.(*lua.LUserData)
	if !ok {
		return nil
	}
	c, _ := data.Value.(*contents)
	return c
}

func self(L *lua.LState) *contents {
	c := of(L.Get(1))
	if c == nil {
		L.ArgError(1, "buffer expected, got "+vm.TypeName(L, 1))
	}
	return c
}

func same(L *lua.LState) int {
	L.Push(L.Get(1))
	return 1
}

// put appends strings, numbers, buffers and what has a __tostring.
func put(L *lua.LState) int {
	c := self(L)
	for i := 2; i <= L.GetTop(); i++ {
		v := L.Get(i)
		switch v := v.(type) {
		case lua.LString:
			c.data = append(c.data, v...)
			continue
		case lua.LNumber:
			c.data = vm.AppendNumber(c.data, float64(v))
			continue
		}
		if other := of(v); other != nil {
			c.data = append(c.data, other.rest()...)
			continue
		}
		if L.GetMetaField(v, "__tostring") == lua.LNil {
			L.ArgError(i, "string/number/__tostring expected, got "+vm.TypeName(L, i))
		}
		c.data = append(c.data, vm.ToText(L, v)...)
	}
	return same(L)
}

// putf appends what string.format makes.
func putf(L *lua.LState) int {
	c := self(L)
	top := L.GetTop()
	L.Push(L.GetField(L.GetGlobal("string"), "format"))
	for i := 2; i <= top; i++ {
		L.Push(L.Get(i))
	}
	L.Call(top-1, 1)
	c.data = append(c.data, L.Get(-1).String()...)
	return same(L)
}

func set(L *lua.LState) int {
	c := self(L)
	word, ok := L.Get(2).(lua.LString)
	if !ok {
		L.ArgError(2, "string expected, got "+vm.TypeName(L, 2))
	}
	c.reset()
	c.data = append(c.data, word...)
	return same(L)
}

// get takes the given numbers of bytes from the front; nil, or no number, is
// all that is left.
func get(L *lua.LState) int {
	c, top := self(L), L.GetTop()
	if top == 1 {
		L.Push(c.take(len(c.data)))
		return 1
	}
	for i := 2; i <= top; i++ {
		count := len(c.data)
		if L.Get(i) != lua.LNil {
			count = size(L, i)
		}
		L.Push(c.take(count))
	}
	return top - 1
}

func toString(L *lua.LState) int {
	L.Push(lua.LString(self(L).rest()))
	return 1
}

func length(L *lua.LState) int {
	L.Push(lua.LNumber(len(self(L).rest())))
	return 1
}

func concat(L *lua.LState) int {
	L.Push(lua.LString(vm.ToText(L, L.Get(1)) + vm.ToText(L, L.Get(2))))
	return 1
}

func skip(L *lua.LState) int {
	c := self(L)
	c.take(size(L, 2))
	return same(L)
}

func reset(L *lua.LState) int {
	self(L).reset()
	return same(L)
}

func free(L *lua.LState) int {
	*self(L) = contents{}
	return same(L)
}

func needsFFI(L *lua.LState) int {
	L.RaiseError("this method needs the FFI, which this engine does not have")
	return 0
}
