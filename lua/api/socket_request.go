package api

import (
	"io"
	"time"

	lua "github.com/yuin/gopher-lua"

	"github.com/perigee-server/perigee/server/event"
	"github.com/perigee-server/perigee/server/http"
)

// bodyWire is the body of the request.
type bodyWire struct{ r *http.Request }

func (w *bodyWire) tryRead(p []byte) (int, error) {
	n, err := w.r.RecvBody(p)
	if err == io.ErrUnexpectedEOF {
		err = errClientAborted
	}
	return n, err
}

func (w *bodyWire) tryWrite([]byte) (int, error)    { return 0, event.ErrClosed }
func (w *bodyWire) waitRead(d time.Duration) error  { return w.r.WaitRaw(false, d) }
func (w *bodyWire) waitWrite(d time.Duration) error { return event.ErrClosed }

// rawWire is the client's connection.
type rawWire struct {
	r *http.Request
	// watch tells that lua_check_client_abort is on.
	watch bool
}

func (w *rawWire) tryRead(p []byte) (int, error) {
	n, err := w.r.RecvRaw(p)
	if err == io.EOF && w.watch {
		err = errClientAborted
	}
	return n, err
}

func (w *rawWire) tryWrite(p []byte) (int, error)  { return w.r.SendRaw(p) }
func (w *rawWire) waitRead(d time.Duration) error  { return w.r.WaitRaw(false, d) }
func (w *rawWire) waitWrite(d time.Duration) error { return w.r.WaitRaw(true, d) }

func init() {
	family(func(e *Engine) {
		methods := func(names ...string) *lua.LTable {
			t := e.L.NewTable()
			t.RawSetString("__index", t)
			e.socketMethods(t, names...)
			return t
		}
		e.bodyMethods = methods("receive", "receiveany", "receiveuntil", "settimeout", "settimeouts")
		e.rawMethods = methods("receive", "receiveany", "receiveuntil", "send", "settimeout", "settimeouts")
		e.sub("req").RawSetString("socket", e.bind(anyPhase, requestSocket))
	})
}

// requestSocket is ngx.req.socket.
func requestSocket(e *Engine, c *Ctx, L *lua.LState) int {
	n := L.GetTop()
	if n > 1 {
		L.RaiseError("expecting zero arguments, but got %d", n)
	}
	raw := n == 1 && lua.LVAsBool(L.Get(1))
	r := c.R
	if r == nil {
		L.RaiseError("API disabled in the context of %s", c.Phase.Directive())
	}
	if r.IsSub() {
		L.RaiseError("attempt to read the request body in a subrequest")
	}
	if !raw && r.ChunkedBody {
		return fail(L, "chunked request bodies not supported yet")
	}
	if c.Phase&Answering == 0 {
		c.disabled(L, Answering)
	}
	s := &tcpSocket{made: true, conf: c.settings()}
	watch := s.conf.CheckAbort.V
	methods := e.bodyMethods
	if raw {
		if why := c.takeRaw(); why != "" {
			return fail(L, why)
		}
		s.kind, s.wire, methods = rawSocket, &rawWire{r, watch}, e.rawMethods
	} else {
		if why := c.takeBody(); why != "" {
			return fail(L, why)
		}
		s.kind, s.wire = bodySocket, &bodyWire{r}
	}
	s.keep(c)
	c.socket = s
	L.Push(e.socketObject(s, methods))
	return 1
}

// takeRaw makes the connection the script's; the text says why it can not be.
func (c *Ctx) takeRaw() string {
	r := c.R
	switch {
	case r.BodyReading():
		return "pending request body reading in some other thread"
	case r.Pending() > 0:
		return "pending data to write"
	case c.out.buffering:
		return "http 1.0 buffering"
	case c.raw:
		return "duplicate call"
	}
	c.raw = true
	r.TakeRaw()
	return ""
}

// takeBody makes the body the script's; the text says why it can not be.
func (c *Ctx) takeBody() string {
	r := c.R
	switch {
	case r.BodyTouched():
		return "request body already exists"
	case r.BodyDiscarded():
		return "request body discarded"
	case r.ContentLength <= 0:
		return "no body"
	}
	r.TakeBody()
	return ""
}
