package api

import (
	"time"

	lua "github.com/yuin/gopher-lua"

	"github.com/perigee-server/perigee/lua/vm"
	"github.com/perigee-server/perigee/server/event"
	"github.com/perigee-server/perigee/server/http"
	"github.com/perigee-server/perigee/server/log"
	"github.com/perigee-server/perigee/server/upstream"
)

// Ctx is what one request, timer or worker phase has besides Lua: the context
// of lua-nginx-module (ngx_http_lua_ctx_t).
type Ctx struct {
	E     *Engine
	R     *http.Request // nil outside of requests
	Phase Phase
	table *lua.LTable // ngx.ctx

	run *run // the one that is in progress
	// first is memory for one run at a time, firstBusy while it is in use.
	first     run
	firstBusy bool

	out      output
	abort    abortWatch
	filter   *filterArgs
	setArgs  [][]byte
	timer    *timer
	body     *bodyWriter
	hand     *http.Handshake     // of the TLS phases
	attempts *upstream.Attempts  // while balancer_by_lua runs
	socket   any                 // the downstream cosocket, once taken
	sockets  []*tcpSocket        // those with a connection
	leases   map[*lease]struct{} // connections of a script without a request
	ends     []func()            // see atEnd; of a timer
	raw      bool
	pending  int          // captures that run: no abort then
	task     *handlerTask // of an asynchronous handler or a service
	// replaced is set once ngx.exit in a header filter has replaced the response.
	replaced bool
}

// ending is how a script asked for the end of its run.
type ending uint8

const (
	going    ending = iota
	exited          // ngx.exit, ngx.redirect
	executed        // ngx.exec
	jumped          // ngx.req.set_uri with jump
	aborted         // the client has gone
)

// run is one run of a script in a phase in which it may wait.
type run struct {
	outer   *run
	scope   vm.Scope
	entry   vm.Thread
	task    *event.Task
	end     ending
	code    http.Status
	uri     []byte
	args    []byte
	lights  []*light
	streams []*bodyStream // that the script may still read
	// spawned tells that light threads were made, which know the run.
	spawned bool
	// cut tells that an error has ended it while captures ran.
	cut bool

	phase Phase
	fn    *lua.LFunction // the script
	since time.Time
	// The neighbours among all runs in progress, see shared.
	older, newer *run
}

// Error makes a run the cause with which its own threads are cancelled.
func (r *run) Error() string { return "the script has ended" }

var contexts = http.NewContext[Ctx]()

// Of is the request's context, made when it is missing.
func (e *Engine) CtxOf(r *http.Request) *Ctx {
	if c := contexts.Of(r); c != nil {
		return c
	}
	c := &Ctx{E: e, R: r}
	contexts.Set(r, c)
	return c
}

// atEnd has f called when the request or the timer has ended.
func (c *Ctx) atEnd(f func()) {
	if c.R != nil && c.task == nil {
		c.R.AtEnd(f)
		return
	}
	c.ends = append(c.ends, f)
}

// end calls what atEnd was given, for a script without a request and for a task
// beside one.
func (c *Ctx) end() {
	for i := len(c.ends) - 1; i >= 0; i-- {
		c.ends[i]()
	}
	c.ends = nil
}

// action is what nginx says that a request is doing, for its log lines.
func (c *Ctx) action() string {
	switch {
	case c.Phase == PhaseLog:
		return " while logging request"
	case c.Phase == PhaseBalancer:
		return " while connecting to upstream"
	case c.Phase == PhaseHeaderFilter && c.R.Proxied():
		return " while reading response header from upstream"
	case c.Phase == PhaseBodyFilter && c.R.Proxied():
		return " while sending to client"
	}
	return ""
}

// logLine writes to the request's error log, or to the worker's.
func (c *Ctx) logLine(level log.Level, text string) {
	if c.R != nil {
		c.R.LogLine(level, text+c.action())
		return
	}
	l := c.E.Log()
	if l.Enabled(level) {
		suffix := ""
		id := uint64(0)
		switch c.Phase {
		case PhaseHandlerService, PhaseHandlerHook:
			suffix = ", context: " + c.Phase.Directive()
		case PhaseTimer:
			suffix = ", context: ngx.timer"
			if c.timer != nil {
				suffix += c.timer.suffix
			}
		case PhaseInitWorker:
			suffix = ", context: " + c.Phase.Directive()
		case PhaseSSLClientHello, PhaseSSLCertificate, PhaseSSLSessionFetch, PhaseSSLSessionStore:
			conn := c.hand.Conn
			id = conn.ID
			suffix = ", context: " + c.Phase.Directive() + ", client: " + string(conn.RemoteAddr()) + ", server: " + conn.ListenName()
		}
		l.Print(level, id, text, suffix)
	}
}

func (c *Ctx) enabled(level log.Level) bool {
	if c.R != nil {
		return c.R.Logger().Enabled(level)
	}
	return c.E.Log().Enabled(level)
}

// wait ends a function that had to wait: a cancellation unwinds the thread, or
// is an error in a handler.
func (c *Ctx) wait(L *lua.LState, err error) {
	if err != nil {
		c.E.Interrupt(L)
	}
}

// finish ends the run that L belongs to: every thread of it unwinds.
func (c *Ctx) finish(L *lua.LState, end ending, code http.Status) {
	if r := c.run; r != nil && r.end == going {
		r.end, r.code = end, code
		r.stop(c.E.Of(L))
	}
	vm.Unwind(L)
}

// stop cancels all threads of a run but one.
func (r *run) stop(but *vm.Thread) {
	if r.task != nil && r.task != r.scope.Machine().Loop.Current() {
		r.task.Cancel(r)
	}
	r.scope.Kill(but)
}

// begin makes the run of a script with its entry thread.
func (c *Ctx) begin() *run {
	r := &c.first
	if c.firstBusy {
		r = &run{}
	} else {
		*r = run{}
		c.firstBusy = true
	}
	r.outer = c.run
	if c.run == nil {
		c.E.Stretch()
	}
	r.since = c.E.Loop.Now()
	c.E.shared.runs.add(r)
	r.scope.Init(c.E.Machine, c)
	c.E.Enter(&r.entry, &r.scope)
	if c.run == nil {
		c.E.shared.memory.begin(r)
	}
	return r
}

// over gives the memory of a run back, unless scripts may hold its thread.
func (c *Ctx) over(r *run) {
	c.run = r.outer
	c.E.shared.runs.remove(r)
	if c.run == nil {
		c.E.Rest()
		c.E.shared.memory.end()
	}
	if r == &c.first && !r.entry.Exposed() && !r.spawned {
		c.firstBusy = false
	}
}

// execute runs fn as an entry thread. In phases that may wait it returns when
// all light threads have ended too. The error is *vm.Failure, or nil.
func (c *Ctx) execute(phase Phase, fn *lua.LFunction, args ...lua.LValue) (result *run, err error) {
	return c.call(phase, fn, nil, args...)
}

// call is execute for a function whose results are wanted: as many as there is
// room for in results, which are nil (not Lua's) when it has not returned.
func (c *Ctx) call(phase Phase, fn *lua.LFunction, results []lua.LValue, args ...lua.LValue) (result *run, err error) {
	outerPhase := c.Phase
	r := c.begin()
	c.Phase, c.run, r.phase, r.fn = phase, r, phase, fn
	r.scope.Waits = phase&c.E.waits != 0
	t := &r.entry
	t.L.Push(fn)
	for _, a := range args {
		t.L.Push(a)
	}
	if r.scope.Waits {
		r.task = c.E.Loop.Current()
	}
	if c.task != nil {
		r.scope.Interrupted = c.task.interrupted
	}
	if err = t.Call(len(args), len(results)); err == nil {
		for i := range results {
			results[i] = t.L.Get(i - len(results))
		}
	}
	r.cut = err != nil && err != vm.ErrUnwound && c.pending > len(r.streams)
	if err == nil && r.end == going {
		for len(r.lights) > 0 && c.E.Loop.Park() == nil {
		}
	}
	if r.task != nil && r.task.Cause() == error(r) {
		r.task.Pardon()
	}
	for len(r.streams) > 0 {
		r.streams[0].end(c)
	}
	r.scope.End()
	t.Release()
	c.Phase = outerPhase
	c.over(r)
	if err == vm.ErrUnwound {
		err = nil
		if r.end == going { // cancelled from outside
			r.end, r.code = aborted, http.Error
		}
	}
	return r, err
}

// report logs an error that nothing has caught.
func (c *Ctx) report(what string, err error) {
	failure, ok := err.(*vm.Failure)
	if !ok {
		c.logLine(log.Error, what+err.Error())
		return
	}
	c.logLine(log.Error, what+failure.Error()+"\n"+failure.Traceback)
}
