package api

import (
	"fmt"
	"os"
	osexec "os/exec"
	"runtime"
	"strings"
	"syscall"
	"time"

	lua "github.com/yuin/gopher-lua"

	"github.com/perigee-server/perigee/lua/vm"
	"github.com/perigee-server/perigee/server/event"
	"github.com/perigee-server/perigee/server/log"
)

// pipeTimeout is how long operations on a child process wait where the script
// does not say.
const pipeTimeout = 10 * time.Second

// proc is a child process of ngx.pipe.spawn. It is killed once no script knows
// it any more.
type proc struct {
	*child
	stdin, stdout, stderr *tcpSocket // stderr is nil when it goes to stdout
	waitFor               time.Duration
	waiting               bool
	told                  bool // wait has given the result
}

func (*proc) cdata() {}

// child is the process itself.
type child struct {
	cmd    *osexec.Cmd
	pid    int
	gone   bool
	reason string
	status int
	waiter *event.Task
}

// pipeWire is one end of a child's standard stream.
type pipeWire struct{ ev *event.Conn }

func (w *pipeWire) tryRead(p []byte) (int, error) {
	if !w.ev.Readable() {
		return 0, event.ErrAgain
	}
	return w.ev.TryRead(p)
}
func (w *pipeWire) tryWrite(p []byte) (int, error)  { return w.ev.TryWrite(p) }
func (w *pipeWire) waitRead(d time.Duration) error  { return w.ev.WaitRead(d) }
func (w *pipeWire) waitWrite(d time.Duration) error { return w.ev.WaitWrite(d) }
func newStream(ev *event.Conn, conf *Location) *tcpSocket {
	return &tcpSocket{kind: pipeStream, wire: &pipeWire{ev}, made: true, conf: conf, t: timeouts{send: pipeTimeout, read: pipeTimeout}}
}

func init() {
	family(func(e *Engine) {
		methods := e.L.NewTable()
		methods.RawSetString("__index", methods)
		e.set(methods, anyPhase, map[string]function{
			"pid": procPID, "set_timeouts": procTimeouts, "write": procWrite, "shutdown": procShutdown, "wait": procWait, "kill": procKill,
		})
		for name, stream := range map[string]func(*proc) *tcpSocket{"stdout": func(p *proc) *tcpSocket { return p.stdout }, "stderr": func(p *proc) *tcpSocket { return p.stderr }} {
			e.set(methods, anyPhase, map[string]function{
				name + "_read_all":   procRead(stream, readAll),
				name + "_read_line":  procRead(stream, readLine),
				name + "_read_bytes": procRead(stream, readChunk),
				name + "_read_any":   procRead(stream, readAny),
			})
		}
		module := e.L.NewTable()
		module.RawSetString("version", lua.LString("0.1.25"))
		module.RawSetString("spawn", e.bind(anyPhase, func(e *Engine, c *Ctx, L *lua.LState) int { return spawnProc(e, c, L, methods) }))
		e.preloaded("ngx.pipe", module)
	})
}

// pipeOptions are those of ngx.pipe.spawn.
type pipeOptions struct {
	merge   bool
	size    int
	env     []string
	timeout [4]time.Duration // write, read of stdout and of stderr, wait
}

func spawnProc(e *Engine, c *Ctx, L *lua.LState, methods *lua.LTable) int {
	if c.Phase == PhaseInit {
		vm.Raise(L, 1, "API disabled in the current context")
	}
	args := procArgs(L)
	o := pipeOptions{size: 4096, timeout: [4]time.Duration{pipeTimeout, pipeTimeout, pipeTimeout, pipeTimeout}}
	if t, ok := L.Get(2).(*lua.LTable); ok {
		o.read(L, t)
	}
	p, err := e.start(c, args, &o)
	if err != nil {
		return fail(L, err.Error())
	}
	u := &lua.LUserData{Value: p, Metatable: methods}
	L.Push(u)
	return 1
}

// procArgs is the command of ngx.pipe.spawn: a list, or a text for the shell.
func procArgs(L *lua.LState) []string {
	switch v := L.Get(1).(type) {
	case lua.LString:
		return []string{"/bin/sh", "-c", string(v)}
	case *lua.LTable:
		var args []string
		for i := 1; ; i++ {
			item := v.RawGetInt(i)
			if item == lua.LNil {
				break
			}
			args = append(args, vm.ToText(L, item))
		}
		if len(args) == 0 {
			vm.Raise(L, 1, "bad args arg: non-empty table expected")
		}
		return args
	default:
		vm.Raise(L, 1, "bad args arg: table expected, got "+v.Type().String())
	}
	return nil
}

func (o *pipeOptions) read(L *lua.LState, t *lua.LTable) {
	o.merge = lua.LVAsBool(t.RawGetString("merge_stderr"))
	if v := t.RawGetString("buffer_size"); lua.LVAsBool(v) {
		n, ok := toInt(v)
		if !ok || n < 1 {
			vm.Raise(L, 1, "bad buffer_size option")
		}
		o.size = n
	}
	if v := t.RawGetString("environ"); lua.LVAsBool(v) {
		list, ok := v.(*lua.LTable)
		if !ok {
			vm.Raise(L, 1, "bad environ option: table expected, got "+v.Type().String())
		}
		o.env = environment(L, list)
	}
	for i, name := range []string{"write_timeout", "stdout_read_timeout", "stderr_read_timeout", "wait_timeout"} {
		procTimeout(L, t.RawGetString(name), name, &o.timeout[i])
	}
}

// environment is the option environ.
func environment(L *lua.LState, list *lua.LTable) []string {
	var env []string
	for i := 1; ; i++ {
		v := list.RawGetInt(i)
		if v == lua.LNil {
			return env
		}
		text, ok := v.(lua.LString)
		if !ok {
			vm.Raise(L, 1, fmt.Sprintf("bad value at index %d of environ option: string expected, got %s", i, v.Type().String()))
		}
		if strings.IndexByte(string(text), '=') < 1 {
			vm.Raise(L, 1, fmt.Sprintf("bad value at index %d of environ option: 'name=[value]' format expected, got '%s'", i, string(text)))
		}
		env = append(env, string(text))
	}
}

// procTimeout reads a time in milliseconds; 0 stands for none.
func procTimeout(L *lua.LState, v lua.LValue, name string, to *time.Duration) {
	if !lua.LVAsBool(v) {
		return
	}
	ms, ok := toInt(v)
	if !ok || ms < 0 || ms > 1<<32-1 {
		vm.Raise(L, 1, "bad "+name+" option")
	}
	*to = time.Duration(ms) * time.Millisecond
}

// start starts the child.
func (e *Engine) start(c *Ctx, args []string, o *pipeOptions) (*proc, error) {
	var conns [3]*event.Conn
	var files [3]*os.File
	streams := 3
	if o.merge {
		streams = 2
	}
	discard := func() {
		for i := range streams {
			if conns[i] != nil {
				conns[i].Close()
				files[i].Close()
			}
		}
	}
	for i := range streams {
		var err error
		if conns[i], files[i], err = e.Loop.Pair(); err != nil {
			discard()
			return nil, fmt.Errorf("pipe failed: %w", err)
		}
	}
	cmd := osexec.Command(args[0], args[1:]...)
	cmd.Env = o.env
	cmd.Stdin, cmd.Stdout, cmd.Stderr = files[0], files[1], files[1]
	if !o.merge {
		cmd.Stderr = files[2]
	}
	conf := *c.settings()
	conf.BufferSize.V = int64(o.size)
	p := &proc{child: &child{cmd: cmd}, waitFor: o.timeout[3]}
	p.stdin, p.stdout = newStream(conns[0], &conf), newStream(conns[1], &conf)
	p.stdin.t.send, p.stdout.t.read = o.timeout[0], o.timeout[1]
	if !o.merge {
		p.stderr = newStream(conns[2], &conf)
		p.stderr.t.read = o.timeout[2]
	}
	err := cmd.Start()
	for _, f := range files[:streams] {
		f.Close()
	}
	if err != nil { // as a child that could not execute its program
		c.logLine(log.Crit, log.Errno("lua pipe child execvp() failed while executing "+args[0], err))
		p.gone, p.reason, p.status = true, "exit", 1
		return p, nil
	}
	p.pid = cmd.Process.Pid
	e.watch(p)
	return p, nil
}

// watch waits for the end of a child, and ends one that nobody knows any more.
func (e *Engine) watch(p *proc) {
	loop, ch := e.Loop, p.child
	go func() {
		ch.cmd.Wait()
		loop.Post(func() { ch.ended(loop) })
	}()
	conns := []*event.Conn{p.stdin.wire.(*pipeWire).ev, p.stdout.wire.(*pipeWire).ev}
	if p.stderr != nil {
		conns = append(conns, p.stderr.wire.(*pipeWire).ev)
	}
	runtime.AddCleanup(p, func(conns []*event.Conn) {
		loop.Post(func() {
			if !ch.gone {
				ch.cmd.Process.Kill()
			}
			for _, ev := range conns {
				ev.Close()
			}
		})
	}, conns)
}

// ended notes how the child has ended.
func (ch *child) ended(loop *event.Loop) {
	ch.gone, ch.reason = true, "exit"
	if st, ok := ch.cmd.ProcessState.Sys().(syscall.WaitStatus); ok && st.Signaled() {
		ch.reason, ch.status = "signal", int(st.Signal())
	} else {
		ch.status = ch.cmd.ProcessState.ExitCode()
	}
	if ch.waiter != nil {
		loop.Wake(ch.waiter)
	}
}

// procOf is the process that is the first argument.
func procOf(L *lua.LState) *proc {
	p, ok := handleOf[*proc](L.Get(1))
	if !ok {
		vm.Raise(L, 1, "not a process instance")
	}
	return p
}

func procPID(e *Engine, c *Ctx, L *lua.LState) int {
	L.Push(lua.LNumber(procOf(L).pid))
	return 1
}

func procTimeouts(e *Engine, c *Ctx, L *lua.LState) int {
	p := procOf(L)
	procTimeout(L, L.Get(2), "write_timeout", &p.stdin.t.send)
	procTimeout(L, L.Get(3), "stdout_read_timeout", &p.stdout.t.read)
	if p.stderr != nil {
		procTimeout(L, L.Get(4), "stderr_read_timeout", &p.stderr.t.read)
	}
	procTimeout(L, L.Get(5), "wait_timeout", &p.waitFor)
	return 0
}

// procRead makes one of the functions that read a stream.
func procRead(stream func(*proc) *tcpSocket, mode readMode) function {
	return func(e *Engine, c *Ctx, L *lua.LState) int {
		s := stream(procOf(L))
		rest := 0
		switch mode {
		case readChunk:
			rest = int(vm.CheckNumber(L, 2))
			if rest < 0 {
				vm.Raise(L, 1, "bad len argument")
			}
			if rest == 0 {
				L.Push(lua.LString(""))
				return 1
			}
		case readAny:
			var ok bool
			if rest, ok = toInt(L.Get(2)); !ok || rest <= 0 {
				vm.Raise(L, 1, "bad max argument")
			}
		}
		switch {
		case s == nil:
			return fail(L, "merged to stdout")
		case s.readClosed:
			return fail(L, "closed")
		case s.reading != nil:
			return fail(L, "pipe busy reading")
		}
		return s.read(c, L, mode, rest)
	}
}

func procWrite(e *Engine, c *Ctx, L *lua.LState) int {
	s := procOf(L).stdin
	switch v := L.Get(2); v.Type() {
	case lua.LTString, lua.LTNumber, lua.LTTable:
	default:
		vm.Raise(L, 1, "bad data arg: string, number, or table expected, got "+v.Type().String())
	}
	text := e.sendText(L, L.Get(2))
	switch {
	case s.writeClosed:
		return fail(L, "closed")
	case s.writing != nil:
		return fail(L, "pipe busy writing")
	}
	n := len(text)
	if n > 0 {
		if err := s.sendAll(c, L, text); err != nil {
			if err != event.ErrTimeout {
				s.writeClosed = true
			}
			return fail(L, pipeReason(err))
		}
	}
	L.Push(lua.LNumber(n))
	return 1
}

// pipeReason is reason for pipes: a reader that has gone is "closed".
func pipeReason(err error) string {
	if text := reason(err); text != "broken pipe" && text != "connection reset by peer" {
		return text
	}
	return "closed"
}

func procShutdown(e *Engine, c *Ctx, L *lua.LState) int {
	p := procOf(L)
	direction := vm.CheckText(L, 2)
	var s *tcpSocket
	switch direction {
	case "stdin":
		s = p.stdin
	case "stdout":
		s = p.stdout
	case "stderr":
		if s = p.stderr; s == nil {
			return fail(L, "merged to stdout")
		}
	default:
		vm.Raise(L, 1, "bad shutdown arg: "+direction)
	}
	w := s.wire.(*pipeWire)
	if w.ev.FD() < 0 {
		return fail(L, "closed")
	}
	s.readClosed, s.writeClosed = true, true
	w.ev.Close()
	return yes(L)
}

func procWait(e *Engine, c *Ctx, L *lua.LState) int {
	p := procOf(L)
	if p.told {
		return fail(L, "exited")
	}
	if p.waiting {
		return fail(L, "pipe busy waiting")
	}
	if !p.gone {
		c.mayWait(L)
		if late := p.await(e, c, L); late {
			return fail(L, "timeout")
		}
	}
	p.told = true
	L.Push(lua.LBool(p.reason == "exit" && p.status == 0))
	L.Push(lua.LString(p.reason))
	L.Push(lua.LNumber(p.status))
	return 3
}

// await parks the script until the child has ended; it reports whether the time
// was over first.
func (p *proc) await(e *Engine, c *Ctx, L *lua.LState) (late bool) {
	task := e.Loop.Current()
	p.waiting, p.waiter = true, task
	var timer *event.Timer
	if p.waitFor > 0 {
		timer = e.Loop.NewTimer(func() { late = true; e.Loop.Wake(task) })
		timer.Reset(p.waitFor)
	}
	var err error
	for !p.gone && !late && err == nil {
		err = e.Loop.Park()
	}
	if timer != nil {
		timer.Remove()
	}
	p.waiting, p.waiter = false, nil
	c.wait(L, err)
	return !p.gone
}

func procKill(e *Engine, c *Ctx, L *lua.LState) int {
	p := procOf(L)
	n, ok := L.Get(2).(lua.LNumber)
	if !ok {
		vm.Raise(L, 1, "bad signal arg: number expected, got "+vm.ToText(L, L.Get(2)))
	}
	if p.gone {
		return fail(L, "exited")
	}
	switch err := p.cmd.Process.Signal(syscall.Signal(int(n))); err {
	case nil:
		return yes(L)
	case os.ErrProcessDone, syscall.ESRCH:
		return fail(L, "exited")
	case syscall.EINVAL:
		return fail(L, "invalid signal")
	case syscall.EPERM:
		return fail(L, "not permitted")
	default:
		return fail(L, errnoText(err))
	}
}
