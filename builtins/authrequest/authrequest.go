// Package authrequest is ngx_http_auth_request_module: access decided by the
// status of a subrequest.
package authrequest

import (
	"strings"

	"github.com/perigee-server/perigee/server/cycle"
	"github.com/perigee-server/perigee/server/http"
	"github.com/perigee-server/perigee/server/http/rewritecode"
	"github.com/perigee-server/perigee/server/log"
)

// settings are the module's of a location.
type settings struct {
	uri  cycle.Opt[string] // empty: off
	vars []variable
}

// variable is one auth_request_set.
type variable struct {
	name  string
	value *http.Complex
	set   rewritecode.Assign
}

var confs = http.NewLocation(func() *settings { return &settings{} }, func(_ *cycle.Conf, outer, own *settings) error {
	own.uri.Merge(&outer.uri, "")
	if own.vars == nil {
		own.vars = outer.vars
	}
	return nil
})

func init() {
	http.Register(&http.Module{Name: "ngx_http_auth_request_module", Directives: []cycle.Directive{
		{Name: "auth_request", In: cycle.HTTPAll, Args: "1", Set: setURI, Doc: "Asks a URI, by a subrequest, whether access is allowed: 2xx allows, 401 and 403 refuse."},
		{Name: "auth_request_set", In: cycle.HTTPAll, Args: "2", Set: setVariable, Doc: "Sets a variable to a value of that subrequest."},
	}, Init: func(_ *cycle.Conf, m *http.Main) error {
		m.AddPhase(http.PhaseHandler{Name: "auth request", Phase: http.Access, Order: 100, Run: handle,
			Applies: func(l *http.Location) bool { return confs.In(l).uri.V != "" }})
		return nil
	}})
}

func setURI(c *cycle.Conf) error {
	s := confs.At(c)
	if s.uri.Set {
		return c.Wrong("is duplicate")
	}
	uri := c.Arg(0)
	if uri == "off" {
		uri = ""
	}
	s.uri.Put(uri)
	return nil
}

func setVariable(c *cycle.Conf) error {
	s := confs.At(c)
	name, ok := strings.CutPrefix(c.Arg(0), "$")
	if !ok {
		return c.Errorf("invalid variable name %q", c.Arg(0))
	}
	value, err := http.CompileComplex(c, c.Arg(1))
	if err != nil {
		return err
	}
	assign, err := rewritecode.Define(c, c.Arg(0))
	if err != nil {
		return err
	}
	s.vars = append(s.vars, variable{name, value, assign})
	return nil
}

// handle runs the subrequest.
func handle(r *http.Request) http.Status {
	s := confs.Of(r)
	rc := http.OK
	sub := r.NewSubrequest(http.Subrequest{
		URI: []byte(s.uri.V), HasBody: true,
		Capture: func(*http.Request, []byte) {},
		Done:    func(_ *http.Request, status http.Status) { rc = status },
		Prepare: func(sub *http.Request) { sub.SetHeadOnly() },
	})
	if sub == nil {
		return http.Error
	}
	sub.Run()
	status := sub.Out.Status
	if e := sub.ErrStatus(); e != 0 {
		status = e
	}
	if status == 0 && rc >= 100 {
		status = int(rc)
	}
	for _, v := range s.vars {
		v.set(r, v.value.Eval(sub))
	}
	switch {
	case status == 403:
		return 403
	case status == 401:
		if v := sub.Out.OutHeader("www-authenticate"); v != nil {
			r.Out.Add([]byte("WWW-Authenticate"), v)
		}
		return 401
	case status >= 200 && status < 300:
		return http.OK
	}
	r.Logf(log.Error, "auth request unexpected status: %d", status)
	return 500
}
