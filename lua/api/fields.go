package api

import (
	"strings"

	lua "github.com/yuin/gopher-lua"

	"github.com/perigee-server/perigee/lua/vm"
	"github.com/perigee-server/perigee/server/http/head"
	"github.com/perigee-server/perigee/server/log"
)

const (
	errLevel  = log.Error
	warnLevel = log.Warn
)

// maxFields is how many fields and arguments functions give unless told.
const maxFields = 100

func init() {
	family(func(e *Engine) {
		// tables of fields answer to names in any case, with "_" for "-"
		lowered := e.L.NewTable()
		lowered.RawSetString("__index", e.L.NewFunction(func(L *lua.LState) int {
			t, name := L.CheckTable(1), fieldName(L.Get(2))
			L.Push(t.RawGetString(strings.ToLower(name)))
			return 1
		}))
		e.loweredMeta = lowered

		header, meta := e.L.NewTable(), e.L.NewTable()
		meta.RawSetString("__index", e.bindCore(InRequest, getHeader))
		meta.RawSetString("__newindex", e.bindCore(InRequest, setHeader))
		header.Metatable = meta
		e.ngx.RawSetString("header", header)
		e.setCore(e.sub("resp"), InRequest, map[string]function{"get_headers": respHeaders})
		e.setCore(e.sub("req"), InRequest, map[string]function{
			"get_headers": reqHeaders,
			"set_header":  func(e *Engine, c *Ctx, L *lua.LState) int { return c.setReqHeader(L, true) },
			"clear_header": func(e *Engine, c *Ctx, L *lua.LState) int {
				c.clearField(vm.Text(L, L.Get(1)).String())
				return 0
			},
		})
		e.module("ngx.req", func(L *lua.LState) *lua.LTable {
			t := L.NewTable()
			t.RawSetString("add_header", e.bindCore(InRequest, func(e *Engine, c *Ctx, L *lua.LState) int { return c.setReqHeader(L, false) }))
			return t
		})
		e.module("ngx.resp", func(L *lua.LState) *lua.LTable {
			t := L.NewTable()
			t.RawSetString("add_header", e.bindCore(InRequest, func(e *Engine, c *Ctx, L *lua.LState) int {
				if list, ok := L.Get(2).(*lua.LTable); L.Get(2) == lua.LNil || ok && list.Len() == 0 {
					L.RaiseError("invalid header value")
				}
				L.Insert(lua.LNil, 1)
				return c.putHeader(L, true)
			}))
			t.RawSetString("set_status", e.bindCore(InRequest, respSetStatus))
			t.RawSetString("bypass_if_checks", e.bindCore(InRequest, func(e *Engine, c *Ctx, L *lua.LState) int {
				c.R.Out.NoConditions = true
				return 0
			}))
			return t
		})
	})
}

// fieldName is the name of a field that a script means: foo_bar is Foo-Bar.
func fieldName(v lua.LValue) string {
	return strings.ReplaceAll(lua.LVAsString(v), "_", "-")
}

func respSetStatus(e *Engine, c *Ctx, L *lua.LState) int {
	code, ok := toInt(L.Get(1))
	if !ok {
		L.RaiseError("bad argument #1 to 'set_status' (number expected, got %s)", typeName(L.Get(1)))
	}
	reason, hasReason := L.Get(2).(lua.LString)
	c.putStatus(code)
	if hasReason && !c.R.HeaderSent() {
		c.R.Out.StatusLine = append(vm.AppendNumber(nil, float64(code)), " "+string(reason)...)
	}
	return 0
}

// getHeader is ngx.header.NAME.
func getHeader(e *Engine, c *Ctx, L *lua.LState) int {
	name := vm.Text(L, L.Get(2)).String()
	if Locations.Of(c.R).Underscores.V {
		name = strings.ReplaceAll(name, "_", "-")
	}
	name = strings.ToLower(name)
	var values []lua.LValue
	c.R.EachOut(func(n, v []byte) {
		if head.EqualFold(n, name) {
			values = append(values, lua.LString(v))
		}
	})
	switch len(values) {
	case 0:
		L.Push(lua.LNil)
	case 1:
		L.Push(values[0])
	default:
		t := L.CreateTable(len(values), 0)
		for _, v := range values {
			t.Append(v)
		}
		L.Push(t)
	}
	return 1
}

// setHeader is ngx.header.NAME = value.
func setHeader(e *Engine, c *Ctx, L *lua.LState) int { return c.putHeader(L, false) }

// putHeader sets the field that is argument 2 to the value that is argument 3.
func (c *Ctx) putHeader(L *lua.LState, add bool) int {
	name := vm.Text(L, L.Get(2)).String()
	value := L.Get(3)
	r := c.R
	if r.HeaderSent() {
		c.logLine(log.Error, "attempt to set ngx.header.HEADER after sending out response headers")
		return 0
	}
	if add && value == lua.LNil {
		L.RaiseError("invalid header value")
	}
	if Locations.Of(r).Underscores.V {
		name = strings.ReplaceAll(name, "_", "-")
	}
	c.out.headersSet = true
	lowerName := strings.ToLower(name)
	escaped := escapeField([]byte(name), true)
	if lowerName == "content-type" {
		c.out.typeSet = true
	}
	put := func(v []byte, add bool) {
		if !r.SetOut(escaped, lowerName, escapeField(v, false), add) {
			L.RaiseError("failed to set header \"%s\"", name)
		}
	}
	switch v := value.(type) {
	case *lua.LTable:
		n := v.Len()
		if n == 0 {
			if !add {
				r.SetOut(escaped, lowerName, nil, false)
			}
			return 0
		}
		for i := 1; i <= n; i++ {
			text := []byte(vm.Text(L, v.RawGetInt(i)).String())
			if lowerName == "content-type" || lowerName == "content-length" {
				put(text, false)
				continue
			}
			put(text, add || i > 1)
		}
	default:
		if v == lua.LNil {
			r.SetOut(escaped, lowerName, nil, false)
			if lowerName == "content-type" {
				c.out.typeSet = true
			}
			return 0
		}
		text := []byte(vm.Text(L, v).String())
		if len(text) == 0 && len(lowerName) > 0 && !known[lowerName] && !add {
			r.Out.HideField(lowerName)
			r.Out.Add(escaped, text)
			return 0
		}
		if lowerName == "location" && len(text) > 0 && text[0] == '/' {
			r.SetOut(escaped, lowerName, nil, false)
			r.Out.Add(escaped, escapeField(text, false)) // a plain field: the server would make it absolute
			return 0
		}
		put(text, add)
	}
	return 0
}

// known are the fields that the server makes itself: an empty value clears
// them, others are sent empty.
var known = map[string]bool{"server": true, "date": true, "content-type": true, "content-length": true, "last-modified": true, "location": true,
	"content-range": true, "accept-ranges": true, "etag": true, "e-tag": true, "content-encoding": true, "refresh": true, "expires": true,
	"www-authenticate": true, "cache-control": true, "link": true}

// escapeField escapes what must not be in a field: control characters, and
// what ends a name.
func escapeField(b []byte, name bool) []byte {
	bad := func(c byte) bool {
		if name {
			return c <= ' ' || c >= 0x7f || strings.IndexByte(`"(),/:;<=>?@[\]{}`, c) >= 0
		}
		return c < ' ' && c != '\t' || c == 0x7f
	}
	for i := range b {
		if !bad(b[i]) {
			continue
		}
		const digits = "0123456789ABCDEF"
		out := append([]byte(nil), b[:i]...)
		for _, c := range b[i:] {
			if bad(c) {
				out = append(out, '%', digits[c>>4], digits[c&15])
			} else {
				out = append(out, c)
			}
		}
		return out
	}
	return b
}

// respHeaders is ngx.resp.get_headers.
func respHeaders(e *Engine, c *Ctx, L *lua.LState) int {
	most, raw := limitArgs(L)
	t := L.CreateTable(0, 8)
	n, cut := 0, false
	add := func(name, value []byte) {
		if most > 0 && n >= most {
			cut = true
			return
		}
		n++
		key := string(name)
		if !raw {
			key = strings.ToLower(key)
		}
		addField(L, t, key, value)
	}
	c.R.EachOut(add)
	if c.R.HeaderSent() || c.Phase&(PhaseHeaderFilter|PhaseBodyFilter|PhaseLog) != 0 {
		connection := []byte("keep-alive")
		switch {
		case c.R.Out.Status == 101:
			connection = []byte("upgrade")
		case !c.R.KeepAlive:
			connection = []byte("close")
		}
		add([]byte("Connection"), connection)
		if c.R.Out.Chunked() {
			add([]byte("Transfer-Encoding"), []byte("chunked"))
		}
	} else {
		connection := []byte("close")
		if c.R.KeepAlive {
			connection = []byte("keep-alive")
		}
		add([]byte("Connection"), connection)
	}
	if !raw {
		t.Metatable = e.loweredMeta
	}
	L.Push(t)
	if cut {
		L.Push(lua.LString("truncated"))
		return 2
	}
	return 1
}

// limitArgs are the arguments "max" and "raw".
func limitArgs(L *lua.LState) (most int, raw bool) {
	most = maxFields
	if n, ok := toInt(L.Get(1)); ok && n >= 0 {
		most = n
	}
	return most, lua.LVAsBool(L.Get(2))
}

// reqHeaders is ngx.req.get_headers.
func reqHeaders(e *Engine, c *Ctx, L *lua.LState) int {
	most, raw := limitArgs(L)
	t := L.CreateTable(0, len(c.R.Fields))
	cut := false
	n := 0
	for i := range c.R.Fields {
		f := &c.R.Fields[i]
		if f.Hidden {
			continue
		}
		if most > 0 && n >= most {
			cut = true
			break
		}
		n++
		if raw {
			addField(L, t, string(f.Name), f.Value)
		} else {
			addField(L, t, lowerBytes(f.Name), f.Value)
		}
	}
	if !raw {
		t.Metatable = e.loweredMeta
	}
	L.Push(t)
	if cut {
		L.Push(lua.LString("truncated"))
		return 2
	}
	return 1
}

// commonNames are names that need no new string in lower case.
var commonNames = func() map[string]string {
	m := map[string]string{}
	for _, n := range strings.Fields("Host Connection User-Agent Accept Accept-Encoding Accept-Language Cookie Content-Type Content-Length Authorization Referer Origin Cache-Control If-None-Match If-Modified-Since Range Upgrade X-Forwarded-For X-Real-IP X-Requested-With") {
		m[n] = strings.ToLower(n)
	}
	return m
}()

func lowerBytes(b []byte) string {
	if s, ok := commonNames[string(b)]; ok {
		return s
	}
	return strings.ToLower(string(b))
}

// setReqHeader is ngx.req.set_header and, without override, add_header.
func (c *Ctx) setReqHeader(L *lua.LState, override bool) int {
	if L.Get(1) == lua.LNil {
		L.RaiseError("bad 'name' argument: string expected, got nil")
	}
	name := vm.Text(L, L.Get(1)).String()
	var values []string
	switch v := L.Get(2).(type) {
	case *lua.LTable:
		for i := 1; i <= v.Len(); i++ {
			values = append(values, vm.Text(L, v.RawGetInt(i)).String())
		}
		if len(values) == 0 && !override {
			L.RaiseError("bad 'value' argument: non-empty table expected")
		}
	default:
		if v == lua.LNil {
			if !override {
				L.RaiseError("bad 'value' argument: string or table expected, got nil")
			}
			break
		}
		values = []string{vm.Text(L, v).String()}
	}
	if c.R.Version < 1000 {
		return 0 // HTTP/0.9 has no fields
	}
	if override {
		if len(values) == 0 {
			c.clearField(name)
			return 0
		}
		c.putField(name, values[0])
		values = values[1:]
	}
	for _, v := range values {
		c.R.AppendField(escapeField([]byte(name), true), escapeField([]byte(v), false))
	}
	return 0
}

// putField sets a field of the request, and what the server took from it.
func (c *Ctx) putField(name, value string) {
	r := c.R
	low := strings.ToLower(name)
	v := escapeField([]byte(value), false)
	switch low {
	case "host":
		r.ChangeHost(v)
		r.HTTP().Vars.Forget(r, "host")
	case "user-agent":
		r.ChangeBrowser(v)
	}
	if !r.ReplaceField(low, v) {
		r.AppendField(escapeField([]byte(name), true), v)
	}
}

func (c *Ctx) clearField(name string) {
	r := c.R
	low := strings.ToLower(name)
	switch low {
	case "host":
		r.ChangeHost(nil)
	case "user-agent":
		r.ChangeBrowser(nil)
	}
	r.RemoveField(low)
}
