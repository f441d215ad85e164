package handlers

import (
	"context"
	"errors"

	"github.com/perigee-server/perigee/conf"
	"github.com/perigee-server/perigee/server/cycle"
	"github.com/perigee-server/perigee/server/handler"
	"github.com/perigee-server/perigee/server/log"
)

// callback is handler_service_var_update_callback: a task that runs once for a
// change of a shared service variable, in the worker that has changed it.
type callback struct {
	use     *use
	name    string // of the variable
	arg     []byte
	literal bool // arg stands in the configuration; else it is the value
	dir     *conf.Directive
	running bool // a change that comes meanwhile is missed
	again   bool // it has run before
	cancel  context.CancelCauseFunc
}

// setCallback is handler_service_var_update_callback.
func setCallback(c *cycle.Conf) error {
	m := mains.At(c)
	if err := noPointer(c, "service handlers"); err != nil {
		return err
	}
	name, err := variableName(c, c.Arg(1))
	if err != nil {
		return err
	}
	cb := &callback{use: m.mentionOf(c, c.Arg(0), 1, handler.KindService), name: name, dir: c.Dir}
	if len(c.Args()) > 2 {
		cb.arg, cb.literal = []byte(c.Arg(2)), true
	}
	m.callbacks = append(m.callbacks, cb)
	return nil
}

// run starts the callback for the variable's present value; with the baton.
func (cb *callback) run(s *service) {
	if cb.running || s.leaving {
		return
	}
	arg := cb.arg
	if !cb.literal {
		arg, _ = s.shared.v.Load(nil)
	}
	first := !cb.again
	cb.running, cb.again = true, true
	s.m.calls.Add(1)
	ctx, cancel := context.WithCancelCause(s.parent)
	cb.cancel = cancel
	go func() {
		_, err := s.call(ctx, cb.use, arg, first)
		s.m.calls.Add(-1)
		s.onLoop(func() {
			cb.running = false
			cancel(nil)
			cb.failed(s, err)
		})
	}()
}

func (cb *callback) failed(s *service, err error) {
	var p *panicked
	switch {
	case err == nil, errors.Is(err, handler.ErrWorkerExiting):
		return
	case errors.As(err, &p):
		s.log.Printf(log.Error, "update callback %q of service variable %q has panicked: \"%s\"", cb.use.name, s.name, oneLine(err.Error()))
		return
	}
	s.log.Printf(log.Error, "update callback %q of service variable %q has failed: \"%s\"", cb.use.name, s.name, oneLine(err.Error()))
}
