package handler

import (
	"errors"
	"fmt"
)

// Causes with which the context of a handler is cancelled (context.Cause).
var (
	// ErrWorkerExiting: the worker process ends.
	ErrWorkerExiting = errors.New("the worker process is exiting")
	// ErrServiceInterrupted: a service hook interrupted the service, which is
	// run again.
	ErrServiceInterrupted = errors.New("the service was interrupted by a service hook")
	// ErrClientGone: the client closed the connection.
	ErrClientGone = errors.New("the client closed the connection")
)

// Errors with which a service ends its worker process; wrap them with
// fmt.Errorf and %w to say why.
var (
	// ErrTerminateWorker ends the worker for good.
	ErrTerminateWorker = errors.New("terminate the worker process")
	// ErrRestartWorker ends the worker, which is started again: at once the
	// first time, later when it happens repeatedly.
	ErrRestartWorker = errors.New("restart the worker process")
)

// ErrRequestGone is returned by the methods of a Request that has ended, or
// whose synchronous handler has returned.
var ErrRequestGone = errors.New("the request has ended")

// Uncaught is an error that a handler of another language has raised and not
// caught; the server treats it as a panic.
type Uncaught struct{ Text string }

// Error is the text.
func (u *Uncaught) Error() string { return u.Text }

// Finalization is the error that Finalize makes.
type Finalization struct {
	Status int
	Body   []byte
}

// Error words the request.
func (f *Finalization) Error() string {
	return fmt.Sprintf("HTTP request finalization was requested (status %d)", f.Status)
}

// Finalize makes the error with which the handler of an asynchronous variable
// ends the request: with the status's own page when body is nil (error_page
// applies), or else with the body as text/plain.
func Finalize(status int, body []byte) error { return &Finalization{status, body} }
