package http

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/perigee-server/perigee/server/event"
	"github.com/perigee-server/perigee/server/http/head"
	"github.com/perigee-server/perigee/server/log"
)

// Body is a request's body: in memory, or in a temporary file.
type Body struct {
	data []byte
	file *os.File
	keep bool // the file stays after the request
	size int64

	started bool
	reading bool
	read    bool  // all of it is in data or file
	done    bool  // nothing of it is left on the connection
	rest    int64 // of Content-Length, still on the connection
	chunk   head.Chunked
	discard bool
	taken   bool // see TakeBody
	failed  Status
	waiters []*event.Task
	shared  bool // data is in the connection's buffer
}

// Bytes is the body in memory; nil when it is in a file or there is none.
func (b *Body) Bytes() []byte { return b.data }

// Detach is Bytes for those who may keep it behind the request's end.
func (b *Body) Detach() []byte {
	if b.shared {
		b.data, b.shared = bytes.Clone(b.data), false
	}
	return b.data
}

// File is the temporary file; nil when the body is in memory.
func (b *Body) File() *os.File { return b.file }

// Size is the length of the body that was read.
func (b *Body) Size() int64 { return b.size }

// Read reports whether the body was read.
func (b *Body) Read() bool { return b.read }

// Started reports whether reading, or dropping, the body has begun.
func (b *Body) Started() bool { return b.started }

func (b *Body) free() {
	if b.file != nil {
		b.file.Close()
		if !b.keep {
			os.Remove(b.file.Name())
		}
	}
}

// Body is the request's body, which ReadBody fills; a subrequest has that of the
// main request unless it was given its own.
func (r *Request) Body() *Body {
	if r.HasOwnBody() {
		return &r.body
	}
	return &r.Main.body
}

// HasBody reports whether the client sends a body.
func (r *Request) HasBody() bool { return r.Main.ContentLength > 0 || r.Main.ChunkedBody }

// HasLength reports whether the client has said how long the body is, be it
// empty.
func (r *Request) HasLength() bool { return r.Main.ContentLength >= 0 || r.Main.ChunkedBody }

// SetBody replaces the body.
func (r *Request) SetBody(data []byte) {
	b := &r.body
	b.free()
	b.data, b.file, b.size, b.shared = data, nil, int64(len(data)), false
	b.read, b.started = true, true
	r.ContentLength = int64(len(data))
	r.ChunkedBody = false
}

// SetBodyFile replaces the body by a file; keep leaves it after the request.
func (r *Request) SetBodyFile(f *os.File, keep bool) error {
	st, err := f.Stat()
	if err != nil {
		return err
	}
	b := &r.body
	b.free()
	b.data, b.file, b.keep, b.size = nil, f, keep, st.Size()
	b.read, b.started = true, true
	r.ContentLength = st.Size()
	r.ChunkedBody = false
	return nil
}

// beginBody prepares reading.
func (r *Request) beginBody() {
	b := &r.body
	if b.started {
		return
	}
	b.started = true
	b.rest = max(r.ContentLength, 0)
	b.done = !r.ChunkedBody && b.rest == 0
	r.headEnd = r.conn.from
	r.testExpect()
}

// testExpect asks a client that waits for it to send the body.
func (r *Request) testExpect() {
	if r.expectTested || r.in.expect == 0 || r.Version < 1001 {
		return
	}
	r.expectTested = true
	if !head.EqualFold(r.fieldValue(r.in.expect), "100-continue") {
		return
	}
	if r.Debugging() {
		r.Logf(log.Debug, "send 100 Continue")
	}
	r.conn.out.add([]byte("HTTP/1.1 100 Continue\r\n\r\n"), true, r.conn.work)
	r.conn.write()
}

// ReadBody reads the whole body, waiting for the client. It returns OK, or a
// status to finalize the request with.
func (r *Request) ReadBody() Status {
	m := r.Main
	b := &m.body
	if b.read || b.discard {
		return OK
	}
	if b.failed != 0 {
		return b.failed
	}
	if b.reading { // another task of the request reads: wait for it
		for b.reading {
			b.waiters = append(b.waiters, r.Loop().Current())
			if err := r.Loop().Park(); err != nil {
				return Error
			}
		}
		return b.failed
	}
	b.reading = true
	rc := m.readBody()
	b.reading = false
	b.failed = rc
	for _, t := range b.waiters {
		r.Loop().Wake(t)
	}
	b.waiters = nil
	return rc
}

func (r *Request) readBody() Status {
	b := &r.body
	l := r.loc.core
	r.beginBody()
	if r.ChunkedBody && l.bodyInFile.V == fileOff || !r.ChunkedBody && r.ContentLength <= l.bodyBuffer.V && l.bodyInFile.V == fileOff {
		if n := int64(r.conn.to - r.conn.from); !r.ChunkedBody && n >= b.rest { // all of it has come with the head
			b.data = r.conn.buf[r.conn.from : r.conn.from+int(b.rest) : r.conn.from+int(b.rest)]
			r.conn.from += int(b.rest)
			r.length += b.rest
			b.size, b.rest, b.done, b.read, b.shared = b.rest, 0, true, true, true
			return OK
		}
		if !r.ChunkedBody {
			b.data = make([]byte, 0, b.rest)
		}
	} else if !b.done || l.bodyInFile.V != fileOff {
		if rc := r.openBodyFile(); rc != OK {
			return rc
		}
	}
	for !b.done {
		part, rc := r.NextBody(true)
		if rc != OK {
			return rc
		}
		b.size += int64(len(part))
		if b.file == nil && int64(len(b.data)+len(part)) > max(l.bodyBuffer.V, int64(cap(b.data))) {
			if rc := r.openBodyFile(); rc != OK {
				return rc
			}
			if rc := r.writeBodyFile(b.data); rc != OK {
				return rc
			}
			b.data = nil
		}
		if b.file == nil {
			b.data = append(b.data, part...)
			continue
		}
		if rc := r.writeBodyFile(part); rc != OK {
			return rc
		}
	}
	b.read = true
	if r.ChunkedBody {
		r.ContentLength = b.size
	}
	return OK
}

// NextBody returns the next part of the body as it comes from the client,
// without framing; it is valid until the next call. At the end it returns an
// empty part. Without wait an empty part with Declined means that nothing has
// come yet. Other statuses are to finalize the request with.
func (r *Request) NextBody(wait bool) ([]byte, Status) {
	b := &r.body
	r.beginBody()
	for !b.done {
		if part, rc := r.takeBody(); rc != OK || len(part) > 0 {
			return part, rc
		}
		if b.done {
			break
		}
		if rc := r.fillBody(wait); rc != OK {
			return nil, rc
		}
	}
	return nil, OK
}

// BodyDone reports whether nothing of the body is left to read.
func (r *Request) BodyDone() bool { return r.body.started && r.body.done }

// takeBody takes a part out of the connection's buffer.
func (r *Request) takeBody() ([]byte, Status) {
	b, c := &r.body, r.conn
	raw := c.buf[c.from:c.to]
	if len(raw) == 0 {
		return nil, OK
	}
	if !r.ChunkedBody {
		n := int(min(int64(len(raw)), b.rest))
		c.from += n
		b.rest -= int64(n)
		r.length += int64(n)
		b.done = b.rest == 0
		return raw[:n], OK
	}
	part, n, err := b.chunk.Next(raw)
	c.from += n
	r.length += int64(n)
	b.rest += int64(len(part)) // of a chunked body: what has come so far
	switch {
	case err == nil || err == head.ErrIncomplete:
	case err == io.EOF:
		b.done = true
	default:
		r.Logf(log.Info, "%s", err)
		r.KeepAlive = false
		b.done = true
		return nil, statusBadRequest
	}
	if limit := r.loc.core.bodyMax.V; limit > 0 && len(part) > 0 && !b.discard && b.rest+b.chunk.Left() > limit {
		r.Logf(log.Error, "client intended to send too large chunked body: %d+%d bytes", b.rest, b.chunk.Left())
		r.KeepAlive = false
		b.done = true
		return nil, statusEntityTooLarge
	}
	return part, OK
}

// fillBody reads more of the connection.
func (r *Request) fillBody(wait bool) Status {
	c := r.conn
	if c.from == c.to {
		c.from, c.to = r.headEnd, r.headEnd
	}
	if len(c.buf)-c.to < 1024 { // the head stays where it is, as fields point into it
		buf := make([]byte, 16<<10)
		n := copy(buf, c.buf[c.from:c.to])
		c.buf, c.from, c.to, r.headEnd = buf, 0, n, 0
	}
	for {
		n, err := c.recv(c.buf[c.to:])
		if n > 0 {
			c.to += n
			return OK
		}
		switch {
		case err == event.ErrAgain && !wait:
			return Declined
		case err == event.ErrAgain:
			err = c.ev.WaitRead(r.loc.core.bodyTimeout.V)
			if err == nil {
				continue
			}
			if err == event.ErrTimeout {
				r.timedOut = true
				r.Logf(log.Info, "client timed out (110: Connection timed out) while reading client request body")
				return statusRequestTimeout
			}
			return Error
		case r.body.discard: // the response goes out all the same, as with nginx
			r.KeepAlive = false
			r.body.done = true
			return OK
		case err == io.EOF:
			r.Logf(log.Info, "client prematurely closed connection while reading client request body")
			return r.clientGone()
		}
		r.Logf(log.Info, "%s while reading client request body", log.Errno("recv() failed", err))
		return r.clientGone()
	}
}

// clientGone notes that the client has ended the connection inside of a body:
// no response is sent, the access log says 400.
func (r *Request) clientGone() Status {
	r.KeepAlive = false
	r.body.done = true
	r.Out.Status = int(statusBadRequest)
	return Error
}

// DiscardBody reads and drops what is left of the body: what is there now, the
// rest after the response.
// It returns OK, or a status to finalize the request with.
func (r *Request) DiscardBody() Status { return r.discardBody() }

func (r *Request) discardBody() Status {
	if r != r.Main || r.headEnd == 0 && !r.HasLength() {
		return OK
	}
	b := &r.body
	if b.read || b.reading {
		return OK
	}
	b.discard = true
	r.beginBody()
	for !b.done {
		part, rc := r.NextBody(false)
		switch {
		case rc == Declined || rc == OK && part == nil:
			return OK
		case rc != OK:
			r.KeepAlive = false
			return rc
		}
	}
	return OK
}

var bodyFiles atomic.Uint64

// openBodyFile opens the temporary file.
func (r *Request) openBodyFile() Status {
	l := r.loc.core
	f, err := CreateTemp(l.bodyTemp.V)
	if err != nil {
		r.Logf(log.Crit, "%s", log.Errno(fmt.Sprintf("open() %q failed", l.bodyTemp.V.Dir), err))
		return statusInternalServerError
	}
	b := &r.body
	b.file = f
	b.keep = l.bodyInFile.V == fileOn
	if l.bodyInFile.V == fileOff {
		r.Logf(log.Warn, "a client request body is buffered to a temporary file %s", f.Name())
	}
	return OK
}

func (r *Request) writeBodyFile(p []byte) Status {
	if len(p) == 0 {
		return OK
	}
	data := bytes.Clone(p)
	var err error
	cerr := r.Loop().Block(func(context.Context) { _, err = r.body.file.Write(data) })
	if err != nil {
		r.Logf(log.Crit, "%s", log.Errno(fmt.Sprintf("pwrite() %q failed", r.body.file.Name()), err))
		return statusInternalServerError
	}
	if cerr != nil {
		return Error
	}
	return OK
}

// CreateTemp makes a temporary file below a path with nginx's names: ten digits,
// the last of them naming the levels of folders.
func CreateTemp(t TempPath) (*os.File, error) {
	for {
		name := fmt.Sprintf("%010d", bodyFiles.Add(1))
		dir := t.Dir
		end := len(name)
		for _, n := range t.Levels {
			dir = filepath.Join(dir, name[end-n:end])
			end -= n
		}
		path := filepath.Join(dir, name)
		f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
		if errors.Is(err, os.ErrExist) {
			continue
		}
		if errors.Is(err, os.ErrNotExist) {
			if err := os.MkdirAll(dir, 0o700); err != nil {
				return nil, err
			}
			continue
		}
		return f, err
	}
}

// lingerLeft limits the reading of what a client still sends.
func (c *Conn) lingerLeft(timeout time.Duration) time.Duration {
	return min(timeout, c.lingerTill.Sub(c.work.Loop.Now()))
}

// HasOwnBody reports whether a subrequest was given a body of its own.
func (r *Request) HasOwnBody() bool { return r.sub != nil && r.sub.o.HasBody }
