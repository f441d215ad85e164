package api

import (
	lua "github.com/yuin/gopher-lua"

	"github.com/perigee-server/perigee/lua/vm"
	"github.com/perigee-server/perigee/server/http"
	"github.com/perigee-server/perigee/server/http/head"
)

// output is what a context knows of the response.
type output struct {
	eof        bool
	buffering  bool   // for a client of HTTP/1.0: kept to know the length
	kept       []byte // what was
	typeSet    bool   // the script has set Content-Type
	headersSet bool   // the script has set some field
}

func init() {
	family(func(e *Engine) {
		e.set(e.ngx, Answering, map[string]function{
			"say":          func(e *Engine, c *Ctx, L *lua.LState) int { return c.echo(L, "say", true) },
			"print":        func(e *Engine, c *Ctx, L *lua.LState) int { return c.echo(L, "print", false) },
			"flush":        flush,
			"eof":          eof,
			"send_headers": sendHeaders,
		})
	})
}

// fail is the usual answer of functions that could not: nil and why.
func fail(L *lua.LState, text string) int {
	L.Push(lua.LNil)
	L.Push(lua.LString(text))
	return 2
}

func one(L *lua.LState) int {
	L.Push(lua.LNumber(1))
	return 1
}

// echo is ngx.say and ngx.print.
func (c *Ctx) echo(L *lua.LState, name string, newline bool) int {
	switch {
	case c.raw:
		return fail(L, "raw request socket acquired")
	case c.R.HeadOnly() && c.R.HeaderSent():
		return fail(L, "header only")
	case c.out.eof:
		return fail(L, "seen eof")
	}
	var text []byte
	n := L.GetTop()
	if s, ok := L.Get(1).(lua.LString); n == 1 && ok && !newline {
		text = []byte(s)
	} else {
		text = c.R.Scratch(256)[:0]
		for i := 1; i <= n; i++ {
			text = c.E.appendValue(L, text, L.Get(i), i)
		}
		if newline {
			text = append(text, '\n')
		}
	}
	var rc http.Status
	if len(text) == 0 {
		rc = c.sendHeader()
	} else {
		rc = c.send(text)
	}
	if rc != http.OK {
		if c.E.Loop.Current().Cause() != nil { // of a streamed capture that nobody reads
			vm.Unwind(L)
		}
		return fail(L, "nginx output filter error")
	}
	return one(L)
}

// appendValue appends a value as ngx.print writes it; arg is the argument that
// errors name.
func (e *Engine) appendValue(L *lua.LState, b []byte, v lua.LValue, arg int) []byte {
	switch v := v.(type) {
	case lua.LString:
		return append(b, v...)
	case lua.LNumber:
		return vm.AppendNumber(b, float64(v))
	case lua.LBool:
		if v {
			return append(b, "true"...)
		}
		return append(b, "false"...)
	case *lua.LTable:
		return e.appendArray(L, b, v, arg)
	case *lua.LUserData:
		if v == e.null {
			return append(b, "null"...)
		}
	}
	if v == lua.LNil {
		return append(b, "nil"...)
	}
	L.ArgError(arg, "string, number, boolean, nil, ngx.null, or array table expected, but got "+v.Type().String())
	return nil
}

// appendArray appends the elements of an array, which may be arrays.
func (e *Engine) appendArray(L *lua.LState, b []byte, t *lua.LTable, arg int) []byte {
	last := 0
	for k, _ := t.Next(lua.LNil); k != lua.LNil; k, _ = t.Next(k) {
		n, ok := k.(lua.LNumber)
		if !ok || n < 1 || n != lua.LNumber(int(n)) {
			L.ArgError(arg, "non-array table found")
		}
		last = max(last, int(n))
	}
	for i := 1; i <= last; i++ {
		switch v := t.RawGetInt(i).(type) {
		case lua.LString, lua.LNumber, lua.LBool, *lua.LTable:
			b = e.appendValue(L, b, v, arg)
		case *lua.LUserData:
			if v != e.null {
				L.ArgError(arg, "bad data type userdata found")
			}
			b = append(b, "null"...)
		default:
			if v != lua.LNil {
				L.ArgError(arg, "bad data type "+v.Type().String()+" found")
			}
			b = append(b, "nil"...)
		}
	}
	return b
}

// sendHeader sends the response's head, unless it was sent
// (ngx_http_lua_send_header_if_needed).
func (c *Ctx) sendHeader() http.Status {
	r := c.R
	if r.HeaderSent() {
		return http.OK
	}
	o := &r.Out
	if o.Status == 0 {
		o.Status = 200
	}
	if !c.out.typeSet {
		c.setType()
	}
	if !c.out.headersSet {
		o.ClearLength()
	}
	if c.out.buffering {
		return http.OK
	}
	return r.SendHeader()
}

// setType gives the response the location's default type, where that is on.
func (c *Ctx) setType() {
	c.out.typeSet = true
	if Locations.Of(c.R).DefaultType.V && len(c.R.Out.ContentType) == 0 {
		c.R.SetContentType()
	}
}

// send sends a part of the body, its head before it; nil ends the body
// (ngx_http_lua_send_chain_link).
func (c *Ctx) send(b []byte) http.Status {
	if c.raw || c.out.eof {
		return http.OK
	}
	r := c.R
	if !c.out.buffering && !r.HeaderSent() && r.Version < 1001 && r.Out.ContentLength < 0 && Locations.Of(r).HTTP10Buffering.V {
		c.out.buffering = true
	}
	if rc := c.sendHeader(); rc != http.OK {
		return rc
	}
	if r.HeadOnly() || r.Method == head.MethodHead {
		c.out.eof = true
		c.dropBody()
		if c.out.buffering {
			return c.sendKept(false)
		}
		return http.OK
	}
	if b == nil {
		c.dropBody()
		if c.out.buffering {
			if rc := c.sendKept(true); rc != http.OK {
				return rc
			}
		}
		c.out.eof = true
		return r.SendLast()
	}
	if c.out.buffering {
		c.out.kept = append(c.out.kept, b...)
		return http.OK
	}
	return r.Write(b)
}

// dropBody drops the request's body, unless the script has begun to read it.
func (c *Ctx) dropBody() {
	if !c.R.Body().Started() {
		c.R.DiscardBody()
	}
}

// sendKept sends what was kept for a client of HTTP/1.0.
func (c *Ctx) sendKept(body bool) http.Status {
	r := c.R
	c.out.buffering = false
	if r.HeaderSent() {
		return http.OK
	}
	if body {
		r.Out.ContentLength = int64(len(c.out.kept))
	}
	if rc := r.SendHeader(); rc != http.OK {
		return rc
	}
	if !body || len(c.out.kept) == 0 {
		return http.OK
	}
	kept := c.out.kept
	c.out.kept = nil
	return r.Write(kept)
}

func flush(e *Engine, c *Ctx, L *lua.LState) int {
	wait := false
	if L.GetTop() > 1 {
		L.RaiseError("attempt to pass %d arguments, but accepted 0 or 1", L.GetTop())
	}
	if L.GetTop() == 1 {
		wait = L.CheckBool(1)
	}
	r := c.R
	switch {
	case c.raw:
		return fail(L, "raw request socket acquired")
	case r.HeadOnly() && r.HeaderSent():
		return fail(L, "header only")
	case c.out.eof:
		return fail(L, "seen eof")
	case c.out.buffering:
		return fail(L, "buffering")
	case !r.HeaderSent():
		return fail(L, "nothing to flush")
	}
	if rc := r.Flush(); rc == http.Error || rc >= 300 {
		return fail(L, "nginx output filter error")
	}
	if wait && c.Phase&Waiting != 0 && r.Pending() > 0 {
		if err := r.WaitDrain(0); err != nil {
			if c.E.Loop.Current().Cause() != nil {
				vm.Unwind(L)
			}
			return fail(L, "client aborted")
		}
	}
	return one(L)
}

func eof(e *Engine, c *Ctx, L *lua.LState) int {
	if L.GetTop() != 0 {
		L.RaiseError("no argument is expected")
	}
	if c.raw {
		return fail(L, "raw request socket acquired")
	}
	if c.out.eof {
		return fail(L, "seen eof")
	}
	if rc := c.send(nil); rc == http.Error || rc >= 300 {
		return fail(L, "nginx output filter error")
	}
	return one(L)
}

func sendHeaders(e *Engine, c *Ctx, L *lua.LState) int {
	if c.R.HeaderSent() {
		return one(L)
	}
	if rc := c.sendHeader(); rc != http.OK {
		return fail(L, "nginx output filter error")
	}
	return one(L)
}
