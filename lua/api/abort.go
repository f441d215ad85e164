package api

import (
	lua "github.com/yuin/gopher-lua"

	"github.com/perigee-server/perigee/server/log"
)

// abortWatch is what ngx.on_abort has asked for.
type abortWatch struct {
	fn   *lua.LFunction
	gone bool
}

func init() {
	family(func(e *Engine) { e.set(e.ngx, InRequest, map[string]function{"on_abort": onAbort}) })
}

func onAbort(e *Engine, c *Ctx, L *lua.LState) int {
	fn := L.CheckFunction(1)
	if c.abort.fn != nil {
		return fail(L, "duplicate call")
	}
	if !Locations.Of(c.R).CheckAbort.V {
		return fail(L, "lua_check_client_abort is off")
	}
	c.abort.fn = fn
	return one(L)
}

// watchAbort ends the script of the present phase when the client goes.
func (c *Ctx) watchAbort() (stop func()) {
	if !Locations.Of(c.R).CheckAbort.V {
		return func() {}
	}
	c.abort = abortWatch{}
	over := false
	gone := func() {
		if !over {
			c.clientGone()
		}
	}
	remove := c.R.OnAbort(func() {
		if c.run == nil { // gone before the script begins: it hears of that when it waits
			c.E.Loop.Post(gone)
			return
		}
		gone()
	})
	return func() {
		over = true
		remove()
	}
}

// clientGone ends the script of the present phase, or calls what on_abort was
// given.
func (c *Ctx) clientGone() {
	r := c.run
	if r == nil || r.end != going || c.abort.gone {
		return
	}
	c.abort.gone = true
	if c.R.Debugging() {
		c.logLine(log.Debug, "http lua check broken connection")
	}
	c.logLine(log.Info, "client prematurely closed connection")
	if c.abort.fn != nil {
		c.E.Loop.Go(func() { c.spawn(r, c.abort.fn, nil) })
		return
	}
	r.end, r.code = aborted, 499
	r.stop(nil)
}
