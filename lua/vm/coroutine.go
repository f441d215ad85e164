package vm

import (
	lua "github.com/yuin/gopher-lua"
)

// openCoroutine replaces the coroutine library: each coroutine has a stack of
// its own in Go too, so that it may yield from anywhere, and anything that
// waits makes the whole light thread wait.
func (m *Machine) openCoroutine() {
	register(m.L, library(m.L, "coroutine"), map[string]lua.LGFunction{
		"create":      m.coCreate,
		"resume":      m.coResume,
		"running":     m.coRunning,
		"status":      m.coStatus,
		"wrap":        m.coWrap,
		"yield":       m.coYield,
		"isyieldable": m.coIsYieldable,
	})
}

// CheckThread is the thread that is argument n.
func CheckThread(L *lua.LState, n int) *Thread {
	t, ok := L.Get(n).(*Thread)
	if !ok {
		L.TypeError(n, lua.LTThread)
	}
	return t
}

// scopeOf is the scope that the code on L runs in, nil on the main thread.
func (m *Machine) scopeOf(L *lua.LState) *Scope {
	if t := m.Of(L); t != nil {
		return t.Scope
	}
	return nil
}

func (m *Machine) newCoroutine(L *lua.LState) *Thread {
	fn, ok := L.Get(1).(*lua.LFunction)
	if !ok || fn.IsG {
		L.ArgError(1, "Lua function expected")
	}
	s := m.scopeOf(L)
	if s == nil {
		L.RaiseError("coroutines need a running event loop")
	}
	return &Thread{m: m, Scope: s, Kind: Coroutine, fn: fn}
}

func (m *Machine) coCreate(L *lua.LState) int {
	L.Push(m.newCoroutine(L))
	return 1
}

func (m *Machine) coWrap(L *lua.LState) int {
	t := m.newCoroutine(L)
	t.wrapped = true
	L.Push(L.NewFunction(func(L *lua.LState) int {
		n := L.GetTop()
		results, failure := m.resume(L, t, stackArgs(L, 1, n))
		if failure != nil {
			m.carry(L, t, failure)
		}
		return push(L, results)
	}))
	return 1
}

func (m *Machine) coResume(L *lua.LState) int {
	t := CheckThread(L, 1)
	results, failure := m.resume(L, t, stackArgs(L, 2, L.GetTop()))
	if failure != nil {
		L.Push(lua.LFalse)
		L.Push(failure)
		return 2
	}
	L.Push(lua.LTrue)
	return 1 + push(L, results)
}

// carry raises the error of a wrapped coroutine in the thread that called it:
// with the place of the call, as LuaJIT does, or, where code may wait, with the
// coroutine's traceback, as lua-nginx-module does.
func (m *Machine) carry(L *lua.LState, t *Thread, failure lua.LValue) {
	me := m.Of(L)
	if text, ok := failure.(lua.LString); ok && !me.Scope.Waits {
		L.RaiseError("%s", string(text))
	}
	me.carried, me.carriedTraces = failure, t.traces
	L.Error(failure, 0)
}

// stackArgs copies the values first to last.
func stackArgs(L *lua.LState, first, last int) []lua.LValue {
	if last < first {
		return nil
	}
	values := make([]lua.LValue, last-first+1)
	for i := range values {
		values[i] = L.Get(first + i)
	}
	return values
}

func push(L *lua.LState, values []lua.LValue) int {
	for _, v := range values {
		L.Push(v)
	}
	return len(values)
}

// resume runs t until it yields or ends. A failure is the error that ended it,
// or why it can not run.
func (m *Machine) resume(L *lua.LState, t *Thread, args []lua.LValue) ([]lua.LValue, lua.LValue) {
	if t.status != Suspended || t.Kind != Coroutine {
		return nil, lua.LString("cannot resume " + t.status.String() + " coroutine")
	}
	if t.L == nil && len(t.Scope.live) >= maxThreads {
		return nil, lua.LString("too many coroutines")
	}
	me := m.Of(L)
	task := m.Loop.Current()
	me.exposed = true
	t.transfer, t.back, t.resumed = args, false, true
	t.resumer, t.above, t.from = task, me, L
	t.status = Running
	me.status, me.below = Normal, t
	if t.task == nil {
		m.take(t)
		t.Scope.join(t)
		t.task = m.Loop.New(t.body)
	}
	err := m.Loop.Switch(t.task)
	for !t.back && err == nil { // woken by what an earlier wait has left behind
		err = m.Loop.Park()
	}
	me.status, me.below = Running, nil
	if err != nil && !t.back { // the caller is cancelled: what it waits for goes with it
		t.resumer = nil
		t.Kill()
	}
	if err != nil {
		m.Interrupt(L)
	}
	if t.unwound {
		Unwind(L)
	}
	results, failure := t.transfer, t.failure
	t.transfer = nil
	t.failure = nil
	return results, failure
}

// body is the coroutine's task.
func (t *Thread) body() {
	handler := Handler(t.L)
	if t.wrapped {
		handler = t.m.explain
	}
	results, err := t.run(handler)
	t.transfer = results
	switch e := err.(type) {
	case nil:
	case *Failure:
		t.failure = e.Value
	default:
		t.unwound = true
	}
	t.finish()
	if to := t.resumer; to != nil && !t.killed {
		t.back = true
		t.resumer = nil
		t.m.Loop.ExitTo(to)
	}
}

func (m *Machine) coYield(L *lua.LState) int {
	t := m.Of(L)
	if t == nil || t.Kind != Coroutine {
		if t == nil || !t.Scope.Waits {
			L.RaiseError("attempt to yield across C-call boundary")
		}
		if m.Loop.Yield() != nil {
			m.Interrupt(L)
		}
		return 0
	}
	t.transfer = stackArgs(L, 1, L.GetTop())
	t.status = Suspended
	t.back, t.resumed = true, false
	to := t.resumer
	t.resumer = nil
	err := m.Loop.Switch(to)
	for !t.resumed && err == nil {
		err = m.Loop.Park()
	}
	if err != nil {
		m.Interrupt(L)
	}
	values := t.transfer
	t.transfer = nil
	return push(L, values)
}

func (m *Machine) coRunning(L *lua.LState) int {
	if t := m.Of(L); t != nil {
		t.exposed = true
		L.Push(t)
		return 1
	}
	L.Push(lua.LNil)
	return 1
}

func (m *Machine) coStatus(L *lua.LState) int {
	L.Push(lua.LString(CheckThread(L, 1).status.String()))
	return 1
}

func (m *Machine) coIsYieldable(L *lua.LState) int {
	t := m.Of(L)
	L.Push(lua.LBool(t != nil && (t.Kind == Coroutine || t.Scope.Waits)))
	return 1
}
