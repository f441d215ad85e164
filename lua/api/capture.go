package api

import (
	"strconv"

	lua "github.com/yuin/gopher-lua"

	"github.com/perigee-server/perigee/lua/vm"
	"github.com/perigee-server/perigee/server/http"
	"github.com/perigee-server/perigee/server/http/head"
	"github.com/perigee-server/perigee/server/http/script"
)

func init() {
	family(func(e *Engine) {
		const in = PhaseRewrite | PhaseAccess | PhaseContent
		e.set(e.sub("location"), in, map[string]function{"capture": captureOne, "capture_multi": captureMulti})
	})
}

// captured is a subrequest whose response goes to the script.
type captured struct {
	sub  *http.Request
	body []byte
	rc   http.Status
	// stream is set where the script reads the body while it comes.
	stream *bodyStream
}

func captureOne(e *Engine, c *Ctx, L *lua.LState) int {
	n := L.GetTop()
	if n != 1 && n != 2 {
		L.RaiseError("expecting one or two arguments")
	}
	var options lua.LValue = lua.LNil
	if n == 2 {
		options = L.Get(2)
	}
	q := c.prepare(L, L.Get(1), options, 0)
	if q.stream != nil {
		return c.stream(L, q)
	}
	if len(c.run.lights) == 0 && e.Of(L).Kind == vm.Entry { // nothing else could run meanwhile
		c.pending++
		q.sub.Run()
		c.pending--
		if e.Loop.Current().Cause() != nil {
			vm.Unwind(L)
		}
		return c.responses(L, []*captured{q})
	}
	return c.runAll(L, []*captured{q})
}

func captureMulti(e *Engine, c *Ctx, L *lua.LState) int {
	if n := L.GetTop(); n != 1 {
		L.RaiseError("only one argument is expected, but got %d", n)
	}
	list := L.CheckTable(1)
	n := list.Len()
	if n == 0 {
		L.RaiseError("at least one subrequest should be specified")
	}
	all := make([]*captured, n)
	for i := range all {
		q, ok := list.RawGetInt(i + 1).(*lua.LTable)
		if !ok {
			L.RaiseError("the query argument %d is not a table, but a %s", i, list.RawGetInt(i+1).Type().String())
		}
		if k := q.Len(); k != 1 && k != 2 {
			L.RaiseError("query argument %d expecting one or two arguments", i)
		}
		all[i] = c.prepare(L, q.RawGetInt(1), q.RawGetInt(2), i)
		if all[i].stream != nil {
			L.RaiseError("the option stream is for ngx.location.capture only")
		}
	}
	return c.runAll(L, all)
}

// runAll runs subrequests side by side and gives their responses.
func (c *Ctx) runAll(L *lua.LState, all []*captured) int {
	c.pending += len(all)
	l, _ := c.E.Of(L).Data.(*light)
	if l != nil {
		l.pending += len(all)
	}
	for _, q := range all {
		q.sub.StartSub()
	}
	gone := false
	for _, q := range all {
		for q.sub.Wait() != nil { // what runs for us must end before we do
			gone = true
			defer c.E.Loop.Current().Pardon()()
		}
	}
	c.pending -= len(all)
	if l != nil {
		l.pending -= len(all)
	}
	if gone {
		vm.Unwind(L)
	}
	return c.responses(L, all)
}

func (c *Ctx) responses(L *lua.LState, all []*captured) int {
	for _, q := range all {
		L.Push(c.response(q))
	}
	return len(all)
}

// prepare makes the subrequest of a URI and its options.
func (c *Ctx) prepare(L *lua.LState, uri, options lua.LValue, index int) *captured {
	r := c.R
	q := &captured{}
	o := http.Subrequest{Method: head.MethodGet, MethodName: []byte("GET"), FreshVariables: true, Bare: true, Issuer: "lua "}
	o.Capture = func(_ *http.Request, b []byte) { q.body = append(q.body, b...) }
	o.Done = func(_ *http.Request, rc http.Status) { q.rc = rc }
	var opts *lua.LTable
	var extra []byte
	var vars, fields *lua.LTable
	var body []byte
	hasBody, forward, copyVars := false, false, false
	var table *lua.LTable
	if options != lua.LNil {
		t, ok := options.(*lua.LTable)
		if !ok {
			L.RaiseError("expecting table as the 2nd argument for subrequest %d, but got %s", index, options.Type().String())
		}
		opts = t
	}
	if opts != nil {
		switch v := opts.RawGetString("args").(type) {
		case *lua.LTable:
			extra = encodeArgs(L, v)
		case lua.LString:
			extra = []byte(v)
		case lua.LNumber:
			extra = vm.AppendNumber(nil, float64(v))
		default:
			if v != lua.LNil {
				L.RaiseError("Bad args option value")
			}
		}
		vars = tableOption(L, opts, "vars", "Bad vars option value")
		fields = tableOption(L, opts, "headers", "Bad headers option value")
		o.FreshVariables = !boolOption(L, opts, "share_all_vars")
		copyVars = boolOption(L, opts, "copy_all_vars")
		if boolOption(L, opts, "stream") {
			q.stream = c.newStream(q, &o)
		}
		forward = lua.LVAsBool(opts.RawGetString("always_forward_body"))
		switch v := opts.RawGetString("method").(type) {
		case lua.LNumber:
			found := false
			for _, m := range methods {
				if m.id == int(v) {
					o.Method, o.MethodName, found = m.verb, []byte(m.name), true
				}
			}
			if !found {
				L.RaiseError("unsupported HTTP method: %d", int(v))
			}
		default:
			if v != lua.LNil {
				L.RaiseError("Bad http request method")
			}
		}
		switch v := opts.RawGetString("ctx").(type) {
		case *lua.LTable:
			table = v
		default:
			if v != lua.LNil {
				L.RaiseError("Bad ctx option value type %s, expected a Lua table", v.Type().String())
			}
		}
		switch v := opts.RawGetString("body").(type) {
		case lua.LString:
			body, hasBody = []byte(v), true
		case lua.LNumber:
			body, hasBody = vm.AppendNumber(nil, float64(v)), true
		default:
			if v != lua.LNil {
				L.RaiseError("Bad http request body")
			}
		}
	}
	var target []byte
	switch v := uri.(type) {
	case lua.LString:
		target = []byte(v)
	case lua.LNumber:
		target = vm.AppendNumber(nil, float64(v))
	default:
		L.ArgError(1, "string expected, got "+typeName(v))
	}
	path, args, err := head.UnsafeURI(target)
	if err != nil {
		L.RaiseError("unsafe uri in argument #1: %s", string(target))
	}
	switch {
	case len(args) == 0:
		args = extra
	case len(extra) > 0:
		args = append(append(args[:len(args):len(args)], '&'), extra...)
	}
	o.URI, o.Args = path, args
	if !hasBody && !forward && o.Method != head.MethodPut && o.Method != head.MethodPost && (r.ContentLength > 0 || r.ChunkedBody) {
		hasBody = true // the parent's body is not passed on
	}
	o.Fields = c.subFields(hasBody, body, fields)
	o.HasBody, o.Body = hasBody, body
	q.sub = r.NewSubrequest(o)
	if q.sub == nil {
		L.RaiseError("failed to issue subrequest: %d", -1)
	}
	if copyVars && o.FreshVariables {
		copy(q.sub.Values(), r.Values())
	}
	if vars != nil {
		c.setVars(L, q.sub, vars)
	}
	if table != nil {
		c.E.CtxOf(q.sub).table = table
	}
	return q
}

func tableOption(L *lua.LState, opts *lua.LTable, name, wrong string) *lua.LTable {
	switch v := opts.RawGetString(name).(type) {
	case *lua.LTable:
		return v
	default:
		if v != lua.LNil {
			L.RaiseError("%s", wrong)
		}
	}
	return nil
}

func boolOption(L *lua.LState, opts *lua.LTable, name string) bool {
	switch v := opts.RawGetString(name).(type) {
	case lua.LBool:
		return bool(v)
	default:
		if v != lua.LNil {
			L.RaiseError("Bad %s option value", name)
		}
	}
	return false
}

// typeName is a value's type as argument errors give it.
func typeName(v lua.LValue) string {
	if v == nil || v == lua.LNil {
		return "nil"
	}
	return v.Type().String()
}

// subFields are the fields of a subrequest: the parent's, with the length of
// the body that it really has, and those of the option.
func (c *Ctx) subFields(own bool, body []byte, extra *lua.LTable) []http.Header {
	var fields []http.Header
	for _, f := range c.R.Fields {
		if own && (head.EqualFold(f.Name, "content-length") || head.EqualFold(f.Name, "transfer-encoding")) {
			continue
		}
		fields = append(fields, f)
	}
	put := func(name, value string) {
		fields = append(fields, http.Header{Name: []byte(name), Value: []byte(value), Hash: head.HashName(name)})
	}
	if own && body != nil {
		put("Content-Length", strconv.Itoa(len(body)))
	}
	if extra != nil {
		extra.ForEach(func(k, v lua.LValue) {
			name := lua.LVAsString(k)
			kept := fields[:0:0]
			for _, f := range fields {
				if !head.EqualFold(f.Name, lower(name)) {
					kept = append(kept, f)
				}
			}
			fields = kept
			if values, ok := v.(*lua.LTable); ok {
				for i := 1; i <= values.Len(); i++ {
					put(name, vm.Text(c.E.L, values.RawGetInt(i)).String())
				}
				return
			}
			put(name, vm.Text(c.E.L, v).String())
		})
	}
	if fields == nil {
		fields = []http.Header{}
	}
	return fields
}

// setVars sets variables of a subrequest.
func (c *Ctx) setVars(L *lua.LState, sub *http.Request, vars *lua.LTable) {
	vars.ForEach(func(k, v lua.LValue) {
		name, ok := k.(lua.LString)
		if !ok {
			L.RaiseError("attempt to use a non-string key in the \"vars\" option table")
		}
		var value []byte
		switch v := v.(type) {
		case lua.LString:
			value = []byte(v)
		case lua.LNumber:
			value = vm.AppendNumber(nil, float64(v))
		default:
			L.RaiseError("attempt to use bad variable value type %s", typeName(v))
		}
		switch sub.HTTP().Vars.AssignByName(sub, lower(string(name)), value, true) {
		case script.Unknown:
			c.R.Logf(errLevel, "variable \"%s\" cannot be assigned a value (maybe you forgot to define it first?) ", string(name))
			L.RaiseError("failed to adjust the subrequest: %d", -1)
		case script.Unchangeable:
			c.R.Logf(errLevel, "variable \"%s\" not changeable", string(name))
			L.RaiseError("failed to adjust the subrequest: %d", -1)
		case script.Unindexed:
			c.R.Logf(errLevel, "variable \"%s\" cannot be assigned a value", string(name))
			L.RaiseError("failed to adjust the subrequest: %d", -1)
		}
	})
}

// response is the table that a script gets.
func (c *Ctx) response(q *captured) *lua.LTable {
	L := c.E.L
	t := L.CreateTable(0, 4)
	code := q.sub.Out.Status
	if e := q.sub.ErrStatus(); e != 0 {
		code = e
	}
	if code == 0 {
		switch {
		case q.rc == http.OK:
			code = 200
		case q.rc == http.Error:
			code = 500
		case q.rc >= 100:
			code = int(q.rc)
		}
	}
	t.RawSetString("status", lua.LNumber(code))
	t.RawSetString("truncated", lua.LBool(q.rc.Failed() || q.sub.Truncated()))
	if q.stream == nil {
		t.RawSetString("body", lua.LString(q.body))
	}
	fields := L.CreateTable(0, 8)
	q.sub.EachOut(func(name, value []byte) { addField(L, fields, string(name), value) })
	t.RawSetString("header", fields)
	return t
}

// addField adds a value to a table of fields: several of one name are an array.
func addField(L *lua.LState, t *lua.LTable, name string, value []byte) {
	switch old := t.RawGetString(name).(type) {
	case *lua.LTable:
		old.Append(lua.LString(value))
	case lua.LString:
		list := L.CreateTable(2, 0)
		list.Append(old)
		list.Append(lua.LString(value))
		t.RawSetString(name, list)
	default:
		t.RawSetString(name, lua.LString(value))
	}
}
