package event

import "time"

// Timer runs a function under the loop once its time has come. Setting it to a
// later time, and stopping it, cost nothing: the heap learns of them when the
// earlier time arrives, as keep-alive connections move their timers with every
// request.
type Timer struct {
	l    *Loop
	f    func()
	when int64 // the heap's key, and then nth
	nth  int64 // when it took its place in the heap, counted
	due  int64 // the real time; 0 when stopped
	at   int   // index in the heap + 1; 0 when not in it
}

// NewTimer makes a timer that is not set.
func (l *Loop) NewTimer(f func()) *Timer { return &Timer{l: l, f: f} }

// Init prepares a timer that is part of a larger value.
func (t *Timer) Init(l *Loop, f func()) { t.l, t.f = l, f }

// Reset sets the timer to run after d, measured from the loop's clock.
func (t *Timer) Reset(d time.Duration) {
	due := max(t.l.nano+int64(d), 1)
	t.due = due
	if t.at == 0 {
		t.place(due)
		t.l.timers.add(t)
		return
	}
	if due < t.when {
		t.place(due)
		t.l.timers.up(t.at - 1)
	}
}

// place sets the key: timers of the same moment run in the order in which they
// were set.
func (t *Timer) place(when int64) {
	t.l.placed++
	t.when, t.nth = when, t.l.placed
}

// Stop makes sure that the function does not run.
func (t *Timer) Stop() { t.due = 0 }

// Remove stops the timer and takes it out of the heap, for the end of the value
// that holds it.
func (t *Timer) Remove() {
	t.due = 0
	if t.at != 0 {
		t.l.timers.remove(t.at - 1)
	}
}

// Active reports whether the timer is set.
func (t *Timer) Active() bool { return t.due != 0 }

// runTimers queues the functions of the timers whose time has come.
func (l *Loop) runTimers() {
	for {
		t := l.timers.due(l.nano)
		if t == nil {
			return
		}
		if t.due == 0 {
			l.timers.remove(t.at - 1)
			continue
		}
		if t.due > l.nano {
			t.place(t.due)
			l.timers.down(t.at - 1)
			continue
		}
		l.timers.remove(t.at - 1)
		l.queue.push(item{tm: t})
	}
}

// fire runs the function, unless the timer was stopped or set anew since it
// came due.
func (t *Timer) fire() {
	if t.due == 0 || t.at != 0 {
		return
	}
	t.due = 0
	t.f()
}

// timerHeap is a binary heap by time.
type timerHeap []*Timer

func (t *Timer) before(other *Timer) bool {
	return t.when < other.when || t.when == other.when && t.nth < other.nth
}

func (h timerHeap) first() int64 {
	if len(h) == 0 {
		return 0
	}
	return h[0].when
}

func (h timerHeap) due(now int64) *Timer {
	if len(h) == 0 || h[0].when > now {
		return nil
	}
	return h[0]
}

func (h *timerHeap) add(t *Timer) {
	*h = append(*h, t)
	t.at = len(*h)
	h.up(t.at - 1)
}

func (h *timerHeap) remove(i int) {
	s := *h
	t := s[i]
	last := len(s) - 1
	if i != last {
		s[i] = s[last]
		s[i].at = i + 1
	}
	s[last] = nil
	*h = s[:last]
	if i != last {
		h.up(i)
		h.down(i)
	}
	t.at = 0
}

func (h timerHeap) up(i int) {
	for i > 0 {
		p := (i - 1) / 2
		if h[p].before(h[i]) {
			return
		}
		h.swap(i, p)
		i = p
	}
}

func (h timerHeap) down(i int) {
	for {
		c := 2*i + 1
		if c >= len(h) {
			return
		}
		if c+1 < len(h) && h[c+1].before(h[c]) {
			c++
		}
		if h[i].before(h[c]) {
			return
		}
		h.swap(i, c)
		i = c
	}
}

func (h timerHeap) swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].at = i + 1
	h[j].at = j + 1
}

// Ready reports whether the timer was given a loop.
func (t *Timer) Ready() bool { return t.l != nil }
