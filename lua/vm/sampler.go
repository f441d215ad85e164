package vm

import (
	"sync/atomic"
	"time"

	lua "github.com/yuin/gopher-lua"
)

// Sampler takes the stacks of the scripts of one loop's machines at the ticks
// of a clock. While it is off it costs nothing: only states that are given to
// scripts while it is on look at the clock, before each instruction. All of its
// methods are for the holder of the baton.
type Sampler struct {
	on    bool
	seen  int64         // of the ticks
	ticks *atomic.Int64 // of the present clock
	took  func(t *Thread, stack []Frame, n int64)
	done  chan struct{}
}

// On reports whether the sampler runs.
func (s *Sampler) On() bool { return s != nil && s.on }

// Start has took called with the stack of the script that runs, the innermost
// call first, and the number of ticks for which it stands: those that have
// passed while the script ran without waiting. A script that runs already is
// seen from its next protected call, coroutine or light thread on.
func (s *Sampler) Start(m *Machine, period time.Duration, took func(t *Thread, stack []Frame, n int64)) {
	s.on, s.took, s.done = true, took, make(chan struct{})
	s.ticks, s.seen = &atomic.Int64{}, 0
	m.Loop.OnResume(m.Stretch)
	go tick(s.ticks, period, s.done)
}

// Stop ends the samples. m is what Start got.
func (s *Sampler) Stop(m *Machine) {
	if !s.on {
		return
	}
	s.on = false
	close(s.done)
	if m.budget == nil {
		m.Loop.OnResume(nil)
	}
}

// tick counts the periods that have passed, also where it runs late.
func tick(ticks *atomic.Int64, period time.Duration, done chan struct{}) {
	clock := time.NewTicker(period)
	defer clock.Stop()
	began := time.Now()
	for {
		select {
		case <-done:
			return
		case <-clock.C:
			ticks.Store(int64(time.Since(began) / period))
		}
	}
}

// skip forgets the ticks of a time in which no script ran.
func (s *Sampler) skip() { s.seen = s.ticks.Load() }

// SetSampler gives the machine a sampler, which machines of the same loop may
// share. It must be called before scripts run.
func (m *Machine) SetSampler(s *Sampler) { m.sampler = s }

// maxSampled is how many calls of a stack a sample shows, the innermost ones.
const maxSampled = 128

// take takes a sample of what runs on L.
func (s *Sampler) take(m *Machine, L *lua.LState, now int64) {
	n := now - s.seen
	s.seen = now
	t := m.Of(L)
	if t == nil {
		return
	}
	var stack []Frame
	for at := t; L != nil && len(stack) < maxSampled; {
		for _, c := range callsUpTo(L, maxSampled-len(stack)) {
			if !isPlumbing(c.fn) {
				f := Frame{Name: c.name(), Fn: c.fn}
				if !c.fn.IsG {
					f.Source, f.Line, f.Defined = c.debug.Source, c.debug.CurrentLine, c.debug.LineDefined
				}
				stack = append(stack, f)
			}
		}
		outer := outerState(L)
		if outer == nil && at.Kind == Coroutine && at.from != nil {
			outer = at.from
			at = m.Of(outer)
		}
		L = outer
		if at == nil {
			break
		}
	}
	s.took(t, stack, n)
}

// watch is the context of a Lua state, which gopher-lua asks before every
// instruction: it ends scripts that have used their budget up, and takes samples.
type watch struct {
	m *Machine
	L *lua.LState
}

// Deadline, Done, Err and Value make a watch a context.
func (w *watch) Deadline() (time.Time, bool) { return time.Time{}, false }

// Done is closed once the present stretch has used the budget up.
func (w *watch) Done() <-chan struct{} {
	if s := w.m.sampler; s != nil && s.on {
		if now := s.ticks.Load(); now != s.seen {
			s.take(w.m, w.L, now)
		}
	}
	if b := w.m.budget; b != nil {
		return *b.done.Load()
	}
	return nil
}

// Err is what scripts see.
func (w *watch) Err() error { return w.m.budget }

// Value has none.
func (w *watch) Value(any) any { return nil }

// admit puts a state that does not run yet under the machine's watch, or takes
// it out.
func (m *Machine) admit(L *lua.LState) {
	if m.budget == nil && !m.sampler.On() {
		if L.Context() != nil {
			L.RemoveContext()
		}
		return
	}
	if L.Context() == nil {
		L.SetContext(&watch{m, L})
	}
}
