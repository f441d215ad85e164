package event

import (
	"fmt"
	"os"
	"runtime"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// The first thread stays with the first goroutine, for TestAsideOfFirstThread.
func init() { runtime.LockOSThread() }

var ofFirstThread *thread

func TestMain(m *testing.M) {
	ofFirstThread = asideOfFirstThread()
	os.Exit(m.Run())
}

// thread is where some work has run.
type thread struct {
	id   int
	nice int
}

func thisThread() *thread {
	n, _ := unix.Getpriority(unix.PRIO_PROCESS, 0)
	return &thread{unix.Gettid(), 20 - n}
}

// ended waits for a thread's end.
func (th *thread) ended() bool {
	for range 5000 {
		if _, err := os.Stat(fmt.Sprint("/proc/self/task/", th.id)); err != nil {
			return true
		}
		time.Sleep(time.Millisecond)
	}
	return false
}

// spin computes until the thread has used d more of a processor's time.
func spin(d time.Duration) {
	for end := threadTime() + d; threadTime() < end; {
	}
}

// runAside runs f and waits until its habit has learnt of it.
func runAside(l *Loop, h *Habit, f func()) {
	over := make(chan struct{})
	l.Aside(h, func() {
		defer close(over)
		f()
	})
	<-over
	for h.runs.Load() > 0 {
		time.Sleep(100 * time.Microsecond)
	}
}

// asideOfFirstThread has work that computes begin on the first thread.
func asideOfFirstThread() *thread {
	l, err := New()
	if err != nil {
		panic(err)
	}
	defer l.Close()
	var at *thread
	over := make(chan struct{})
	l.aside.run(new(Habit), func() {
		defer close(over)
		at = thisThread()
	})
	<-over
	return at
}

// TestAsideOfFirstThread: the first thread of the process, which can not end, is
// not made nicer.
func TestAsideOfFirstThread(t *testing.T) {
	if ofFirstThread.id == os.Getpid() || ofFirstThread.nice != AsideNice {
		t.Errorf("the work ran on thread %+v of process %d", *ofFirstThread, os.Getpid())
	}
	if n, err := unix.Getpriority(unix.PRIO_PROCESS, os.Getpid()); err != nil || n != 20 {
		t.Errorf("nice value of the first thread: %d, %v", 20-n, err)
	}
	if !ofFirstThread.ended() {
		t.Error("the thread has not ended")
	}
}

// TestAside: work that computes gets a nicer thread, which ends with it; other
// work does after it was seen once.
func TestAside(t *testing.T) {
	if runtime.GOMAXPROCS(0) == 1 {
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(2))
	}
	within(t, func(l *Loop) {
		var at *thread
		var computing, waiting Habit
		for range 3 {
			runAside(l, &computing, func() { at = thisThread(); spin(5 * computes) })
			if at.nice != AsideNice {
				t.Errorf("work that computes ran on %+v", *at)
			}
			if !at.ended() {
				t.Error("the thread of work that computes has not ended")
			}
		}
		runAside(l, &waiting, func() { at = thisThread() })
		if at.nice != AsideNice {
			t.Errorf("work that is not known ran on %+v", *at)
		}
		for range 20 {
			runAside(l, &waiting, func() { at = thisThread() })
			if at.nice != 0 {
				t.Fatalf("work that does not compute ran on %+v", *at)
			}
		}
		l.SetAsideNice(0)
		runAside(l, &computing, func() { at = thisThread() })
		if at.nice != 0 {
			t.Errorf("without nicer threads it ran on %+v", *at)
		}
	})
}

// TestAsideThatEndsItsGoroutine: a run that ends its goroutine gives its thread back.
func TestAsideThatEndsItsGoroutine(t *testing.T) {
	within(t, func(l *Loop) {
		for range 2 * threads {
			var h Habit
			runAside(l, &h, runtime.Goexit)
		}
		if n := l.aside.count.Load(); n != 0 {
			t.Errorf("%d threads are in use", n)
		}
	})
}

// TestHabit walks through what is learnt of a kind of work.
func TestHabit(t *testing.T) {
	var h Habit
	expect := func(may bool, when string) {
		t.Helper()
		if h.mayCompute() != may {
			t.Errorf("%s: a thread of its own: %v", when, !may)
		}
	}
	expect(true, "unknown")
	h.runs.Store(trials)
	expect(false, "unknown, with all trials under way")
	h.measured(computes)
	expect(true, "computing, with any number of runs")
	for range calmRuns - 1 {
		h.measured(0)
		expect(true, "computing till lately")
	}
	h.measured(0)
	h.runs.Store(0)
	expect(false, "calm")
	for range 1000 {
		h.took(slow - 1)
	}
	expect(false, "calm and quick")
	for patience := 1; patience < maxPatience; patience = 2*patience + 1 {
		for range patience {
			h.took(slow)
			expect(false, "calm, sometimes slow")
		}
		h.took(slow)
		expect(true, fmt.Sprintf("after %d slow runs", patience+1))
		h.measured(computes - 1)
		expect(false, "waiting")
	}
	for range maxPatience + 1 {
		h.took(slow)
	}
	expect(true, "after the most patience")
	h.measured(computes)
	expect(true, "computing again")
}
