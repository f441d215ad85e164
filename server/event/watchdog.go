package event

import (
	"bytes"
	"runtime"
	"sync/atomic"
	"time"
)

// watchdog notices that the baton has been held too long, from a goroutine of
// its own that sleeps while the loop sleeps.
type watchdog struct {
	on    bool
	since atomic.Int64 // when the present round began; 0 while the loop sleeps
	nap   atomic.Bool  // the goroutine waits on bell
	bell  chan struct{}
}

// Watch has report called, from another goroutine, with the stack of the holder
// whenever the baton was held longer than limit without a look at the queue;
// once per round.
func (l *Loop) Watch(limit time.Duration, report func(held time.Duration, stack []byte)) {
	w := &l.watch
	w.on = true
	w.bell = make(chan struct{}, 1)
	w.since.Store(time.Now().UnixNano())
	go w.run(limit, report)
}

// run looks at the holder four times a limit. Looks that come late do not count:
// on a machine without a processor to spare, everything takes long.
func (w *watchdog) run(limit time.Duration, report func(time.Duration, []byte)) {
	const looks = 4
	var seen int64 // the round that the last look saw
	count := 0
	for {
		began := time.Now()
		time.Sleep(limit / looks)
		since := w.since.Load()
		if since == 0 {
			count = 0
			w.nap.Store(true)
			if w.since.Load() == 0 {
				<-w.bell
			}
			w.nap.Store(false)
			continue
		}
		late := time.Since(began) > limit/looks+limit/5
		if since != seen || late {
			seen, count = since, 0
			continue
		}
		if count++; count == looks {
			report(time.Since(time.Unix(0, since)), holder())
		}
	}
}

// sleep notes that the loop parks.
func (w *watchdog) sleep() {
	if w.on {
		w.since.Store(0)
	}
}

// wake notes that a round begins.
func (w *watchdog) wake() {
	if !w.on {
		return
	}
	w.since.Store(time.Now().UnixNano())
	if w.nap.Load() {
		select {
		case w.bell <- struct{}{}:
		default:
		}
	}
}

// round notes that the holder looked at the queue.
func (w *watchdog) round(now time.Time) {
	if w.on {
		w.since.Store(now.UnixNano())
	}
}

// holder is the stack of the goroutine that holds the baton: the one below a
// runner that is not waiting for its coroutine.
func holder() []byte {
	buf := make([]byte, 1<<20)
	buf = buf[:runtime.Stack(buf, true)]
	for g := range bytes.SplitSeq(buf, []byte("\n\n")) {
		line, _, _ := bytes.Cut(g, []byte("\n"))
		if !bytes.Contains(g, []byte("event.(*runner).main")) || bytes.Contains(line, []byte("[coroutine")) {
			continue
		}
		return bytes.Clone(g)
	}
	return nil
}
