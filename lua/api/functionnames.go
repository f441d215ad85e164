package api

import (
	lua "github.com/yuin/gopher-lua"

	"github.com/perigee-server/perigee/lua/vm"
)

// functionNames are the names under which scripts find functions in Go.
type functionNames map[*lua.LFunction]string

// functionNames walks the globals, what is loaded, and the methods of cosockets.
func (e *Engine) functionNames() functionNames {
	n := functionNames{}
	n.walk("", e.L.G.Global, 0)
	n.walk("ngx.", e.ngx, 0)
	for _, methods := range []struct {
		name  string
		table *lua.LTable
	}{{"tcpsock", e.tcpMethods}, {"reqsock", e.bodyMethods}, {"rawsock", e.rawMethods}, {"udpsock", e.udpMethods}} {
		if methods.table != nil {
			n.walk(methods.name+":", methods.table, 0)
		}
	}
	if library, ok := e.L.GetGlobal("package").(*lua.LTable); ok {
		if loaded, ok := library.RawGetString("loaded").(*lua.LTable); ok {
			n.walk("", loaded, 0)
		}
	}
	return n
}

// nameDepth is how deep tables are walked: ngx.location.capture.
const nameDepth = 2

func (n functionNames) walk(prefix string, t *lua.LTable, depth int) {
	t.ForEach(func(k, v lua.LValue) {
		key, ok := k.(lua.LString)
		if !ok {
			return
		}
		switch v := v.(type) {
		case *lua.LFunction:
			if v.IsG && n[v] == "" {
				n[v] = prefix + string(key)
			}
		case *lua.LTable:
			if depth < nameDepth && key != "_G" && key != "loaded" && key != "__index" {
				n.walk(prefix+string(key)+".", v, depth+1)
			}
		}
	})
}

// of is the name of what a frame calls.
func (n functionNames) of(f vm.Frame) string {
	if name := n[f.Fn]; name != "" {
		return name
	}
	if f.Name != "" {
		return f.Name
	}
	return "a function in Go"
}
