package encode

import (
	"strings"

	lua "github.com/yuin/gopher-lua"

	"github.com/perigee-server/perigee/lua/vm"
)

// maxArgs is how many arguments decode_args reads when nothing is said.
const maxArgs = 100

// AppendArgs writes a Lua table as URI arguments (ngx.encode_args, and the
// "args" options of ngx.redirect, ngx.location.capture and others). Booleans
// are an argument without a value, or none; a list repeats its key. Values of
// other types raise an error.
func AppendArgs(L *lua.LState, out []byte, args *lua.LTable) []byte {
	start := len(out)
	key, value := args.Next(lua.LNil)
	for ; key != lua.LNil; key, value = args.Next(key) {
		name, ok := key.(lua.LString)
		if !ok {
			L.RaiseError("attempt to use a non-string key in the \"args\" option table")
		}
		escaped := EscapeURI(string(name), EscapeComponent)
		list, ok := value.(*lua.LTable)
		if !ok {
			out = appendArg(L, out, start, escaped, value)
			continue
		}
		for i := 1; i <= list.Len(); i++ {
			if item := list.RawGetInt(i); item != lua.LNil {
				out = appendArg(L, out, start, escaped, item)
			}
		}
	}
	return out
}

func appendArg(L *lua.LState, out []byte, start int, name string, value lua.LValue) []byte {
	if value == lua.LFalse {
		return out
	}
	if len(out) > start {
		out = append(out, '&')
	}
	out = append(out, name...)
	switch v := value.(type) {
	case lua.LBool:
		return out
	case lua.LString:
		return append(append(out, '='), EscapeURI(string(v), EscapeComponent)...)
	case lua.LNumber:
		return append(append(out, '='), EscapeURI(vm.FormatNumber(float64(v)), EscapeComponent)...)
	}
	L.RaiseError("attempt to use %s as query arg value", value.Type().String())
	return nil
}

func encodeArgs(L *lua.LState) int {
	if L.GetTop() != 1 {
		L.RaiseError("expecting 1 argument but seen %d", L.GetTop())
	}
	L.Push(lua.LString(AppendArgs(L, nil, vm.CheckTable(L, 1))))
	return 1
}

// DecodeArgs reads URI arguments into a table: true for an argument without
// "=", a list for one that is repeated. Arguments without a name are
// left out, but count. At most max are read, all when it is not positive;
// truncated tells that there may be more.
func DecodeArgs(L *lua.LState, text string, max int) (args *lua.LTable, truncated bool) {
	args = L.CreateTable(0, min(strings.Count(text, "&")+1, 64))
	count := 0
	for text != "" {
		pair, rest, more := strings.Cut(text, "&")
		text = rest
		addArg(L, args, pair)
		count++
		if more && max > 0 && count == max {
			return args, true
		}
	}
	return args, false
}

func addArg(L *lua.LState, args *lua.LTable, pair string) {
	name, word, hasValue := strings.Cut(pair, "=")
	if name == "" {
		return
	}
	name = UnescapeURI(name)
	var value lua.LValue = lua.LTrue
	if hasValue {
		value = lua.LString(UnescapeURI(word))
	}
	AddMulti(L, args, name, value)
}

// AddMulti sets a field that may be there already: the second value makes a
// list of it, as in all tables of arguments and headers.
func AddMulti(L *lua.LState, table *lua.LTable, name string, value lua.LValue) {
	switch present := table.RawGetString(name).(type) {
	case *lua.LNilType:
		table.RawSetString(name, value)
	case *lua.LTable:
		present.Append(value)
	default:
		list := L.CreateTable(4, 0)
		list.Append(present)
		list.Append(value)
		table.RawSetString(name, list)
	}
}

func decodeArgs(L *lua.LState) int {
	top := L.GetTop()
	if top != 1 && top != 2 {
		L.RaiseError("expecting 1 or 2 arguments but seen %d", top)
	}
	text, limit := vm.CheckText(L, 1), maxArgs
	if top == 2 {
		limit = int(vm.CheckNumber(L, 2))
	}
	args, truncated := DecodeArgs(L, text, limit)
	L.Push(args)
	if truncated {
		L.Push(lua.LString("truncated"))
		return 2
	}
	return 1
}
