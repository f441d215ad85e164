package api

import (
	lua "github.com/yuin/gopher-lua"

	"github.com/perigee-server/perigee/lua/lib/regex"
	"github.com/perigee-server/perigee/server/log"
)

func init() {
	family(func(e *Engine) {
		re, module := regex.Open(e.L, regex.Options{
			MaxEntries: e.Conf.RegexCache.V,
			MatchLimit: uint32(e.Conf.RegexMatchLimit.V),
			Fail: func(L *lua.LState, message string) {
				if t := e.Of(L); t != nil {
					t.Scope.Data.(*Ctx).logLine(log.Error, message)
				}
			},
			Warn: func(L *lua.LState, message string) {
				if t := e.Of(L); t != nil {
					t.Scope.Data.(*Ctx).logLine(log.Warn, message)
				}
			},
		})
		e.ngx.RawSetString("re", re)
		e.module("ngx.re", func(*lua.LState) *lua.LTable { return module })
	})
}
