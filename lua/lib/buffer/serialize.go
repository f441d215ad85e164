package buffer

import (
	"encoding/binary"
	"math"

	lua "github.com/yuin/gopher-lua"

	"github.com/perigee-server/perigee/lua/vm"
)

// The tags of LuaJIT's format. Strings have their length, as a number of
// variable size, added to tagString.
const (
	tagNil    = 0x00
	tagFalse  = 0x01
	tagTrue   = 0x02
	tagNull   = 0x03
	tagInt    = 0x06
	tagNumber = 0x07
	tagTable  = 0x08 // the bits below say which parts follow
	tagString = 0x20

	bitHash  = 1
	bitArray = 2 // an array from 0 on
	bitList  = 4 // an array from 1 on
)

// maxDepth is how deep tables may nest.
const maxDepth = 100

// appendSize writes a number of variable size.
func appendSize(out []byte, n int) []byte {
	switch {
	case n < 0xe0:
		return append(out, byte(n))
	case n < 0x1fe0:
		n -= 0xe0
		return append(out, 0xe0|byte(n>>8), byte(n))
	}
	return binary.LittleEndian.AppendUint32(append(out, 0xff), uint32(n))
}

func serialize(L *lua.LState, out []byte, v lua.LValue, depth int) []byte {
	switch v := v.(type) {
	case *lua.LNilType:
		return append(out, tagNil)
	case lua.LBool:
		if v {
			return append(out, tagTrue)
		}
		return append(out, tagFalse)
	case lua.LNumber:
		return binary.LittleEndian.AppendUint64(append(out, tagNumber), math.Float64bits(float64(v)))
	case lua.LString:
		return append(appendSize(out, tagString+len(v)), v...)
	case *lua.LTable:
		return serializeTable(L, out, v, depth)
	case *lua.LUserData:
		if v == vm.Null {
			return append(out, tagNull)
		}
	}
	L.RaiseError("cannot serialize '%s'", v.Type().String())
	return nil
}

func serializeTable(L *lua.LState, out []byte, table *lua.LTable, depth int) []byte {
	if depth >= maxDepth {
		L.RaiseError("too deep to serialize")
	}
	list := table.MaxN()
	from := lua.LValue(lua.LNil)
	if list > 0 {
		from = lua.LNumber(list)
	}
	first, _ := table.Next(from)
	hash := 0
	for key := first; key != lua.LNil; key, _ = table.Next(key) {
		hash++
	}
	tag := byte(tagTable)
	if list > 0 {
		tag |= bitList
	}
	if hash > 0 {
		tag |= bitHash
	}
	out = append(out, tag)
	if list > 0 {
		out = appendSize(out, list+1)
	}
	if hash > 0 {
		out = appendSize(out, hash)
	}
	for i := 1; i <= list; i++ {
		out = serialize(L, out, table.RawGetInt(i), depth+1)
	}
	for key := first; key != lua.LNil; key, _ = table.Next(key) {
		out = serialize(L, out, key, depth+1)
		out = serialize(L, out, table.RawGet(key), depth+1)
	}
	return out
}

// reader takes serialised values apart. Sizes are checked against what is
// left before anything is made.
type reader struct {
	L    *lua.LState
	data []byte
}

func (r *reader) bytes(n int) []byte {
	if n > len(r.data) {
		r.L.RaiseError("unexpected end of buffer")
	}
	word := r.data[:n]
	r.data = r.data[n:]
	return word
}

func (r *reader) size() int {
	n := int(r.bytes(1)[0])
	switch {
	case n < 0xe0:
		return n
	case n < 0xff:
		return 0xe0 + (n&0x1f)<<8 + int(r.bytes(1)[0])
	}
	return int(binary.LittleEndian.Uint32(r.bytes(4)))
}

func (r *reader) value(depth int) lua.LValue {
	if len(r.data) > 0 && r.data[0] >= tagString {
		return lua.LString(r.bytes(r.size() - tagString))
	}
	switch tag := r.bytes(1)[0]; tag {
	case tagNil:
		return lua.LNil
	case tagFalse:
		return lua.LFalse
	case tagTrue:
		return lua.LTrue
	case tagNull:
		return vm.Null
	case tagInt:
		return lua.LNumber(int32(binary.LittleEndian.Uint32(r.bytes(4))))
	case tagNumber:
		return lua.LNumber(math.Float64frombits(binary.LittleEndian.Uint64(r.bytes(8))))
	default:
		if tag >= tagTable && tag <= tagTable|bitList|bitHash {
			return r.table(tag, depth)
		}
		r.L.RaiseError("cannot deserialize tag 0x%02x", tag)
	}
	return nil
}

func (r *reader) table(tag byte, depth int) lua.LValue {
	if depth >= maxDepth {
		r.L.RaiseError("too deep to deserialize")
	}
	list, hash, index := 0, 0, 0
	if tag&(bitArray|bitList) != 0 {
		list = r.size()
	}
	if tag&bitHash != 0 {
		hash = r.size()
	}
	if list > len(r.data)+1 || hash > len(r.data)/2 { // each takes a byte
		r.L.RaiseError("unexpected end of buffer")
	}
	if tag&bitList != 0 {
		index = 1
	}
	table := r.L.CreateTable(max(list-1, 0), min(hash, 64))
	for ; index < list; index++ {
		table.RawSet(lua.LNumber(index), r.value(depth+1))
	}
	for range hash {
		key := r.value(depth + 1)
		if key == lua.LNil {
			r.L.RaiseError("table index is nil")
		}
		table.RawSet(key, r.value(depth+1))
	}
	return table
}

func encode(L *lua.LState) int {
	if L.GetTop() == 0 {
		L.ArgError(1, "value expected")
	}
	L.Push(lua.LString(serialize(L, nil, L.Get(1), 0)))
	return 1
}

func decode(L *lua.LState) int {
	r := reader{L, []byte(vm.CheckText(L, 1))}
	value := r.value(0)
	if len(r.data) > 0 {
		L.RaiseError("left-over data in buffer")
	}
	L.Push(value)
	return 1
}

// encodeInto is buffer:encode(value).
func encodeInto(L *lua.LState) int {
	c := self(L)
	c.data = serialize(L, c.data, L.Get(2), 0)
	return same(L)
}

// decodeFrom is buffer:decode(): it takes one value from the front.
func decodeFrom(L *lua.LState) int {
	c := self(L)
	r := reader{L, c.rest()}
	value := r.value(0)
	c.take(len(c.rest()) - len(r.data))
	L.Push(value)
	return 1
}
