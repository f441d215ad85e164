package api

import (
	lua "github.com/yuin/gopher-lua"

	"github.com/perigee-server/perigee/lua/vm"
	"github.com/perigee-server/perigee/server/cycle"
	"github.com/perigee-server/perigee/server/event"
	"github.com/perigee-server/perigee/server/log"
)

// maxCopyDepth bounds the tables that go from one VM to another.
const maxCopyDepth = 100

// workerVMs are the VMs that run functions beside the worker's loop
// (ngx.run_worker_thread), each on a goroutine of its own.
type workerVMs struct {
	idle []*Engine
	made int
}

// workerNames are what such a VM finds in ngx.
var workerNames = []string{"encode_base64", "decode_base64", "encode_base64mime", "decode_base64mime", "hmac_sha1", "encode_args", "decode_args",
	"quote_sql_str", "escape_uri", "unescape_uri", "crc32_short", "crc32_long", "md5", "md5_bin", "sha1_bin", "config", "shared", "null"}

func init() {
	family(func(e *Engine) {
		e.set(e.ngx, Waiting, map[string]function{"run_worker_thread": runWorkerThread})
	})
}

// runWorkerThread is ngx.run_worker_thread.
func runWorkerThread(e *Engine, c *Ctx, L *lua.LState) int {
	refuse := func(text string) int {
		L.Push(lua.LFalse)
		L.Push(lua.LString(text))
		return 2
	}
	n := L.GetTop()
	if n < 3 {
		return refuse("expecting at least 3 arguments")
	}
	pool, ok := L.Get(1).(lua.LString)
	if !ok {
		return refuse("threadpool should be a string")
	}
	if !e.Work.Cycle.Core.HasThreadPool(string(pool)) {
		return refuse("thread pool " + string(pool) + " not found")
	}
	module, ok := L.Get(2).(lua.LString)
	if !ok {
		return refuse("module name should be a string")
	}
	name, ok := L.Get(3).(lua.LString)
	if !ok {
		return refuse("function name should be a string")
	}
	w, err := e.takeWorker(L)
	if err != nil {
		return refuse(err.Error())
	}
	args := make([]lua.LValue, 0, n-3)
	for i := 4; i <= n; i++ {
		v, bad := copyValue(L.Get(i), w.L, true, 1)
		if bad != "" {
			e.shared.workers.idle = append(e.shared.workers.idle, w)
			return refuse(bad + " in the argument")
		}
		args = append(args, v)
	}
	results, failed, cause := e.runWorker(w, module, name, args)
	c.wait(L, cause)
	if failed != "" {
		return refuse(failed)
	}
	L.Push(lua.LTrue)
	for _, v := range results {
		copied, bad := copyValue(v, L, true, 1)
		if bad != "" {
			return refuse(bad + " in the return value")
		}
		L.Push(copied)
	}
	return 1 + len(results)
}

// runWorker runs a function in another VM while the present task waits. The
// last error is the task's cancellation: the function then runs to its end all
// the same.
func (e *Engine) runWorker(w *Engine, module, name lua.LString, args []lua.LValue) (results []lua.LValue, failed string, cause error) {
	task := e.Loop.Current()
	over := false
	go func() {
		var values []lua.LValue
		var text string
		w.Loop.Do(func() { values, text = w.callModule(module, name, args) })
		e.Loop.Post(func() {
			e.shared.workers.idle = append(e.shared.workers.idle, w)
			results, failed, over = values, text, true
			e.Loop.Wake(task)
		})
	}()
	for !over {
		if err := e.Loop.Park(); err != nil {
			return nil, "", err
		}
	}
	return results, failed, nil
}

// callModule calls a function of a module; the text says why it could not.
func (e *Engine) callModule(module, name lua.LString, args []lua.LValue) ([]lua.LValue, string) {
	c := &Ctx{E: e, Phase: PhaseInit}
	r := c.begin()
	c.run = r
	t := &r.entry
	defer func() {
		r.scope.End()
		t.Release()
		e.shared.runs.remove(r)
	}()
	L := t.L
	L.Push(L.GetGlobal("require"))
	L.Push(module)
	if err := t.Call(1, 1); err != nil {
		return nil, err.Error()
	}
	table, ok := L.Get(-1).(*lua.LTable)
	if !ok {
		return nil, "invalid lua module"
	}
	fn, ok := table.RawGetString(string(name)).(*lua.LFunction)
	if !ok {
		return nil, "invalid function"
	}
	L.SetTop(0)
	L.Push(fn)
	for _, v := range args {
		L.Push(v)
	}
	if err := t.Call(len(args), lua.MultRet); err != nil {
		return nil, err.Error()
	}
	results := make([]lua.LValue, L.GetTop())
	for i := range results {
		results[i] = L.Get(i + 1)
	}
	return results, ""
}

type workerError string

func (e workerError) Error() string { return string(e) }

// takeWorker gives a VM for a function: one that is idle, or a new one.
func (e *Engine) takeWorker(L *lua.LState) (*Engine, error) {
	p := &e.shared.workers
	if n := len(p.idle); n > 0 {
		w := p.idle[n-1]
		p.idle = p.idle[:n-1]
		return w, nil
	}
	if p.made >= e.Conf.WorkerVMs.V {
		return nil, workerError("no available Lua vm")
	}
	loop, err := event.New()
	if err != nil {
		e.Log().Print(log.Alert, 0, err.Error(), "")
		return nil, workerError("no available Lua vm")
	}
	p.made++
	w := newEngine(&cycle.Work{Cycle: e.Work.Cycle, Loop: loop}, e.HTTP, &shared{loop: loop})
	w.confine(e.Loop)
	copyPaths(L, w.L)
	return w, nil
}

// confine leaves in ngx what may be used beside the worker's loop. Functions of
// dictionaries take the baton of that loop, as processes and not goroutines
// lock zones.
func (e *Engine) confine(main *event.Loop) {
	ngx := e.L.NewTable()
	for _, name := range workerNames {
		ngx.RawSetString(name, e.ngx.RawGetString(name))
	}
	e.L.SetGlobal("ngx", ngx)
	e.preloaded("ngx", ngx)
	e.quiet = true
	if dicts, ok := ngx.RawGetString("shared").(*lua.LTable); ok {
		done := map[*lua.LTable]bool{}
		dicts.ForEach(func(_, dict lua.LValue) {
			t, ok := dict.(*lua.LTable)
			if !ok {
				return
			}
			meta, _ := t.Metatable.(*lua.LTable)
			if meta == nil || done[meta] {
				return
			}
			done[meta] = true
			if methods, ok := meta.RawGetString("__index").(*lua.LTable); ok {
				takeBaton(e.L, methods, main)
			}
		})
	}
}

// takeBaton makes the functions of a table run with the baton of a loop.
func takeBaton(L *lua.LState, methods *lua.LTable, main *event.Loop) {
	wrapped := map[string]*lua.LFunction{}
	methods.ForEach(func(k, v lua.LValue) {
		fn, ok := v.(*lua.LFunction)
		name, named := k.(lua.LString)
		if !ok || !named || !fn.IsG {
			return
		}
		call := fn.GFunction
		wrapped[string(name)] = L.NewFunction(func(L *lua.LState) int {
			var n int
			var raised any
			done := make(chan struct{})
			main.Post(func() {
				defer close(done)
				defer func() { raised = recover() }()
				n = call(L)
			})
			<-done
			if raised != nil {
				panic(raised)
			}
			return n
		})
	})
	for name, fn := range wrapped {
		methods.RawSetString(name, fn)
	}
}

// copyPaths gives a VM the package.path of another one.
func copyPaths(from, to *lua.LState) {
	source, _ := from.GetGlobal("package").(*lua.LTable)
	target, _ := to.GetGlobal("package").(*lua.LTable)
	if source == nil || target == nil {
		return
	}
	for _, name := range []string{"path", "cpath"} {
		target.RawSetString(name, source.RawGetString(name))
	}
}

// copyValue copies a value for another VM. The text says why it can not.
func copyValue(v lua.LValue, to *lua.LState, allowNil bool, depth int) (lua.LValue, string) {
	switch v := v.(type) {
	case lua.LBool, lua.LNumber, lua.LString:
		return v, ""
	case *lua.LNilType:
		if allowNil {
			return v, ""
		}
		return nil, "unsupported Lua type: LUA_TNIL"
	case *lua.LTable:
		if depth >= maxCopyDepth {
			return nil, "suspicious circular references, table depth exceed max depth: 100"
		}
		copied := to.NewTable()
		for k, item := v.Next(lua.LNil); k != lua.LNil; k, item = v.Next(k) {
			key, bad := copyValue(k, to, false, depth+1)
			if bad != "" {
				return nil, bad
			}
			value, bad := copyValue(item, to, false, depth+1)
			if bad != "" {
				return nil, bad
			}
			copied.RawSet(key, value)
		}
		return copied, ""
	case *lua.LFunction:
		return nil, "unsupported Lua type: LUA_TFUNCTION"
	case *lua.LUserData:
		if v == vm.Null {
			return v, ""
		}
		return nil, "unsupported Lua type: LUA_TUSERDATA"
	case *vm.Thread, *lua.LState:
		return nil, "unsupported Lua type: LUA_TTHREAD"
	}
	return nil, "unsupported Lua type"
}
