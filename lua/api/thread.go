package api

import (
	lua "github.com/yuin/gopher-lua"

	"github.com/perigee-server/perigee/lua/vm"
	"github.com/perigee-server/perigee/server/event"
)

// light is a light thread, made by ngx.thread.spawn.
type light struct {
	t       *vm.Thread
	run     *run
	parent  *vm.Thread
	done    bool
	waited  bool // its results were taken
	killed  bool
	results []lua.LValue
	err     error
	waiters []*event.Task
	pending int // captures that it waits for
}

func init() {
	family(func(e *Engine) {
		e.set(e.sub("thread"), Waiting, map[string]function{"spawn": spawn, "wait": waitThreads, "kill": killThread})
	})
}

func spawn(e *Engine, c *Ctx, L *lua.LState) int {
	fn, ok := L.Get(1).(*lua.LFunction)
	if !ok {
		L.TypeError(1, lua.LTFunction)
	}
	args := make([]lua.LValue, 0, L.GetTop())
	for i := 2; i <= L.GetTop(); i++ {
		args = append(args, L.Get(i))
	}
	l := c.spawn(c.run, fn, args)
	if c.run.end != going || e.Loop.Current().Cause() != nil {
		e.Interrupt(L)
	}
	l.parent = e.Of(L)
	L.Push(l.t)
	return 1
}

// spawn runs a light thread until it waits.
func (c *Ctx) spawn(r *run, fn *lua.LFunction, args []lua.LValue) *light {
	l := &light{run: r, t: c.E.NewLight(&r.scope, fn, args)}
	l.t.Data = l
	r.lights, r.spawned = append(r.lights, l), true
	l.t.Start(func(results []lua.LValue, err error) {
		l.done, l.results, l.err = true, results, err
		if err != nil && err != vm.ErrUnwound && !l.killed {
			c.report("lua user thread aborted: runtime error: ", err)
		}
		r.forget(l)
		for _, w := range l.waiters {
			c.E.Loop.Wake(w)
		}
		if len(r.lights) == 0 && r.task != nil {
			c.E.Loop.Wake(r.task)
		}
	})
	return l
}

// forget takes a thread that has ended out of the run.
func (r *run) forget(l *light) {
	for i, other := range r.lights {
		if other == l {
			r.lights = append(r.lights[:i], r.lights[i+1:]...)
			return
		}
	}
}

// lightOf is the light thread that is argument n.
func lightOf(L *lua.LState, n int) *light {
	t, ok := L.Get(n).(*vm.Thread)
	if !ok {
		L.ArgError(n, "lua thread expected")
	}
	l, ok := t.Data.(*light)
	if !ok {
		L.ArgError(n, "lua user thread expected")
	}
	return l
}

// waitThreads waits for the first of several threads to end.
func waitThreads(e *Engine, c *Ctx, L *lua.LState) int {
	n := L.GetTop()
	if n == 0 {
		L.ArgError(1, "coroutine expected")
	}
	me := e.Of(L)
	lights := make([]*light, n)
	for i := range lights {
		l := lightOf(L, i+1)
		if l.parent != me {
			L.RaiseError("only the parent coroutine can wait on the thread")
		}
		lights[i] = l
	}
	task := e.Loop.Current()
	for {
		for _, l := range lights {
			if l.waited {
				return fail(L, "already waited or killed")
			}
			if !l.done {
				continue
			}
			l.waited = true
			l.t.Bury()
			return l.push(L)
		}
		for _, l := range lights {
			l.waiters = append(l.waiters, task)
		}
		err := e.Loop.Park()
		for _, l := range lights {
			l.unwait(task)
		}
		c.wait(L, err)
	}
}

// unwait takes a task off the list of those that wait.
func (l *light) unwait(task *event.Task) {
	for i, w := range l.waiters {
		if w == task {
			l.waiters = append(l.waiters[:i], l.waiters[i+1:]...)
			return
		}
	}
}

// push pushes what ngx.thread.wait gives.
func (l *light) push(L *lua.LState) int {
	if l.err != nil {
		L.Push(lua.LFalse)
		if failure, ok := l.err.(*vm.Failure); ok {
			// as in OpenResty, what stands on the thread's stack
			for _, v := range failure.Args {
				L.Push(v)
			}
			L.Push(failure.Value)
			return 2 + len(failure.Args)
		} else {
			L.Push(lua.LString("killed"))
		}
		return 2
	}
	L.Push(lua.LTrue)
	for _, v := range l.results {
		L.Push(v)
	}
	return 1 + len(l.results)
}

func killThread(e *Engine, c *Ctx, L *lua.LState) int {
	l := lightOf(L, 1)
	if l.parent != e.Of(L) {
		return fail(L, "killer not parent")
	}
	if l.killed || l.done && l.waited {
		return fail(L, "already waited or killed")
	}
	if l.done {
		l.waited = true
		l.t.Bury()
		return fail(L, "already terminated")
	}
	if l.pending > 0 {
		return fail(L, "pending subrequests")
	}
	l.killed, l.waited = true, true
	l.t.Kill()
	return one(L)
}
