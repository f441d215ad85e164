package vm

import (
	"fmt"
	"sync/atomic"
	"time"
)

// budget ends scripts that run too long without waiting.
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
	if m.sampler.On() {
		m.sampler.skip()
	}
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

// Error is what scripts see.
func (b *budget) Error() string { return fmt.Sprintf("lua_cpu_budget of %s exceeded", b.limit) }
