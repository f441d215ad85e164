package api

import (
	"time"

	lua "github.com/yuin/gopher-lua"
)

func init() {
	family(func(e *Engine) { e.set(e.ngx, Waiting, map[string]function{"sleep": sleep}) })
}

func sleep(e *Engine, c *Ctx, L *lua.LState) int {
	if n := L.GetTop(); n != 1 {
		L.RaiseError("attempt to pass %d arguments, but accepted 1", n)
	}
	seconds := float64(L.CheckNumber(1))
	if seconds < 0 {
		L.RaiseError("invalid sleep duration \"%d\"", int64(seconds*1000))
	}
	d := time.Duration(seconds * 1e3)
	if d == 0 {
		c.wait(L, e.Loop.Yield())
		return 0
	}
	c.wait(L, e.Loop.Sleep(d*time.Millisecond))
	return 0
}
