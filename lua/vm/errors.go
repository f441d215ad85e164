package vm

import (
	"regexp"
	"strconv"
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// Explain rewrites an error text of gopher-lua as LuaJIT words it. It must run
// while the stack of the failed call still stands, which is the case in a
// message handler of PCall; elsewhere the names of variables are missing.
func Explain(L *lua.LState, message string) string {
	if !foreign.MatchString(message) {
		return message
	}
	for _, rule := range rules {
		if at := rule.pattern.FindStringSubmatchIndex(message); at != nil {
			words := make([]string, 0, 3)
			for i := 2; i+1 < len(at); i += 2 {
				words = append(words, message[at[i]:at[i+1]])
			}
			return message[:at[0]] + rule.explain(L, words) + message[at[1]:]
		}
	}
	return message
}

// foreign finds texts that a rule may match, so that others cost one search.
var foreign = regexp.MustCompile(`non-table object|non-function object|cannot perform|undefined|attempt to c|for statement|bad argument|dead thread|must be a table`)

type rule struct {
	pattern *regexp.Regexp
	explain func(L *lua.LState, words []string) string
}

var rules = []rule{
	{regexp.MustCompile(`attempt to index a non-table object\(([a-z]+)\) with key '(?s:(.*))'`), func(L *lua.LState, w []string) string {
		return "attempt to index " + find(L, w[0], indexed(w[1]))
	}},
	{regexp.MustCompile(`attempt to call a non-function object`), func(L *lua.LState, _ []string) string {
		return "attempt to call " + find(L, "", called)
	}},
	{regexp.MustCompile(`cannot perform ([a-z]+) operation between ([a-z]+) and ([a-z]+)`), func(L *lua.LState, w []string) string {
		kind := w[1]
		if kind == "number" {
			kind = w[2]
		}
		return "attempt to perform arithmetic on " + find(L, kind, computed)
	}},
	{regexp.MustCompile(`__unm undefined`), func(L *lua.LState, _ []string) string {
		return "attempt to perform arithmetic on " + find(L, "", operand(lua.OP_UNM))
	}},
	{regexp.MustCompile(`__len undefined`), func(L *lua.LState, _ []string) string {
		return "attempt to get length of " + find(L, "", operand(lua.OP_LEN))
	}},
	{regexp.MustCompile(`attempt to compare ([a-z]+) with ([a-z]+)`), func(_ *lua.LState, w []string) string {
		if w[0] == w[1] {
			return "attempt to compare two " + w[0] + " values"
		}
		return "attempt to compare " + w[0] + " with " + w[1]
	}},
	{regexp.MustCompile(`for statement (init|limit|step) must be a number`), func(_ *lua.LState, w []string) string {
		return "'for' " + strings.Replace(w[0], "init", "initial value", 1) + " must be a number"
	}},
	{regexp.MustCompile(`bad argument #(\d+) to (main chunk|[^ ']+) \(`), badArgument},
	{regexp.MustCompile(`can not resume a dead thread`), func(*lua.LState, []string) string {
		return "cannot resume dead coroutine"
	}},
}

// badArgument names the function; the argument before a method's own ones is
// its object and does not count.
func badArgument(L *lua.LState, w []string) string {
	number, name := w[0], w[1]
	if strings.HasPrefix(name, "(") || name == "main chunk" || name == "corountine" {
		name = "?"
	}
	if f, ok := luaFrame(L); ok && f.callsMethod(name) {
		if number == "1" {
			return "calling '" + name + "' on bad self ("
		}
		if index, err := strconv.Atoi(number); err == nil {
			number = formatInt(index - 1)
		}
	}
	return "bad argument #" + number + " to '" + name + "' ("
}

// handler is the message handler of our pcall: it rewrites text and passes
// every other error object on.
func handler(L *lua.LState) int {
	if message, ok := L.Get(1).(lua.LString); ok {
		L.Push(lua.LString(Explain(L, unplaced(L, string(message), 1))))
		return 1
	}
	L.Push(L.Get(1))
	return 1
}

// handlerKey is where the registry keeps the handler.
const handlerKey = "perigee.vm.handler"

// Handler gives the VM's message handler for PCall and CallByParam, which
// rewrites error texts as LuaJIT words them.
func Handler(L *lua.LState) *lua.LFunction {
	if fn, ok := L.G.Registry.RawGetString(handlerKey).(*lua.LFunction); ok {
		return fn
	}
	fn := L.NewFunction(handler)
	L.G.Registry.RawSetString(handlerKey, fn)
	return fn
}

// unplaced takes the position off a message that a Go function raised when no
// Lua function called it, but pcall or a metamethod of Go: gopher-lua then
// names the nearest Lua function, LuaJIT none. It must run as, or below, a
// message handler; level is that of the function that raised.
func unplaced(L *lua.LState, message string, level int) string {
	if what(L, level) != "G" {
		return message
	}
	switch what(L, level+1) {
	case "": // the function that a protected call was given: the place is empty
		return strings.TrimPrefix(message, " ")
	case "G":
	default:
		return message
	}
	for at := level + 2; ; at++ {
		kind := what(L, at)
		if kind == "" {
			return strings.TrimPrefix(message, " ")
		}
		frame, _ := L.GetStack(at)
		if _, err := L.GetInfo("Sl", frame, lua.LNil); err != nil {
			return message
		}
		if kind != "G" {
			return strings.TrimPrefix(message, frame.Source+":"+strconv.Itoa(frame.CurrentLine)+": ")
		}
	}
}

// what is the kind of the function at a level: "G" for one in Go, "Lua", or ""
// without one.
func what(L *lua.LState, level int) string {
	frame, ok := L.GetStack(level)
	if !ok {
		return ""
	}
	v, err := L.GetInfo("f", frame, lua.LNil)
	fn, isFunction := v.(*lua.LFunction)
	switch {
	case err != nil || !isFunction:
		return ""
	case fn.IsG:
		return "G"
	}
	return "Lua"
}
