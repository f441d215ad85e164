// Package native is how scripts of other languages call native handlers: the
// module that runs handlers says how, and the module of the language asks it.
package native

import (
	"errors"

	"github.com/perigee-server/perigee/server/handler"
	"github.com/perigee-server/perigee/server/http"
)

// Caller calls handlers in a worker. All functions are called with the baton;
// those of asynchronous handlers wait, and return in abandoned the cause for which
// the waiting task was cancelled meanwhile. The request may be nil. A panic is an
// error too.
type Caller struct {
	Sync    func(r *http.Request, h *handler.Handler, args [][]byte) (handler.Value, error)
	Async   func(r *http.Request, h *handler.Handler, body *handler.Body, arg []byte) (b []byte, err, abandoned error)
	Content func(r *http.Request, h *handler.Handler, body *handler.Body, arg []byte) (resp handler.Response, err, abandoned error)
}

// Callers finds the caller of an http block.
var Callers = http.NewMain(func() *Caller { return &Caller{} }, nil)

// EventsZone is the zone of the event channel that scripts and handlers share.
const EventsZone = "lua_worker_events"

// Panic is the error that a handler's panic has become.
type Panic interface {
	error
	// HandlerPanic tells nothing but that it is one.
	HandlerPanic()
}

// Panicked reports whether an error stands for a panic.
func Panicked(err error) bool {
	var p Panic
	var u *handler.Uncaught
	return errors.As(err, &p) || errors.As(err, &u)
}
