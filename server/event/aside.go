package event

import (
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// Work that computes keeps the loop waiting on a machine whose processors are all
// busy: the kernel takes turns of some milliseconds. So it runs on threads of its
// own, which have a lower priority than the loop's, and end with it: a thread
// without privileges can not take its priority back. Goroutines that are not
// locked to their threads would carry that priority to the loop. Work that only
// waits, or is done at once, would pay for a thread without need. Which is which
// shows when it runs: what a kind of work did last is its Habit.

const (
	// computes is from when on a run counts as one that computes: this much of a
	// processor's time.
	computes = time.Millisecond
	// slow is how long a run takes that may have computed.
	slow = 5 * time.Millisecond
	// trials is how many runs of work that is not known yet have threads at once;
	// threads is how many have in all.
	trials, threads = 8, 256
	// calmRuns in a row that did not compute show that work does so no more.
	calmRuns = 8
	// maxPatience bounds how many slow runs pass before one is measured again.
	maxPatience = 1 << 10
)

// AsideNice is how much nicer than the loop's the threads of work that computes
// are, in steps of nice(2): they get a tenth of its share of a processor that both
// want. With less they would hold up the collector, and whom they have locked out.
const AsideNice = 10

// Habit is what is known of a kind of work, such as a handler: whether it
// computes. The zero value knows nothing. Any goroutine may use it.
type Habit struct {
	light atomic.Bool  // the work does not compute
	runs  atomic.Int32 // on threads of their own at present

	mu       sync.Mutex
	busy     bool // the work computes
	calm     int  // runs in a row that did not, of work that does
	slow     int  // slow runs since the work was found to be light
	patience int  // how many of these there may be
}

// measured learns from a run that had a thread of its own.
func (h *Habit) measured(used time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if used >= computes {
		h.busy, h.calm, h.patience = true, 0, 0
		return
	}
	if h.calm++; h.busy && h.calm < calmRuns {
		return
	}
	h.busy, h.slow = false, 0
	h.patience = min(2*h.patience+1, maxPatience)
	h.light.Store(true)
}

// took learns from a run among others: one that was slow has waited, or computed.
func (h *Habit) took(d time.Duration) {
	if d < slow || !h.light.Load() {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.slow++; h.slow > h.patience {
		h.light.Store(false)
	}
}

// mayCompute says that the next run shall have a thread of its own.
func (h *Habit) mayCompute() bool {
	if h.light.Load() {
		return false
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.busy || h.runs.Load() < trials
}

// SetAsideNice sets how much nicer than the loop's the threads of Aside are,
// before the first is used; with 0 there are none.
func (l *Loop) SetAsideNice(n int) { l.aside.nice = n }

// Aside has f run beside the loop, on a goroutine of its own. Work that computes,
// and work of which nothing is known, has a thread of its own as well, which is
// nicer than the loop's. Any goroutine may call it.
func (l *Loop) Aside(h *Habit, f func()) {
	a := &l.aside
	if a.nice == 0 || !h.mayCompute() || runtime.GOMAXPROCS(0) == 1 || !a.enter() {
		go func() {
			began := time.Now()
			defer func() { h.took(time.Since(began)) }()
			f()
		}()
		// Most work is done at once: it gets the processor first.
		runtime.Gosched()
		return
	}
	h.runs.Add(1)
	go a.run(h, f)
}

// aside is the work that runs on threads of its own.
type aside struct {
	nice  int
	count atomic.Int32 // of the threads
}

// enter takes one of the threads, if there are any.
func (a *aside) enter() bool {
	if a.count.Add(1) > threads {
		a.count.Add(-1)
		return false
	}
	return true
}

// run runs f on a thread that ends with it.
func (a *aside) run(h *Habit, f func()) {
	runtime.LockOSThread()
	if unix.Gettid() == os.Getpid() {
		// The first thread of a process can not end. Another one takes the work
		// while this goroutine keeps it occupied.
		taken := make(chan struct{})
		go func() {
			runtime.LockOSThread()
			close(taken)
			a.run(h, f)
		}()
		<-taken
		runtime.UnlockOSThread()
		return
	}
	if now, err := unix.Getpriority(unix.PRIO_PROCESS, 0); err == nil {
		unix.Setpriority(unix.PRIO_PROCESS, 0, min(20-now+a.nice, 19))
	}
	began := threadTime()
	defer func() {
		h.measured(threadTime() - began)
		h.runs.Add(-1)
		a.count.Add(-1)
	}()
	f()
}

// threadTime is how long the thread of the caller has run.
func threadTime() time.Duration {
	var ts unix.Timespec
	unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &ts)
	return time.Duration(ts.Nano())
}
