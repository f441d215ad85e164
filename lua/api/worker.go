package api

import (
	"os"

	lua "github.com/yuin/gopher-lua"

	"github.com/perigee-server/perigee/server/cycle"
)

func init() {
	family(func(e *Engine) {
		number := func(n func() int) *lua.LFunction {
			return e.L.NewFunction(func(L *lua.LState) int {
				L.Push(lua.LNumber(n()))
				return 1
			})
		}
		w := e.sub("worker")
		w.RawSetString("pid", number(os.Getpid))
		w.RawSetString("count", number(func() int { return e.Work.Count }))
		w.RawSetString("id", number(func() int { return e.Work.Slot }))
		w.RawSetString("exiting", e.L.NewFunction(func(L *lua.LState) int {
			L.Push(lua.LBool(e.Work.Quitting || e.Work.Exiting))
			return 1
		}))

		w.RawSetString("pids", e.bindCore(anyPhase&^PhaseInit, workerPids))

		config := e.sub("config")
		config.RawSetString("subsystem", lua.LString("http"))
		config.RawSetString("debug", lua.LFalse)
		config.RawSetString("nginx_version", lua.LNumber(1022001))
		config.RawSetString("ngx_lua_version", lua.LNumber(10023))
		config.RawSetString("prefix", e.L.NewFunction(func(L *lua.LState) int {
			L.Push(lua.LString(e.Work.Cycle.Prefix))
			return 1
		}))
		config.RawSetString("nginx_configure", e.L.NewFunction(func(L *lua.LState) int {
			L.Push(lua.LString(" " + cycle.ConfigureArguments))
			return 1
		}))
	})
}

// workerPids is ngx.worker.pids.
func workerPids(e *Engine, c *Ctx, L *lua.LState) int {
	pids := []int{os.Getpid()}
	if e.Work.Pids != nil {
		pids = e.Work.Pids()
	}
	t := L.CreateTable(len(pids), 0)
	for _, pid := range pids {
		t.Append(lua.LNumber(pid))
	}
	L.Push(t)
	return 1
}
