package http

import (
	"io"
	"time"

	"github.com/perigee-server/perigee/server/event"
)

// TakeBody lets the caller read the request's body itself, by RecvBody: nobody
// else will. What it leaves unread ends the connection. It is for requests with
// a Content-Length whose body nobody has begun to read.
func (r *Request) TakeBody() {
	r.beginBody()
	b := &r.body
	b.taken, b.read = true, true
}

// BodyTouched reports whether the body was read, or is being read.
func (r *Request) BodyTouched() bool { b := &r.Main.body; return b.read || b.reading || b.taken }

// BodyReading reports whether a part of the body is being waited for.
func (r *Request) BodyReading() bool { return r.Main.body.reading }

// RecvBody reads what has come of a body that TakeBody has taken:
// event.ErrAgain when that is nothing, io.EOF at the body's end, and
// io.ErrUnexpectedEOF when the client has gone.
func (r *Request) RecvBody(p []byte) (int, error) {
	b, c := &r.body, r.conn
	if b.rest == 0 {
		return 0, io.EOF
	}
	p = p[:min(int64(len(p)), b.rest)]
	n, err := c.recvBuffered(p)
	b.rest -= int64(n)
	r.length += int64(n)
	b.done = b.rest == 0
	if err == io.EOF {
		r.KeepAlive = false
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

// recvBuffered takes what was read ahead, then what the socket has.
func (c *Conn) recvBuffered(p []byte) (int, error) {
	if c.from < c.to {
		n := copy(p, c.buf[c.from:c.to])
		c.from += n
		return n, nil
	}
	return c.recv(p)
}

// TakeRaw lets the caller use the connection itself, by RecvRaw and SendRaw:
// the server sends nothing any more, and closes the connection after the
// request (ngx.req.socket(true)).
func (r *Request) TakeRaw() {
	b := &r.body
	b.started, b.done, b.read = true, true, true
	r.headerSent, r.lastSent = true, true
	r.KeepAlive = false
	r.lingering = true
}

// RecvRaw reads what has come from the client: event.ErrAgain when that is
// nothing, io.EOF at the end.
func (r *Request) RecvRaw(p []byte) (int, error) { return r.conn.recvBuffered(p) }

// SendRaw writes to the client what the socket takes; event.ErrAgain when that
// is less than all.
func (r *Request) SendRaw(p []byte) (int, error) {
	c := r.conn
	if c.state == stateClosed {
		return 0, event.ErrClosed
	}
	if c.tls != nil && len(p) == 0 {
		return 0, c.tls.flush()
	}
	if c.tls != nil {
		n, err := c.tls.write(p)
		if err == nil && int(n) < len(p) {
			err = event.ErrAgain
		}
		r.bytesSent += n
		return int(n), err
	}
	n, err := c.ev.TryWrite(p)
	r.bytesSent += int64(n)
	return n, err
}

// WaitRaw parks the current task until the client has sent something, or takes
// something.
func (r *Request) WaitRaw(write bool, d time.Duration) error {
	if write {
		return r.conn.ev.WaitWrite(d)
	}
	return r.conn.ev.WaitRead(d)
}
