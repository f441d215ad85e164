package handlers

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/perigee-server/perigee/server/cycle"
	"github.com/perigee-server/perigee/server/handler"
	"github.com/perigee-server/perigee/server/http"
	"github.com/perigee-server/perigee/server/log"
)

// setRunAsync is handler_run_async and handler_run_async_on_request_body.
func setRunAsync(onBody bool) cycle.Setter {
	return func(c *cycle.Conf) error {
		kind := handler.KindAsync
		if onBody {
			kind = handler.KindAsyncOnBody
		}
		e := &entry{alias: -1, strict: strictTask, body: onBody}
		e.use = mains.At(c).mentionOf(c, c.Arg(0), 1, kind)
		if err := e.compile(c, c.Args()[2:]); err != nil {
			return err
		}
		return declare(c, e, c.Arg(1))
	}
}

// await runs the declaration's handler and assigns the variable. Declined goes
// on with the phase.
func (e *entry) await(r *http.Request) http.Status {
	job := job{h: e.use.h, arg: argument(r, e.use, e.args[0])}
	if e.body {
		var rc http.Status
		if job.body, rc = readBody(r); rc != http.OK {
			return rc
		}
	}
	v, err, abandoned := await(r, e.use, job.variable(r))
	job.release()
	if abandoned != nil {
		return gone(abandoned)
	}
	if err != nil {
		var end *handler.Finalization
		if errors.As(err, &end) {
			return e.finalize(r, end)
		}
		v = e.failed(r, err, " asynchronously")
	}
	e.v.vars.Assign(r, e.v.index, v, true)
	return http.Declined
}

// gone is the status of a request that has not waited for a handler.
func gone(cause error) http.Status {
	if cause == handler.ErrClientGone {
		return clientClosed
	}
	return http.Error
}

// clientClosed is nginx's status for a client that went away.
const clientClosed = 499

// argument evaluates an argument for a handler that owns it.
func argument(r *http.Request, u *use, text *http.Complex) []byte {
	var a []byte
	if text != nil {
		a = text.Eval(r)
	}
	if u.pointer && !u.h.WantsRequest {
		return withToken(r, a)
	}
	return bytes.Clone(a)
}

// job is what an asynchronous handler is given.
type job struct {
	h    *handler.Handler
	arg  []byte
	body *handler.Body
	req  *handler.Request
	over bool // with the baton: the request does not wait any more
}

// request makes the Request for a handler that wants one; ctx is the handler's.
func (j *job) request(ctx context.Context, r *http.Request) *handler.Request {
	if !j.h.WantsRequest {
		return nil
	}
	if r == nil {
		return handler.NewRequest(ctx, noRequest)
	}
	j.req = beside(ctx, r, j)
	return j.req
}

// release ends the use of the request.
func (j *job) release() { j.over = true }

// variable is the call of the handler of a variable.
func (j *job) variable(r *http.Request) func(context.Context) ([]byte, error) {
	return func(ctx context.Context) ([]byte, error) {
		return j.h.RunAsync(ctx, j.request(ctx, r), j.body, j.arg)
	}
}

// content is the call of the handler of a response.
func (j *job) content(r *http.Request) func(context.Context) (handler.Response, error) {
	return func(ctx context.Context) (handler.Response, error) {
		return j.h.RunContent(ctx, j.request(ctx, r), j.body, j.arg)
	}
}

// readBody reads the request's body for a handler, which may keep it longer
// than the request lives.
func readBody(r *http.Request) (*handler.Body, http.Status) {
	if !r.HasOwnBody() {
		if rc := r.ReadBody(); rc != http.OK {
			return nil, rc
		}
	}
	b := r.Body()
	if f := b.File(); f != nil {
		if !locations.Of(r).readTempFile.V {
			r.LogLine(log.Error, "the request body is in a temporary file, which is not given to handlers unless handler_request_body_read_temp_file is on")
			return nil, 500
		}
		return handler.NewFileBody(f, b.Size()), http.OK
	}
	return handler.NewBody(b.Detach()), http.OK
}

// finalize ends the request as a handler has asked for.
func (e *entry) finalize(r *http.Request, end *handler.Finalization) http.Status {
	level := log.Info
	if end.Status >= 300 {
		level = log.Notice
	}
	r.LogLine(level, fmt.Sprintf("%s while getting value of variable %q asynchronously", end.Error(), e.v.name))
	if end.Status < 100 || end.Status > 999 {
		r.LogLine(log.Error, fmt.Sprintf("invalid HTTP status %d", end.Status))
		return 500
	}
	if rc := r.DiscardBody(); rc != http.OK {
		return rc
	}
	if end.Body == nil && end.Status >= 300 {
		return http.Status(end.Status)
	}
	resp := handler.Response{Status: end.Status}
	if len(end.Body) > 0 {
		resp.Body, resp.ContentType = [][]byte{end.Body}, "text/plain"
	}
	if rc := send(r, &resp); rc != http.OK {
		return rc
	}
	return http.Sent
}
