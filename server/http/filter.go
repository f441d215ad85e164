package http

import (
	"github.com/perigee-server/perigee/server/event"
	"github.com/perigee-server/perigee/server/log"
)

// HeaderFilter changes the response's head before it is sent; an error ends the
// request, a Status other than OK finalizes it with that status.
type HeaderFilter func(r *Request) Status

// BodyFilter changes parts of a body on their way out. It may keep parts for a
// later call; a part with Last comes once, at the end.
type BodyFilter func(r *Request, in []Buf) ([]Buf, error)

// The order of filters, that of nginx.
const (
	OrderNotModified = 10
	OrderRangeBody   = 10
	OrderCopy        = 20
	OrderUser        = 30 // headers-more, echo, Lua
	OrderHeaders     = 40
	OrderCharset     = 50
	OrderSSI         = 60
	OrderPostpone    = 70 // subrequests' output joins that of the main request
	OrderGzip        = 80
	OrderRange       = 90
	OrderChunked     = 100
)

type headerFilter struct {
	order   int
	applies func(l *Location) bool
	run     HeaderFilter
}

// headSent is called right after the head was made.
type headSent struct {
	applies func(l *Location) bool
	run     func(r *Request)
}

// AddHeadSent adds a function that is called right after a response's head was
// made, before any of its body.
func (m *Main) AddHeadSent(applies func(l *Location) bool, f func(r *Request)) {
	m.sent = append(m.sent, headSent{applies, f})
}

type bodyFilter struct {
	order   int
	applies func(l *Location) bool
	run     BodyFilter
}

// AddHeaderFilter adds a header filter; applies, which may be nil, tells at
// configuration time whether a location needs it. For Module.Init.
func (m *Main) AddHeaderFilter(order int, applies func(l *Location) bool, f HeaderFilter) {
	m.headers = append(m.headers, headerFilter{order, applies, f})
}

// AddBodyFilter adds a body filter.
func (m *Main) AddBodyFilter(order int, applies func(l *Location) bool, f BodyFilter) {
	m.bodies = append(m.bodies, bodyFilter{order, applies, f})
}

// SendHeader runs the header filters and writes the response's head.
func (r *Request) SendHeader() Status {
	if r.headerSent {
		r.Logf(log.Alert, "header already sent")
		return Error
	}
	if r.postActions {
		return OK
	}
	if r.errStatus != 0 {
		r.Out.Status = r.errStatus
		r.Out.StatusLine = nil
	}
	if r.Out.Status == 0 {
		r.Out.Status = 200
	}
	for _, f := range r.loc.headers {
		if rc := f(r); rc != OK {
			return rc
		}
	}
	r.headerSent = true
	if r == r.Main {
		r.writeHead()
		if r.conn.out.size >= r.loc.core.postponeOutput.V && !r.conn.out.empty() {
			r.conn.write() // a failure shows when the body is written
		}
	}
	for _, f := range r.loc.sent {
		f(r)
	}
	if r.sub != nil && r.sub.o.Head != nil {
		r.sub.o.Head(r)
	}
	return OK
}

// HeaderSent reports whether the response's head was made.
func (r *Request) HeaderSent() bool { return r.headerSent }

// HeadOnly reports whether the response has no body.
func (r *Request) HeadOnly() bool { return r.headOnly }

// Send sends memory as the whole rest of the body; it must not change any more.
func (r *Request) Send(b []byte) Status {
	r.bufs[0] = Buf{Mem: b, Stable: true, Last: true}
	return r.output(r.bufs[:1])
}

// SendLast ends the body.
func (r *Request) SendLast() Status {
	r.bufs[0] = Buf{Last: true}
	return r.output(r.bufs[:1])
}

// Write sends memory, of which what is not sent at once is copied.
func (r *Request) Write(b []byte) Status {
	r.bufs[0] = Buf{Mem: b}
	return r.output(r.bufs[:1])
}

// Flush sends what earlier calls have kept back.
func (r *Request) Flush() Status {
	r.bufs[0] = Buf{Flush: true}
	return r.output(r.bufs[:1])
}

// SendFile sends a part of a file as the whole rest of the body. The file must
// stay open until the request ends.
func (r *Request) SendFile(f Source, off, n int64) Status {
	r.bufs[0] = Buf{File: f, Off: off, N: n, Last: true}
	return r.output(r.bufs[:1])
}

// Output sends parts of the body through the filters. It does not wait for the
// client; WaitDrain does.
func (r *Request) Output(in []Buf) Status { return r.output(in) }

func (r *Request) output(in []Buf) Status {
	if r.Main.broken || r.conn.state == stateClosed {
		return Error
	}
	var err error
	for _, f := range r.loc.early {
		if in, err = f(r, in); err != nil {
			r.conn.broken() // the response can not be completed, of a subrequest neither
			return Error
		}
	}
	if r.Parent != nil || r.postpone != nil {
		return r.postponeOutput(in)
	}
	return r.outputMain(in)
}

// outputMain runs the filters behind the place where subrequests join.
func (r *Request) outputMain(in []Buf) Status {
	var err error
	m := r.Main
	for _, f := range m.loc.late {
		if in, err = f(m, in); err != nil {
			return Error
		}
	}
	return m.writeBody(in)
}

// writeBody puts parts into the connection's chain and writes.
func (r *Request) writeBody(in []Buf) Status {
	c := r.conn
	last, flush := false, false
	for i := range in {
		b := &in[i]
		last = last || b.Last
		flush = flush || b.Flush
		if r.headOnly {
			continue
		}
		if b.File != nil {
			r.addFile(b)
			continue
		}
		c.out.add(b.Mem, b.Stable, c.work)
	}
	if last {
		r.lastSent = true
	}
	if c.out.empty() {
		return OK
	}
	if !last && !flush && c.out.size < r.loc.core.postponeOutput.V {
		return OK
	}
	if err := c.write(); err != nil && err != event.ErrAgain {
		return Error
	}
	return OK
}

// smallFile is the size up to which a part of a file is read at once, so that
// it goes out with the head in one call.
const smallFile = 16 << 10

func (r *Request) addFile(b *Buf) {
	c := r.conn
	if b.N > smallFile || c.out.size > smallFile {
		c.out.addFile(b.File, b.Off, b.N)
		return
	}
	buf := c.work.scratch()[:b.N]
	n, err := b.File.ReadAt(buf, b.Off)
	if int64(n) < b.N {
		r.Logf(log.Alert, "pread() read only %d of %d from %q: %v", n, b.N, b.File.Name(), err)
		c.out.add(buf[:n], false, c.work)
		r.KeepAlive = false
		return
	}
	c.out.add(buf, false, c.work)
}
