package event

import (
	"context"
	"iter"
	"time"
)

// maxIdle is how many goroutines without work a loop keeps.
const maxIdle = 256

type state uint8

const (
	fresh state = iota
	queued
	running
	parked
	done
)

// Task is one flow of control that can wait: a request's handler once it
// waits, a light thread, a timer's function. It lives until its function has
// returned and is never reused, so a late Wake or Cancel is harmless.
type Task struct {
	l     *Loop
	r     *runner
	fn    func()
	state state
	cause error
	then  *Task // goes on when this one has returned
	// cancelled hears of the cancellation while Block runs.
	cancelled func(error)
}

// runner is a goroutine that can hold the baton.
type runner struct {
	l      *Loop
	resume func() (struct{}, bool)
	stop   func()
	yield  func(struct{}) bool
	task   *Task // what it runs; nil while it polls or runs a handler that never waited
}

func (l *Loop) takeRunner() *runner {
	if n := len(l.idle); n > 0 {
		r := l.idle[n-1]
		l.idle[n-1] = nil
		l.idle = l.idle[:n-1]
		return r
	}
	r := &runner{l: l}
	r.resume, r.stop = iter.Pull(r.main)
	l.dozer.runners++
	return r
}

// main is the life of a runner: run the task it was given, then poll, until
// another runner must go on.
func (r *runner) main(yield func(struct{}) bool) {
	r.yield = yield
	l := r.l
	defer func() { l.dozer.runners-- }()
	for {
		n := r.given()
		for n == nil || n.fn != nil {
			if n == nil {
				n = l.poll(r)
			}
			if n == nil {
				return // the loop stops: Run ends, as nobody is next
			}
			if n.fn != nil {
				n = r.run(n)
			}
		}
		n.state = running
		l.next = n.r
		if len(l.idle) >= maxIdle {
			return
		}
		l.idle = append(l.idle, r)
		if !yield(struct{}{}) {
			return
		}
	}
}

// given runs the task with which another runner resumed r, if there is one.
func (r *runner) given() *Task {
	t := r.task
	if t == nil {
		return nil
	}
	return r.run(t)
}

// run executes a new task to its end on r and returns the task that it named to
// go on.
func (r *runner) run(t *Task) *Task {
	fn := t.fn
	t.fn = nil
	r.task = t
	t.r = r
	t.state = running
	if t.cause == nil {
		fn()
	}
	r.leave()
	return t.then
}

// leave ends the task that r ran, if it was one.
func (r *runner) leave() {
	if t := r.task; t != nil {
		t.state = done
		t.r = nil
		r.task = nil
	}
}

// New makes a task that does not run yet: Wake queues it, Switch runs it now.
func (l *Loop) New(fn func()) *Task { return &Task{l: l, fn: fn} }

// Go makes a task and appends it to the run queue.
func (l *Loop) Go(fn func()) *Task {
	t := l.New(fn)
	l.Wake(t)
	return t
}

// Current is the task that holds the baton.
func (l *Loop) Current() *Task {
	r := l.running
	if r.task == nil {
		r.task = &Task{l: l, r: r, state: running}
	}
	return r.task
}

// Done reports whether the task's function has returned.
func (t *Task) Done() bool { return t.state == done }

// Cause is the cause of the task's cancellation, nil while it is not cancelled.
func (t *Task) Cause() error { return t.cause }

// Wake appends a task that waits, or a new one, to the run queue. Waking a task
// that runs, is queued or has ended does nothing.
func (l *Loop) Wake(t *Task) {
	if t.state != parked && (t.state != fresh || t.fn == nil) {
		return
	}
	t.state = queued
	l.queue.push(item{t: t})
}

// Park waits until somebody wakes the current task. It returns the cause when
// the task was cancelled, before or while it waited. A wake-up says no more
// than that the reason for waiting should be looked at again.
func (l *Loop) Park() error {
	t := l.Current()
	if t.cause != nil {
		return t.cause
	}
	l.suspend(t)
	return t.cause
}

// suspend gives the baton to the next poller until t is resumed.
func (l *Loop) suspend(t *Task) {
	t.state = parked
	r := l.running
	l.next = l.takeRunner()
	r.yield(struct{}{})
	if l.onResume != nil {
		l.onResume()
	}
}

// Switch parks the current task and hands the baton to another one, which is
// new or parked, without anything in between. It returns when the current task
// is woken or switched to; the error is the current task's cancellation.
func (l *Loop) Switch(to *Task) error {
	t := l.Current()
	t.state = parked
	l.jump(to)
	return t.cause
}

// SwitchQueued is Switch with the current task at the queue's tail: the other
// task runs first, the current one goes on in its turn.
func (l *Loop) SwitchQueued(to *Task) error {
	t := l.Current()
	t.state = parked
	l.Wake(t)
	l.jump(to)
	return t.cause
}

func (l *Loop) jump(to *Task) {
	r := l.running
	if to.fn != nil {
		n := l.takeRunner()
		n.task = to
		l.next = n
	} else {
		l.next = to.r
	}
	to.state = running
	r.yield(struct{}{})
}

// ExitTo names the task that goes on, without anything in between, when the
// current task's function returns.
func (l *Loop) ExitTo(to *Task) { l.Current().then = to }

// Cancel makes the task's present wait, and every later one, return cause. A
// task that is new never runs. Cancelling again changes nothing.
func (t *Task) Cancel(cause error) {
	if t.cause != nil || t.state == done {
		return
	}
	t.cause = cause
	if t.cancelled != nil {
		t.cancelled(cause)
		return
	}
	if t.state == parked {
		t.l.Wake(t)
	}
}

// Pardon takes a cancellation back, for code that must wait while it unwinds;
// the returned function puts it in force again.
func (t *Task) Pardon() (restore func()) {
	cause := t.cause
	t.cause = nil
	return func() {
		if t.cause == nil {
			t.cause = cause
		}
	}
}

// Yield lets everything that is queued run before the current task goes on.
func (l *Loop) Yield() error {
	t := l.Current()
	if t.cause != nil {
		return t.cause
	}
	t.state = queued
	l.queue.push(item{t: t})
	l.next = l.takeRunner()
	l.running.yield(struct{}{})
	if l.onResume != nil {
		l.onResume()
	}
	return t.cause
}

// Sleep waits for d.
func (l *Loop) Sleep(d time.Duration) error {
	t := l.Current()
	over := false
	tm := l.NewTimer(func() { over = true; l.Wake(t) })
	tm.Reset(d)
	for !over {
		if err := l.Park(); err != nil {
			tm.Stop()
			return err
		}
	}
	return nil
}

// Block runs f, which may block, on a goroutine of its own without the baton,
// and returns when f has returned: at the queue's tail. A cancellation of the
// task reaches f through its context (context.Cause); Block then still waits for
// f, and returns the cause.
func (l *Loop) Block(f func(context.Context)) error {
	t := l.Current()
	if t.cause != nil {
		return t.cause
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	t.cancelled = cancel
	over := false
	go func() {
		f(ctx)
		l.Post(func() { over = true; l.Wake(t) })
	}()
	for !over {
		l.suspend(t)
	}
	t.cancelled = nil
	cancel(nil)
	return t.cause
}
