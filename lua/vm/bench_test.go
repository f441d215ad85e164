package vm_test

import (
	"io"
	"testing"
	"time"

	"github.com/perigee-server/perigee/lua/vm"
	"github.com/perigee-server/perigee/server/event"
)

// benchmarkScript runs a chunk that defines run, once for every round.
func benchmarkScript(b *testing.B, source string) { benchmarkSampled(b, source, false) }

// benchmarkSampled does so under a sampler that is on or off.
func benchmarkSampled(b *testing.B, source string, on bool) {
	loop, err := event.New()
	if err != nil {
		b.Fatal(err)
	}
	defer loop.Close()
	m := vm.NewMachine(io.Discard, loop)
	sampler := &vm.Sampler{}
	m.SetSampler(sampler)
	if on {
		sampler.Start(m, time.Millisecond, func(*vm.Thread, []vm.Frame, int64) {})
		defer sampler.Stop(m)
	}
	chunk, err := vm.Compile(source, "=bench")
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	loop.Do(func() {
		for range b.N {
			var s vm.Scope
			s.Init(m, b)
			var t vm.Thread
			m.Enter(&t, &s)
			t.L.Push(chunk.Load(t.L))
			if err := t.Call(0, 0); err != nil {
				b.Error(err)
			}
			s.End()
			t.Release()
		}
	})
}

func BenchmarkEmpty(b *testing.B) { benchmarkScript(b, "") }
func BenchmarkPcall(b *testing.B) { benchmarkScript(b, "for i = 1, 100 do pcall(type, 1) end") }
func BenchmarkCoroutine(b *testing.B) {
	benchmarkScript(b, "for i = 1, 100 do local co = coroutine.wrap(function() coroutine.yield(1) end) co() co() end")
}
func BenchmarkLoop(b *testing.B) {
	benchmarkScript(b, "local n = 0 for i = 1, 1000 do n = n + i % 7 end return n")
}
func BenchmarkLoopSampled(b *testing.B) {
	benchmarkSampled(b, "local n = 0 for i = 1, 1000 do n = n + i % 7 end return n", true)
}
