package handlers

import (
	"bytes"
	"context"

	"github.com/perigee-server/perigee/server/handler"
	"github.com/perigee-server/perigee/server/http"
	"github.com/perigee-server/perigee/server/http/native"
)

// offer lets scripts of other languages call handlers.
func (m *mainConf) offer(c *native.Caller) {
	c.Sync = m.callSync
	c.Async = func(r *http.Request, h *handler.Handler, body *handler.Body, arg []byte) ([]byte, error, error) {
		j := job{h: h, arg: bytes.Clone(arg), body: body}
		return callWaiting(m, r, &j, j.variable(r))
	}
	c.Content = m.callContent
}

// requestFor is what a handler that does not wait is given of a request, nil
// when it wants none.
func requestFor(r *http.Request, h *handler.Handler) *handler.Request {
	switch {
	case !h.WantsRequest:
		return nil
	case r == nil:
		return handler.NewRequest(context.Background(), noRequest)
	}
	return inline(r)
}

// noRequest refuses the use of a request where there is none.
func noRequest(func(handler.Host)) error { return handler.ErrRequestGone }

func (m *mainConf) callSync(r *http.Request, h *handler.Handler, args [][]byte) (v handler.Value, err error) {
	done := false
	defer func() {
		if !done {
			err = recovered(recover())
		}
	}()
	req := requestFor(r, h)
	if req != nil {
		defer req.Release()
	}
	v, err = h.RunSync(req, args)
	done = true
	return v, err
}

func (m *mainConf) callContent(r *http.Request, h *handler.Handler, body *handler.Body, arg []byte) (resp handler.Response, err, abandoned error) {
	if h.Kind != handler.KindContent {
		j := job{h: h, arg: bytes.Clone(arg), body: body}
		return callWaiting(m, r, &j, j.content(r))
	}
	done := false
	defer func() {
		if !done {
			err = recovered(recover())
		}
	}()
	req := requestFor(r, h)
	if req != nil {
		defer req.Release()
	}
	resp, err = h.RunContent(context.Background(), req, nil, arg)
	done = true
	return resp, err, nil
}

// callWaiting runs an asynchronous handler while the present task waits.
func callWaiting[T any](m *mainConf, r *http.Request, j *job, f func(context.Context) (T, error)) (v T, err, abandoned error) {
	t := &task[T]{loop: m.loop}
	cancel := t.start(m.ctx, m.habitOf(j.h), f, j.h.Held)
	defer cancel(nil)
	v, err, abandoned = t.join(cancel, nil)
	j.release()
	return v, err, abandoned
}
