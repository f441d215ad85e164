package api

import (
	"context"
	"fmt"
	"maps"
	"slices"

	lua "github.com/yuin/gopher-lua"

	"github.com/perigee-server/perigee/server/event"
	"github.com/perigee-server/perigee/server/http"
)

// goModules are the modules that Go has registered, by name.
var goModules = map[string]lua.LGFunction{}

// RegisterModule is RegisterModule of package lua.
func RegisterModule(name string, open lua.LGFunction) {
	if goModules[name] != nil {
		panic(fmt.Sprintf("lua: the module %q is registered twice", name))
	}
	goModules[name] = open
}

// engineKey is where the registry of a VM has its engine.
const engineKey = "perigee engine"

func init() {
	family(func(e *Engine) {
		registry := e.L.Get(lua.RegistryIndex).(*lua.LTable)
		registry.RawSetString(engineKey, &lua.LUserData{Value: e})
		loaders := e.L.GetField(e.L.GetGlobal("package"), "preload").(*lua.LTable)
		for _, name := range slices.Sorted(maps.Keys(goModules)) {
			loaders.RawSetString(name, e.L.NewFunction(goModules[name]))
		}
	})
}

// engineOf is the engine that runs L.
func engineOf(L *lua.LState) *Engine {
	registry := L.Get(lua.RegistryIndex).(*lua.LTable)
	return registry.RawGetString(engineKey).(*lua.LUserData).Value.(*Engine)
}

// RequestOf is the request of the script that runs on L, nil without.
func RequestOf(L *lua.LState) *http.Request {
	e := engineOf(L)
	if t := e.Of(L); t != nil {
		return t.Scope.Data.(*Ctx).R
	}
	return nil
}

// Await runs f on a goroutine of its own while the script on L waits. A panic of
// f becomes an error of Lua.
func Await(L *lua.LState, f func(ctx context.Context) error) error {
	e := engineOf(L)
	c := e.ctx(L)
	if c.Phase&Waiting == 0 {
		c.disabled(L, Waiting)
	}
	w := &awaited{loop: e.Loop, task: e.Loop.Current()}
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	go w.run(ctx, f)
	for !w.done {
		if cause := e.Loop.Park(); cause != nil {
			w.task = nil
			cancel(cause)
			e.Interrupt(L)
		}
	}
	if w.panicked != nil {
		L.RaiseError("panic: %v", w.panicked)
	}
	return w.err
}

// awaited is a function of Go that a script waits for. The loop owns task and
// done.
type awaited struct {
	loop     *event.Loop
	task     *event.Task // nil once it waits no more
	done     bool
	err      error
	panicked any
}

func (w *awaited) run(ctx context.Context, f func(ctx context.Context) error) {
	returned := false
	defer func() {
		if !returned {
			if w.panicked = recover(); w.panicked == nil {
				w.panicked = "the function has ended its goroutine"
			}
		}
		w.loop.Post(func() {
			w.done = true
			if w.task != nil {
				w.loop.Wake(w.task)
			}
		})
	}()
	w.err = f(ctx)
	returned = true
}
