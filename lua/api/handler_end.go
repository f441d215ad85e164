package api

import (
	"errors"
	"fmt"

	lua "github.com/yuin/gopher-lua"

	"github.com/perigee-server/perigee/lua/vm"
	"github.com/perigee-server/perigee/server/handler"
)

// interruptions are the errors that a cancelled wait raises in a handler, by
// their names in the module.
var interruptions = map[string]error{
	"worker_exiting": handler.ErrWorkerExiting,
	"interrupted":    handler.ErrServiceInterrupted,
	"client_gone":    handler.ErrClientGone,
}

// interruption is such an error as Lua sees it: one value for each in a VM.
func (e *Engine) interruption(err error) *lua.LUserData {
	if v := e.handlers.errors[err]; v != nil {
		return v
	}
	if e.handlers.errors == nil {
		e.handlers.errors = map[error]*lua.LUserData{}
	}
	meta := e.L.NewTable()
	meta.RawSetString("__tostring", e.L.NewFunction(func(L *lua.LState) int {
		L.Push(lua.LString(err.Error()))
		return 1
	}))
	v := &lua.LUserData{Value: err, Metatable: meta}
	e.handlers.errors[err] = v
	return v
}

// errorIn is the error that a value of interruption stands for, nil for other
// values.
func errorIn(v lua.LValue) error {
	if data, ok := v.(*lua.LUserData); ok {
		if err, ok := data.Value.(error); ok {
			return err
		}
	}
	return nil
}

// finalizeRequest is handler.finalize(status, body): it ends the request that an
// asynchronous variable is evaluated for.
func finalizeRequest(e *Engine, c *Ctx, L *lua.LState) int {
	if c.task == nil || !c.task.finalizes {
		L.RaiseError("only handlers of asynchronous variables can finalize the request")
	}
	status := L.CheckInt(1)
	var body []byte
	if L.Get(2) != lua.LNil {
		body = []byte(vm.CheckText(L, 2))
	}
	c.task.outcome = handler.Finalize(status, body)
	c.finish(L, exited, 0)
	return 0
}

// endWorker is handler.terminate_worker and restart_worker, with an optional
// message.
func (c *Ctx) endWorker(L *lua.LState, how error) int {
	if c.task == nil || c.Phase != PhaseHandlerService {
		L.RaiseError("only services can end their worker")
	}
	c.task.outcome = how
	if L.Get(1) != lua.LNil {
		c.task.outcome = fmt.Errorf("%s: %w", vm.CheckText(L, 1), how)
	}
	c.finish(L, exited, 0)
	return 0
}

// uncaught is the error of a run that has ended with one: that of a cancelled
// wait, or what the server treats as a panic.
func uncaught(err error) error {
	var failure *vm.Failure
	if errors.As(err, &failure) {
		if known := errorIn(failure.Value); known != nil {
			return known
		}
	}
	return &handler.Uncaught{Text: err.Error()}
}
