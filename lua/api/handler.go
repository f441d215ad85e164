package api

import (
	"strings"

	lua "github.com/yuin/gopher-lua"

	"github.com/perigee-server/perigee/lua/vm"
	"github.com/perigee-server/perigee/server/handler"
)

// HandlerEntry describes a handler that a library in Lua has registered, or an
// initialisation hook, which has neither name nor kind.
type HandlerEntry struct {
	Name             string
	Kind             handler.Kind
	MinArgs, MaxArgs int
	Place            string // FILE:LINE
}

// handlers are those that libraries have registered in a VM.
type handlers struct {
	byName map[string]*lua.LFunction
	// known describes them: the table of handlers may be that of a configuration
	// which has not been taken.
	known map[string]*handler.Handler
	inits []*lua.LFunction
	// found is set while a library is loaded.
	found *[]HandlerEntry
	// errors are the values that the module has for errors.
	errors map[error]*lua.LUserData
}

// registrars are the functions of the module by the kind that they register.
var registrars = map[string]handler.Kind{
	"sync": handler.KindSync, "async": handler.KindAsync, "async_on_body": handler.KindAsyncOnBody,
	"content": handler.KindContent, "async_content": handler.KindAsyncContent,
	"async_content_on_body": handler.KindAsyncContentOnBody,
	"service":               handler.KindService, "hook": handler.KindHook,
}

func init() {
	family(func(e *Engine) {
		e.handlers.byName, e.handlers.known = map[string]*lua.LFunction{}, map[string]*handler.Handler{}
		e.bodyMeta = e.handlerBodyMeta()
		e.module("handler", e.handlerModule)
	})
}

// handlerModule is the module "handler".
func (e *Engine) handlerModule(L *lua.LState) *lua.LTable {
	t := e.L.NewTable()
	for name, kind := range registrars {
		t.RawSetString(name, e.L.NewFunction(func(L *lua.LState) int { return e.registerHandler(L, kind) }))
	}
	t.RawSetString("init", e.L.NewFunction(e.registerInit))
	e.set(t, anyPhase, map[string]function{
		"finalize":         finalizeRequest,
		"terminate_worker": func(_ *Engine, c *Ctx, L *lua.LState) int { return c.endWorker(L, handler.ErrTerminateWorker) },
		"restart_worker":   func(_ *Engine, c *Ctx, L *lua.LState) int { return c.endWorker(L, handler.ErrRestartWorker) },
	})
	for name, err := range interruptions {
		t.RawSetString(name, e.interruption(err))
	}
	return t
}

// registering is where a library registers, FILE:LINE. Elsewhere that is an
// error.
func (e *Engine) registering(L *lua.LState) string {
	if e.handlers.found == nil {
		L.RaiseError("handlers are registered while their library is loaded by the directive \"handler\"")
	}
	if place := strings.TrimSuffix(vm.Where(L, 1), ": "); place != "" {
		return place
	}
	return "an unknown place"
}

func (e *Engine) registerHandler(L *lua.LState, kind handler.Kind) int {
	name, fn := vm.CheckText(L, 1), L.CheckFunction(2)
	place := e.registering(L)
	if name == "" || strings.ContainsAny(name, " \t\r\n;{}\"'") {
		L.ArgError(1, "a word expected")
	}
	h := HandlerEntry{Name: name, Kind: kind, MinArgs: 1, MaxArgs: 1, Place: place}
	if kind == handler.KindSync {
		h.MinArgs, h.MaxArgs = parameters(fn)
	}
	if e.handlers.byName[name] != nil {
		L.RaiseError("handler \"%s\" is registered twice", name)
	}
	e.handlers.byName[name] = fn
	e.handlers.known[name] = &handler.Handler{Name: name, Kind: kind, MinArgs: h.MinArgs, MaxArgs: h.MaxArgs, Held: true, Place: place}
	*e.handlers.found = append(*e.handlers.found, h)
	return 0
}

// parameters is how many arguments a synchronous handler takes: as many as its
// function names, one at least, and any number with "...".
func parameters(fn *lua.LFunction) (least, most int) {
	if fn.IsG || fn.Proto == nil {
		return 1, -1
	}
	n := max(int(fn.Proto.NumParameters), 1)
	if fn.Proto.IsVarArg != 0 {
		return n, -1
	}
	return n, n
}

func (e *Engine) registerInit(L *lua.LState) int {
	fn := L.CheckFunction(1)
	place := e.registering(L)
	e.handlers.inits = append(e.handlers.inits, fn)
	*e.handlers.found = append(*e.handlers.found, HandlerEntry{Place: place})
	return 0
}

// LoadHandlers runs a library of handlers in the VM, with the baton, and tells
// what it has registered.
func (e *Engine) LoadHandlers(path string, source []byte) (found []HandlerEntry, err error) {
	text := string(source)
	if strings.HasPrefix(text, "#") { // a line for the shell
		text = "--" + text
	}
	fn, err := e.compile(text, "@"+path)
	if err != nil {
		return nil, err
	}
	e.quiet = true
	e.handlers.found = &found
	defer func() { e.quiet, e.handlers.found = false, nil }()
	c := &Ctx{E: e}
	_, err = c.execute(PhaseInit, fn)
	c.end()
	if err != nil {
		return nil, err
	}
	return found, nil
}
