package handlertest

import (
	"context"
	"sync"

	"github.com/perigee-server/perigee/server/handler"
)

// Service runs a service as a worker does: again and again, never two at once,
// each run with a context of its own.
type Service struct {
	h   *handler.Handler
	arg []byte

	mu      sync.Mutex
	value   string
	changes int
	seen    int
	runs    int
	errs    []error
	cancel  context.CancelCauseFunc
	leaving bool
	done    chan struct{}
}

// NewService prepares a service that Start runs.
func NewService(name, arg string) (*Service, error) {
	h, err := lookup(name, handler.KindService)
	if err != nil {
		return nil, err
	}
	return &Service{h: h, arg: []byte(arg), done: make(chan struct{})}, nil
}

// Start runs the service on a goroutine of its own until Stop is called.
func (s *Service) Start() { go s.loop() }

func (s *Service) loop() {
	defer close(s.done)
	for first := true; ; first = false {
		s.mu.Lock()
		if s.leaving {
			s.mu.Unlock()
			return
		}
		ctx, cancel := context.WithCancelCause(context.Background())
		s.cancel = cancel
		s.runs++
		s.mu.Unlock()
		v, err := guard(func() ([]byte, error) { return s.h.RunService(ctx, s.arg, first) })
		s.mu.Lock()
		s.cancel = nil
		cancel(nil)
		switch {
		case err != nil:
			s.errs = append(s.errs, err)
		case string(v) != s.value:
			s.value = string(v)
			s.changes++
		}
		s.mu.Unlock()
	}
}

// Interrupt cancels the present run, as a service hook does.
func (s *Service) Interrupt() { s.stopRun(handler.ErrServiceInterrupted, false) }

// Stop tells the service that the worker exits, and waits for its end.
func (s *Service) Stop() {
	s.stopRun(handler.ErrWorkerExiting, true)
	<-s.done
}

func (s *Service) stopRun(cause error, leave bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.leaving = s.leaving || leave
	if s.cancel != nil {
		s.cancel(cause)
	}
}

// Value is the service's variable.
func (s *Service) Value() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.value
}

// Updated is $_upd__NAME of a shared variable: the value if it has changed since
// the last call, else nothing.
func (s *Service) Updated() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.seen == s.changes {
		return ""
	}
	s.seen = s.changes
	return s.value
}

// Runs is how often the service has been run.
func (s *Service) Runs() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.runs
}

// Errors are the errors with which runs have ended; the variable keeps its value
// then.
func (s *Service) Errors() []error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]error(nil), s.errs...)
}
