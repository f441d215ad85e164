package vm

import (
	"math"
	"reflect"
	"runtime"
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// openDebug replaces what shows the stack, and adds what gopher-lua lacks.
// Hooks do not exist in this engine.
func openDebug(L *lua.LState) {
	register(L, library(L, "debug"), map[string]lua.LGFunction{
		"getinfo":     getInfo,
		"traceback":   traceback,
		"getregistry": func(L *lua.LState) int { L.Push(L.G.Registry); return 1 },
		"gethook":     func(*lua.LState) int { return 0 },
		"sethook": func(L *lua.LState) int {
			if L.Get(1) != lua.LNil {
				L.RaiseError("hooks do not exist in this engine")
			}
			return 0
		},
	})
}

// The entries of a traceback that are shown when it is long.
const (
	tracebackFirst = 12
	tracebackLast  = 10
)

// traceback is debug.traceback([thread,] [message [, level]]).
func traceback(L *lua.LState) int {
	of, first, level := L, 1, 1
	switch thread := L.Get(1).(type) {
	case *lua.LState:
		of, first, level = thread, 2, 0
	case *Thread:
		of, first, level = thread.L, 2, 0
	}
	message := L.Get(first)
	if L.GetTop() >= first && !joins(message) { // nil, too, when it is given
		L.Push(message)
		return 1
	}
	if L.Get(first+1) != lua.LNil {
		level = int(CheckNumber(L, first+1))
	}
	var b strings.Builder
	if message != lua.LNil {
		b.WriteString(text(message) + "\n")
	}
	b.WriteString("stack traceback:")
	for _, entry := range shorten(stack(of, level)) {
		b.WriteString("\n\t" + entry)
	}
	L.Push(lua.LString(b.String()))
	return 1
}

func shorten(entries []string) []string {
	if len(entries) <= tracebackFirst+tracebackLast {
		return entries
	}
	short := append([]string{}, entries[:tracebackFirst-1]...)
	short = append(short, "...")
	return append(short, entries[len(entries)-tracebackLast:]...)
}

// call is one level of a stack.
type call struct {
	fn    *lua.LFunction
	debug *lua.Debug
}

// stack describes the calls of a thread from a level on; level 0 is the
// innermost. Functions of our own that a script has not called do not show.
func stack(L *lua.LState, level int) []string {
	if L == nil {
		return nil
	}
	var entries []string
	for ; L != nil; L = outerState(L) {
		for _, c := range visible(L) {
			entries = append(entries, c.describe())
		}
	}
	return entries[min(max(level, 0), len(entries)):]
}

// calls gives all levels of a thread. gopher-lua counts a lost tail call as a
// level, too, and shows the outermost function in its place: that is left out.
func calls(L *lua.LState) []call { return callsUpTo(L, math.MaxInt) }

// callsUpTo is calls for no more than some innermost levels.
func callsUpTo(L *lua.LState, levels int) []call {
	var all []call
	inner := 0 // how many come before the outermost function
	for level := range levels {
		debug, ok := L.GetStack(level)
		if !ok {
			break
		}
		v, err := L.GetInfo("fSln", debug, nil)
		fn, isFunction := v.(*lua.LFunction)
		if err != nil || !isFunction {
			break
		}
		all = append(all, call{fn, debug})
		if debug.What != "main" {
			inner = len(all)
		}
	}
	kept := all[:0]
	for i, c := range all {
		if c.debug.What != "main" || i == inner {
			kept = append(kept, c)
		}
	}
	return kept
}

// plumbing lists functions of this package that run between a script's error
// and its handler, or for an operator.
var plumbing = []string{"/vm.concat", "/vm.handler", "/vm.xpcall.func1", "/vm.(*protector).failed-fm", "/vm.(*Machine).failed-fm"}

func isPlumbing(fn *lua.LFunction) bool {
	if !fn.IsG {
		return false
	}
	code := runtime.FuncForPC(reflect.ValueOf(fn.GFunction).Pointer())
	if code == nil {
		return false
	}
	for _, name := range plumbing {
		if strings.HasSuffix(code.Name(), name) {
			return true
		}
	}
	return false
}

// name gives the name by which the function was called, or nothing.
func (c call) name() string {
	switch name := c.debug.Name; name {
	case "?", "(anonymous)", "main chunk", "corountine":
		return ""
	default:
		if strings.HasPrefix(name, "<") {
			return ""
		}
		return name
	}
}

// describe writes a level as LuaJIT does.
func (c call) describe() string {
	name := c.name()
	if c.fn.IsG {
		if name == "" {
			return "[C]: at " + pointer(c.fn)
		}
		return "[C]: in function '" + name + "'"
	}
	place := c.debug.Source + ":"
	if c.debug.CurrentLine > 0 {
		place += formatInt(c.debug.CurrentLine) + ":"
	}
	switch {
	case name != "":
		return place + " in function '" + name + "'"
	case c.debug.LineDefined == 0:
		return place + " in main chunk"
	}
	return place + " in function <" + c.debug.Source + ":" + formatInt(c.debug.LineDefined) + ">"
}
