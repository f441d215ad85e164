package api

import lua "github.com/yuin/gopher-lua"

func init() {
	fields["ctx"] = field{in: InRequest | PhaseTimer | PhaseSSLCertificate | PhaseSSLClientHello | PhaseInitWorker | PhaseExitWorker,
		get: func(e *Engine, c *Ctx, L *lua.LState) lua.LValue {
			if c.table == nil {
				c.table = e.L.CreateTable(0, 4)
			}
			return c.table
		},
		put: func(e *Engine, c *Ctx, L *lua.LState, v lua.LValue) {
			t, ok := v.(*lua.LTable)
			if !ok {
				L.RaiseError("ctx should be a table while getting a %s", v.Type().String())
			}
			c.table = t
		}}
}
