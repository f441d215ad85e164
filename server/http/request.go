package http

import (
	"bytes"
	"time"

	"github.com/perigee-server/perigee/server/event"
	"github.com/perigee-server/perigee/server/http/head"
	"github.com/perigee-server/perigee/server/http/script"
	"github.com/perigee-server/perigee/server/log"
)

// Header is a field of a request or a response. The slices of a request's field
// point into the connection's buffer.
type Header struct {
	Name, Value []byte
	Hash        uint32
	// Hidden fields of a response are not sent; clearing one hides it.
	Hidden bool
}

// Request is a request, or a subrequest. It, and every slice that comes from
// it, is valid until the request has ended.
type Request struct {
	conn   *Conn
	server *Server
	loc    *Location
	// Main is the request of the client, for subrequests and itself; Parent the
	// request that made this one, nil for the main one.
	Main, Parent *Request

	Method     head.Method
	MethodName []byte
	Version    int // 1001 for HTTP/1.1, 9 for HTTP/0.9
	Line       []byte
	Protocol   []byte
	raw        []byte // the head as it came
	Unparsed   []byte // the target as sent: $request_uri
	URI        []byte // normalised, without arguments
	Args       []byte
	HasArgs    bool // a "?" was there
	Schema     []byte
	hostInLine []byte
	portInLine []byte
	ValidURI   bool   // URI is the client's own, unchanged: proxy_pass may use Unparsed
	Host       []byte // in lower case, without the port: the base of $host

	Fields                                               []Header
	in                                                   knownFields
	KeepAlive                                            bool
	closeAsked                                           bool // Connection: close
	keepAsked                                            bool // Connection: keep-alive
	msie, msie6, safari, chrome, gecko, opera, konqueror bool

	ContentLength int64 // -1: none
	ChunkedBody   bool
	Upgrade       []byte
	body          Body
	length        int64 // bytes of head, then of body: $request_length

	Out      Response
	vars     []script.Value
	ctx      []any
	arena    []byte
	ovector  []int
	captured []byte

	phase        Phase
	handler      ContentHandler
	internal     bool
	uriChanged   bool
	quoted       bool // the client's URI has escapes or "+"
	uriChanges   int
	subrequests  int
	queuedSubs   int
	depth        int  // of subrequests
	errorPage    bool // an error page is being made: no other one
	errStatus    int  // overrides the status of the response that follows
	headError    Status
	headOnly     bool // no body is sent
	headEnd      int  // where the head ends in the connection's buffer
	expectTested bool
	accessCode   Status
	Start        time.Time

	headerSent   bool
	headerSize   int64
	bytesSent    int64
	lastSent     bool
	allowRanges  bool
	acceptRanges bool
	rng          *rangeState
	bufs         [2]Buf
	chunks       []Buf

	lingering     bool
	limitRate     int64
	limitAfter    int64
	limitSet      bool
	limitAfterSet bool

	terminated  bool // ends without more output
	broken      bool // the client can not be sent anything
	timedOut    bool
	finalized   bool
	logged      bool
	postActions bool

	postpone    *postponed
	sub         *subState
	onAbort     []func()
	aborted     bool
	cleanup     []func()
	upstreamLog UpstreamInfo
	proxied     bool // the response comes from it just now
}

// UpstreamInfo is what the error log says of an upstream.
type UpstreamInfo interface {
	// LogName is the upstream with the URI that it was asked for.
	LogName() string
}

// knownFields are the request's fields that the server itself looks at; index
// in Fields plus one, 0 for none.
type knownFields struct {
	host, connection, ims, ius, ifMatch, ifNoneMatch, userAgent, referer, contentLength,
	contentType, rng, ifRange, transferEncoding, te, expect, upgrade, acceptEncoding, via,
	authorization, keepAlive, forwardedFor, cookie int
}

// Response is the response's head.
type Response struct {
	Status     int
	StatusLine []byte // `404 Not Found` in an upstream's words; nil: ours
	Server     []byte // instead of ours; set through SetServer
	hideServer bool
	Date       []byte

	ContentType      []byte
	Charset          []byte // appended to ContentType
	typeLower        []byte
	ContentLength    int64     // -1: unknown
	LastModified     time.Time // zero: none
	LastModifiedText []byte    // as an upstream said it
	Location         []byte    // made absolute when it begins with "/"
	ETag             []byte
	Fields           []Header
	Trailers         []Header
	ContentRange     []byte
	GzipVary         bool

	// NoConditions leaves conditional requests alone (r->disable_not_modified).
	NoConditions bool
	// KeepModified sends Last-Modified with any status.
	KeepModified bool

	chunked  bool
	trailers bool // some may follow the body
	hideDate bool
}

// request takes a request from the pool.
func (w *work) request(c *Conn) *Request {
	var r *Request
	if n := len(w.requests); n > 0 {
		r = w.requests[n-1]
		w.requests = w.requests[:n-1]
	} else {
		r = &Request{vars: make([]script.Value, w.main.Vars.Len())}
	}
	r.conn = c
	r.Main = r
	r.server = c.addr.def
	if c.tls != nil && c.tls.server != nil {
		r.server = c.tls.server
	}
	r.loc = r.server.Root
	r.Version = 1000 // until the request line says otherwise
	r.ContentLength = -1
	r.Out.ContentLength = -1
	r.Start = c.work.Loop.Now()
	r.uriChanges = maxURIChanges
	r.subrequests = maxSubrequests
	return r
}

// release gives a request back to the pool.
func (w *work) release(r *Request) {
	for i := len(r.cleanup) - 1; i >= 0; i-- {
		r.cleanup[i]()
	}
	r.body.free()
	fields, out, arena, vars, ov := r.Fields[:0], r.Out.Fields[:0], r.arena, r.vars, r.ovector[:0]
	cleanup, chunks, ctx := r.cleanup[:0], r.chunks[:0], r.ctx
	clear(vars)
	clear(ctx)
	if cap(arena) > 16<<10 {
		arena = nil
	}
	if r.Parent != nil || len(w.requests) >= 64 || cap(fields) > 128 {
		r.finalized = true
		return
	}
	*r = Request{Fields: fields, arena: arena[:0], vars: vars, ovector: ov, cleanup: cleanup, chunks: chunks, ctx: ctx}
	r.Out.Fields = out
	w.requests = append(w.requests, r)
}

// Values is the cache of indexed variables.
func (r *Request) Values() []script.Value { return r.vars }

// Scratch returns n bytes that live until the request ends.
func (r *Request) Scratch(n int) []byte {
	if n > cap(r.arena)-len(r.arena) {
		if n > 1024 {
			return make([]byte, n)
		}
		r.arena = make([]byte, 0, 4096)
	}
	k := len(r.arena)
	r.arena = r.arena[:k+n]
	return r.arena[k : k+n : k+n]
}

// Cycle tells that a variable needs its own value.
func (r *Request) Cycle(name string) {
	r.Logf(log.Error, "cycle while evaluating variable %q", name)
}

// Conn is the client's connection.
func (r *Request) Conn() *Conn { return r.conn }

// Server is the virtual server.
func (r *Request) Server() *Server { return r.server }

// Location is the location, or the `if` block, whose settings hold now.
func (r *Request) Location() *Location { return r.loc }

// SetLocation makes the settings of an `if` block hold.
func (r *Request) SetLocation(l *Location) { r.loc = l; r.applyLocation() }

// HTTP is the http block.
func (r *Request) HTTP() *Main { return r.conn.main }

// Loop is the worker's event loop.
func (r *Request) Loop() *event.Loop { return r.conn.work.Loop }

// Internal reports whether the request was redirected internally or is a
// subrequest.
func (r *Request) Internal() bool { return r.internal }

// SetInternal marks the request as internal.
func (r *Request) SetInternal() { r.internal = true }

// IsSub reports whether this is a subrequest.
func (r *Request) IsSub() bool { return r.Parent != nil }

// Captured reports whether the body goes to who made the subrequest, or one
// above it, and not to the client. nginx's own filters are behind that.
func (r *Request) Captured() bool {
	for ; r.Parent != nil; r = r.Parent {
		if r.sub.o.Capture != nil {
			return true
		}
	}
	return false
}

// AtEnd adds a function that is called when the request's memory is given
// back, last in first out.
func (r *Request) AtEnd(f func()) { r.cleanup = append(r.cleanup, f) }

// requestLineSoFar keeps what has come of a request line, for the access log.
func (r *Request) requestLineSoFar(b []byte) {
	if i := bytes.IndexAny(b, "\r\n"); i >= 0 {
		b = b[:i]
	}
	r.Line = b
}

// takeLine takes what the scanner has found in the request line.
func (r *Request) takeLine(l *head.RequestLine) {
	r.Line, r.Method, r.MethodName = l.Line, l.Verb, l.Method
	r.Version, r.Protocol = l.Version(), l.Protocol
	r.Unparsed = l.URI
	r.Schema, r.hostInLine, r.portInLine = l.Schema, l.Host, l.Port
	if l.Version() == 9 {
		r.Version = 9
	}
}

// setTarget makes the URI of the target; a code other than 0 has been answered.
func (r *Request) setTarget() Status {
	l := &r.conn.line
	if l.Method != nil && l.Verb == head.MethodConnect {
		r.failHead(statusNotAllowed, "client sent CONNECT method while reading client request line")
		return statusNotAllowed
	}
	if l.NeedsNormalizing() {
		path, args, _, err := head.NormalizeURI(r.Scratch(len(l.URI) + 1)[:0], l.URI, r.server.core.mergeSlashes.V)
		if err != nil {
			r.failHead(statusBadRequest, "client sent invalid request while reading client request line")
			return statusBadRequest
		}
		r.URI, r.Args, r.HasArgs = path, args, args != nil
	} else {
		r.URI, r.Args, r.HasArgs = l.Path, l.Args, l.Args != nil
	}
	r.ValidURI = true
	r.quoted = l.Quoted || l.Plus
	if l.Host != nil {
		if !validPort(l.Port) {
			r.failHead(statusBadRequest, "client sent invalid host in request line")
			return statusBadRequest
		}
		if code := r.setHost(l.Host); code != 0 {
			return code
		}
	}
	return 0
}

// validPort accepts nothing and numbers up to 65535.
func validPort(b []byte) bool {
	n, ok := head.ParseContentLength(b)
	return len(b) == 0 || ok && n <= 65535
}

// setHost checks a host and chooses the virtual server by it.
func (r *Request) setHost(host []byte) Status {
	n, upper, err := head.ValidHost(host)
	if err != nil {
		r.failHead(statusBadRequest, "client sent invalid host header while reading client request headers")
		return statusBadRequest
	}
	name := host[:n]
	if upper {
		name = head.LowerHost(r.Scratch(n)[:0], name)
	}
	r.Host = name
	r.chooseServer(name)
	return 0
}

// chooseServer finds the virtual server of a host.
func (r *Request) chooseServer(host []byte) {
	a := r.conn.addr
	if a.single() {
		return
	}
	s := a.names.find(r, host)
	if s == nil {
		s = a.def
	}
	r.server = s
	r.loc = s.Root
}

// Header returns the first field of that name, given in lower case; nil without.
func (r *Request) Header(lower string) []byte {
	hash := head.HashName(lower)
	for i := range r.Fields {
		f := &r.Fields[i]
		if f.Hash == hash && !f.Hidden && head.EqualFold(f.Name, lower) {
			return f.Value
		}
	}
	return nil
}

// OutHeader returns the response's first custom field of that name, nil without.
func (o *Response) OutHeader(lower string) []byte {
	for i := range o.Fields {
		if f := &o.Fields[i]; !f.Hidden && head.EqualFold(f.Name, lower) {
			return f.Value
		}
	}
	return nil
}

// Add appends a field to the response.
func (o *Response) Add(name, value []byte) {
	o.Fields = append(o.Fields, Header{Name: name, Value: value})
}

// Logf logs a message about the request, with nginx's suffix.
func (r *Request) Logf(level log.Level, format string, args ...any) { r.logf(level, format, args...) }

func (r *Request) logf(level log.Level, format string, args ...any) {
	l := r.loc.core.log
	if !l.Enabled(level) {
		return
	}
	l.Print(level, r.conn.ID, sprintf(format, args...), r.logSuffix())
}

// Logger is the error log that holds for the request.
func (r *Request) Logger() *log.Logger { return r.loc.core.log }

// LogLine logs a finished message.
func (r *Request) LogLine(level log.Level, msg string) {
	if l := r.loc.core.log; l.Enabled(level) {
		l.Print(level, r.conn.ID, msg, r.logSuffix())
	}
}

// logSuffix is `, client: …, server: …, request: "…", host: "…"`.
func (r *Request) logSuffix() string {
	b := make([]byte, 0, 256)
	b = append(append(b, ", client: "...), r.conn.RemoteAddr()...)
	b = append(append(b, ", server: "...), r.server.core.name...)
	m := r.Main
	if len(m.Line) > 0 {
		b = append(append(b, ", request: \""...), escapeLog(m.Line)...)
		b = append(b, '"')
	}
	if r != m {
		b = append(append(b, ", subrequest: \""...), escapeLog(r.URI)...)
		b = append(b, '"')
	}
	if r.upstreamLog != nil {
		b = append(append(b, ", upstream: \""...), escapeLog([]byte(r.upstreamLog.LogName()))...)
		b = append(b, '"')
	}
	if v := m.fieldValue(m.in.host); v != nil {
		b = append(append(b, ", host: \""...), escapeLog(v)...)
		b = append(b, '"')
	}
	if v := m.fieldValue(m.in.referer); v != nil {
		b = append(append(b, ", referrer: \""...), escapeLog(v)...)
		b = append(b, '"')
	}
	return string(b)
}

// SetUpstreamLog names the upstream in log lines from now on.
func (r *Request) SetUpstreamLog(u UpstreamInfo) { r.upstreamLog, r.proxied = u, true }

// UpstreamEnds tells that what follows does not come from the upstream.
func (r *Request) UpstreamEnds() { r.proxied = false }

// Proxied reports whether the response comes from an upstream just now.
func (r *Request) Proxied() bool { return r.proxied }

func (r *Request) fieldValue(i int) []byte {
	if i == 0 || i > len(r.Fields) {
		return nil
	}
	return r.Fields[i-1].Value
}

// OnAbort adds a function that is called, with the baton, when the client
// closes the connection while the request runs; the returned function takes it
// out.
func (r *Request) OnAbort(f func()) (remove func()) {
	m := r.Main
	m.onAbort = append(m.onAbort, f)
	i := len(m.onAbort) - 1
	if m.conn.ev.Hangup() {
		m.hungUp()
	}
	return func() {
		if i < len(m.onAbort) {
			m.onAbort[i] = nil
		}
	}
}

// hungUp tells those who asked that the client has gone.
func (r *Request) hungUp() {
	if r.aborted || len(r.onAbort) == 0 {
		return
	}
	if !r.conn.reallyGone() {
		return
	}
	r.aborted = true
	for _, f := range r.onAbort {
		if f != nil {
			f()
		}
	}
}

// reallyGone tells a closed connection from one that sent its last bytes.
func (c *Conn) reallyGone() bool {
	var b [1]byte
	n, err := c.ev.Peek(b[:])
	return n == 0 && err != event.ErrAgain
}
