package http

import (
	"runtime/debug"

	"github.com/perigee-server/perigee/server/http/head"
	"github.com/perigee-server/perigee/server/log"
)

// Phase is a step of processing a request, in nginx's order.
type Phase uint8

// The phases.
const (
	PostRead Phase = iota
	ServerRewrite
	FindConfig
	Rewrite
	PostRewrite
	PreAccess
	Access
	PostAccess
	PreContent
	Content
	Log
	phaseCount
)

// Limits of nginx against cycles: a request's count of URI changes begins with
// one more than are allowed, and none may be left over.
const (
	maxURIChanges  = 10 + 1
	maxSubrequests = 50
)

// PhaseFunc handles a request in a phase. In the rewrite phases Declined goes
// on; in the access phase OK allows and a status refuses; in the others OK goes
// on with the next phase and Declined with the next handler; Done ends
// processing, any status finalizes the request.
type PhaseFunc func(r *Request) Status

// PhaseHandler is a phase handler of a module.
type PhaseHandler struct {
	Name  string
	Phase Phase
	Order int // within the phase, small first
	// Applies tells at configuration time whether a location needs the handler;
	// nil for all.
	Applies func(l *Location) bool
	Run     PhaseFunc
}

// AddPhase adds a phase handler; for Module.Init.
func (m *Main) AddPhase(h PhaseHandler) { m.phases = append(m.phases, h) }

// handle serves a request from its head to the end of its response's making.
func (r *Request) handle() {
	defer r.recoverPanic()
	if r.headError != 0 {
		code := r.headError
		r.headError = 0
		r.finalize(code)
		r.loop()
		return
	}
	r.lingering = r.ContentLength > 0 || r.ChunkedBody
	r.headOnly = r.Method == head.MethodHead
	if r.conn.addr.opt.ssl != (r.conn.tls != nil) && r.conn.addr.opt.ssl {
		r.finalize(statusToHTTPS)
		r.loop()
		return
	}
	if rc := r.readEarly(); rc != OK {
		r.finalize(rc)
	}
	r.phase = PostRead
	r.loop()
	r.WaitSubrequests()
}

// recoverPanic turns a panic of a handler into an error page.
func (r *Request) recoverPanic() {
	p := recover()
	if p == nil {
		return
	}
	r.Logf(log.Error, "panic in the handling of a request: %v\n%s", p, debug.Stack())
	defer func() {
		if p := recover(); p != nil {
			r.terminate(statusInternalServerError)
		}
	}()
	if r.headerSent {
		r.terminate(statusInternalServerError)
		return
	}
	r.errorPage = true
	r.finalize(statusInternalServerError)
	r.loop()
}

// loop runs phases until the request is finalized.
func (r *Request) loop() {
	for !r.finalized {
		rc := r.step()
		if rc == Redirected {
			continue
		}
		r.finalize(rc)
	}
}

// step runs the phases from the present one to a result.
func (r *Request) step() Status {
	for {
		switch p := r.phase; p {
		case PostRead, PreAccess, PreContent:
			if rc, end := r.generic(p); end {
				return rc
			}
			r.phase++
		case ServerRewrite, Rewrite:
			if rc, end := r.rewrite(p); end {
				return rc
			}
			r.phase++
		case FindConfig:
			if rc := r.findConfig(); rc != OK {
				return rc
			}
			r.phase++
		case PostRewrite:
			if !r.uriChanged {
				r.phase++
				break
			}
			r.uriChanges--
			if r.uriChanges == 0 {
				r.Logf(log.Error, "rewrite or internal redirection cycle while processing %q", r.URI)
				return statusInternalServerError
			}
			r.loc = r.server.Root
			r.phase = FindConfig
		case Access:
			if rc := r.access(); rc != OK {
				return rc
			}
			r.phase++
		case PostAccess:
			if r.accessCode != 0 {
				code := r.accessCode
				r.accessCode = 0
				if code == statusForbidden {
					r.Logf(log.Error, "access forbidden by rule")
				}
				return code
			}
			r.phase++
		case Content:
			return r.content()
		default:
			return statusInternalServerError
		}
		if r.finalized {
			return Done
		}
	}
}

// generic runs handlers of a phase in which OK ends the phase.
func (r *Request) generic(p Phase) (rc Status, end bool) {
	for _, f := range r.loc.phases[p] {
		switch rc := f(r); rc {
		case OK:
			return OK, false
		case Declined:
		default:
			return rc, true
		}
	}
	return OK, false
}

// rewrite runs handlers of a rewrite phase.
func (r *Request) rewrite(p Phase) (rc Status, end bool) {
	for _, f := range r.loc.phases[p] {
		if rc := f(r); rc != Declined {
			return rc, true
		}
	}
	return OK, false
}

// access runs the access phase with satisfy.
func (r *Request) access() Status {
	if r != r.Main {
		return OK
	}
	for _, f := range r.loc.phases[Access] {
		rc := f(r)
		if rc == Declined {
			continue
		}
		if rc == Redirected || rc == Done {
			return rc
		}
		if !r.loc.core.satisfyAny.V {
			if rc == OK {
				continue
			}
			if rc == statusUnauthorized {
				return r.delayed(rc)
			}
			return rc
		}
		switch rc {
		case OK:
			r.accessCode = 0
			r.hideAuthenticate()
			return OK
		case statusForbidden, statusUnauthorized:
			if r.accessCode != statusUnauthorized {
				r.accessCode = rc
			}
			continue
		}
		return rc
	}
	if r.accessCode == statusUnauthorized {
		code := r.accessCode
		r.accessCode = 0
		return r.delayed(code)
	}
	return OK
}

// delayed waits auth_delay before an answer with 401.
func (r *Request) delayed(code Status) Status {
	if d := r.loc.core.authDelay.V; d > 0 {
		r.Loop().Sleep(d)
	}
	return code
}

// hideAuthenticate takes back what a failed check has asked for.
func (r *Request) hideAuthenticate() {
	for i := range r.Out.Fields {
		if head.EqualFold(r.Out.Fields[i].Name, "www-authenticate") {
			r.Out.Fields[i].Hidden = true
		}
	}
}

// findConfig finds the location and checks what it wants of the request.
func (r *Request) findConfig() Status {
	r.uriChanged = false
	r.handler = nil
	root := r.server.Root
	r.loc = root
	if root.find(r) == foundRedirect {
		r.applyLocation()
		loc := append(append([]byte(nil), r.loc.Name...), escapeArgs(r)...)
		r.Out.Location = loc
		return statusMovedPermanently
	}
	if !r.internal && r.loc.core.internal {
		return statusNotFound
	}
	r.limitMethods()
	r.applyLocation()
	if r.Debugging() {
		r.Logf(log.Debug, "using configuration %q", r.loc.Name)
	}
	if max := r.loc.core.bodyMax.V; max > 0 && r.ContentLength > max && r == r.Main && !r.body.reading {
		r.Logf(log.Error, "client intended to send too large body: %d bytes", r.ContentLength)
		r.expectTested = true
		r.discardBody()
		return statusEntityTooLarge
	}
	return OK
}

func escapeArgs(r *Request) []byte {
	if len(r.Args) == 0 {
		return nil
	}
	return append([]byte("?"), r.Args...)
}

// limitMethods takes the settings inside of limit_except where they hold.
func (r *Request) limitMethods() {
	if l := r.loc.limits; l != nil && uint32(r.Method)&r.loc.except == 0 {
		r.loc = l
	}
}

// applyLocation takes over the settings of a location that hold for the
// connection (ngx_http_update_location_config).
func (r *Request) applyLocation() {
	l := r.loc
	if l.Handler != nil {
		r.handler = l.Handler
	}
	if r != r.Main {
		return
	}
	if r.KeepAlive {
		switch {
		case l.core.keepaliveTimeout.V == 0, r.conn.requests >= l.core.keepaliveRequests.V,
			r.Start.Sub(r.conn.started) > l.core.keepaliveTime.V,
			r.msie6 && r.Method == head.MethodPost && l.core.keepaliveDisable.V&disableMSIE6 != 0,
			r.safari && l.core.keepaliveDisable.V&disableSafari != 0:
			r.KeepAlive = false
		}
	}
}

// content makes the response: by the location's handler, or by the first
// handler of the phase that does not decline.
func (r *Request) content() Status {
	if h := r.handler; h != nil {
		rc := h(r)
		if rc != Declined {
			return rc
		}
	}
	for _, f := range r.loc.phases[Content] {
		if rc := f(r); rc != Declined {
			return rc
		}
	}
	if n := len(r.URI); n > 0 && r.URI[n-1] == '/' {
		path, _ := r.MapURI()
		r.Logf(log.Error, "directory index of %q is forbidden", path)
		return statusForbidden
	}
	r.Logf(log.Error, "no handler found")
	return statusNotFound
}

// Debugging reports whether level debug is logged; a message is made only then.
func (r *Request) Debugging() bool { return r.loc.core.log.Enabled(log.Debug) }

// PhaseNow is the phase that the request is in.
func (r *Request) PhaseNow() Phase { return r.phase }
