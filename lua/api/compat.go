package api

import (
	"context"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	osexec "os/exec"
	"time"

	lua "github.com/yuin/gopher-lua"

	"github.com/perigee-server/perigee/lua/vm"
	"github.com/perigee-server/perigee/server/resolver"
)

// Compat is what lua_compat says.
type Compat uint8

// The values of lua_compat.
const (
	CompatOpenResty Compat = iota // refuse what OpenResty refuses
	CompatRelaxed                 // allow what is possible
)

// relaxedWaiting are the phases in which scripts may wait under lua_compat
// relaxed, besides those of OpenResty.
const relaxedWaiting = PhaseSet | PhaseLog | PhaseBalancer | PhaseInitWorker | PhaseExitWorker

// unwaiting says why scripts can not wait in the remaining phases.
var unwaiting = map[Phase]string{
	PhaseInit:            "it runs once for all workers, which take its answers from a record",
	PhaseHeaderFilter:    "another thread of the request could send the response meanwhile",
	PhaseBodyFilter:      "parts of the response that come meanwhile would overtake the one that waits",
	PhaseSSLSessionStore: "the handshake does not wait for it",
}

// bindWaiting is bind for functions that wait.
func (e *Engine) bindWaiting(f function) *lua.LFunction {
	return e.L.NewFunction(func(L *lua.LState) int {
		c := e.ctx(L)
		if c.Phase&e.waits == 0 {
			if reason := unwaiting[c.Phase]; reason != "" && e.waits != Waiting {
				L.RaiseError("API disabled in the context of %s: %s", c.Phase.Directive(), reason)
			}
			c.disabled(L, Waiting)
		}
		return f(e, c, L)
	})
}

// systemTimeout is how long the system's resolver may take.
const systemTimeout = 30 * time.Second

// askSystem asks the system for an address of a name: its hosts file and its
// name servers.
func (c *Ctx) askSystem(L *lua.LState, name string) (netip.Addr, error) {
	c.mayWait(L)
	var addrs []netip.Addr
	err := c.E.Loop.Block(func(ctx context.Context) {
		ctx, cancel := context.WithTimeout(ctx, systemTimeout)
		defer cancel()
		addrs, _ = net.DefaultResolver.LookupNetIP(ctx, "ip", name)
	})
	if err != nil {
		return netip.Addr{}, err
	}
	if len(addrs) == 0 {
		return netip.Addr{}, &resolver.Error{Name: name, Code: resolver.HostNotFound}
	}
	return addrs[rand.IntN(len(addrs))].Unmap(), nil
}

// freeBaton has the functions of io and os that may take long let other scripts
// run: programs, and reading and writing files.
func (e *Engine) freeBaton() {
	if table, ok := e.L.GetGlobal("os").(*lua.LTable); ok {
		if execute, ok := table.RawGetString("execute").(*lua.LFunction); ok {
			table.RawSetString("execute", e.L.NewFunction(func(L *lua.LState) int { return e.osExecute(L, execute.GFunction) }))
		}
	}
	table, ok := e.L.GetGlobal("io").(*lua.LTable)
	if !ok {
		return
	}
	file, ok := table.RawGetString("stdout").(*lua.LUserData)
	if !ok {
		return
	}
	meta, _ := file.Metatable.(*lua.LTable)
	if meta == nil {
		return
	}
	methods, ok := meta.RawGetString("__index").(*lua.LTable)
	if !ok {
		return
	}
	for _, name := range []string{"read", "write", "flush", "close"} {
		if fn, ok := methods.RawGetString(name).(*lua.LFunction); ok && fn.IsG {
			methods.RawSetString(name, e.L.NewFunction(e.aside(fn.GFunction)))
		}
	}
}

// aside is a function that runs without the baton where the script may wait. It
// must touch nothing but its own arguments and its thread.
func (e *Engine) aside(fn lua.LGFunction) lua.LGFunction {
	return func(L *lua.LState) int {
		if t := e.Of(L); t == nil || !t.Scope.Waits {
			return fn(L)
		}
		var n int
		var raised any
		err := e.Loop.Block(func(context.Context) {
			defer func() { raised = recover() }()
			n = fn(L)
		})
		if raised != nil {
			panic(raised)
		}
		if err != nil {
			e.Interrupt(L)
		}
		return n
	}
}

// osExecute is os.execute without the baton; the end of the script ends the
// program.
func (e *Engine) osExecute(L *lua.LState, plain lua.LGFunction) int {
	t := e.Of(L)
	if t == nil || !t.Scope.Waits || L.GetTop() == 0 {
		return plain(L)
	}
	command := vm.CheckText(L, 1)
	code := 1
	err := e.Loop.Block(func(ctx context.Context) {
		program := osexec.CommandContext(ctx, "/bin/sh", "-c", command)
		program.Stdin, program.Stdout, program.Stderr = os.Stdin, os.Stdout, os.Stderr
		if program.Run() == nil {
			code = 0
		}
	})
	if err != nil {
		e.Interrupt(L)
	}
	L.Push(lua.LNumber(code))
	return 1
}
