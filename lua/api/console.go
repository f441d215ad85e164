package api

import (
	"bufio"
	"fmt"
	"os"

	lua "github.com/yuin/gopher-lua"

	"github.com/perigee-server/perigee/lua/vm"
	"github.com/perigee-server/perigee/server/cycle"
)

// Version names the implementation to scripts on the command line.
const Version = "perigee " + cycle.Version

// RunScript runs a script outside of a server, with its arguments in the global
// arg, args[0] being the script's own name, and with ngx.say and its like
// writing to standard output. It returns the exit code; leave is called before
// the process ends, also where the script ends it.
func (e *Engine) RunScript(name, text string, args []string, leave func()) int {
	out := bufio.NewWriterSize(os.Stdout, 64<<10)
	defer leave()
	defer out.Flush()
	e.quiet = true
	e.console(out, leave)
	arg := e.L.NewTable()
	for i, a := range args {
		arg.RawSetInt(i, lua.LString(a))
	}
	e.L.SetGlobal("arg", arg)
	fn, err := e.compile(text, name)
	if err != nil {
		fmt.Fprintln(os.Stderr, "perigee lua: "+err.Error())
		return 1
	}
	var values []lua.LValue
	for i := 1; i < len(args); i++ {
		values = append(values, lua.LString(args[i]))
	}
	c := &Ctx{E: e}
	result, err := c.execute(PhaseTimer, fn, values...)
	c.end()
	out.Flush()
	if err != nil {
		fmt.Fprintln(os.Stderr, "ERROR: "+traced(err))
		return 1
	}
	if result.end == exited && result.code > 0 {
		return int(result.code)
	}
	return 0
}

// console makes the functions that send a response write to out.
func (e *Engine) console(out *bufio.Writer, leave func()) {
	write := func(newline bool) *lua.LFunction {
		return e.L.NewFunction(func(L *lua.LState) int {
			var text []byte
			for i := 1; i <= L.GetTop(); i++ {
				text = e.appendValue(L, text, L.Get(i), i)
			}
			if newline {
				text = append(text, '\n')
			}
			if _, err := out.Write(text); err != nil {
				return fail(L, err.Error())
			}
			return one(L)
		})
	}
	flush := e.L.NewFunction(func(L *lua.LState) int {
		out.Flush()
		return one(L)
	})
	e.ngx.RawSetString("say", write(true))
	e.ngx.RawSetString("print", write(false))
	e.ngx.RawSetString("flush", flush)
	e.ngx.RawSetString("eof", flush)
	e.L.SetGlobal("print", e.L.NewFunction(func(L *lua.LState) int {
		for i := 1; i <= L.GetTop(); i++ {
			if i > 1 {
				out.WriteByte('\t')
			}
			out.WriteString(vm.Text(L, L.Get(i)).String())
		}
		out.WriteByte('\n')
		return 0
	}))
	if library, ok := e.L.GetGlobal("os").(*lua.LTable); ok {
		if exit, ok := library.RawGetString("exit").(*lua.LFunction); ok && exit.IsG {
			library.RawSetString("exit", e.L.NewFunction(func(L *lua.LState) int {
				out.Flush()
				leave()
				return exit.GFunction(L)
			}))
		}
	}
	e.sub("config").RawSetString("is_console", lua.LTrue)
}
