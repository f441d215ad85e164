// Package services makes services (handler.Service) out of plain functions:
// one that runs every so often, one that runs once and cleans up when its worker
// ends, one whose first run differs from the later ones.
//
//	handler.Service("load", services.Every(10*time.Second, func(ctx context.Context, path []byte) ([]byte, error) {
//		return os.ReadFile(string(path))
//	}))
package services

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/perigee-server/perigee/server/handler"
)

// Func is a service as handler.Service takes it.
type Func = func(ctx context.Context, arg []byte, firstRun bool) ([]byte, error)

// Run is one run of a service.
type Run func(ctx context.Context, arg []byte) ([]byte, error)

// Every runs f at once, and then again period after it has returned. A service
// hook has it run at once.
func Every(period time.Duration, f Run) Func {
	var hooked interrupts
	return func(ctx context.Context, arg []byte, firstRun bool) ([]byte, error) {
		if !firstRun && !hooked.take(arg) {
			if err := Sleep(ctx, period); err != nil {
				hooked.note(arg, err)
				return nil, err
			}
		}
		return f(ctx, arg)
	}
}

// Once runs f a single time in each worker; its result stays the variable's
// value. When the worker ends cleanup, which may be nil, is called with the
// argument. A service hook has f run again.
func Once(f Run, cleanup func(arg []byte)) Func {
	var hooked interrupts
	return func(ctx context.Context, arg []byte, firstRun bool) ([]byte, error) {
		if firstRun || hooked.take(arg) {
			return f(ctx, arg)
		}
		<-ctx.Done()
		cause := context.Cause(ctx)
		if !hooked.note(arg, cause) && cleanup != nil {
			cleanup(arg)
		}
		return nil, cause
	}
}

// interrupts remembers which services a hook has interrupted in their sleep, by
// their arguments: the next run does not sleep.
type interrupts struct{ m sync.Map }

// note reports whether the cause is a hook, and remembers it.
func (i *interrupts) note(arg []byte, cause error) bool {
	if !errors.Is(cause, handler.ErrServiceInterrupted) {
		return false
	}
	i.m.Store(string(arg), true)
	return true
}

// take reports whether the last run was interrupted, once.
func (i *interrupts) take(arg []byte) bool {
	_, was := i.m.LoadAndDelete(string(arg))
	return was
}

// Split runs ignite first and later in all following runs.
func Split(ignite, later Run) Func {
	return func(ctx context.Context, arg []byte, firstRun bool) ([]byte, error) {
		if firstRun {
			return ignite(ctx, arg)
		}
		return later(ctx, arg)
	}
}

// Sleep waits for d, or returns the cause of the context's cancellation.
func Sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Typed decodes the argument of a service before f gets it, as handler.Typed
// does for other handlers; an argument that does not fit ends the worker, as it
// stands in the configuration and never will.
func Typed[T any](f func(ctx context.Context, arg T) ([]byte, error)) Run {
	return func(ctx context.Context, arg []byte) ([]byte, error) {
		v, err := handler.Decode[T](arg)
		if err != nil {
			return nil, &badArgument{err}
		}
		return f(ctx, v)
	}
}

// badArgument is an argument that does not fit.
type badArgument struct{ err error }

func (e *badArgument) Error() string   { return e.err.Error() }
func (e *badArgument) Unwrap() []error { return []error{e.err, handler.ErrTerminateWorker} }
