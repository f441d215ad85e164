package event

import (
	"runtime"
	"testing"
	"time"
)

// within runs f on a task of a loop.
func within(t *testing.T, f func(l *Loop)) {
	t.Helper()
	l, err := New()
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	l.Do(func() { f(l) })
}

// TestDozeAfterShortSleeps: once sleeps are short the loop dozes, timers keep
// their time, and an idle loop sleeps again.
func TestDozeAfterShortSleeps(t *testing.T) {
	within(t, func(l *Loop) {
		for n, end := 0, time.Now().Add(10*time.Second); n < 20 || !l.dozer.brisk && !l.dozer.off; n++ {
			if time.Now().After(end) {
				t.Fatal("after short sleeps the loop does not doze")
			}
			began := time.Now()
			if err := l.Sleep(200 * time.Microsecond); err != nil {
				t.Fatal(err)
			}
			if took := time.Since(began); took < 200*time.Microsecond {
				t.Fatalf("a sleep of 200 µs took %v", took)
			}
		}
		if l.dozer.off {
			t.Skip("the kernel has no epoll_pwait2")
		}
		l.Sleep(20 * time.Millisecond)
		if l.dozer.brisk {
			t.Error("after a long sleep the loop still dozes")
		}
	})
}

// TestNoDozeBesideOthers: a goroutine that was not there when the loop began
// keeps it from dozing.
func TestNoDozeBesideOthers(t *testing.T) {
	within(t, func(l *Loop) {
		gate, ended := make(chan struct{}), make(chan struct{})
		go func() {
			<-gate
			close(ended)
		}()
		l.dozer.brisk = true
		if l.doze() {
			t.Error("the loop has dozed")
		}
		if !l.dozer.brisk {
			t.Error("it was the goroutine that was to keep it from dozing")
		}
		close(gate)
		<-ended
		for runtime.NumGoroutine()-l.dozer.runners > l.dozer.others {
			runtime.Gosched()
		}
		for l.doze() { // the scheduler's signals end one too
		}
		if !l.dozer.off && l.dozer.brisk {
			t.Error("nothing came, and the loop would doze again")
		}
	})
}

// TestDozeBesideThreads: work that has threads of its own does not keep the loop
// from dozing, unless it takes all processors.
func TestDozeBesideThreads(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(sparedProcs + 1))
	within(t, func(l *Loop) {
		gate := make(chan struct{})
		defer close(gate)
		for _, dozes := range []bool{true, false} {
			l.Aside(new(Habit), func() { <-gate })
			l.dozer.brisk = true
			if (l.doze() || !l.dozer.brisk) != dozes && !l.dozer.off {
				t.Errorf("beside %d threads the loop dozes: %v", l.aside.count.Load(), !dozes)
			}
		}
	})
}

// TestPostEndsADoze: what another goroutine posts is served at once.
func TestPostEndsADoze(t *testing.T) {
	calls := make(chan func(), 1)
	go func() { // there before the loop begins
		for f := range calls {
			time.Sleep(100 * time.Microsecond)
			f()
		}
	}()
	defer close(calls)
	within(t, func(l *Loop) {
		var longest time.Duration
		for range 200 {
			var posted time.Time
			task := l.Current()
			calls <- func() {
				posted = time.Now()
				l.Post(func() { l.Wake(task) })
			}
			if err := l.Park(); err != nil {
				t.Fatal(err)
			}
			longest = max(longest, time.Since(posted))
		}
		t.Logf("longest wait %v", longest)
	})
}
