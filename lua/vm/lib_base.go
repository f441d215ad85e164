package vm

import (
	"io"
	"strings"

	lua "github.com/yuin/gopher-lua"
)

func openBase(L *lua.LState, output io.Writer) {
	register(L, L.G.Global, map[string]lua.LGFunction{
		"collectgarbage": collectGarbage,
		"load":           load,
		"loadstring":     load,
		"print":          func(L *lua.LState) int { return print(L, output) },
		"tonumber":       toNumber,
		"tostring":       toString,
		"unpack":         unpack,
	})
	L.G.Global.RawSetString("_VERSION", lua.LString("Lua 5.1"))
}

// Text gives what Lua's tostring gives, metamethods included.
func Text(L *lua.LState, v lua.LValue) lua.LValue {
	switch v := v.(type) {
	case lua.LString:
		return v
	case lua.LNumber:
		return lua.LString(FormatNumber(float64(v)))
	}
	if v == Null {
		return lua.LString("userdata: NULL")
	}
	op := L.GetMetaField(v, "__tostring")
	if op != lua.LNil {
		L.Push(op)
		L.Push(v)
		L.Call(1, 1)
		result := L.Get(-1)
		L.Pop(1)
		return result
	}
	if fn, ok := v.(*lua.LFunction); ok && fn.IsG {
		return lua.LString(strings.Replace(fn.String(), "function: ", "function: builtin: ", 1))
	}
	return lua.LString(v.String())
}

func toString(L *lua.LState) int {
	L.Push(Text(L, L.CheckAny(1)))
	return 1
}

func print(L *lua.LState, output io.Writer) int {
	var line strings.Builder
	for i := 1; i <= L.GetTop(); i++ {
		if i > 1 {
			line.WriteByte('\t')
		}
		word, ok := Text(L, L.Get(i)).(lua.LString)
		if !ok {
			L.RaiseError("'tostring' must return a string to 'print'")
		}
		line.WriteString(string(word))
	}
	line.WriteByte('\n')
	if _, err := io.WriteString(output, line.String()); err != nil {
		L.RaiseError("print: %s", err.Error())
	}
	return 0
}

func toNumber(L *lua.LState) int {
	base := 10
	if L.GetTop() > 1 {
		base = L.CheckInt(2)
	}
	if base == 10 {
		return toDecimal(L)
	}
	if base < 2 || base > 36 {
		L.ArgError(2, "base out of range")
	}
	value, ok := parseBase(L.CheckString(1), base)
	if !ok {
		L.Push(lua.LNil)
		return 1
	}
	L.Push(lua.LNumber(value))
	return 1
}

func toDecimal(L *lua.LState) int {
	switch v := L.CheckAny(1).(type) {
	case lua.LNumber:
		L.Push(v)
		return 1
	case lua.LString:
		if value, ok := ParseNumber(string(v)); ok {
			L.Push(lua.LNumber(value))
			return 1
		}
	}
	L.Push(lua.LNil)
	return 1
}

// parseBase reads an integer as C's strtoul does, wrapping a minus sign
// around 64 bits only where LuaJIT does: it keeps the sign.
func parseBase(text string, base int) (float64, bool) {
	text = strings.Trim(text, " \t\n\v\f\r")
	negative := strings.HasPrefix(text, "-")
	if negative {
		text = text[1:]
	}
	if base == 16 && len(text) > 2 && text[0] == '0' && text[1]|0x20 == 'x' {
		text = text[2:]
	}
	if text == "" {
		return 0, false
	}
	value := 0.0
	for i := range len(text) {
		digit := digitValue(text[i])
		if digit < 0 || digit >= base {
			return 0, false
		}
		value = value*float64(base) + float64(digit)
	}
	if negative {
		value = -value
	}
	return value, true
}

func digitValue(c byte) int {
	switch {
	case isDigit(c):
		return int(c - '0')
	case c|0x20 >= 'a' && c|0x20 <= 'z':
		return int(c|0x20-'a') + 10
	}
	return -1
}

// load reads a string or a function of pieces; the mode must admit text, and
// the environment, when given, is that of the function.
func load(L *lua.LState) int {
	source, ok := loadSource(L)
	if !ok {
		L.Push(lua.LNil)
		L.Push(lua.LString("reader function must return a string"))
		return 2
	}
	name := source
	if L.Get(2) != lua.LNil {
		name = CheckText(L, 2)
	} else if !joins(L.Get(1)) {
		name = "=(load)"
	}
	chunk, err := compileMode(source, name, L.OptString(3, "bt"))
	if err != nil {
		L.Push(lua.LNil)
		L.Push(lua.LString(err.Error()))
		return 2
	}
	fn := chunk.Load(L)
	fn.Env = L.Env
	if env, ok := L.Get(4).(*lua.LTable); ok {
		fn.Env = env
	}
	L.Push(fn)
	return 1
}

// loadSource gives the text of the first argument and whether it is text.
func loadSource(L *lua.LState) (string, bool) {
	if reader, ok := L.Get(1).(*lua.LFunction); ok {
		return readPieces(L, reader)
	}
	if v := L.Get(1); joins(v) {
		return text(v), true
	}
	L.ArgError(1, "function expected, got "+TypeName(L, 1))
	return "", false
}

func readPieces(L *lua.LState, reader *lua.LFunction) (string, bool) {
	var b strings.Builder
	for {
		L.Push(reader)
		L.Call(0, 1)
		piece := L.Get(-1)
		L.Pop(1)
		if piece == lua.LNil {
			return b.String(), true
		}
		word, ok := piece.(lua.LString)
		if !ok {
			return "", false
		}
		if word == "" {
			return b.String(), true
		}
		b.WriteString(string(word))
	}
}

func compileMode(source, name, mode string) (*Chunk, error) {
	kind := "t"
	if isBytecode(source) {
		kind = "b"
	}
	if !strings.Contains(mode, kind) {
		return nil, &modeError{}
	}
	return Compile(source, name)
}

// isBytecode tells what string.dump of some engine has made, none of which this
// one reads.
func isBytecode(source string) bool { return strings.HasPrefix(source, "\x1b") }

// modeError refuses text where only bytecode is admitted, and the reverse.
type modeError struct{}

func (*modeError) Error() string { return "attempt to load chunk with wrong mode" }

// unpack gives the elements of a list; its bound is that of the registers.
func unpack(L *lua.LState) int {
	list := CheckTable(L, 1)
	first, last := 1, list.Len()
	if L.Get(2) != lua.LNil {
		first = int(CheckNumber(L, 2))
	}
	if L.Get(3) != lua.LNil {
		last = int(CheckNumber(L, 3))
	}
	if first > last {
		return 0
	}
	count := last - first + 1
	if count <= 0 || count > maxRegisters/4 {
		L.RaiseError("too many results to unpack")
	}
	for i := range count {
		L.Push(list.RawGetInt(first + i))
	}
	return count
}
