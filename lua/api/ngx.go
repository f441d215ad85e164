package api

import (
	"encoding/base64"

	lua "github.com/yuin/gopher-lua"

	"github.com/perigee-server/perigee/lua/lib/encode"
	"github.com/perigee-server/perigee/lua/vm"
	"github.com/perigee-server/perigee/server/log"
)

// field is a value of ngx that depends on the request: ngx.status and others.
type field struct {
	in  Phase
	get func(e *Engine, c *Ctx, L *lua.LState) lua.LValue
	put func(e *Engine, c *Ctx, L *lua.LState, v lua.LValue)
}

var fields = map[string]field{}

func init() {
	fields["headers_sent"] = field{in: InRequest, get: func(e *Engine, c *Ctx, L *lua.LState) lua.LValue { return lua.LBool(c.R.HeaderSent()) }}
	fields["is_subrequest"] = field{in: InRequest, get: func(e *Engine, c *Ctx, L *lua.LState) lua.LValue { return lua.LBool(c.R.IsSub()) }}
	fields["status"] = field{in: InRequest, get: status, put: setStatus}
	family(func(e *Engine) {
		encode.Register(e.L, e.ngx)
		e.ngx.RawSetString("decode_base64mime", e.L.NewFunction(decodeBase64MIME))
		meta := e.L.NewTable()
		meta.RawSetString("__index", e.L.NewFunction(func(L *lua.LState) int {
			name, _ := L.Get(2).(lua.LString)
			f, ok := fields[string(name)]
			if !ok {
				L.Push(lua.LNil)
				return 1
			}
			c := e.ctx(L)
			c.checkField(L, f)
			L.Push(f.get(e, c, L))
			return 1
		}))
		meta.RawSetString("__newindex", e.L.NewFunction(func(L *lua.LState) int {
			name, _ := L.Get(2).(lua.LString)
			f, ok := fields[string(name)]
			if !ok {
				e.ngx.RawSet(L.Get(2), L.Get(3))
				return 0
			}
			if f.put == nil {
				L.RaiseError("attempt to write to ngx.%s", string(name))
			}
			c := e.ctx(L)
			c.checkField(L, f)
			f.put(e, c, L, L.Get(3))
			return 0
		}))
		e.ngx.Metatable = meta
	})
}

func (c *Ctx) checkField(L *lua.LState, f field) {
	if c.Phase&f.in != 0 {
		return
	}
	if c.R == nil && c.Phase&(PhaseInit|PhaseExitWorker) != 0 {
		L.RaiseError("no request found")
	}
	L.RaiseError("API disabled in the current context")
}

func status(e *Engine, c *Ctx, L *lua.LState) lua.LValue {
	o := &c.R.Out
	switch {
	case c.R.ErrStatus() != 0:
		return lua.LNumber(c.R.ErrStatus())
	case o.Status != 0:
		return lua.LNumber(o.Status)
	case c.R.Version == 9:
		return lua.LNumber(9)
	}
	return lua.LNumber(0)
}

func setStatus(e *Engine, c *Ctx, L *lua.LState, v lua.LValue) {
	code, ok := toInt(v)
	if !ok {
		L.RaiseError("bad argument #3 to '__newindex' (number expected, got %s)", v.Type().String())
	}
	c.putStatus(code)
}

// putStatus sets the status of the response.
func (c *Ctx) putStatus(code int) {
	if c.R.HeaderSent() {
		c.logLine(log.Error, "attempt to set ngx.status after sending out response headers")
		return
	}
	c.R.ClearErrStatus()
	c.R.Out.Status = code
	c.R.Out.StatusLine = nil
	if code == 101 {
		c.R.Out.StatusLine = []byte("101 Switching Protocols")
	}
}

// toInt is a number, or a string that is one.
func toInt(v lua.LValue) (int, bool) {
	switch v := v.(type) {
	case lua.LNumber:
		return int(v), true
	case lua.LString:
		if f, ok := vm.ParseNumber(string(v)); ok {
			return int(f), true
		}
	}
	return 0, false
}

// encodeArgs is ngx.encode_args.
func encodeArgs(L *lua.LState, t *lua.LTable) []byte { return encode.AppendArgs(L, nil, t) }

// decodeBase64MIME is ngx.decode_base64mime: what is not of the alphabet does not
// count.
func decodeBase64MIME(L *lua.LState) int {
	text, ok := L.Get(1).(lua.LString)
	if !ok {
		L.RaiseError("string argument only")
	}
	kept := make([]byte, 0, len(text))
	for i := range len(text) {
		c := text[i]
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '+', c == '/':
			kept = append(kept, c)
		}
	}
	if len(kept)%4 == 1 {
		kept = kept[:len(kept)-1]
	}
	out, err := base64.RawStdEncoding.DecodeString(string(kept))
	if err != nil {
		L.Push(lua.LNil)
		return 1
	}
	L.Push(lua.LString(out))
	return 1
}
