package api

import (
	"bytes"
	"fmt"

	lua "github.com/yuin/gopher-lua"

	"github.com/perigee-server/perigee/lua/vm"
	"github.com/perigee-server/perigee/server/http"
	"github.com/perigee-server/perigee/server/http/head"
	"github.com/perigee-server/perigee/server/log"
)

func init() {
	family(func(e *Engine) {
		e.set(e.ngx, Answering, map[string]function{"exec": exec, "redirect": redirect})
		e.set(e.ngx, Answering|PhaseTimer|PhaseHeaderFilter|PhaseBalancer|PhaseSSLClientHello|PhaseSSLCertificate|PhaseSSLSessionFetch|PhaseSSLSessionStore,
			map[string]function{"exit": exit})
		e.set(e.ngx, anyPhase, map[string]function{"throw_error": throwError, "get_phase": getPhase})
	})
}

func getPhase(e *Engine, c *Ctx, L *lua.LState) int {
	L.Push(lua.LString(c.Phase.String()))
	return 1
}

// final are the statuses with which a request may end at any moment.
func final(code http.Status) bool {
	return code == 408 || code == 444 || code == 499
}

func exit(e *Engine, c *Ctx, L *lua.LState) int {
	code := http.Status(L.CheckInt(1))
	if code == -2 || code == http.Done {
		L.RaiseError("bad argument to 'ngx.exit': does not accept NGX_AGAIN or NGX_DONE")
	}
	if c.R == nil {
		c.finish(L, exited, code)
	}
	if c.pending > 0 && code != http.Error && !final(code) {
		L.RaiseError("attempt to abort with pending subrequests")
	}
	if c.R.HeaderSent() && code >= 300 && !final(code) {
		if int(code) != c.R.Out.Status {
			c.logLine(log.Error, fmt.Sprintf("attempt to set status %d via ngx.exit after sending out the response status %d", code, c.R.Out.Status))
		}
		code = 200
	}
	c.finish(L, exited, code)
	return 0
}

// throwError ends the script with an error that nothing catches.
func throwError(e *Engine, c *Ctx, L *lua.LState) int {
	L.Error(L.Get(1), 0)
	return 0
}

func exec(e *Engine, c *Ctx, L *lua.LState) int {
	n := L.GetTop()
	if n != 1 && n != 2 {
		L.RaiseError("expecting one or two arguments, but got %d", n)
	}
	uri := []byte(checkString(L, 1))
	if len(uri) == 0 {
		L.RaiseError("The uri argument is empty")
	}
	if c.pending > 0 {
		L.RaiseError("attempt to abort with pending subrequests")
	}
	path, args, err := head.UnsafeURI(uri)
	if err != nil {
		c.logLine(log.Error, "unsafe URI \""+http.EscapeLog(uri)+"\" was detected")
		L.RaiseError("unsafe uri")
	}
	if n == 2 {
		var more []byte
		switch v := L.Get(2).(type) {
		case lua.LString:
			more = []byte(v)
		case lua.LNumber:
			more = vm.AppendNumber(nil, float64(v))
		case *lua.LTable:
			more = encodeArgs(L, v)
		default:
			if v != lua.LNil {
				L.ArgError(2, "string, number, or table expected, but got "+v.Type().String())
			}
		}
		if len(more) > 0 && len(args) > 0 {
			args = append(append(args[:len(args):len(args)], '&'), more...)
		} else if len(more) > 0 {
			args = more
		}
	}
	if c.R.HeaderSent() {
		L.RaiseError("attempt to call ngx.exec after sending out response headers")
	}
	if r := c.run; r != nil && r.end == going {
		r.uri, r.args = path, args
	}
	c.finish(L, executed, 0)
	return 0
}

func redirect(e *Engine, c *Ctx, L *lua.LState) int {
	n := L.GetTop()
	if n != 1 && n != 2 {
		L.RaiseError("expecting one or two arguments")
	}
	uri := []byte(checkString(L, 1))
	code := http.Status(302)
	if n == 2 {
		code = http.Status(L.CheckInt(2))
		switch code {
		case 301, 302, 303, 307, 308:
		default:
			L.RaiseError("only ngx.HTTP_MOVED_TEMPORARILY, ngx.HTTP_MOVED_PERMANENTLY, ngx.HTTP_PERMANENT_REDIRECT, ngx.HTTP_SEE_OTHER, and ngx.HTTP_TEMPORARY_REDIRECT are allowed")
		}
	}
	if c.pending > 0 {
		L.RaiseError("attempt to abort with pending subrequests")
	}
	if c.R.HeaderSent() {
		L.RaiseError("attempt to call ngx.redirect after sending out the headers")
	}
	if i := unsafeByte(uri); i >= 0 {
		L.RaiseError("unsafe byte \"0x%02x\" in redirect uri \"%s\"", uri[i], escapeUnsafe(uri))
	}
	if len(uri) > 0 && uri[0] == '/' {
		// as a plain field: the server would make it absolute
		c.R.Out.Add([]byte("Location"), uri)
	} else {
		c.R.Out.Location = uri
	}
	c.R.Out.Status = int(code)
	c.finish(L, exited, code)
	return 0
}

// unsafeByte finds a byte that must not be in a URI or a field, -1 without.
func unsafeByte(b []byte) int {
	return bytes.IndexFunc(b, func(r rune) bool { return r < 0x20 && r != '\t' || r == 0x7f })
}

// escapeUnsafe writes such bytes as \x0A.
func escapeUnsafe(b []byte) []byte {
	var out []byte
	for _, c := range b {
		if c < 0x20 || c == 0x7f || c == '"' || c == '\\' {
			out = fmt.Appendf(out, "\\x%02X", c)
			continue
		}
		out = append(out, c)
	}
	return out
}

// checkString is an argument that is a string, or a number as one.
func checkString(L *lua.LState, i int) string {
	switch v := L.Get(i).(type) {
	case lua.LString:
		return string(v)
	case lua.LNumber:
		return vm.FormatNumber(float64(v))
	}
	return L.CheckString(i)
}
