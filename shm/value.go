package shm

import (
	"encoding/binary"
	"math"
)

// Type is the type of a dictionary value, with the numbers of Lua's types as
// ngx_http_lua_shdict stores them.
type Type uint8

// The types of values.
const (
	Nil    Type = 0
	Bool   Type = 1
	Number Type = 3
	String Type = 4
	List   Type = 5
)

// Value is what a dictionary stores under a key: nothing, a boolean (Num is 0
// or 1), a number, or a string. Str of a value that goes in is only read during
// the call; Str of one that comes out lies in the buffer that the caller gave.
type Value struct {
	Type Type
	Num  float64
	Str  []byte
}

// StringValue makes a Value of a string without copying it.
func StringValue(s string) Value { return Value{Type: String, Str: stringBytes(s)} }

// BytesValue makes a string Value of bytes, without copying them.
func BytesValue(b []byte) Value { return Value{Type: String, Str: b} }

// NumberValue makes a Value of a number.
func NumberValue(f float64) Value { return Value{Type: Number, Num: f} }

// BoolValue makes a Value of a boolean.
func BoolValue(b bool) Value {
	if b {
		return Value{Type: Bool, Num: 1}
	}
	return Value{Type: Bool}
}

// Equal tells whether two values have the same type and content. A NaN equals
// itself here: the bits are compared.
func (v Value) Equal(w Value) bool {
	if v.Type != w.Type {
		return false
	}
	if v.Type == String {
		return string(v.Str) == string(w.Str)
	}
	return math.Float64bits(v.Num) == math.Float64bits(w.Num)
}

// size is the number of bytes of the stored form.
func (v *Value) size() uint64 {
	switch v.Type {
	case Bool:
		return 1
	case Number:
		return 8
	}
	return uint64(len(v.Str))
}

// encode returns the stored form; scratch serves the types without bytes.
func (v *Value) encode(scratch *[8]byte) []byte {
	switch v.Type {
	case Bool:
		scratch[0] = 0
		if v.Num != 0 {
			scratch[0] = 1
		}
		return scratch[:1]
	case Number:
		binary.LittleEndian.PutUint64(scratch[:], math.Float64bits(v.Num))
		return scratch[:]
	}
	return v.Str
}

// decode sets v from its stored form; dst must have room for a string.
func (v *Value) decode(t Type, stored, dst []byte) {
	v.Type, v.Num, v.Str = t, 0, nil
	switch t {
	case Bool:
		v.Num = float64(stored[0])
	case Number:
		v.Num = math.Float64frombits(binary.LittleEndian.Uint64(stored))
	case String:
		v.Str = append(dst, stored...)
	}
}
