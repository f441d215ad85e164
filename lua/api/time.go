package api

import (
	"time"

	lua "github.com/yuin/gopher-lua"

	"github.com/perigee-server/perigee/server/http"
)

func init() {
	family(func(e *Engine) {
		text := func(format func(now time.Time) string) *lua.LFunction {
			return e.L.NewFunction(func(L *lua.LState) int {
				L.Push(lua.LString(format(e.Loop.Now())))
				return 1
			})
		}
		const stamp = "2006-01-02 15:04:05"
		put := e.ngx.RawSetString
		put("today", text(func(now time.Time) string { return now.Local().Format("2006-01-02") }))
		put("localtime", text(func(now time.Time) string { return now.Local().Format(stamp) }))
		put("utctime", text(func(now time.Time) string { return now.UTC().Format(stamp) }))
		put("time", e.L.NewFunction(func(L *lua.LState) int {
			L.Push(lua.LNumber(e.Loop.Now().Unix()))
			return 1
		}))
		put("now", e.L.NewFunction(func(L *lua.LState) int {
			L.Push(lua.LNumber(seconds(e.Loop.Now())))
			return 1
		}))
		put("update_time", e.L.NewFunction(func(L *lua.LState) int {
			e.Loop.Update()
			return 0
		}))
		put("http_time", e.L.NewFunction(func(L *lua.LState) int {
			L.Push(lua.LString(stampOf(L).Format(http.HTTPTime)))
			return 1
		}))
		put("cookie_time", e.L.NewFunction(func(L *lua.LState) int {
			t := stampOf(L)
			form := "Mon, 02-Jan-06 15:04:05 GMT"
			if t.Year() > 2037 {
				form = "Mon, 02-Jan-2006 15:04:05 GMT"
			}
			L.Push(lua.LString(t.Format(form)))
			return 1
		}))
		put("parse_http_time", e.L.NewFunction(func(L *lua.LState) int {
			s, ok := L.Get(1).(lua.LString)
			if !ok {
				L.RaiseError("string argument only")
			}
			t, ok := http.ParseTime([]byte(s))
			if !ok {
				L.Push(lua.LNil)
				return 1
			}
			L.Push(lua.LNumber(t.Unix()))
			return 1
		}))
	})
}

// stampOf is the time that argument 1 gives in seconds.
func stampOf(L *lua.LState) time.Time {
	n, ok := L.Get(1).(lua.LNumber)
	if !ok {
		L.RaiseError("number argument only")
	}
	return time.Unix(int64(n), 0).UTC()
}
