package handlers

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/perigee-server/perigee/conf"
	"github.com/perigee-server/perigee/server/cycle"
	"github.com/perigee-server/perigee/server/event"
	"github.com/perigee-server/perigee/server/handler"
	"github.com/perigee-server/perigee/server/http"
	"github.com/perigee-server/perigee/server/log"
)

// service is a service variable: what the configuration says of it, and its
// state in a worker. The loop owns all of it but for what run uses.
type service struct {
	name        string
	use         *use
	arg         []byte
	dir         *conf.Directive
	shared      *shared // nil for a service of each worker
	ignoreEmpty bool
	callbacks   []*callback
	updateHook  *use

	w       *cycle.Work
	loop    *event.Loop
	log     *log.Logger
	parent  context.Context
	value   []byte            // of a service of each worker
	cancel  func(cause error) // of the present run, nil when none is
	leaving bool
	told    atomic.Bool // leaving, and the present run's context is cancelled
	m       *mainConf

	// interruptions of the present run; again: it has begun as one that is
	// interrupted already.
	interruptions int
	again         bool
}

// setService is handler_run_service.
func setService(c *cycle.Conf) error {
	m := mains.At(c)
	if err := noPointer(c, "service handlers"); err != nil {
		return err
	}
	name, err := variableName(c, c.Arg(1))
	if err != nil {
		return err
	}
	s := &service{name: name, dir: c.Dir, use: m.mentionOf(c, c.Arg(0), 1, handler.KindService)}
	if len(c.Args()) > 2 {
		s.arg = []byte(c.Arg(2))
	}
	vars := http.ScopeOf(c).Main.Vars
	if m.services[name] != nil {
		return c.Errorf("multiple declarations of variable %q in a single configuration level", name)
	}
	if old := vars.Lookup(name); old != nil && old.Get != nil {
		return c.Errorf("variable %q has been already defined with another variable handler", name)
	}
	if _, err := vars.Add(http.Variable{Name: name, Get: s.get}); err != nil {
		return c.Errorf("%s", err)
	}
	if m.services == nil {
		m.services = map[string]*service{}
	}
	m.services[name] = s
	m.serviceList = append(m.serviceList, s)
	return nil
}

// noPointer refuses the form name(r) of a handler that knows no request.
func noPointer(c *cycle.Conf, what string) error {
	if n := c.Arg(0); len(n) > 3 && n[len(n)-3:] == "(r)" {
		return c.Errorf("%s do not accept request pointers", what)
	}
	return nil
}

// get is the variable: the service's last result, empty before the first.
func (s *service) get(r *http.Request) ([]byte, bool) {
	if s.shared != nil {
		return s.shared.load(r), true
	}
	return s.value, true
}

// prepare gives the service its worker.
func (s *service) prepare(w *cycle.Work, m *mainConf) {
	s.w, s.loop, s.log, s.parent, s.m = w, w.Loop, w.Cycle.Log, m.ctx, m
}

// start runs the service for the life of the worker.
func (s *service) start() error {
	if s.shared == nil {
		s.w.Enter()
		go s.run()
		return nil
	}
	lock, err := openLock(s.shared.lockPath())
	if err != nil {
		return err
	}
	go s.runShared(lock)
	return nil
}

// runShared runs the service for as long as this worker holds its lock. Waiting
// for the lock is the kernel's business: it costs nothing, and the next worker
// goes on as soon as the holder has left or died.
func (s *service) runShared(lock *lock) {
	if err := lock.acquire(); err != nil {
		s.log.Printf(log.Alert, "lock %q of service variable %q: %s", lock.path, s.name, err)
		return
	}
	mayRun := false
	s.onLoop(func() {
		if mayRun = !s.leaving; mayRun {
			s.w.Enter() // a worker that quits waits for the service
		}
	})
	if mayRun {
		s.run()
	}
	lock.release()
}

// leave tells the service, with the baton, that the worker ends.
func (s *service) leave() {
	s.leaving = true
	if s.cancel != nil {
		s.cancel(handler.ErrWorkerExiting)
		s.told.Store(true)
	}
	for _, cb := range s.callbacks {
		if cb.running {
			cb.cancel(handler.ErrWorkerExiting)
		}
	}
}

// interrupt has the service run again, with the baton; only a run that is
// active hears of it.
func (s *service) interrupt() {
	if s.cancel != nil {
		s.interruptions++
		s.cancel(handler.ErrServiceInterrupted)
	}
}

// missed reports, with the baton, whether a run that has ended with err may have
// looked at what it depends on before the last interruption: a context is
// cancelled only once, and a result may have been on its way.
func (s *service) missed(err error) bool {
	switch {
	case s.interruptions == 0:
		return false
	case s.interruptions > 1, s.again:
		return true
	}
	return !errors.Is(err, handler.ErrServiceInterrupted)
}

// onLoop runs f under the loop and waits for it. A loop that has ended needs it
// no more.
func (s *service) onLoop(f func()) {
	done := make(chan struct{})
	s.loop.Post(func() {
		f()
		close(done)
	})
	select {
	case <-done:
	case <-s.parent.Done():
	}
}

// run calls the handler again and again. Each call has a context of its own. A
// result is published and the next call's context made as one step under the
// loop: no cancellation can cut it in two, and an interruption by one who has
// seen the result reaches the next call.
func (s *service) run() {
	var ctx context.Context
	s.onLoop(func() { ctx = s.begin(nil) })
	for first := true; ctx != nil; first = false {
		value, err := s.call(ctx, s.use, s.arg, first)
		heard := context.Cause(ctx)
		if s.told.Load() && !s.use.h.Held && heard != handler.ErrWorkerExiting {
			value, err = s.farewell() // here, as the loop may have ended
			heard = handler.ErrWorkerExiting
		}
		s.m.calls.Add(-1)
		ctx = nil
		s.onLoop(func() {
			s.cancel(nil)
			s.cancel = nil
			s.again = s.missed(err)
			s.finish(value, err)
			ctx = s.begin(heard)
		})
	}
	s.onLoop(s.w.Leave)
}

// farewell runs the service once more with a context that tells of the worker's
// end: a run that was interrupted before could not hear of it, and may have state
// to keep.
func (s *service) farewell() ([]byte, error) {
	ctx, cancel := context.WithCancelCause(s.parent)
	cancel(handler.ErrWorkerExiting)
	return s.call(ctx, s.use, s.arg, false)
}

// begin makes the context of a call, with the baton, after one that has heard of
// a cancellation, or of none. When the worker leaves it is nil; but after a call
// that was interrupted, and could not hear of that as well, one more does.
func (s *service) begin(heard error) context.Context {
	if s.leaving && heard != handler.ErrServiceInterrupted {
		return nil
	}
	ctx, cancel := context.WithCancelCause(s.parent)
	s.cancel = cancel
	s.m.calls.Add(1)
	s.interruptions = 0
	switch {
	case s.leaving:
		cancel(handler.ErrWorkerExiting)
	case s.again:
		cancel(handler.ErrServiceInterrupted)
	}
	return ctx
}

// call calls a handler and waits for it: with the baton when it wants that.
// Whenever the context is cancelled the handler runs, and its waits tell it.
func (s *service) call(ctx context.Context, u *use, arg []byte, first bool) (value []byte, err error) {
	done := make(chan struct{})
	if !u.h.Held {
		s.loop.Aside(u.habit, func() {
			defer close(done)
			err = recovered(nil) // unless it returns
			value, err = callService(ctx, u.h, arg, first)
		})
		<-done
		return value, err
	}
	s.loop.Post(func() {
		started := false
		var t *event.Task
		t = s.loop.Go(func() {
			started = true
			defer close(done)
			if ctx.Err() != nil {
				t.Cancel(context.Cause(ctx))
			}
			value, err = callService(ctx, u.h, arg, first)
		})
		context.AfterFunc(ctx, func() {
			s.loop.Post(func() {
				if started { // else it sees to that itself
					t.Cancel(context.Cause(ctx))
				}
			})
		})
	})
	select {
	case <-done:
		return value, err
	case <-s.parent.Done():
		return nil, context.Cause(s.parent)
	}
}

// callService calls a handler and catches its panic.
func callService(ctx context.Context, h *handler.Handler, arg []byte, first bool) (value []byte, err error) {
	done := false
	defer func() {
		if !done {
			err = recovered(recover())
		}
	}()
	value, err = h.RunService(ctx, arg, first)
	done = true
	return value, err
}

// finish takes the result of a run, with the baton.
func (s *service) finish(value []byte, err error) {
	switch {
	case err == nil:
		s.publish(value)
	case errors.Is(err, handler.ErrTerminateWorker):
		s.log.Printf(log.Emerg, "handler %q of service variable %q: \"%s\", terminating the worker process", s.use.name, s.name, oneLine(err.Error()))
		s.m.failing = true
		s.w.Fail(oneLine(err.Error()))
	case errors.Is(err, handler.ErrRestartWorker):
		s.log.Printf(log.Emerg, "handler %q of service variable %q: \"%s\", the worker process shall be respawned", s.use.name, s.name, oneLine(err.Error()))
		s.m.failing = true
		s.w.Restart()
	case errors.Is(err, handler.ErrWorkerExiting) && s.leaving:
	default:
		s.failed(err)
	}
}

// failed logs a run without a result.
func (s *service) failed(err error) {
	level, what := log.Error, "has failed"
	var p *panicked
	switch {
	case errors.As(err, &p):
		what = "has panicked"
	case errors.Is(err, handler.ErrServiceInterrupted):
		level, what = log.Notice, "was interrupted"
	}
	s.log.Printf(level, "handler %q %s while getting value of service variable %q: \"%s\", using old value", s.use.name, what, s.name, oneLine(err.Error()))
}

// publish makes a result the variable's value and tells those who follow it.
func (s *service) publish(value []byte) {
	if len(value) == 0 && s.ignoreEmpty {
		return
	}
	if s.shared != nil {
		s.shared.publish(s, value)
		return
	}
	if string(value) == string(s.value) {
		return
	}
	s.value = value
	if s.updateHook != nil {
		runHook(s.log, s.updateHook, value)
	}
}

// leaveServices tells all services that the worker ends, with the baton.
func (m *mainConf) leaveServices() {
	for _, s := range m.serviceList {
		s.leave()
	}
}

// awaitServices gives services that still run time to clean up while the worker
// exits.
func (m *mainConf) awaitServices(w *cycle.Work) {
	limit := exitTime
	if d := w.Cycle.Core.ShutdownTimeout; d.Set && d.V > 0 {
		limit = min(limit, d.V)
	}
	for deadline := time.Now().Add(limit); m.calls.Load() > 0; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			w.Cycle.Log.Printf(log.Warn, "services have not ended within %s and are abandoned", limit)
			return
		}
	}
}

// exitTime bounds how long a worker that ends at once waits for its services,
// unless worker_shutdown_timeout is less.
const exitTime = 3 * time.Second
