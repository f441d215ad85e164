package event

import (
	"runtime"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// A doze is a short sleep in the kernel that Go's scheduler does not know of: the
// goroutine keeps its processor. A server under a moderate load sleeps thousands
// of times a second for some microseconds; each such sleep through the scheduler
// parks and readies the goroutine, and wakes the runtime's monitor thread, which
// takes a third of the time that a request costs.
//
// Others get the processor only after a doze. So it is short, it comes only
// after events that came soon, others have their turn before it, and where the
// process has more goroutines than when the loop began (asynchronous handlers,
// work given to Block), there is none.
const dozeTime = time.Millisecond

// Goroutines that have threads of their own (Aside) do not count, as long as there
// are processors for them all. Beside them a doze is longer, and follows sleeps of
// any length: a loop that changes to another thread, as it may after a sleep, gets
// into the queue behind them.
const longDozeTime = 8 * dozeTime

// dozer is what the loop knows for its next doze.
type dozer struct {
	off   bool // the kernel does not know epoll_pwait2
	brisk bool // the last sleep was a short one
	procs int  // how many processors there are
	// others is how many goroutines there were besides the loop's when it began;
	// runners is how many of the loop's there are.
	others, runners int
}

// sysEpollPwait2 has the same number on every architecture.
const sysEpollPwait2 = 441

// sparedProcs are processors that are left for the loop and for goroutines
// without threads of their own.
const sparedProcs = 4

// others is how many goroutines there are that may want the loop's processor.
func (l *Loop) others() int {
	n := runtime.NumGoroutine() - l.dozer.runners
	if own := int(l.aside.count.Load()); own <= l.dozer.procs-sparedProcs {
		n -= own
	}
	return n
}

// doze sleeps until events come or a timer is due and reports whether one of
// these is so. When neither came soon, or the process has other work, it does not.
func (l *Loop) doze() bool {
	d := &l.dozer
	length := dozeTime
	if l.aside.count.Load() > 0 {
		length = longDozeTime
	} else if !d.brisk {
		return false
	}
	if d.off || l.others() > d.others {
		return false
	}
	if d.procs == 1 {
		runtime.Gosched()
	}
	l.tick()
	timer := false
	if first := l.timers.first(); first != 0 && time.Duration(first-l.nano) < length {
		timer, length = true, time.Duration(first-l.nano)
	}
	if length <= 0 {
		return true
	}
	ts := unix.NsecToTimespec(int64(length))
	n, _, e := syscall.RawSyscall6(sysEpollPwait2, uintptr(l.ep), uintptr(unsafe.Pointer(&l.events[0])), batchSize, uintptr(unsafe.Pointer(&ts)), 0, 0)
	l.evi, l.evn = 0, 0
	switch {
	case e == unix.EINTR: // the scheduler wants the processor
		return true
	case e != 0:
		d.off = true
		return false
	case n > 0:
		l.evn = int(n)
		return true
	case timer:
		return true
	}
	d.brisk = false
	return false
}
