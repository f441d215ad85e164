package api

import (
	lua "github.com/yuin/gopher-lua"

	"github.com/perigee-server/perigee/lua/vm"
)

func init() {
	family(func(e *Engine) {
		t, meta := e.L.NewTable(), e.L.NewTable()
		meta.RawSetString("__index", e.bindArg(getArg))
		meta.RawSetString("__newindex", e.bindArg(setArg))
		t.Metatable = meta
		e.ngx.RawSetString("arg", t)
	})
}

// bindArg is bind with the words of ngx.arg.
func (e *Engine) bindArg(f function) *lua.LFunction {
	return e.bind(PhaseSet|PhaseBodyFilter, f)
}

// getArg reads an argument of set_by_lua, or what a body filter has got.
func getArg(e *Engine, c *Ctx, L *lua.LState) int {
	n := L.CheckInt(2)
	if c.Phase == PhaseSet {
		if n < 1 || n > len(c.setArgs) {
			L.Push(lua.LNil)
			return 1
		}
		L.Push(lua.LString(c.setArgs[n-1]))
		return 1
	}
	switch n {
	case 1:
		L.Push(lua.LString(c.filter.data))
	case 2:
		L.Push(lua.LBool(c.filter.eof))
	default:
		L.Push(lua.LNil)
	}
	return 1
}

// setArg replaces what a body filter passes on.
func setArg(e *Engine, c *Ctx, L *lua.LState) int {
	if c.Phase == PhaseSet {
		L.RaiseError("API disabled in the context of %s", c.Phase.Directive())
	}
	f := c.filter
	n := L.CheckInt(2)
	v := L.Get(3)
	switch n {
	case 1:
		f.changed = true
		switch v := v.(type) {
		case lua.LString:
			f.data = []byte(v)
		case lua.LNumber:
			f.data = vm.AppendNumber(nil, float64(v))
		case *lua.LTable:
			f.data = e.appendArray(L, nil, v, 1)
		default:
			if v != lua.LNil {
				L.RaiseError("bad chunk data type: %s", v.Type().String())
			}
			f.data = nil
		}
	case 2:
		f.eof = lua.LVAsBool(v)
	default:
		L.RaiseError("bad argument index: %d", n)
	}
	return 0
}
