package vm_test

import (
	"io"
	"testing"
	"time"

	"github.com/perigee-server/perigee/lua/vm"
	"github.com/perigee-server/perigee/server/event"
)

// TestSamplerOff shows that scripts pay for the sampler while it is on only:
// their states have no context before and after, which is what gopher-lua looks
// at before each instruction, and running them allocates the same.
func TestSamplerOff(t *testing.T) {
	loop, err := event.New()
	if err != nil {
		t.Fatal(err)
	}
	defer loop.Close()
	m := vm.NewMachine(io.Discard, loop)
	chunk, err := vm.Compile("local n = 0 for i = 1, 100 do n = n + i end pcall(type, n)", "=test")
	if err != nil {
		t.Fatal(err)
	}
	watched := false
	run := func() {
		var s vm.Scope
		s.Init(m, nil)
		var thread vm.Thread
		m.Enter(&thread, &s)
		watched = thread.L.Context() != nil
		thread.L.Push(chunk.Load(thread.L))
		if err := thread.Call(0, 0); err != nil {
			t.Error(err)
		}
		s.End()
		thread.Release()
	}
	loop.Do(func() {
		without := testing.AllocsPerRun(100, run)
		sampler := &vm.Sampler{}
		m.SetSampler(sampler)
		if with := testing.AllocsPerRun(100, run); with != without || watched {
			t.Errorf("a sampler that is off: %v allocations, %v without one; watched: %v", with, without, watched)
		}
		sampler.Start(m, time.Millisecond, func(*vm.Thread, []vm.Frame, int64) {})
		if run(); !watched {
			t.Error("not watched while the sampler is on")
		}
		sampler.Stop(m)
		if with := testing.AllocsPerRun(100, run); with != without || watched {
			t.Errorf("after a profile: %v allocations, %v before; watched: %v", with, without, watched)
		}
	})
}
