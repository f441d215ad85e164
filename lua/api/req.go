package api

import (
	"bytes"
	"time"

	lua "github.com/yuin/gopher-lua"

	"github.com/perigee-server/perigee/lua/lib/encode"
	"github.com/perigee-server/perigee/lua/vm"
)

func init() {
	family(func(e *Engine) {
		req := e.sub("req")
		e.setCore(req, InRequest, map[string]function{
			"get_uri_args": uriArgs,
			"get_method":   getMethod,
			"set_method":   setMethod,
			"start_time": func(e *Engine, c *Ctx, L *lua.LState) int {
				L.Push(lua.LNumber(seconds(c.R.Start)))
				return 1
			},
			"is_internal": func(e *Engine, c *Ctx, L *lua.LState) int { L.Push(lua.LBool(c.R.Internal())); return 1 },
		})
		e.set(req, InRequest, map[string]function{
			"set_uri":       setURI,
			"set_uri_args":  setURIArgs,
			"get_post_args": postArgs,
			"raw_header":    rawHeader,
			"http_version":  httpVersion,
		})
		req.RawSetString("get_query_args", req.RawGetString("get_uri_args"))
	})
}

// seconds is a time as Lua has it, with milliseconds.
func seconds(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }

func uriArgs(e *Engine, c *Ctx, L *lua.LState) int {
	most := maxFields
	if n, ok := toInt(L.Get(1)); ok && n >= 0 {
		most = n
	}
	args, cut := encode.DecodeArgs(L, string(c.R.Args), most)
	if into, ok := L.Get(2).(*lua.LTable); ok {
		for k, _ := into.Next(lua.LNil); k != lua.LNil; k, _ = into.Next(lua.LNil) {
			into.RawSet(k, lua.LNil)
		}
		args.ForEach(func(k, v lua.LValue) { into.RawSet(k, v) })
		args = into
	}
	L.Push(args)
	if cut {
		L.Push(lua.LString("truncated"))
		return 2
	}
	return 1
}

func getMethod(e *Engine, c *Ctx, L *lua.LState) int {
	L.Push(lua.LString(c.R.MethodName))
	return 1
}

func setMethod(e *Engine, c *Ctx, L *lua.LState) int {
	n, ok := L.Get(1).(lua.LNumber)
	if !ok {
		L.RaiseError("bad method number")
	}
	for _, m := range methods {
		if m.id == int(n) {
			c.R.SetMethod(m.verb, []byte(m.name))
			return 0
		}
	}
	L.RaiseError("unsupported HTTP method: %s", vm.FormatNumber(float64(n)))
	return 0
}

func httpVersion(e *Engine, c *Ctx, L *lua.LState) int {
	switch c.R.Version {
	case 9:
		L.Push(lua.LNumber(0.9))
	case 1000:
		L.Push(lua.LNumber(1.0))
	case 1001:
		L.Push(lua.LNumber(1.1))
	case 2000:
		L.Push(lua.LNumber(2))
	default:
		L.Push(lua.LNil)
	}
	return 1
}

func setURI(e *Engine, c *Ctx, L *lua.LState) int {
	n := L.GetTop()
	if n < 1 || n > 3 {
		L.RaiseError("expecting 1, 2 or 3 arguments but seen %d", n)
	}
	uri := []byte(checkString(L, 1))
	if len(uri) == 0 {
		L.RaiseError("attempt to use zero-length uri")
	}
	binary := n >= 3 && L.CheckBool(3)
	if !binary {
		if i := unsafeByte(uri); i >= 0 {
			L.RaiseError("unsafe byte \"0x%02x\" in uri \"%s\" (maybe you want to set the 'binary' argument?)", uri[i], escapeUnsafe(uri))
		}
	}
	jump := n >= 2 && L.CheckBool(2)
	if jump {
		if c.Phase&(PhaseRewrite|PhaseServerRewrite) == 0 {
			L.RaiseError("API disabled in the context of %s", c.Phase.Directive())
		}
		if c.pending > 0 {
			L.RaiseError("attempt to abort with pending subrequests")
		}
	}
	c.R.StopURIChange()
	c.R.SetURI(uri, jump)
	c.R.SetInternal()
	if jump {
		c.finish(L, jumped, 0)
	}
	return 0
}

func setURIArgs(e *Engine, c *Ctx, L *lua.LState) int {
	if n := L.GetTop(); n != 1 {
		L.RaiseError("expecting 1 argument but seen %d", n)
	}
	var args []byte
	switch v := L.Get(1).(type) {
	case lua.LString:
		args = []byte(v)
	case lua.LNumber:
		args = vm.AppendNumber(nil, float64(v))
	case *lua.LTable:
		args = encodeArgs(L, v)
	default:
		L.ArgError(1, "string, number, or table expected, but got "+typeName(v))
	}
	c.R.Args = escapeField(args, false)
	c.R.HasArgs = len(args) > 0
	c.R.ValidURI = false
	return 0
}

func postArgs(e *Engine, c *Ctx, L *lua.LState) int {
	n := L.GetTop()
	if n != 0 && n != 1 {
		L.RaiseError("expecting 0 or 1 arguments but seen %d", n)
	}
	most := maxFields
	if n == 1 {
		most = L.CheckInt(1)
	}
	b := c.R.Body()
	if c.R.BodyDiscarded() {
		L.Push(L.CreateTable(0, 0))
		return 1
	}
	if !b.Read() {
		L.RaiseError("no request body found; maybe you should turn on lua_need_request_body?")
	}
	if b.File() != nil {
		return fail(L, "request body in temp file not supported")
	}
	args, cut := encode.DecodeArgs(L, string(b.Bytes()), most)
	L.Push(args)
	if cut {
		L.Push(lua.LString("truncated"))
		return 2
	}
	return 1
}

func rawHeader(e *Engine, c *Ctx, L *lua.LState) int {
	n := L.GetTop()
	if n > 1 {
		L.RaiseError("expecting 0 or 1 arguments but seen %d", n)
	}
	noLine := n == 1 && lua.LVAsBool(L.Get(1))
	if c.R.Version == 9 {
		if noLine {
			L.Push(lua.LString(""))
		} else {
			L.Push(lua.LString(append(bytes.Clone(c.R.Line), "\r\n"...)))
		}
		return 1
	}
	raw := c.R.RawHead()
	if noLine {
		raw = raw[bytes.IndexByte(raw, '\n')+1:]
	}
	L.Push(lua.LString(raw))
	return 1
}
