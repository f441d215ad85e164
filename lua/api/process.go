package api

import (
	"os"
	"syscall"

	lua "github.com/yuin/gopher-lua"
)

func init() {
	family(func(e *Engine) {
		module := e.L.NewTable()
		module.RawSetString("version", lua.LString("0.1.25"))
		e.set(module, anyPhase, map[string]function{
			"type":                    processType,
			"get_master_pid":          masterPID,
			"signal_graceful_exit":    gracefulExit,
			"enable_privileged_agent": privilegedAgent,
		})
		e.preloaded("ngx.process", module)
	})
}

// alone reports whether one process does it all (master_process off).
func (e *Engine) alone() bool {
	master := &e.Work.Cycle.Core.MasterProcess
	return master.Set && !master.V
}

func processType(e *Engine, c *Ctx, L *lua.LState) int {
	switch {
	case e.alone():
		L.Push(lua.LString("single"))
	case c.Phase == PhaseInit:
		L.Push(lua.LString("master"))
	default:
		L.Push(lua.LString("worker"))
	}
	return 1
}

func masterPID(e *Engine, c *Ctx, L *lua.LState) int {
	if e.alone() {
		L.Push(lua.LNumber(os.Getpid()))
	} else {
		L.Push(lua.LNumber(os.Getppid()))
	}
	return 1
}

// gracefulExit ends the worker once what it does is done; the master starts
// another one.
func gracefulExit(e *Engine, c *Ctx, L *lua.LState) int {
	if self, err := os.FindProcess(os.Getpid()); err == nil {
		self.Signal(syscall.SIGQUIT)
	}
	return 0
}

// privilegedAgent refuses: workers do not keep privileges here.
func privilegedAgent(e *Engine, c *Ctx, L *lua.LState) int {
	if c.Phase != PhaseInit {
		return fail(L, "API disabled in the current context")
	}
	return fail(L, "a privileged agent process is not supported by this server")
}
