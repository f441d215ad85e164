package api

import (
	"strconv"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"github.com/perigee-server/perigee/lua/vm"
	"github.com/perigee-server/perigee/server/log"
)

func init() {
	family(func(e *Engine) {
		e.set(e.ngx, anyPhase, map[string]function{"log": logAt})
		e.L.SetGlobal("print", e.bind(anyPhase, func(e *Engine, c *Ctx, L *lua.LState) int { return c.logValues(L, log.Notice, 1) }))
	})
}

func logAt(e *Engine, c *Ctx, L *lua.LState) int {
	level := L.CheckInt(1)
	if level < int(log.Stderr) || level > int(log.Debug) {
		L.ArgError(1, "bad log level: "+strconv.Itoa(level))
	}
	return c.logValues(L, log.Level(level), 2)
}

// logValues logs arguments from the first-th on, with the place of the caller.
func (c *Ctx) logValues(L *lua.LState, level log.Level, first int) int {
	if !c.enabled(level) {
		return 0
	}
	b := append([]byte("[lua] "), caller(L)...)
	for i := first; i <= L.GetTop(); i++ {
		switch v := L.Get(i).(type) {
		case *lua.LTable:
			if L.GetMetaField(v, "__tostring") == lua.LNil {
				L.ArgError(i-first+1, "expected table to have __tostring metamethod")
			}
			b = append(b, vm.Text(L, v).String()...)
		case *lua.LUserData:
			if v != c.E.null {
				L.ArgError(i-first+1, "string, number, boolean, or nil expected, got userdata")
			}
			b = append(b, "null"...)
		case lua.LString, lua.LNumber, lua.LBool:
			b = c.E.appendValue(L, b, v, i)
		default:
			if v != lua.LNil {
				L.ArgError(i-first+1, "string, number, boolean, or nil expected, got "+v.Type().String())
			}
			b = append(b, "nil"...)
		}
	}
	c.logLine(level, string(b))
	return 0
}

// caller is `file:line: `, with the function's name where it has one.
func caller(L *lua.LState) string {
	frame, ok := L.GetStack(1)
	if !ok {
		return ""
	}
	if _, err := L.GetInfo("nSl", frame, lua.LNil); err != nil {
		return ""
	}
	source := frame.Source
	if i := strings.LastIndexAny(source, `/\`); i >= 0 {
		source = source[i+1:]
	}
	text := source + ":" + strconv.Itoa(frame.CurrentLine) + ": "
	if name := frame.Name; frame.What == "Lua" && name != "" && name != "?" && !strings.HasPrefix(name, "<") && !strings.HasPrefix(name, "main chunk") {
		text += name + "(): "
	}
	return text
}
