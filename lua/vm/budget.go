package vm

import (
	"fmt"
	"sync/atomic"
	"time"

	lua "github.com/yuin/gopher-lua"
)

// budget ends scripts that run too long without waiting. It is the context of
// all threads of a machine, which gopher-lua asks before every instruction.
type budget struct {
	limit time.Duration
	since atomic.Int64 // when the present stretch began, in nanoseconds; 0: no Lua runs
	done  atomic.Pointer[chan struct{}]
	spent atomic.Bool
}

// SetBudget bounds how long a script may run between two waits; an error ends it
// then, which no pcall outlives. 0 means no bound. It must be called before
// scripts run, and costs every instruction.
func (m *Machine) SetBudget(limit time.Duration) {
	if limit <= 0 {
		return
	}
	b := &budget{limit: limit}
	b.renew()
	m.budget = b
	m.Loop.OnResume(m.Stretch)
	go b.watch()
}

func (b *budget) renew() {
	done := make(chan struct{})
	b.done.Store(&done)
	b.spent.Store(false)
}

// watch looks at the clock four times a limit, for ever.
func (b *budget) watch() {
	for range time.Tick(max(b.limit/4, time.Millisecond)) {
		since := b.since.Load()
		if since != 0 && !b.spent.Load() && time.Now().UnixNano()-since > int64(b.limit) {
			b.spent.Store(true)
			close(*b.done.Load())
		}
	}
}

// Stretch begins a stretch of time for which a script must account: it has just
// begun to run, or goes on after a wait.
func (m *Machine) Stretch() {
	if b := m.budget; b != nil {
		if b.spent.Load() {
			b.renew()
		}
		b.since.Store(time.Now().UnixNano())
	}
}

// Rest ends the stretch: no Lua runs.
func (m *Machine) Rest() {
	if b := m.budget; b != nil {
		b.since.Store(0)
	}
}

// admit puts a state under the budget.
func (m *Machine) admit(L *lua.LState) {
	if m.budget != nil && L.Context() == nil {
		L.SetContext(m.budget)
	}
}

// Deadline, Done, Err and Value make a budget a context.
func (b *budget) Deadline() (time.Time, bool) { return time.Time{}, false }

// Done is closed once the present stretch has used the budget up.
func (b *budget) Done() <-chan struct{} { return *b.done.Load() }

// Err is what scripts see.
func (b *budget) Err() error { return fmt.Errorf("lua_cpu_budget of %s exceeded", b.limit) }

// Value has none.
func (b *budget) Value(any) any { return nil }
