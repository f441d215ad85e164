package api

import (
	"fmt"
	"strconv"
	"time"

	lua "github.com/yuin/gopher-lua"

	"github.com/perigee-server/perigee/lua/vm"
	"github.com/perigee-server/perigee/server/event"
	"github.com/perigee-server/perigee/server/http"
	"github.com/perigee-server/perigee/server/log"
)

// timers are those of a worker.
type timers struct {
	waiting map[*timer]struct{}
	running int
	ending  bool // the worker is about to end
	hooked  bool
}

// timer is one call of ngx.timer.at, or one of ngx.timer.every.
type timer struct {
	e      *Engine
	fn     *lua.LFunction
	args   []lua.LValue
	every  time.Duration // 0: once
	tm     *event.Timer
	loc    *http.Location
	suffix string // of log lines: the client and server that it comes from
}

func init() {
	family(func(e *Engine) {
		e.set(e.sub("timer"), anyPhase&^PhaseInit&^PhaseExitWorker, map[string]function{
			"at":            func(e *Engine, c *Ctx, L *lua.LState) int { return newTimer(e, c, L, false) },
			"every":         func(e *Engine, c *Ctx, L *lua.LState) int { return newTimer(e, c, L, true) },
			"running_count": func(e *Engine, c *Ctx, L *lua.LState) int { L.Push(lua.LNumber(e.shared.timers.running)); return 1 },
			"pending_count": func(e *Engine, c *Ctx, L *lua.LState) int {
				L.Push(lua.LNumber(len(e.shared.timers.waiting)))
				return 1
			},
		})
	})
}

func newTimer(e *Engine, c *Ctx, L *lua.LState, every bool) int {
	if L.GetTop() < 2 {
		L.RaiseError("expecting at least 2 arguments but got %d", L.GetTop())
	}
	seconds := float64(L.CheckNumber(1))
	delay := time.Duration(seconds * float64(time.Second)).Truncate(time.Millisecond)
	if every && delay <= 0 {
		L.RaiseError("delay cannot be zero")
	}
	fn, ok := L.Get(2).(*lua.LFunction)
	if !ok || fn.IsG {
		L.ArgError(2, "Lua function expected")
	}
	ts := &e.shared.timers
	if e.Work.Quitting && delay > 0 || ts.ending {
		return fail(L, "process exiting")
	}
	if len(ts.waiting) >= e.Conf.MaxPendingTimers.V {
		return fail(L, "too many pending timers")
	}
	t := &timer{e: e, fn: fn, loc: c.location()}
	for i := 3; i <= L.GetTop(); i++ {
		t.args = append(t.args, L.Get(i))
	}
	if every {
		t.every = delay
	}
	if c.R != nil {
		t.suffix = fmt.Sprintf(", client: %s, server: %s", c.R.Conn().RemoteAddr(), c.R.Conn().ListenName())
	} else if c.timer != nil {
		t.suffix = c.timer.suffix
	}
	if ts.waiting == nil {
		ts.waiting = map[*timer]struct{}{}
	}
	if !ts.hooked {
		ts.hooked = true
		e.Work.OnQuit(func() { e.expireTimers() })
	}
	ts.waiting[t] = struct{}{}
	t.tm = e.Loop.NewTimer(func() { t.fire(false) })
	t.tm.Reset(delay)
	return one(L)
}

// expireTimers runs all timers that wait, with premature set: the worker is
// about to end.
func (e *Engine) expireTimers() {
	for t := range e.shared.timers.waiting {
		t.tm.Stop()
		e.Work.Enter()
		e.Loop.Go(func() {
			defer e.Work.Leave()
			t.fire(true)
		})
	}
}

// endTimers forbids new timers.
func (e *Engine) endTimers() { e.shared.timers.ending = true }

// fire runs the timer's function on the present task.
func (t *timer) fire(premature bool) {
	e := t.e
	ts := &e.shared.timers
	if _, ok := ts.waiting[t]; !ok {
		return
	}
	delete(ts.waiting, t)
	if t.every > 0 && !premature && !e.Work.Quitting {
		again := *t
		again.tm = e.Loop.NewTimer(func() { again.fire(false) })
		again.tm.Reset(t.every)
		ts.waiting[&again] = struct{}{}
	}
	if ts.running >= e.Conf.MaxRunningTimers.V {
		e.Log().Printf(log.Alert, "lua failed to run timer with function defined at %s: %d lua_max_running_timers are not enough", place(t.fn), e.Conf.MaxRunningTimers.V)
		return
	}
	ts.running++
	e.Work.Enter()
	defer func() {
		ts.running--
		e.Work.Leave()
	}()
	c := &Ctx{E: e, timer: t}
	args := append([]lua.LValue{lua.LBool(premature)}, t.args...)
	defer c.end()
	if _, err := c.execute(PhaseTimer, t.fn, args...); err != nil {
		c.Phase = PhaseTimer
		c.report("lua entry thread aborted: runtime error: ", err)
	}
}

// place is where a function stands in its chunk.
func place(fn *lua.LFunction) string {
	if fn.Proto == nil {
		return "=[C]:-1"
	}
	return vm.SourceOf(fn.Proto.SourceName) + ":" + strconv.Itoa(fn.Proto.LineDefined)
}
