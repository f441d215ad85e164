package api

import (
	"time"

	lua "github.com/yuin/gopher-lua"

	"github.com/perigee-server/perigee/lua/vm"
	"github.com/perigee-server/perigee/server/event"
)

// semaphore is one of ngx.semaphore. Its Lua object is a table that holds it
// in the field "sem".
type semaphore struct {
	n       int
	waiting []*semaphoreWaiter // the longest first
}

type semaphoreWaiter struct {
	task *event.Task
	got  bool
}

func init() {
	family(func(e *Engine) {
		module := e.L.NewTable()
		meta := e.L.NewTable()
		meta.RawSetString("__index", module)
		module.RawSetString("version", lua.LString("0.1.25"))
		module.RawSetString("new", e.L.NewFunction(func(L *lua.LState) int { return newSemaphore(L, meta) }))
		e.set(module, anyPhase, map[string]function{"wait": waitSemaphore})
		module.RawSetString("post", e.L.NewFunction(e.postSemaphore))
		module.RawSetString("count", e.L.NewFunction(countSemaphore))
		e.preloaded("ngx.semaphore", module)
	})
}

func newSemaphore(L *lua.LState, meta *lua.LTable) int {
	n, _ := toInt(L.Get(1))
	if n < 0 {
		vm.Raise(L, 1, "no negative number")
	}
	t := L.CreateTable(0, 1)
	t.RawSetString("sem", &lua.LUserData{Value: &semaphore{n: n}})
	t.Metatable = meta
	L.Push(t)
	return 1
}

// semaphoreOf is the semaphore that is the first argument.
func semaphoreOf(L *lua.LState) *semaphore {
	if t, ok := L.Get(1).(*lua.LTable); ok {
		if s, ok := handleOf[*semaphore](t.RawGetString("sem")); ok {
			return s
		}
	}
	vm.Raise(L, 1, "not a semaphore instance")
	return nil
}

func (e *Engine) postSemaphore(L *lua.LState) int {
	s := semaphoreOf(L)
	n := 1
	if lua.LVAsBool(L.Get(2)) {
		if given, ok := toInt(L.Get(2)); ok {
			n = given
		}
	}
	if n < 1 {
		vm.Raise(L, 1, "positive number required")
	}
	s.post(e.Loop, n)
	L.Push(lua.LTrue)
	return 1
}

// post gives n resources, first to those that wait.
func (s *semaphore) post(loop *event.Loop, n int) {
	for ; n > 0 && len(s.waiting) > 0; n-- {
		w := s.waiting[0]
		s.waiting[0] = nil
		s.waiting = s.waiting[1:]
		w.got = true
		loop.Wake(w.task)
	}
	s.n += n
}

func countSemaphore(L *lua.LState) int {
	s := semaphoreOf(L)
	L.Push(lua.LNumber(s.n - len(s.waiting)))
	return 1
}

func waitSemaphore(e *Engine, c *Ctx, L *lua.LState) int {
	s := semaphoreOf(L)
	seconds, ok := L.Get(2).(lua.LNumber)
	if !ok {
		text, isText := L.Get(2).(lua.LString)
		number, isNumber := vm.ParseNumber(string(text))
		if !isText || !isNumber {
			vm.Raise(L, 1, "attempt to perform arithmetic on a nil value")
		}
		seconds = lua.LNumber(number)
	}
	limit := time.Duration(float64(seconds)*1000) * time.Millisecond
	if seconds < 0 {
		vm.Raise(L, 1, "no negative number")
	}
	if c.Phase&Waiting == 0 {
		return fail(L, "API disabled in the context of "+c.Phase.Directive())
	}
	if len(s.waiting) == 0 && s.n > 0 {
		s.n--
		L.Push(lua.LTrue)
		return 1
	}
	if limit <= 0 {
		return fail(L, "timeout")
	}
	got, err := s.wait(e.Loop, limit)
	c.wait(L, err)
	if !got {
		L.Push(lua.LFalse)
		L.Push(lua.LString("timeout"))
		return 2
	}
	L.Push(lua.LTrue)
	L.Push(lua.LNil)
	return 2
}

// wait waits for a resource; the error is the task's cancellation.
func (s *semaphore) wait(loop *event.Loop, limit time.Duration) (bool, error) {
	w := &semaphoreWaiter{task: loop.Current()}
	late := false
	timer := loop.NewTimer(func() { late = true; loop.Wake(w.task) })
	timer.Reset(limit)
	defer timer.Remove()
	s.waiting = append(s.waiting, w)
	for {
		err := loop.Park()
		switch {
		case err != nil && w.got: // somebody else may have it
			s.post(loop, 1)
			return false, err
		case err == nil && w.got:
			return true, nil
		case err == nil && !late:
			continue
		}
		s.leave(w)
		return false, err
	}
}

func (s *semaphore) leave(w *semaphoreWaiter) {
	for i, other := range s.waiting {
		if other == w {
			s.waiting = append(s.waiting[:i], s.waiting[i+1:]...)
			return
		}
	}
}
