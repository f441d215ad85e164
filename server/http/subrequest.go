package http

import (
	"github.com/perigee-server/perigee/server/event"
	"github.com/perigee-server/perigee/server/http/head"
	"github.com/perigee-server/perigee/server/http/script"
	"github.com/perigee-server/perigee/server/log"
)

// Subrequest says how a subrequest is made.
type Subrequest struct {
	URI, Args  []byte
	Method     head.Method // 0: GET
	MethodName []byte
	// Capture, when set, gets the body in memory instead of the client.
	// It may wait: the subrequest then does.
	Capture func(r *Request, b []byte)
	// Live tells that Capture wants the body as it comes.
	Live bool
	// Head is called when the header of the response has been made.
	Head func(sub *Request)
	// Fields replace the parent's request header where not nil.
	Fields []Header
	// Body replaces the parent's body; NoBody leaves none.
	Body    []byte
	HasBody bool
	// FreshVariables gives it variables of its own instead of the parent's.
	FreshVariables bool
	// Bare ends it with an error's status, which Done is told, and without a page,
	// one of error_page included.
	Bare bool
	// Done is called when the subrequest has ended.
	Done func(sub *Request, rc Status)
	// Prepare may change the subrequest before it runs.
	Prepare func(sub *Request)
	// Issuer is who the log names when there are too many, with a space behind;
	// "" is the server.
	Issuer string
}

// subState is what a subrequest has besides a request.
type subState struct {
	o       Subrequest
	ended   bool
	rc      Status
	waiters []*event.Task
	refused bool
}

// postponed keeps the order of output: data and subrequests in the order in
// which they came (ngx_http_postponed_request_t).
type postponed struct {
	items  []postItem
	tasks  []*event.Task // wait until nothing is postponed any more
	active *Request      // in the main request: whose output goes to the client
}

type postItem struct {
	sub  *Request
	bufs []Buf
}

// Live reports whether who gets the body wants it as it comes, so that nothing
// should gather it.
func (r *Request) Live() bool { return r.sub != nil && r.sub.o.Live }

// NewSubrequest makes a subrequest, which Run or Start runs. nil when there are
// too many (the log says so).
func (r *Request) NewSubrequest(o Subrequest) *Request {
	m := r.Main
	if m.subrequests == 0 || r.depth >= maxSubrequests {
		r.Logf(log.Error, "%ssubrequests cycle while processing %q", o.Issuer, o.URI)
		return nil
	}
	s := &Request{
		conn: r.conn, server: r.server, loc: r.server.Root, Main: m, Parent: r,
		Method: head.MethodGet, MethodName: []byte("GET"), Version: r.Version, Protocol: r.Protocol, Line: r.Line,
		URI: o.URI, Args: o.Args, HasArgs: len(o.Args) > 0, Unparsed: r.Unparsed, Schema: r.Schema, Host: r.Host,
		Fields: r.Fields, in: r.in, KeepAlive: r.KeepAlive, ContentLength: r.ContentLength, ChunkedBody: r.ChunkedBody,
		vars: r.vars, internal: true, uriChanges: maxURIChanges, subrequests: r.subrequests, Start: r.conn.work.Loop.Now(),
		depth: r.depth + 1, errorPage: false,
	}
	s.Out.ContentLength = -1
	s.phase = ServerRewrite
	if o.Method != 0 {
		s.Method, s.MethodName = o.Method, o.MethodName
		s.headOnly = o.Method == head.MethodHead
	}
	if o.FreshVariables {
		s.vars = make([]script.Value, len(r.vars))
	}
	if o.Fields != nil {
		s.Fields = o.Fields
		s.reindex()
	}
	if o.HasBody {
		s.SetBody(o.Body)
	}
	s.sub = &subState{o: o}
	if o.Prepare != nil {
		o.Prepare(s)
	}
	if o.Capture == nil {
		r.join(s)
	}
	return s
}

// join notes the place of a subrequest's output.
func (r *Request) join(s *Request) {
	m := r.Main
	if m.postpone == nil {
		m.postpone = &postponed{active: m}
	}
	if r.postpone == nil {
		r.postpone = &postponed{}
	}
	if m.postpone.active == r && len(r.postpone.items) == 0 {
		m.postpone.active = s
	}
	r.postpone.items = append(r.postpone.items, postItem{sub: s})
}

// Run runs a subrequest to its end on the current task.
func (s *Request) Run() Status {
	s.runSub()
	return s.sub.rc
}

// StartSub runs a subrequest on a task of its own, after what is queued.
func (s *Request) StartSub() {
	s.Main.queuedSubs++
	s.Loop().Go(func() {
		s.Main.queuedSubs--
		s.runSub()
	})
}

// SubrequestsQueued reports whether subrequests of the client's request were
// started and do not run yet.
func (r *Request) SubrequestsQueued() bool { return r.Main.queuedSubs > 0 }

// Wait parks the current task until a subrequest that was started has ended.
func (s *Request) Wait() error {
	for !s.sub.ended {
		s.sub.waiters = append(s.sub.waiters, s.Loop().Current())
		if err := s.Loop().Park(); err != nil {
			return err
		}
	}
	return nil
}

// Ended reports whether a subrequest has ended.
func (s *Request) Ended() bool { return s.sub != nil && s.sub.ended }

func (s *Request) runSub() {
	defer s.recoverPanic()
	if s.Main.broken || s.conn.state == stateClosed {
		s.finalized = true
		s.subFinished(Error)
		return
	}
	s.loop()
}

// subFinished ends a subrequest: what others wait for, and its place in the
// output.
func (s *Request) subFinished(rc Status) {
	st := s.sub
	if st.ended {
		return
	}
	st.ended, st.rc = true, rc
	if s.loc.core.logSubrequest.V {
		s.logPhase()
	}
	if st.o.Done != nil {
		st.o.Done(s, rc)
	}
	for _, t := range st.waiters {
		s.Loop().Wake(t)
	}
	st.waiters = nil
	if st.o.Capture == nil && s.Main.postpone != nil {
		s.leaveOutput()
	}
}

// leaveOutput hands the right to output back to the parent, when s has it and
// nothing of its own is left.
func (s *Request) leaveOutput() {
	m := s.Main
	if m.postpone.active != s || s.postpone != nil && len(s.postpone.items) > 0 {
		return
	}
	p := s.Parent
	if p.postpone != nil && len(p.postpone.items) > 0 && p.postpone.items[0].sub == s {
		p.postpone.items = p.postpone.items[1:]
	}
	m.postpone.active = p
	p.drainPostponed()
}

// drainPostponed outputs what waits in r's list, until a subrequest that has
// not ended takes over.
func (r *Request) drainPostponed() {
	m := r.Main
	for r.postpone != nil && len(r.postpone.items) > 0 {
		it := r.postpone.items[0]
		if it.sub != nil {
			m.postpone.active = it.sub
			if it.sub.postpone != nil {
				it.sub.drainPostponed()
			}
			if m.postpone.active == it.sub && it.sub.Ended() {
				it.sub.leaveOutput()
			}
			return
		}
		r.postpone.items = r.postpone.items[1:]
		r.outputMain(it.bufs)
	}
	if r != m && r.Ended() {
		r.leaveOutput()
		return
	}
	if r == m && m.postpone != nil {
		for _, t := range m.postpone.tasks {
			r.Loop().Wake(t)
		}
		m.postpone.tasks = nil
	}
}

// postponeOutput sends parts where it is r's turn, and keeps them in their
// place where it is not (ngx_http_postpone_filter).
func (r *Request) postponeOutput(in []Buf) Status {
	if r.sub != nil && r.sub.o.Capture != nil {
		return r.capture(in)
	}
	if r.capturedBy() != nil {
		return r.capturedBy().capture(in)
	}
	m := r.Main
	if r != m { // the end of a subrequest is not the end of the response
		out := make([]Buf, 0, len(in))
		for _, b := range in {
			if b.Last {
				b.Last = false
				b.Flush = false
			}
			if b.Size() > 0 || b.Flush {
				out = append(out, b)
			}
		}
		if in = out; len(in) == 0 {
			return OK
		}
	}
	if m.postpone == nil || m.postpone.active == r && (r.postpone == nil || len(r.postpone.items) == 0) {
		return r.outputMain(in)
	}
	kept := make([]Buf, len(in))
	for i, b := range in {
		if !b.Stable && b.File == nil {
			b.Mem = append([]byte(nil), b.Mem...)
			b.Stable = true
		}
		kept[i] = b
	}
	if r.postpone == nil {
		r.postpone = &postponed{}
	}
	r.postpone.items = append(r.postpone.items, postItem{bufs: kept})
	return OK
}

// capturedBy is the captured subrequest that r's output belongs to, when an
// outer subrequest is captured.
func (r *Request) capturedBy() *Request {
	for p := r.Parent; p != nil; p = p.Parent {
		if p.sub != nil && p.sub.o.Capture != nil {
			return p
		}
	}
	return nil
}

// capture gives parts to whoever captures the subrequest.
func (r *Request) capture(in []Buf) Status {
	if r.headOnly {
		return OK
	}
	for i := range in {
		if r.sub.refused {
			return Error
		}
		b := &in[i]
		r.lastSent = r.lastSent || b.Last
		if b.File == nil {
			if len(b.Mem) > 0 {
				r.sub.o.Capture(r, b.Mem)
			}
			continue
		}
		if !r.captureFile(b) {
			return Error
		}
	}
	return OK
}

// RefuseOutput makes output of a captured subrequest fail from now on, as that of
// a request does whose client has gone. How it ends then does not matter to the
// client's request.
func (s *Request) RefuseOutput() { s.sub.refused = true }

// outputRefused reports whether nobody wants the output of r, or of a captured
// subrequest that r works for.
func (r *Request) outputRefused() bool {
	for p := r; p != nil; p = p.Parent {
		if p.sub != nil && p.sub.refused {
			return true
		}
	}
	return false
}

// capturePiece is how much of a file is read at a time.
const capturePiece = 64 << 10

func (r *Request) captureFile(b *Buf) bool {
	data := make([]byte, min(b.N, capturePiece))
	for done := int64(0); done < b.N; {
		want := min(b.N-done, capturePiece)
		n, err := b.File.ReadAt(data[:want], b.Off+done)
		if n > 0 {
			r.sub.o.Capture(r, data[:n])
		}
		if r.sub.refused {
			return false
		}
		if int64(n) < want {
			r.Logf(log.Alert, "pread() read only %d of %d from %q: %v", done+int64(n), b.N, b.File.Name(), err)
			return false
		}
		done += want
	}
	return true
}

// WaitSubrequests parks until every subrequest whose output joins that of the
// main request r has ended and its output has joined.
func (r *Request) WaitSubrequests() error {
	for r.postpone != nil && (len(r.postpone.items) > 0 || r.postpone.active != r) {
		r.postpone.tasks = append(r.postpone.tasks, r.Loop().Current())
		if err := r.Loop().Park(); err != nil {
			return err
		}
	}
	return nil
}

// Truncated reports whether a captured response ended before its end.
func (s *Request) Truncated() bool {
	return s.sub != nil && s.headerSent && !s.lastSent && !s.headOnly
}
