package api

import (
	lua "github.com/yuin/gopher-lua"

	"github.com/perigee-server/perigee/server/http"
)

func init() {
	fields["ctx"] = field{in: InRequest | PhaseTimer | PhaseSSLCertificate | PhaseSSLClientHello | PhaseInitWorker | PhaseExitWorker,
		get: func(e *Engine, c *Ctx, L *lua.LState) lua.LValue {
			c = c.owner()
			if c.table == nil {
				c.table = e.L.CreateTable(0, 4)
				if c.R != nil {
					c.R.HandOver(shareable{c.table})
				}
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
	http.ShareTables(func(r *http.Request) http.SharedTable {
		if c := contexts.Of(r); c != nil && c.table != nil {
			return shareable{c.table}
		}
		return nil
	})
}

// owner is the context that ngx.ctx belongs to: the request's, for a task that
// runs beside it.
func (c *Ctx) owner() *Ctx {
	if c.task != nil && c.task.home != nil {
		return c.task.home
	}
	return c
}

// shareable shows ngx.ctx to native handlers.
type shareable struct{ t *lua.LTable }

var _ http.SharedTable = shareable{}

// Get is a string, float64 or truth value under a key, nil for all others.
func (s shareable) Get(key string) any {
	switch v := s.t.RawGetString(key).(type) {
	case lua.LString:
		return string(v)
	case lua.LNumber:
		return float64(v)
	case lua.LBool:
		return bool(v)
	}
	return nil
}

// Set stores what Lua has values for.
func (s shareable) Set(key string, v any) bool {
	value, ok := ValueOf(v)
	if ok {
		s.t.RawSetString(key, value)
	}
	return ok
}

// ValueOf is a value of Go in Lua; ok is false for kinds that Lua has not.
func ValueOf(v any) (value lua.LValue, ok bool) {
	switch v := v.(type) {
	case nil:
		return lua.LNil, true
	case string:
		return lua.LString(v), true
	case []byte:
		return lua.LString(v), true
	case bool:
		return lua.LBool(v), true
	case float64:
		return lua.LNumber(v), true
	case float32:
		return lua.LNumber(v), true
	case int:
		return lua.LNumber(v), true
	case int32:
		return lua.LNumber(v), true
	case int64:
		return lua.LNumber(v), true
	case uint:
		return lua.LNumber(v), true
	case uint32:
		return lua.LNumber(v), true
	case uint64:
		return lua.LNumber(v), true
	}
	return nil, false
}
