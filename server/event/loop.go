package event

import (
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// batchSize is how many events one epoll_wait takes, nginx's default.
const batchSize = 512

// A source is what an epoll event belongs to.
type source interface {
	// event is called with the baton held and the epoll flags that arrived.
	event(flags uint32)
}

// slot connects epoll data to a source; gen makes events of a closed source
// harmless, since a batch outlives a close.
type slot struct {
	src source
	gen uint32
}

// Loop is the event loop of one worker.
type Loop struct {
	ep      int      // the loop's own epoll descriptor
	outer   int      // the epoll that ep is in; see hear
	audible bool     // the outer one reports events of ep
	epf     *os.File // outer, registered with Go's poller
	epraw   syscall.RawConn
	take    func(uintptr) bool // fills events; the check before parking

	events   [batchSize]unix.EpollEvent
	evi, evn int

	slots []slot
	free  []int32

	queue   queue
	timers  timerHeap
	placed  int64 // places that timers have taken so far
	armed   int64 // the deadline Go's poller knows, 0 for none
	started time.Time
	now     time.Time
	nano    int64 // monotonic nanoseconds since started

	running *runner
	next    *runner
	idle    []*runner

	mu       sync.Mutex
	posted   []func()
	spare    []func()
	sleeping atomic.Bool
	wakefd   int
	stop     atomic.Bool

	// onSleep runs before the loop would sleep and returns true when it made
	// work; onWake runs after a sleep.
	onSleep func() bool
	onWake  func()
	// onResume runs when a task goes on after a wait.
	onResume func()

	watch watchdog
	dozer dozer
	aside aside
}

// New makes a loop. It must be closed by Close when it is not needed any more.
func New() (*Loop, error) {
	ep, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, os.NewSyscallError("epoll_create1", err)
	}
	if err := unix.SetNonblock(ep, true); err != nil {
		unix.Close(ep)
		return nil, os.NewSyscallError("fcntl", err)
	}
	l := &Loop{started: time.Now(), aside: aside{nice: AsideNice}}
	l.epf = os.NewFile(uintptr(ep), "epoll")
	if l.epraw, err = l.epf.SyscallConn(); err == nil {
		err = l.openInner(ep)
	}
	if err != nil {
		l.epf.Close()
		return nil, err
	}
	l.take = func(uintptr) bool {
		l.fetch()
		return l.evn > 0
	}
	l.wakefd, err = unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err != nil {
		unix.Close(l.ep)
		l.epf.Close()
		return nil, os.NewSyscallError("eventfd", err)
	}
	if _, err := l.register(l.wakefd, unix.EPOLLIN|unix.EPOLLET, nothing{}); err != nil {
		l.Close()
		return nil, err
	}
	l.tick()
	return l, nil
}

// nothing is the source of the wake-up descriptor: that the poll returned is all.
type nothing struct{}

func (nothing) event(uint32) {}

// Close frees the loop's descriptors; Run must have returned.
func (l *Loop) Close() error {
	for _, r := range l.idle {
		r.stop()
	}
	l.idle = nil
	unix.Close(l.wakefd)
	unix.Close(l.ep)
	return l.epf.Close()
}

// openInner makes the epoll that the loop's descriptors are in, inside of the
// outer one, which is in Go's poller.
func (l *Loop) openInner(outer int) (err error) {
	if l.ep, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC); err != nil {
		return os.NewSyscallError("epoll_create1", err)
	}
	if err = unix.EpollCtl(outer, unix.EPOLL_CTL_ADD, l.ep, &unix.EpollEvent{Events: unix.EPOLLIN}); err != nil {
		unix.Close(l.ep)
		return os.NewSyscallError("epoll_ctl", err)
	}
	l.outer, l.audible = outer, true
	return nil
}

// hear tells Go's poller of the loop's events, or not. With a processor to spare,
// the runtime has a thread wait in the poller, and each event would wake it while
// the loop is at work and sees it by itself.
func (l *Loop) hear(on bool) {
	if on == l.audible || !on && l.dozer.procs == 1 {
		return
	}
	l.audible = on
	var ev unix.EpollEvent
	if on {
		ev.Events = unix.EPOLLIN
	}
	syscall.RawSyscall6(unix.SYS_EPOLL_CTL, uintptr(l.outer), unix.EPOLL_CTL_MOD, uintptr(l.ep), uintptr(unsafe.Pointer(&ev)), 0, 0)
}

// Run serves until Stop is called.
func (l *Loop) Run() {
	l.dozer.procs = runtime.GOMAXPROCS(0)
	l.dozer.others = l.others()
	l.next = l.takeRunner()
	for l.next != nil {
		r := l.next
		l.next = nil
		l.running = r
		r.resume()
	}
	l.running = nil
	l.stop.Store(false)
}

// Do runs f under a loop that does not run yet, or not any more, and returns
// when f has returned.
func (l *Loop) Do(f func()) {
	l.Go(func() {
		defer l.stop.Store(true)
		f()
	})
	l.Run()
}

// Stop makes Run return after the present batch. Any goroutine may call it.
func (l *Loop) Stop() {
	l.stop.Store(true)
	l.kick()
}

// OnSleep sets the functions that run before the loop would sleep, and after it
// has slept. When the first returns true it made work, and the loop looks again.
func (l *Loop) OnSleep(before func() bool, after func()) { l.onSleep, l.onWake = before, after }

// OnResume sets the function that runs whenever a task goes on after it has
// waited (Park, Sleep, Block, Yield), with the baton.
func (l *Loop) OnResume(f func()) { l.onResume = f }

// Now is the loop's clock: the wall time at which the present batch began.
func (l *Loop) Now() time.Time { return l.now }

// Update sets the clock to the present moment (ngx.update_time).
func (l *Loop) Update() { l.tick() }

func (l *Loop) tick() {
	l.now = time.Now()
	l.nano = int64(l.now.Sub(l.started))
}

// Post has f run under the loop, with the baton. Any goroutine may call it;
// functions run in the order of the calls.
func (l *Loop) Post(f func()) {
	l.mu.Lock()
	l.posted = append(l.posted, f)
	l.mu.Unlock()
	l.kick()
}

// kick ends a sleep of the poller.
func (l *Loop) kick() {
	if l.sleeping.CompareAndSwap(true, false) {
		one := uint64(1)
		unix.Write(l.wakefd, (*[8]byte)(unsafe.Pointer(&one))[:])
	}
}

// register adds a descriptor; the source hears of its events until unregister.
func (l *Loop) register(fd int, flags uint32, s source) (int32, error) {
	var i int32
	if n := len(l.free); n > 0 {
		i = l.free[n-1]
		l.free = l.free[:n-1]
	} else {
		i = int32(len(l.slots))
		l.slots = append(l.slots, slot{})
	}
	sl := &l.slots[i]
	sl.src = s
	ev := unix.EpollEvent{Events: flags, Fd: i, Pad: int32(sl.gen)}
	if _, _, e := syscall.RawSyscall6(unix.SYS_EPOLL_CTL, uintptr(l.ep), unix.EPOLL_CTL_ADD, uintptr(fd), uintptr(unsafe.Pointer(&ev)), 0, 0); e != 0 {
		l.release(i)
		return -1, os.NewSyscallError("epoll_ctl", e)
	}
	return i, nil
}

// modify changes the flags of a registered descriptor.
func (l *Loop) modify(fd int, i int32, flags uint32) error {
	ev := unix.EpollEvent{Events: flags, Fd: i, Pad: int32(l.slots[i].gen)}
	return os.NewSyscallError("epoll_ctl", unix.EpollCtl(l.ep, unix.EPOLL_CTL_MOD, fd, &ev))
}

// release frees a slot whose descriptor is about to be closed or was deleted.
func (l *Loop) release(i int32) {
	sl := &l.slots[i]
	sl.src = nil
	sl.gen++
	l.free = append(l.free, i)
}

// fetch asks the kernel for events without waiting.
func (l *Loop) fetch() {
	for {
		n, _, e := syscall.RawSyscall6(unix.SYS_EPOLL_PWAIT, uintptr(l.ep), uintptr(unsafe.Pointer(&l.events[0])), batchSize, 0, 0, 0)
		if e == unix.EINTR {
			continue
		}
		l.evi, l.evn = 0, 0
		if e == 0 {
			l.evn = int(n)
		}
		return
	}
}

// poll serves events, posted functions, timers and the run queue on runner r.
// It returns the task that must go on, or nil when the loop stops.
func (l *Loop) poll(r *runner) *Task {
	for {
		for l.evi < l.evn {
			ev := &l.events[l.evi]
			l.evi++
			sl := &l.slots[ev.Fd]
			if sl.src == nil || sl.gen != uint32(ev.Pad) {
				continue
			}
			sl.src.event(ev.Events)
			r.leave()
		}
		if l.queue.left > 0 {
			l.queue.left--
			it := l.queue.pop()
			switch {
			case it.f != nil:
				it.f()
				r.leave()
			case it.tm != nil:
				it.tm.fire()
				r.leave()
			case it.t.state == queued: // else somebody switched to it meanwhile
				return it.t
			}
			continue
		}
		if l.stop.Load() {
			return nil
		}
		l.wait()
		l.runPosted()
		l.runTimers()
		l.watch.round(l.now)
		l.queue.left = l.queue.len()
	}
}

// wait fetches the next batch, and sleeps only when nothing is left to do.
func (l *Loop) wait() {
	if l.queue.len() > 0 {
		l.fetch()
		l.tick()
		return
	}
	l.sleeping.Store(true)
	l.fetch()
	if l.evn == 0 && !l.hasPosted() && !l.stop.Load() && (l.onSleep == nil || !l.onSleep()) {
		if !l.doze() {
			l.sleep()
		}
		if l.onWake != nil {
			l.onWake()
		}
	}
	l.sleeping.Store(false)
	l.tick()
}

// sleep waits for events in Go's poller.
func (l *Loop) sleep() {
	l.tick()
	began := l.nano
	l.arm()
	l.watch.sleep()
	l.hear(true)
	l.epraw.Read(l.take) // an expired deadline is no error here: timers run next
	l.hear(false)
	l.watch.wake()
	l.tick()
	l.dozer.brisk = l.nano-began < int64(2*dozeTime) // it counts whole milliseconds
}

func (l *Loop) hasPosted() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.posted) > 0
}

// runPosted moves what other goroutines posted to the run queue.
func (l *Loop) runPosted() {
	l.mu.Lock()
	if len(l.posted) == 0 {
		l.mu.Unlock()
		return
	}
	fs := l.posted
	l.posted = l.spare[:0]
	l.mu.Unlock()
	for i, f := range fs {
		l.queue.push(item{f: f})
		fs[i] = nil
	}
	l.spare = fs[:0]
}

// arm tells Go's poller the time of the earliest timer.
func (l *Loop) arm() {
	first := l.timers.first()
	if first == l.armed && (first == 0 || first > l.nano) {
		return
	}
	l.armed = first
	if first == 0 {
		l.epf.SetReadDeadline(time.Time{})
		return
	}
	l.epf.SetReadDeadline(l.started.Add(time.Duration(first)))
}
