package api

import (
	"bytes"

	lua "github.com/yuin/gopher-lua"

	"github.com/perigee-server/perigee/lua/vm"
	"github.com/perigee-server/perigee/server/handler"
	"github.com/perigee-server/perigee/server/http/native"
)

// ngx.handler.NAME(argument …) calls a native handler, whatever its language.
// Handlers on a body take the argument and the body, which is the request's
// unless it is given. The result is a string, or body, content type, status and
// headers of a content handler; a returned error is nil and its text, a panic is
// an error.
func init() {
	family(func(e *Engine) {
		meta := e.L.NewTable()
		meta.RawSetString("__index", e.L.NewFunction(func(L *lua.LState) int {
			t, name := L.CheckTable(1), L.CheckString(2)
			h := e.handlers.known[name]
			if h == nil {
				h = handler.Default.Lookup(name)
			}
			if h == nil {
				L.RaiseError("handler \"%s\" was not found in the libraries that are loaded", name)
			}
			fn := e.handlerFunction(h)
			if fn == nil {
				L.RaiseError("handler \"%s\" is a %s handler, which can not be called", name, h.Kind.String())
			}
			t.RawSetString(name, fn)
			L.Push(fn)
			return 1
		}))
		t := e.L.NewTable()
		t.Metatable = meta
		e.ngx.RawSetString("handler", t)
	})
}

// handlerFunction is a handler as a function, nil for services and hooks.
func (e *Engine) handlerFunction(h *handler.Handler) *lua.LFunction {
	var call function
	in := Waiting
	switch h.Kind {
	case handler.KindSync:
		call, in = func(e *Engine, c *Ctx, L *lua.LState) int { return c.callSync(L, h) }, anyPhase&^PhaseInit
	case handler.KindAsync, handler.KindAsyncOnBody:
		call = func(e *Engine, c *Ctx, L *lua.LState) int { return c.callAsync(L, h) }
	case handler.KindContent:
		call, in = func(e *Engine, c *Ctx, L *lua.LState) int { return c.callContent(L, h) }, anyPhase&^PhaseInit
	case handler.KindAsyncContent, handler.KindAsyncContentOnBody:
		call = func(e *Engine, c *Ctx, L *lua.LState) int { return c.callContent(L, h) }
	default:
		return nil
	}
	return e.bind(in, func(e *Engine, c *Ctx, L *lua.LState) int {
		if fn := e.handlers.byName[h.Name]; fn != nil && h.Held {
			return c.callScripted(L, h, fn)
		}
		return call(e, c, L)
	})
}

// caller calls handlers that are not written in Lua.
func (c *Ctx) caller() *native.Caller { return native.Callers.In(c.E.HTTP) }

// onBody reports whether a handler is given the request's body.
func onBody(h *handler.Handler) bool {
	return h.Kind == handler.KindAsyncOnBody || h.Kind == handler.KindAsyncContentOnBody
}

// bodyFor is the body for a handler that wants one.
func (c *Ctx) bodyFor(L *lua.LState, h *handler.Handler) *handler.Body {
	if !onBody(h) {
		return nil
	}
	if L.Get(2) != lua.LNil {
		return handler.NewBody([]byte(vm.CheckText(L, 2)))
	}
	if c.R == nil || !c.R.Body().Read() {
		return handler.NewBody()
	}
	b := c.R.Body()
	if f := b.File(); f != nil {
		return handler.NewFileBody(f, b.Size())
	}
	return handler.NewBody(bytes.Clone(b.Bytes()))
}

// arguments are those of a synchronous handler.
func (c *Ctx) arguments(L *lua.LState, h *handler.Handler) [][]byte {
	n := L.GetTop()
	if n < h.MinArgs || h.MaxArgs >= 0 && n > h.MaxArgs {
		L.RaiseError("wrong number of arguments for handler \"%s\"", h.Name)
	}
	args := make([][]byte, n)
	for i := range args {
		args[i] = []byte(vm.CheckText(L, i+1))
	}
	return args
}

// argument is that of the other kinds: none is an empty one.
func argument(L *lua.LState) []byte {
	if L.Get(1) == lua.LNil {
		return nil
	}
	return []byte(vm.CheckText(L, 1))
}

// handlerFailed gives nil and the text of an error that a handler has returned, and
// raises one for a panic.
func (c *Ctx) handlerFailed(L *lua.LState, h *handler.Handler, err error) int {
	if native.Panicked(err) {
		L.RaiseError("handler \"%s\" has panicked: %s", h.Name, err.Error())
	}
	return fail(L, err.Error())
}

func (c *Ctx) callSync(L *lua.LState, h *handler.Handler) int {
	v, err := c.caller().Sync(c.R, h, c.arguments(L, h))
	switch {
	case err != nil:
		return c.handlerFailed(L, h, err)
	case v.Bytes != nil:
		L.Push(lua.LString(v.Bytes))
	default:
		L.Push(lua.LString(v.Text))
	}
	return 1
}

func (c *Ctx) callAsync(L *lua.LState, h *handler.Handler) int {
	b, err, abandoned := c.caller().Async(c.R, h, c.bodyFor(L, h), argument(L))
	c.wait(L, abandoned)
	if err != nil {
		return c.handlerFailed(L, h, err)
	}
	L.Push(lua.LString(b))
	return 1
}

func (c *Ctx) callContent(L *lua.LState, h *handler.Handler) int {
	resp, err, abandoned := c.caller().Content(c.R, h, c.bodyFor(L, h), argument(L))
	c.wait(L, abandoned)
	if err != nil {
		return c.handlerFailed(L, h, err)
	}
	var body []byte
	for _, chunk := range resp.Chunks(nil) {
		body = append(body, chunk...)
	}
	header := L.NewTable()
	for _, f := range resp.Header {
		pair := L.NewTable()
		pair.Append(lua.LString(f.Name))
		pair.Append(lua.LString(f.Value))
		header.Append(pair)
	}
	status := resp.Status
	if status == 0 {
		status = 200
	}
	L.Push(lua.LString(body))
	L.Push(lua.LString(resp.ContentType))
	L.Push(lua.LNumber(status))
	L.Push(header)
	return 4
}

// callScripted calls a handler in Lua as the function that it is, with the
// arguments and the result that it has elsewhere.
func (c *Ctx) callScripted(L *lua.LState, h *handler.Handler, fn *lua.LFunction) int {
	var args []lua.LValue
	switch {
	case h.Kind == handler.KindSync:
		for _, a := range c.arguments(L, h) {
			args = append(args, lua.LString(a))
		}
	case onBody(h):
		object := c.E.bodyObject(c.bodyFor(L, h))
		defer func() { object.Value = (*handler.Body)(nil) }()
		args = []lua.LValue{object, lua.LString(argument(L))}
	default:
		args = []lua.LValue{lua.LString(argument(L))}
	}
	results := 2
	content := h.Kind == handler.KindContent || h.Kind == handler.KindAsyncContent || h.Kind == handler.KindAsyncContentOnBody
	if content {
		results = 4
	}
	L.Push(fn)
	for _, a := range args {
		L.Push(a)
	}
	L.Call(len(args), results)
	if content {
		return results
	}
	got := []lua.LValue{L.Get(-2), L.Get(-1)}
	b, err := valueOf(L, got)
	if err != nil {
		if native.Panicked(err) {
			L.RaiseError("handler \"%s\": %s", h.Name, err.Error())
		}
		return fail(L, err.Error())
	}
	L.Push(lua.LString(b))
	return 1
}
