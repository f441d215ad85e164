package http

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/perigee-server/perigee/server/http/head"
	"github.com/perigee-server/perigee/server/log"
)

func sprintf(format string, args ...any) string {
	if len(args) == 0 {
		return format
	}
	return fmt.Sprintf(format, args...)
}

// readHead reads the head of the next request. It returns true once c.req is a
// request to run, which may be one that only tells an error; false when more
// bytes are needed or the connection is over.
func (c *Conn) readHead() bool {
	if c.proxied != nil && !c.readProxyProtocol() {
		return false
	}
	for {
		if c.from < c.to {
			switch c.parseHead() {
			case headDone:
				return true
			case headFailed:
				return c.state != stateClosed && c.req != nil
			}
		}
		if !c.fill() {
			if c.state == stateClosed {
				return false
			}
			if c.req != nil && c.req.headError != 0 {
				return true // peerClosed made an error of it
			}
			c.waitForHead()
			return false
		}
	}
}

// waitForHead arms what a connection without a whole head waits for.
func (c *Conn) waitForHead() {
	if c.from < c.to || c.lineDone || c.line.Start > 0 {
		if c.state == stateIdle {
			c.state = stateHead
			c.unlist()
			c.setReading(true)
			c.timer.Reset(c.server.core.headerTimeout.V)
		}
		return
	}
	c.idleSince()
}

type headResult int

const (
	headMore headResult = iota
	headDone
	headFailed
)

// parseHead goes on with the request line and the fields.
func (c *Conn) parseHead() headResult {
	if !c.lineDone {
		n, err := c.line.Parse(c.buf[c.from:c.to])
		if err == head.ErrIncomplete {
			if c.skipBlank() {
				return headMore
			}
			if c.tooLong(c.line.Start) {
				return c.headError(statusURITooLarge, "client sent too long URI")
			}
			return headMore
		}
		c.newRequest()
		if err != nil {
			code := statusBadRequest
			if errors.Is(err, head.ErrInvalidVersion) {
				code = statusVersionNotSupported
			}
			c.req.requestLineSoFar(c.buf[c.from:c.to])
			if errors.Is(err, head.ErrInvalid09Method) {
				c.req.Version = 9
			}
			return c.headError(code, err.Error()+" while reading client request line")
		}
		if n-c.line.Start > c.lineLimit() {
			c.req.takeLine(&c.line)
			return c.headError(statusURITooLarge, "client sent too long URI while reading client request line")
		}
		c.req.takeLine(&c.line)
		c.headAt = c.from + c.line.Start
		c.from += n
		c.lineDone = true
		c.req.length = int64(n - c.line.Start)
		if code := c.req.setTarget(); code != 0 {
			return headFailed
		}
		if c.req.Version < 1000 {
			return c.headComplete()
		}
	}
	return c.parseFields()
}

// skipBlank drops line ends before a request, however many; false when
// something else has come.
func (c *Conn) skipBlank() bool {
	b := c.buf[c.from:c.to]
	if b[0] != '\r' && b[0] != '\n' || c.line.Start != len(b)-1 {
		return false
	}
	if last := b[len(b)-1]; last != '\r' && last != '\n' {
		return false
	}
	c.from = c.to
	c.line.Reset()
	return true
}

// parseFields reads header fields until the blank line.
func (c *Conn) parseFields() headResult {
	r := c.req
	srv := c.server.core
	for {
		n, err := c.field.Parse(c.buf[c.from:c.to], srv.underscores.V)
		switch err {
		case nil:
			if n > c.lineLimit() {
				return c.headError(statusRequestHeaderTooLarge, "client sent too long header line while reading client request headers")
			}
			c.from += n
			r.length += int64(n)
			if int(r.length) > int(srv.largeBuffers.V.Size)*srv.largeBuffers.V.Num+int(srv.headerBufferSize.V) {
				return c.headError(statusRequestHeaderTooLarge, "client sent too large request while reading client request headers")
			}
			if c.field.Invalid && srv.ignoreInvalid.V {
				r.logf(log.Info, "client sent invalid header line: %q", append(append(bytes.Clone(c.field.Name), ": "...), c.field.Value...))
				continue
			}
			if len(r.Fields) >= srv.maxHeaders.V {
				return c.headError(statusRequestHeaderTooLarge, "client sent too many header lines while reading client request headers")
			}
			if code := r.addField(c.field.Name, c.field.Value, c.field.Hash); code != 0 {
				return headFailed
			}
			if c.server != r.server {
				srv = r.server.core
				c.server = r.server
			}
		case head.ErrDone:
			c.from += n
			r.length += int64(n)
			return c.headComplete()
		case head.ErrIncomplete:
			if c.tooLong(0) {
				return c.headError(statusRequestHeaderTooLarge, "client sent too long header line while reading client request headers")
			}
			return headMore
		default:
			return c.headError(statusBadRequest, fmt.Sprintf("client sent invalid header line: \"%s\\x%02x...\" while reading client request headers", escapeLog(c.field.Bad), c.field.BadByte))
		}
	}
}

// tooLong reports whether the present line can not fit in a large buffer.
func (c *Conn) tooLong(start int) bool {
	srv := c.server.core
	return c.to-c.from-start >= c.lineLimit() ||
		int(c.reqLength())+c.to-c.from > int(srv.largeBuffers.V.Size)*srv.largeBuffers.V.Num+int(srv.headerBufferSize.V)
}

// lineLimit is the longest request line or field: it must fit in one buffer.
func (c *Conn) lineLimit() int {
	return int(max(c.server.core.largeBuffers.V.Size, c.server.core.headerBufferSize.V))
}

func (c *Conn) reqLength() int64 {
	if c.req == nil {
		return 0
	}
	return c.req.length
}

// newRequest begins a request.
func (c *Conn) newRequest() {
	c.requests++
	c.req = c.work.request(c)
	c.work.stats.requests.Add(1)
}

// headComplete checks the whole head.
func (c *Conn) headComplete() headResult {
	c.lineDone = false
	c.line.Reset()
	c.req.raw = c.buf[c.headAt:c.from]
	if code := c.req.checkHead(); code != 0 {
		return headFailed
	}
	return headDone
}

// headError makes the request answer with an error page and then close.
func (c *Conn) headError(code Status, msg string) headResult {
	if c.req == nil {
		c.newRequest()
	}
	c.lineDone = false
	c.line.Reset()
	c.field.Reset()
	c.req.failHead(code, msg)
	return headFailed
}

// abortHead ends a connection in the middle of a head, with a line in the
// access log but no response.
func (c *Conn) abortHead(code Status, msg string) {
	if c.req == nil {
		c.newRequest()
		c.req.requestLineSoFar(c.buf[c.from:c.to])
	}
	if msg != "" {
		c.req.logf(log.Info, "%s", msg)
	}
	r := c.req
	r.Out.Status = int(code)
	r.logPhase()
	c.free(r)
	c.close()
}

// headTimedOut is client_header_timeout.
func (c *Conn) headTimedOut() {
	reset := c.server.Root.core.resetTimedout.V
	msg := "client timed out (110: Connection timed out) while " + c.doing()
	if reset {
		c.abortHeadReset(msg)
		return
	}
	c.abortHead(statusRequestTimeout, msg)
}

func (c *Conn) abortHeadReset(msg string) {
	if c.req == nil {
		c.newRequest()
		c.req.requestLineSoFar(c.buf[c.from:c.to])
	}
	c.req.logf(log.Info, "%s", msg)
	r := c.req
	r.Out.Status = int(statusRequestTimeout)
	r.logPhase()
	c.free(r)
	c.reset()
}

// free ends a request's life.
func (c *Conn) free(r *Request) {
	c.req = nil
	c.work.release(r)
}

// escapeLog makes bytes of a client harmless in the log, as nginx does.
func escapeLog(b []byte) []byte {
	clean := true
	for _, ch := range b {
		if ch < 0x20 || ch == '"' || ch == '\\' || ch >= 0x7f {
			clean = false
			break
		}
	}
	if clean {
		return b
	}
	out := make([]byte, 0, len(b)+16)
	for _, ch := range b {
		if ch < 0x20 || ch == '"' || ch == '\\' || ch >= 0x7f {
			out = fmt.Appendf(out, "\\x%02X", ch)
			continue
		}
		out = append(out, ch)
	}
	return out
}
