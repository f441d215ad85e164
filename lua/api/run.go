package api

import (
	"errors"
	"fmt"

	lua "github.com/yuin/gopher-lua"

	"github.com/perigee-server/perigee/lua/vm"
	"github.com/perigee-server/perigee/server/http"
	"github.com/perigee-server/perigee/server/log"
)

// load is Engine.Load with the failure logged: the status to answer with, 0
// when there is a function.
func (c *Ctx) load(code *Code) (*lua.LFunction, http.Status) {
	fn, err := c.E.Load(code, c.R)
	if err == nil {
		return fn, 0
	}
	c.logLine(log.Error, err.Error())
	if err.Lost {
		return nil, 404
	}
	return nil, 500
}

// runPhase runs a script that may wait, and gives what the phase answers: OK when
// it just goes on.
func (c *Ctx) runPhase(phase Phase, code *Code) http.Status {
	r := c.R
	if Locations.Of(r).NeedBody.V && !r.Body().Read() {
		if rc := r.ReadBody(); rc != http.OK {
			return rc
		}
	}
	fn, failed := c.load(code)
	if failed != 0 {
		return failed
	}
	unwatch := c.watchAbort()
	result, err := c.execute(phase, fn)
	unwatch()
	if err != nil {
		c.report("lua entry thread aborted: runtime error: ", err)
		if result.cut && !r.IsSub() {
			return http.Error // as the response would wait for the subrequests
		}
		return c.failed()
	}
	switch result.end {
	case exited:
		return c.exit(phase, result.code)
	case executed:
		return c.exec(result)
	case jumped:
		c.table = nil
	case aborted:
		if result.code == http.Error {
			return http.Error
		}
		return result.code
	}
	return http.OK
}

// failed is the answer to a script that ended with an error.
func (c *Ctx) failed() http.Status {
	if c.R.HeaderSent() {
		return http.Error
	}
	return 500
}

// exit gives the answer of a phase whose script called ngx.exit.
func (c *Ctx) exit(phase Phase, code http.Status) http.Status {
	r := c.R
	if !r.HeaderSent() && r.Out.Status == 0 && code >= 200 {
		r.Out.Status = int(code)
	}
	if c.out.buffering && r.Out.Status != 0 && code != http.Error && !final(code) {
		if rc := c.send(nil); rc == http.Error || rc >= 300 {
			return rc
		}
		if code >= 200 {
			return 200
		}
		return code
	}
	if code == http.OK && phase == PhaseContent || code >= 200 && code < 300 && code != 204 {
		if rc := c.send(nil); rc == http.Error || rc >= 300 {
			return rc
		}
	}
	if code == http.Declined && phase == PhaseContent {
		return http.Error
	}
	if r.HeaderSent() && code > http.OK && !final(code) {
		if phase == PhaseContent {
			return http.OK
		}
		return 200
	}
	return code
}

// exec goes where ngx.exec has asked to.
func (c *Ctx) exec(result *run) http.Status {
	if result.uri[0] != '@' {
		return c.R.InternalRedirect(result.uri, result.args)
	}
	if len(result.args) > 0 {
		c.logLine(log.Warn, fmt.Sprintf("query strings %s ignored when exec'ing named location %s", http.EscapeLog(result.args), http.EscapeLog(result.uri)))
	}
	return c.R.NamedLocation(string(result.uri))
}

// settled is what a phase before content answers after its script: on, or, once
// the script has sent a response, the end of the request.
func (c *Ctx) settled(on http.Status) http.Status {
	if !c.R.HeaderSent() && !(c.R.Out.Status != 0 && c.out.buffering) {
		return on
	}
	if !c.out.eof {
		if rc := c.send(nil); rc == http.Error || rc > http.OK {
			return rc
		}
	}
	return 200
}

// Rewrite runs rewrite_by_lua and server_rewrite_by_lua.
func (c *Ctx) Rewrite(phase Phase, code *Code) http.Status {
	if c.R.URIChanged() {
		return http.Declined
	}
	rc := c.runPhase(phase, code)
	if rc == http.OK || rc == http.Declined {
		return c.settled(http.Declined)
	}
	return rc
}

// Access runs access_by_lua and precontent_by_lua.
func (c *Ctx) Access(phase Phase, code *Code) http.Status {
	rc := c.runPhase(phase, code)
	if rc != http.OK && rc != http.Declined {
		return rc
	}
	if phase == PhasePreContent {
		rc = http.Declined
	}
	return c.settled(rc)
}

// Content runs content_by_lua.
func (c *Ctx) Content(code *Code) http.Status {
	rc := c.runPhase(PhaseContent, code)
	if rc != http.OK {
		return rc
	}
	return c.send(nil)
}

// LogPhase runs log_by_lua.
func (c *Ctx) LogPhase(code *Code) http.Status {
	fn, failed := c.load(code)
	if failed != 0 {
		return http.OK
	}
	if _, err := c.execute(PhaseLog, fn); err != nil {
		c.report("failed to run log_by_lua*: ", err)
	}
	return http.OK
}

// HeaderFilter runs header_filter_by_lua.
func (c *Ctx) HeaderFilter(code *Code) http.Status {
	if c.replaced { // the page that ngx.exit asked for
		return http.OK
	}
	fn, failed := c.load(code)
	if failed != 0 {
		return failed
	}
	result, err := c.execute(PhaseHeaderFilter, fn)
	if err != nil {
		c.report("failed to run header_filter_by_lua*: ", err)
		return http.Error
	}
	if result.end != exited || result.code == http.OK {
		return http.OK
	}
	if result.code < 200 {
		return result.code
	}
	c.replaced, c.out.eof = true, true
	return c.R.Replace(result.code)
}

// filterArgs are ngx.arg in a body filter.
type filterArgs struct {
	data    []byte
	eof     bool
	flush   bool
	changed bool
	ended   bool // ngx.arg[2] was set: nothing more comes out
}

var errFilter = errors.New("body filter")

// BodyFilter runs body_filter_by_lua for what has come.
func (c *Ctx) BodyFilter(code *Code, in []http.Buf) ([]http.Buf, error) {
	if len(in) == 0 {
		return in, nil
	}
	if c.filter == nil {
		c.filter = &filterArgs{}
	}
	f := c.filter
	if f.ended {
		return nil, nil
	}
	fn, failed := c.load(code)
	if failed != 0 {
		return nil, errFilter
	}
	f.data, f.eof, f.flush, f.changed = nil, false, false, false
	for i := range in {
		b := &in[i]
		if b.File != nil {
			part := make([]byte, b.N)
			if _, err := b.File.ReadAt(part, b.Off); err != nil {
				return nil, err
			}
			f.data = append(f.data, part...)
		} else if len(in) == 1 {
			f.data = b.Mem
		} else {
			f.data = append(f.data, b.Mem...)
		}
		f.eof = f.eof || b.Last
		f.flush = f.flush || b.Flush
	}
	wasLast := f.eof
	value, err := c.evaluate(PhaseBodyFilter, fn)
	if err != nil {
		c.report("failed to run body_filter_by_lua*: ", err)
		return nil, errFilter
	}
	if n, ok := value.(lua.LNumber); ok && (n == -1 || n >= 300) {
		return nil, errFilter
	}
	f.ended = f.eof
	if !f.changed && f.eof == wasLast {
		return in, nil
	}
	return []http.Buf{{Mem: f.data, Stable: f.changed, Flush: f.flush, Last: f.eof}}, nil
}

// SetBy runs set_by_lua. It returns false to answer with 500.
func (c *Ctx) SetBy(code *Code, args [][]byte) ([]byte, bool) {
	fn, failed := c.load(code)
	if failed != 0 {
		return nil, false
	}
	c.setArgs = args
	value, err := c.evaluate(PhaseSet, fn)
	c.setArgs = nil
	if err != nil {
		c.report("failed to run set_by_lua*: ", err)
		return nil, false
	}
	switch v := value.(type) {
	case lua.LString:
		return []byte(v), true
	case lua.LNumber:
		return vm.AppendNumber(nil, float64(v)), true
	case lua.LBool:
		return []byte(v.String()), true
	}
	return nil, true
}

// evaluate runs a script and gives its first result.
func (c *Ctx) evaluate(phase Phase, fn *lua.LFunction) (value lua.LValue, err error) {
	outerPhase := c.Phase
	r := c.begin()
	c.Phase, c.run, r.phase, r.fn = phase, r, phase, fn
	t := &r.entry
	t.L.Push(fn)
	value = lua.LNil
	if r.scope.Waits = phase&c.E.waits != 0; r.scope.Waits {
		r.task = c.E.Loop.Current()
	}
	if err = t.Call(0, 1); err == nil {
		value = t.L.Get(-1)
	}
	for err == nil && len(r.lights) > 0 && c.E.Loop.Park() == nil {
	}
	r.scope.End()
	t.Release()
	c.Phase = outerPhase
	c.over(r)
	if err == vm.ErrUnwound {
		err = nil
	}
	return value, err
}

// worker runs a script that belongs to no request.
func (e *Engine) worker(phase Phase, code *Code) error {
	c := &Ctx{E: e, Phase: phase}
	fn, err := e.Load(code, nil)
	if err != nil {
		return code.failed(phase, err.Reason)
	}
	_, failure := c.execute(phase, fn)
	c.end()
	if failure != nil {
		return code.failed(phase, traced(failure))
	}
	return nil
}

// failed is the error of a script that belongs to no request.
func (code *Code) failed(phase Phase, text string) error {
	tag := phase.Tag()
	if code.Path != "" {
		tag += "_file"
	}
	return errors.New(tag + " error: " + text)
}

// RunInit runs init_by_lua. An error ends the worker.
func (e *Engine) RunInit() error {
	code := e.Conf.Init
	if code == nil {
		return nil
	}
	e.quiet = true
	defer func() { e.quiet = false }()
	return e.worker(PhaseInit, code)
}

func traced(err error) string {
	var failure *vm.Failure
	if errors.As(err, &failure) {
		return failure.Error() + "\n" + failure.Traceback
	}
	return err.Error()
}

// RunInitWorker runs init_worker_by_lua; its failure is logged.
func (e *Engine) RunInitWorker() { e.logged(PhaseInitWorker, e.Conf.InitWorker) }

// RunExitWorker runs exit_worker_by_lua.
func (e *Engine) RunExitWorker() {
	e.endTimers()
	e.logged(PhaseExitWorker, e.Conf.ExitWorker)
}

func (e *Engine) logged(phase Phase, code *Code) {
	if code == nil {
		return
	}
	if err := e.worker(phase, code); err != nil {
		e.Log().Print(log.Error, 0, err.Error(), "")
	}
}

// UncachedOf is the context of a request with lua_code_cache off: the first one
// makes the VM that the request and its subrequests share.
func (e *Engine) UncachedOf(r *http.Request) *Ctx {
	if c := contexts.Of(r); c != nil {
		return c
	}
	for p := r.Parent; p != nil; p = p.Parent {
		if c := contexts.Of(p); c != nil && c.E != e {
			return c.E.CtxOf(r)
		}
	}
	fresh := e.Fresh()
	if err := fresh.RunInit(); err != nil {
		e.Log().Print(log.Error, 0, err.Error(), "")
	}
	return fresh.CtxOf(r)
}
