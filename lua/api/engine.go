package api

import (
	lua "github.com/yuin/gopher-lua"

	"github.com/perigee-server/perigee/lua/lib"
	"github.com/perigee-server/perigee/lua/profile"
	"github.com/perigee-server/perigee/lua/vm"
	"github.com/perigee-server/perigee/server/cycle"
	"github.com/perigee-server/perigee/server/event"
	"github.com/perigee-server/perigee/server/http"
	"github.com/perigee-server/perigee/server/log"
)

// Engine is one VM of a worker with everything that scripts find in it.
type Engine struct {
	*vm.Machine
	Work *cycle.Work
	HTTP *http.Main
	Conf *Main

	shared *shared
	ngx    *lua.LTable
	// The methods of cosockets.
	tcpMethods, bodyMethods, rawMethods, udpMethods *lua.LTable
	null                                            *lua.LUserData
	// loweredMeta is the metatable of tables of fields whose keys are in lower case
	loweredMeta *lua.LTable
	bodyMeta    *lua.LTable // of the bodies that handlers are given
	handlers    handlers
	chunks      map[*Code]*loaded
	files       map[string]*loaded
	fresh       bool // made for one request
	reloading   *reloading
	// quiet is set while globals may be written without a warning.
	quiet bool
}

// shared is what all engines of a worker have in common: with lua_code_cache
// off each request has an engine of its own.
type shared struct {
	timers  timers
	runs    runs
	sampler vm.Sampler
	profile *profile.Profile // the last one, or the one that is made
	procs   int              // GOMAXPROCS before the profile
	ring    *logRing
	pools   map[string]any

	workers workerVMs

	// What cosockets share.
	loop    *event.Loop
	buffers [][]byte // of reads, for the next socket
	large   []byte   // see scratch
	sending []byte   // see sendText
}

// NewEngine makes the VM of a worker.
func NewEngine(w *cycle.Work, m *http.Main) *Engine { return newEngine(w, m, &shared{loop: w.Loop}) }

// Fresh makes another engine for the same worker, with no memory of this one.
func (e *Engine) Fresh() *Engine {
	f := newEngine(e.Work, e.HTTP, e.shared)
	f.fresh = true
	return f
}

func newEngine(w *cycle.Work, m *http.Main, s *shared) *Engine {
	e := &Engine{
		Work: w, HTTP: m, Conf: Mains.In(m), shared: s,
		chunks: map[*Code]*loaded{}, files: map[string]*loaded{},
		null: vm.Null,
	}
	e.Machine = vm.NewMachine(discard{}, w.Loop)
	e.SetBudget(e.Conf.Budget.V)
	e.SetSampler(&s.sampler)
	e.watchModules()
	e.ngx = e.L.NewTable()
	e.L.SetGlobal("ngx", e.ngx)
	lib.Preload(e.L, lib.Options{Now: w.Loop.Now})
	for _, open := range families {
		open(e)
	}
	e.require("resty.core")
	e.watchGlobals()
	return e
}

// discard is where the VM's own print would write; ngx replaces it.
type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }

// families are what fills ngx, each in its own file.
var families []func(e *Engine)

// family adds one; called from init functions.
func family(open func(e *Engine)) { families = append(families, open) }

// function is what Lua calls, with the context of the script.
type function func(e *Engine, c *Ctx, L *lua.LState) int

// bind makes a function of ngx that may be called in some phases. What it says
// elsewhere is what lua-nginx-module says.
func (e *Engine) bind(in Phase, f function) *lua.LFunction {
	return e.L.NewFunction(func(L *lua.LState) int {
		c := e.ctx(L)
		if c.Phase&in == 0 {
			c.disabled(L, in)
		}
		return f(e, c, L)
	})
}

// bindCore is bind for the functions that resty.core replaces: it words the
// refusal in its own way.
func (e *Engine) bindCore(in Phase, f function) *lua.LFunction {
	return e.L.NewFunction(func(L *lua.LState) int {
		c := e.ctx(L)
		if c.Phase&in == 0 {
			c.disabledCore(L)
		}
		return f(e, c, L)
	})
}

// set puts functions that may be called in some phases into a table.
func (e *Engine) set(into *lua.LTable, in Phase, functions map[string]function) {
	for name, f := range functions {
		into.RawSetString(name, e.bind(in, f))
	}
}

// setCore is set for what resty.core replaces.
func (e *Engine) setCore(into *lua.LTable, in Phase, functions map[string]function) {
	for name, f := range functions {
		into.RawSetString(name, e.bindCore(in, f))
	}
}

// sub is the table ngx[name], made when it is missing.
func (e *Engine) sub(name string) *lua.LTable {
	if t, ok := e.ngx.RawGetString(name).(*lua.LTable); ok {
		return t
	}
	t := e.L.NewTable()
	e.ngx.RawSetString(name, t)
	return t
}

// module makes a module that require finds.
func (e *Engine) module(name string, open func(L *lua.LState) *lua.LTable) {
	loaders := e.L.GetField(e.L.GetGlobal("package"), "preload").(*lua.LTable)
	loaders.RawSetString(name, e.L.NewFunction(func(L *lua.LState) int {
		L.Push(open(L))
		return 1
	}))
}

// require loads a module that is built in.
func (e *Engine) require(name string) {
	e.L.Push(e.L.GetGlobal("require"))
	e.L.Push(lua.LString(name))
	if err := e.L.PCall(1, 0, vm.Handler(e.L)); err != nil {
		e.Log().Print(log.Alert, 0, "failed to load the '"+name+"' module: "+err.Error(), "")
	}
}

// disabled refuses a call in the wrong phase.
func (c *Ctx) disabled(L *lua.LState, in Phase) {
	if c.R == nil && in&^InRequest == 0 && c.Phase&(PhaseInit) != 0 {
		L.RaiseError("no request found")
	}
	L.RaiseError("API disabled in the context of %s", c.Phase.Directive())
}

func (c *Ctx) disabledCore(L *lua.LState) {
	if c.R == nil && c.Phase&(PhaseInit|PhaseInitWorker|PhaseExitWorker) != 0 && c.Phase != PhaseInitWorker {
		L.RaiseError("no request found")
	}
	L.RaiseError("API disabled in the current context")
}

// ctx is the context of the script that calls on L.
func (e *Engine) ctx(L *lua.LState) *Ctx {
	if t := e.Of(L); t != nil {
		return t.Scope.Data.(*Ctx)
	}
	L.RaiseError("no request found")
	return nil
}

// Log is the error log of the worker.
func (e *Engine) Log() *log.Logger { return e.Work.Cycle.Log }

// watchGlobals warns of new globals, as OpenResty does: modules that forget
// "local" share their variables among all requests.
func (e *Engine) watchGlobals() {
	meta := e.L.NewTable()
	meta.RawSetString("__newindex", e.L.NewFunction(func(L *lua.LState) int {
		table := L.CheckTable(1)
		key, value := L.Get(2), L.Get(3)
		if t := e.Of(L); t != nil && !e.quiet {
			c := t.Scope.Data.(*Ctx)
			if c.Phase&(PhaseInit|PhaseInitWorker) == 0 {
				name := vm.Text(L, key).String()
				c.logLine(log.Warn, "writing a global Lua variable ('"+name+"') which may lead to race conditions between concurrent requests, so prefer the use of 'local' variables\n"+vm.Traceback(L, "", 1))
			}
		}
		table.RawSet(key, value)
		return 0
	}))
	e.L.G.Global.Metatable = meta
}
