package api

import (
	"context"

	lua "github.com/yuin/gopher-lua"

	"github.com/perigee-server/perigee/server/handler"
	"github.com/perigee-server/perigee/server/http"
)

// handlerTask is what a handler has that runs on a task of its own.
type handlerTask struct {
	e         *Engine
	home      *Ctx  // of the request, for ngx.ctx
	finalizes bool  // it may end the request
	outcome   error // of finalize, terminate_worker and restart_worker
}

// interrupted is the error that a cancelled wait raises.
func (t *handlerTask) interrupted(cause error) lua.LValue {
	switch cause {
	case handler.ErrWorkerExiting, handler.ErrServiceInterrupted, handler.ErrClientGone:
		return t.e.interruption(cause)
	}
	return nil
}

// handlerOf is the function of a handler in this VM.
func (e *Engine) handlerOf(name string) (*lua.LFunction, error) {
	if fn := e.handlers.byName[name]; fn != nil {
		return fn, nil
	}
	return nil, errGone
}

var errGone = &handler.Uncaught{Text: "its library has not registered it in this worker"}

// errNoServer is for requests that are none of this server's.
var errNoServer = &handler.Uncaught{Text: "handlers in Lua need a request of this server"}

// requestOf is the server's request behind one that a handler is given.
func requestOf(req *handler.Request) (r *http.Request, err error) {
	err = req.Use(func(h handler.Host) {
		if x, ok := h.(interface{ HTTP() *http.Request }); ok {
			r = x.HTTP()
		}
	})
	if err == nil && r == nil {
		err = errNoServer
	}
	return r, err
}

// RunSync calls a synchronous handler.
func (e *Engine) RunSync(name string, req *handler.Request, args [][]byte) (v handler.Value, err error) {
	var results [2]lua.LValue
	values := make([]lua.LValue, len(args))
	for i, a := range args {
		values[i] = lua.LString(a)
	}
	if err = e.callHere(name, req, results[:], values...); err != nil {
		return v, err
	}
	v.Bytes, err = valueOf(e.L, results[:])
	return v, err
}

// RunContent calls a content handler.
func (e *Engine) RunContent(name string, req *handler.Request, arg []byte) (resp handler.Response, err error) {
	var results [4]lua.LValue
	if err = e.callHere(name, req, results[:], lua.LString(arg)); err != nil {
		return resp, err
	}
	return responseOf(e.L, results[:])
}

// callHere calls a handler that does not wait, in the request's own context.
func (e *Engine) callHere(name string, req *handler.Request, results []lua.LValue, args ...lua.LValue) error {
	fn, err := e.handlerOf(name)
	if err != nil {
		return err
	}
	r, err := requestOf(req)
	if err != nil {
		return err
	}
	c := e.CtxOf(r)
	if c.E != e { // with lua_code_cache off the request has another VM
		c = &Ctx{E: e, R: r, task: &handlerTask{e: e, home: c}}
		defer c.end()
	}
	if _, err = c.call(PhaseHandler, fn, results, args...); err != nil {
		return uncaught(err)
	}
	return withResults(results)
}

// withResults is an error for a handler that has ended without returning.
func withResults(results []lua.LValue) error {
	if results[0] == nil {
		return &handler.Uncaught{Text: "the handler has ended without a result"}
	}
	return nil
}

// RunAsync calls a handler of an asynchronous variable, on a task of its own.
func (e *Engine) RunAsync(ctx context.Context, name string, req *handler.Request, body *handler.Body, arg []byte) ([]byte, error) {
	var results [2]lua.LValue
	if err := e.callBeside(ctx, name, req, body, true, results[:], lua.LString(arg)); err != nil {
		return nil, err
	}
	return valueOf(e.L, results[:])
}

// RunAsyncContent calls an asynchronous content handler, on a task of its own.
func (e *Engine) RunAsyncContent(ctx context.Context, name string, req *handler.Request, body *handler.Body, arg []byte) (resp handler.Response, err error) {
	var results [4]lua.LValue
	if err = e.callBeside(ctx, name, req, body, false, results[:], lua.LString(arg)); err != nil {
		return resp, err
	}
	return responseOf(e.L, results[:])
}

// callBeside calls a handler that may wait while its request does. The handler
// may outlive the request, which it then knows no more.
func (e *Engine) callBeside(ctx context.Context, name string, req *handler.Request, body *handler.Body, finalizes bool, results []lua.LValue, args ...lua.LValue) error {
	r, err := requestOf(req)
	if err != nil {
		return err
	}
	c := &Ctx{E: e, R: r, task: &handlerTask{e: e, home: e.CtxOf(r), finalizes: finalizes}}
	r.AtEnd(func() { c.orphan() })
	if body != nil {
		object := e.bodyObject(body)
		defer func() { object.Value = (*handler.Body)(nil) }()
		args = append([]lua.LValue{object}, args...)
	}
	return c.await(ctx, PhaseHandlerTask, name, results, args...)
}

// orphan makes a context one without a request.
func (c *Ctx) orphan() {
	if c.R == nil {
		return
	}
	c.R, c.task.home = nil, nil
	if c.Phase == PhaseHandlerTask {
		c.Phase = PhaseHandlerService
	}
}

// RunService calls a service, on a task of its own.
func (e *Engine) RunService(ctx context.Context, name string, arg []byte, firstRun bool) ([]byte, error) {
	var results [2]lua.LValue
	c := &Ctx{E: e, task: &handlerTask{e: e}}
	if err := c.await(ctx, PhaseHandlerService, name, results[:], lua.LString(arg), lua.LBool(firstRun)); err != nil {
		return nil, err
	}
	return valueOf(e.L, results[:])
}

// await calls a handler that may wait.
func (c *Ctx) await(ctx context.Context, phase Phase, name string, results []lua.LValue, args ...lua.LValue) error {
	fn, err := c.E.handlerOf(name)
	if err != nil {
		return err
	}
	defer c.end()
	run, err := c.call(phase, fn, results, args...)
	switch {
	case c.task.outcome != nil:
		return c.task.outcome
	case err != nil:
		return uncaught(err)
	case run.end == aborted && ctx.Err() != nil:
		return context.Cause(ctx)
	case run.end == aborted:
		return handler.ErrWorkerExiting
	}
	return withResults(results)
}

// RunHook calls a service hook.
func (e *Engine) RunHook(name string, arg []byte) ([]byte, error) {
	fn, err := e.handlerOf(name)
	if err != nil {
		return nil, err
	}
	var results [2]lua.LValue
	if err := e.callApart(fn, results[:], lua.LString(arg)); err != nil {
		return nil, err
	}
	return valueOf(e.L, results[:])
}

// RunHandlerInit calls an initialisation hook, the first one being 0. False or nil with
// a message is an error.
func (e *Engine) RunHandlerInit(i int, args []string) error {
	if i >= len(e.handlers.inits) {
		return errGone
	}
	list := e.L.NewTable()
	for _, a := range args {
		list.Append(lua.LString(a))
	}
	var results [2]lua.LValue
	if err := e.callApart(e.handlers.inits[i], results[:], list); err != nil {
		return err
	}
	if results[0] == lua.LFalse {
		results[0] = lua.LNil
	}
	return returnedError(e.L, results[:])
}

// callApart calls a function that neither waits nor knows a request.
func (e *Engine) callApart(fn *lua.LFunction, results []lua.LValue, args ...lua.LValue) error {
	c := &Ctx{E: e}
	_, err := c.call(PhaseHandlerHook, fn, results, args...)
	c.end()
	if err != nil {
		return uncaught(err)
	}
	return withResults(results)
}
