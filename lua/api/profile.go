package api

import (
	"runtime"
	"time"

	"github.com/perigee-server/perigee/lua/profile"
	"github.com/perigee-server/perigee/lua/vm"
)

// StartProfile begins to sample the scripts of the worker, rate times a second.
// It returns false when that is done already.
func (e *Engine) StartProfile(rate int) bool {
	s := e.shared
	if s.sampler.On() {
		return false
	}
	period := time.Second / time.Duration(rate)
	p := profile.New(time.Now(), period)
	s.profile = p
	// the clock needs a processor beside the worker's
	if s.procs = runtime.GOMAXPROCS(0); s.procs < 2 {
		runtime.GOMAXPROCS(2)
	}
	s.sampler.Start(e.Machine, period, func(t *vm.Thread, stack []vm.Frame, n int64) {
		c := t.Scope.Data.(*Ctx)
		frames := make([]profile.Frame, 0, len(stack)+1)
		frames = append(frames, profile.Frame{Name: c.Phase.Tag()})
		for i := len(stack) - 1; i >= 0; i-- {
			f := &stack[i]
			frames = append(frames, profile.Frame{Name: f.Name, Source: f.Source, Line: max(f.Line, 0), Defined: f.Defined})
		}
		p.Add(frames, n)
	})
	return true
}

// StopProfile ends it, and does nothing when there is none.
func (e *Engine) StopProfile() {
	s := e.shared
	if !s.sampler.On() {
		return
	}
	s.sampler.Stop(e.Machine)
	s.profile.Ended = time.Now()
	runtime.GOMAXPROCS(s.procs)
}

// Profile is the profile that is being made, or the last one; nil without.
func (e *Engine) Profile() *profile.Profile { return e.shared.profile }
