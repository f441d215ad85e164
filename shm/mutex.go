package shm

import (
	"runtime"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The mutex is one futex word: zero when free, else the holder's token and a
// bit that says that someone sleeps. Taking it is one compare-and-swap, so
// there is no moment at which it is taken and nobody's name is on it.
//
// Goroutines of one process that do not get it at once queue on an ordinary Go
// mutex, so at most one thread of a process waits in the kernel. A waiter goes
// through three stages. It looks at the word again after about as long as a
// section takes, and after twice that: a holder that needs longer is not on a
// processor, and looking all the time would slow it down. It naps and looks
// twice more, without a mark on the word, so that the holder need not wake it;
// shorter naps let 16 processes take the processors from the holder. Then it
// marks the word and sleeps in short waits, and asks after each whether the
// holder still lives. If not, it puts its own name in the dead one's place,
// rolls back what that left behind, and has the lock. A holder that is only
// descheduled is waited for; it can not be told from a slow one, which is why
// sections are short and free of allocation.
//
// The figures are chosen with BenchmarkProcesses: 16 processes that do nothing
// else than use one dictionary should get most of the rate of a single one, and
// each its share.
const (
	shortestSpin = 32 // turns of spin
	longestSpin  = 64
	firstNap     = 500 * time.Microsecond
	longestNap   = time.Millisecond
	firstWait    = time.Millisecond
	longestWait  = 16 * time.Millisecond
)

// lock begins a section. Every section ends with a deferred unlock.
func (z *Zone) lock() {
	if !z.atomic32(ctlLock).CompareAndSwap(0, z.token) {
		z.lockSlow()
	}
	if failHook != nil {
		failHook(failLocked)
	}
}

func (z *Zone) lockSlow() {
	z.mu.Lock()
	defer z.mu.Unlock()
	if z.acquire(ctlLock) {
		z.repair()
	}
}

// unlock ends a section: it commits, or takes everything back when the section
// panicked, and lets the panic go on.
func (z *Zone) unlock() {
	if cause := recover(); cause != nil {
		z.rollback()
		z.release(ctlLock)
		panic(cause)
	}
	if failHook != nil {
		failHook(failBeforeCommit)
	}
	z.checkpoint()
	if failHook != nil {
		failHook(failCommitted)
	}
	if z.atomic32(ctlLock).Swap(0)&waitersBit != 0 {
		z.wake(ctlLock)
	}
}

// acquire takes a lock word that was not free at first sight. It reports
// whether the lock was taken over from a dead holder.
func (z *Zone) acquire(off uint64) (tookOver bool) {
	word := z.atomic32(off)
	for turns := uint32(shortestSpin); turns <= longestSpin; turns *= 2 {
		spin(turns)
		if word.Load() == 0 && word.CompareAndSwap(0, z.token) {
			return false
		}
	}
	for nap := firstNap; nap <= longestNap; nap *= 2 {
		ts := unix.NsecToTimespec(int64(nap))
		unix.Nanosleep(&ts, nil)
		if word.Load() == 0 && word.CompareAndSwap(0, z.token) {
			return false
		}
	}
	wait := firstWait
	runtime.Gosched() // the holder may be a goroutine of this process
	for {
		w := word.Load()
		if w == 0 {
			// Others may sleep too; saying so costs one needless wake at worst.
			if word.CompareAndSwap(0, z.token|waitersBit) {
				return false
			}
			continue
		}
		if w&waitersBit == 0 {
			if !word.CompareAndSwap(w, w|waitersBit) {
				continue
			}
			w |= waitersBit
		}
		if !z.sleep(off, w, wait) {
			continue
		}
		if !z.alive(w) && word.CompareAndSwap(w, z.token|waitersBit) {
			return true
		}
		wait = min(2*wait, longestWait)
		runtime.Gosched()
	}
}

func (z *Zone) release(off uint64) {
	if z.atomic32(off).Swap(0)&waitersBit != 0 {
		z.wake(off)
	}
}

// repair rolls back a dead holder's section; the lock is ours.
func (z *Zone) repair() {
	if repairOff {
		z.clearUndo()
		return
	}
	z.rollback()
	z.store64(ctlRecoveries, z.load64(ctlRecoveries)+1)
	if failHook != nil {
		failHook(failRecovered)
	}
}

// Recover looks whether the process that holds the zone's lock has died and, if
// so, repairs the zone and frees the lock. The master calls it when it has
// reaped a worker; without it the next waiter does the same a moment later. It
// reports whether there was something to repair.
func (z *Zone) Recover() bool {
	w := z.atomic32(ctlLock).Load()
	if w == 0 || z.alive(w) {
		return false
	}
	z.mu.Lock()
	defer z.mu.Unlock()
	if !z.atomic32(ctlLock).CompareAndSwap(w, z.token|waitersBit) {
		return false
	}
	z.repair()
	z.release(ctlLock)
	return true
}

// Recoveries returns how often a dead process's section was taken back in the
// life of the zone.
func (z *Zone) Recoveries() uint64 {
	return z.atomic64(ctlRecoveries).Load()
}

const (
	futexWait = 0
	futexWake = 1
)

// sleep waits until the word is no longer w, or someone wakes it, or the time
// is over; it reports the last.
func (z *Zone) sleep(off uint64, w uint32, d time.Duration) (timedOut bool) {
	ts := unix.NsecToTimespec(int64(d))
	_, _, errno := unix.Syscall6(unix.SYS_FUTEX, uintptr(unsafe.Pointer(&z.mem[off])),
		futexWait, uintptr(w), uintptr(unsafe.Pointer(&ts)), 0, 0)
	return errno == unix.ETIMEDOUT
}

func (z *Zone) wake(off uint64) {
	unix.Syscall6(unix.SYS_FUTEX, uintptr(unsafe.Pointer(&z.mem[off])), futexWake, 1, 0, 0, 0)
}
