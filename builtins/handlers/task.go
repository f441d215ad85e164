package handlers

import (
	"context"
	"sync/atomic"

	"github.com/perigee-server/perigee/server/event"
	"github.com/perigee-server/perigee/server/handler"
	"github.com/perigee-server/perigee/server/http"
)

// task is one run of an asynchronous handler. The handler's goroutine completes
// it exactly once, whatever happens to the request meanwhile; the request, which
// holds the baton, waits for that or gives the task up. Who comes second finds
// in state what the other one did, so that neither is lost.
type task[T any] struct {
	loop   *event.Loop
	waiter *event.Task
	state  atomic.Int32

	value T
	err   error
}

// The states of a task.
const (
	taskRuns    int32 = iota // the handler runs; nobody waits
	taskAwaited              // the handler runs; the request is parked
	taskDone                 // value and err are there
)

// complete publishes the result; held says that the caller has the baton.
func (t *task[T]) complete(v T, err error, held bool) {
	t.value, t.err = v, err
	if t.state.Swap(taskDone) != taskAwaited {
		return
	}
	if held {
		t.loop.Wake(t.waiter)
		return
	}
	t.loop.Post(func() { t.loop.Wake(t.waiter) })
}

// run calls f and completes the task with its result, its panic, or the end of
// its goroutine.
func (t *task[T]) run(ctx context.Context, f func(ctx context.Context) (T, error), held bool) {
	done := false
	defer func() {
		if !done {
			var none T
			t.complete(none, recovered(recover()), held)
		}
	}()
	v, err := f(ctx)
	done = true
	t.complete(v, err, held)
}

// start runs f, of which h is the habit: beside the loop, or with the baton on a
// task of it. It returns a function that cancels f, and must be called in the end.
func (t *task[T]) start(parent context.Context, h *event.Habit, f func(ctx context.Context) (T, error), held bool) (cancel func(cause error)) {
	ctx, cancelContext := context.WithCancelCause(parent)
	if held {
		runner := t.loop.Go(func() { t.run(ctx, f, true) })
		return func(cause error) {
			cancelContext(cause)
			if cause != nil {
				runner.Cancel(cause)
			}
		}
	}
	t.loop.Aside(h, func() { t.run(ctx, f, false) })
	return cancelContext
}

// await runs an asynchronous handler while the request waits. Abandoned is
// handler.ErrClientGone, or the cause for which the request's task was
// cancelled, when the result was not waited for.
func await[T any](r *http.Request, u *use, f func(ctx context.Context) (T, error)) (v T, err, abandoned error) {
	t := &task[T]{loop: r.Loop()}
	cancel := t.start(mains.Of(r).ctx, u.habit, f, u.h.Held)
	defer cancel(nil)
	if locations.Of(r).ignoreAbort.V {
		return t.join(cancel, nil)
	}
	return t.join(cancel, func(abort func()) (remove func()) { return r.OnAbort(abort) })
}

// join waits, on the present task of the loop, for the completion or for abort,
// which watch, that may be nil, makes known to whom it concerns.
func (t *task[T]) join(cancel func(cause error), watch func(abort func()) (remove func())) (v T, err, abandoned error) {
	if t.state.Load() == taskDone {
		return t.value, t.err, nil
	}
	t.waiter = t.loop.Current()
	if watch != nil {
		defer watch(func() {
			abandoned = handler.ErrClientGone
			t.loop.Wake(t.waiter)
		})()
	}
	if !t.state.CompareAndSwap(taskRuns, taskAwaited) {
		return t.value, t.err, nil
	}
	for t.state.Load() != taskDone && abandoned == nil {
		if cause := t.loop.Park(); cause != nil {
			abandoned = cause
		}
	}
	if t.state.Load() == taskDone {
		return t.value, t.err, nil
	}
	cancel(abandoned)
	return v, nil, abandoned
}
