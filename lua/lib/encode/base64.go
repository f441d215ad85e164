package encode

import (
	"encoding/base64"

	lua "github.com/yuin/gopher-lua"
)

// OpenBase64 makes the module "ngx.base64".
func OpenBase64(L *lua.LState) *lua.LTable {
	module := L.NewTable()
	module.RawSetString("encode_base64url", L.NewFunction(encodeBase64URL))
	module.RawSetString("decode_base64url", L.NewFunction(decodeBase64URL))
	return module
}

func encodeBase64(L *lua.LState) int {
	coding := base64.StdEncoding
	switch noPadding := L.Get(2).(type) {
	case lua.LBool:
		if noPadding {
			coding = base64.RawStdEncoding
		}
	case *lua.LNilType:
	default:
		L.RaiseError("bad no_padding: boolean expected, got %s", noPadding.Type().String())
	}
	L.Push(lua.LString(coding.EncodeToString([]byte(anyText(L, 1)))))
	return 1
}

func decodeBase64(L *lua.LState) int {
	text, ok := L.Get(1).(lua.LString)
	if !ok {
		L.RaiseError("string argument only")
	}
	if out, ok := DecodeBase64(string(text), base64.RawStdEncoding); ok {
		L.Push(lua.LString(out))
		return 1
	}
	L.Push(lua.LNil)
	return 1
}

func encodeBase64URL(L *lua.LState) int {
	text, ok := L.Get(1).(lua.LString)
	if !ok {
		return refuse(L, "must provide a string")
	}
	L.Push(lua.LString(base64.RawURLEncoding.EncodeToString([]byte(text))))
	return 1
}

func decodeBase64URL(L *lua.LState) int {
	text, ok := L.Get(1).(lua.LString)
	if !ok {
		return refuse(L, "must provide a string")
	}
	out, ok := DecodeBase64(string(text), base64.RawURLEncoding)
	if !ok {
		return refuse(L, "invalid input")
	}
	L.Push(lua.LString(out))
	return 1
}

// DecodeBase64 reads as ngx_decode_base64 does: up to the first "=", whatever
// follows it, the last bits being ignored. Other foreign bytes, line ends
// included, and a single left-over digit are refused.
func DecodeBase64(text string, coding *base64.Encoding) ([]byte, bool) {
	for i := range len(text) {
		switch text[i] {
		case '=':
			text = text[:i]
		case '\r', '\n': // Go would skip them
			return nil, false
		default:
			continue
		}
		break
	}
	out, err := coding.DecodeString(text)
	return out, err == nil
}

func refuse(L *lua.LState, message string) int {
	L.Push(lua.LNil)
	L.Push(lua.LString(message))
	return 2
}
