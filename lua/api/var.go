package api

import (
	"strings"

	lua "github.com/yuin/gopher-lua"

	"github.com/perigee-server/perigee/lua/vm"
	"github.com/perigee-server/perigee/server/http/script"
)

func init() {
	family(func(e *Engine) {
		t := e.L.NewTable()
		meta := e.L.NewTable()
		meta.RawSetString("__index", e.bindCore(InRequest, varGet))
		meta.RawSetString("__newindex", e.bindCore(InRequest, varSet))
		t.Metatable = meta
		e.ngx.RawSetString("var", t)
	})
}

func varGet(e *Engine, c *Ctx, L *lua.LState) int {
	r := c.R
	switch k := L.Get(2).(type) {
	case lua.LNumber:
		n := int(k)
		if n <= 0 {
			L.Push(lua.LNil)
			return 1
		}
		v := r.Capture(n)
		if v == nil {
			L.Push(lua.LNil)
			return 1
		}
		L.Push(lua.LString(v))
		return 1
	case lua.LString:
		data, found, _ := r.HTTP().Vars.ByName(r, lower(string(k)))
		if !found {
			L.Push(lua.LNil)
			return 1
		}
		L.Push(lua.LString(data))
		return 1
	}
	L.RaiseError("bad variable name")
	return 0
}

func varSet(e *Engine, c *Ctx, L *lua.LState) int {
	var name string
	switch k := L.Get(2).(type) {
	case lua.LNumber:
		name = vm.FormatNumber(float64(k))
	case lua.LString:
		name = string(k)
	default:
		L.RaiseError("bad variable name")
	}
	var value []byte
	remove := false
	switch v := L.Get(3).(type) {
	case lua.LString:
		value = []byte(v)
	case lua.LNumber:
		value = vm.AppendNumber(nil, float64(v))
	case lua.LBool:
		value = []byte(v.String())
	default:
		if v != lua.LNil {
			L.RaiseError("bad variable value")
		}
		remove = true
	}
	r := c.R
	switch r.HTTP().Vars.AssignByName(r, lower(name), value, !remove) {
	case script.Unknown:
		L.RaiseError("variable \"%s\" not found for writing; maybe it is a built-in variable that is not changeable or you forgot to use \"set $%s '';\" in the config file to define it first", name, name)
	case script.Unchangeable:
		L.RaiseError("variable \"%s\" not changeable", name)
	case script.Unindexed:
		L.RaiseError("variable \"%s\" cannot be assigned a value", name)
	}
	return 0
}

func lower(s string) string {
	for i := range len(s) {
		if s[i] >= 'A' && s[i] <= 'Z' {
			return strings.ToLower(s)
		}
	}
	return s
}
