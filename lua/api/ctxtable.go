package api

import lua "github.com/yuin/gopher-lua"

func init() {
	fields["ctx"] = field{in: InRequest | PhaseTimer | PhaseSSLCertificate | PhaseSSLClientHello | PhaseInitWorker | PhaseExitWorker,
		get: func(e *Engine, c *Ctx, L *lua.LState) lua.LValue {
			c = c.owner()
			if c.table == nil {
				c.table = e.L.NewTable()
			}
			return c.table
		},
		put: func(e *Engine, c *Ctx, L *lua.LState, v lua.LValue) {
			t, ok := v.(*lua.LTable)
			if !ok {
				L.RaiseError("ctx should be a table while getting a %s", v.Type().String())
			}
			c.owner().table = t
		}}
}

// owner is the context that ngx.ctx belongs to: the request's, for a task that
// runs beside it.
func (c *Ctx) owner() *Ctx {
	if c.task != nil && c.task.home != nil {
		return c.task.home
	}
	return c
}
