// Package headers is ngx_http_headers_module: add_header, add_trailer, expires.
package headers

import (
	"strconv"
	"strings"
	"time"

	"github.com/perigee-server/perigee/conf"
	"github.com/perigee-server/perigee/server/cycle"
	"github.com/perigee-server/perigee/server/http"
)

// settings are the module's of a location.
type settings struct {
	headers         []field
	trailers        []field
	expires         *expires
	headersInherit  cycle.Opt[string]
	trailersInherit cycle.Opt[string]
}

// field is one add_header or add_trailer.
type field struct {
	name   string
	value  *http.Complex
	always bool
}

// expires is the value of the directive.
type expires struct {
	mode     mode
	offset   time.Duration
	modified bool
	variable *http.Complex
}

type mode int

const (
	off mode = iota
	epoch
	maxAge // "max"
	access
	daily // @time
)

var confs = http.NewLocation(func() *settings { return &settings{} }, func(_ *cycle.Conf, outer, own *settings) error {
	own.headers = inherited(own.headers, outer.headers, own.headersInherit.V)
	own.trailers = inherited(own.trailers, outer.trailers, own.trailersInherit.V)
	own.headersInherit.Merge(&outer.headersInherit, "on")
	own.trailersInherit.Merge(&outer.trailersInherit, "on")
	if own.expires == nil {
		own.expires = outer.expires
	}
	return nil
})

func inherited(own, outer []field, how string) []field {
	switch {
	case how == "merge":
		return append(append([]field(nil), outer...), own...)
	case how == "off" || own != nil:
		return own
	}
	return outer
}

func init() {
	inherit := map[string]string{"on": "on", "off": "off", "merge": "merge"}
	http.Register(&http.Module{Name: "ngx_http_headers_filter_module", Directives: []cycle.Directive{
		{Name: "expires", In: cycle.HTTPAllIf, Args: "1-2", Set: setExpires, Doc: "The Expires and Cache-Control fields."},
		{Name: "add_header", In: cycle.HTTPAllIf, Args: "2-3", Set: set(func(s *settings) *[]field { return &s.headers }), Doc: "Adds a field to responses of some statuses, or with always of all."},
		{Name: "add_trailer", In: cycle.HTTPAllIf, Args: "2-3", Set: set(func(s *settings) *[]field { return &s.trailers }), Doc: "Adds a field behind the body of responses."},
		{Name: "add_header_inherit", In: cycle.HTTPAllIf, Args: "1", Set: cycle.SetEnum(confs, func(s *settings) *cycle.Opt[string] { return &s.headersInherit }, inherit), Doc: "Whether add_header of the outer level holds too."},
		{Name: "add_trailer_inherit", In: cycle.HTTPAllIf, Args: "1", Set: cycle.SetEnum(confs, func(s *settings) *cycle.Opt[string] { return &s.trailersInherit }, inherit), Doc: "Whether add_trailer of the outer level holds too."},
	}, Init: func(_ *cycle.Conf, m *http.Main) error {
		m.AddHeaderFilter(http.OrderHeaders, func(l *http.Location) bool {
			s := confs.In(l)
			return len(s.headers)+len(s.trailers) > 0 || s.expires != nil
		}, filter)
		m.AddBodyFilter(http.OrderHeaders, func(l *http.Location) bool { return len(confs.In(l).trailers) > 0 }, trailers)
		return nil
	}})
}

func set(list func(*settings) *[]field) cycle.Setter {
	return func(c *cycle.Conf) error {
		f := field{name: c.Arg(0)}
		if len(c.Args()) == 3 {
			if c.Arg(2) != "always" {
				return c.Errorf("invalid parameter %q", c.Arg(2))
			}
			f.always = true
		}
		v, err := http.CompileComplex(c, c.Arg(1))
		if err != nil {
			return err
		}
		f.value = v
		l := list(confs.At(c))
		*l = append(*l, f)
		return nil
	}
}

func setExpires(c *cycle.Conf) error {
	s := confs.At(c)
	if s.expires != nil {
		return c.Wrong("is duplicate")
	}
	e := &expires{}
	v := c.Arg(0)
	if len(c.Args()) == 2 {
		if v != "modified" {
			return c.Wrong("invalid value")
		}
		e.modified = true
		v = c.Arg(1)
	}
	if strings.HasPrefix(v, "$") {
		x, err := http.CompileComplex(c, v)
		e.variable = x
		s.expires = e
		return err
	}
	if !e.parse(v) {
		return c.Wrong("invalid value")
	}
	s.expires = e
	return nil
}

// parse reads off, epoch, max, a time or @time.
func (e *expires) parse(v string) bool {
	switch v {
	case "off", "":
		e.mode = off
		return true
	case "epoch":
		e.mode = epoch
		return true
	case "max":
		e.mode = maxAge
		return true
	}
	e.mode = access
	if strings.HasPrefix(v, "@") {
		if e.modified {
			return false
		}
		e.mode = daily
		v = v[1:]
	}
	v, minus := strings.CutPrefix(v, "-")
	v = strings.TrimPrefix(v, "+")
	n, ok := conf.Sec(v)
	if !ok || e.mode == daily && (n > 86400 || minus) {
		return false
	}
	e.offset = conf.Span(n, time.Second)
	if minus {
		e.offset = -e.offset
	}
	return true
}

// safe are the statuses whose responses get fields without always.
func safe(status int) bool {
	switch status {
	case 200, 201, 204, 206, 301, 302, 303, 304, 307, 308:
		return true
	}
	return false
}

func filter(r *http.Request) http.Status {
	if r.IsSub() {
		return http.OK
	}
	s := confs.Of(r)
	ok := safe(r.Out.Status)
	if s.expires != nil && ok {
		s.expires.apply(r)
	}
	for i := range s.headers {
		f := &s.headers[i]
		if !ok && !f.always {
			continue
		}
		add(r, f.name, f.value.Eval(r))
	}
	if len(s.trailers) > 0 && r.Version > 1000 && (ok || anyAlways(s.trailers)) {
		r.ExpectTrailers()
	}
	return http.OK
}

func anyAlways(fs []field) bool {
	for i := range fs {
		if fs[i].always {
			return true
		}
	}
	return false
}

// add sets the field; some names are the response's own.
func add(r *http.Request, name string, v []byte) {
	switch strings.ToLower(name) {
	case "cache-control", "link":
		if len(v) > 0 {
			r.Out.Add([]byte(name), v)
		}
	case "last-modified":
		r.Out.ClearModified()
		if len(v) > 0 {
			r.Out.LastModifiedText = v
			if t, ok := http.ParseTime(v); ok {
				r.Out.LastModified = t
			}
		}
	case "etag":
		r.Out.ETag = v
	default:
		if len(v) > 0 {
			r.Out.Add([]byte(name), v)
		}
	}
}

// apply sets Expires and Cache-Control.
func (e *expires) apply(r *http.Request) {
	x := *e
	if e.variable != nil {
		if !x.parse(string(e.variable.Eval(r))) {
			return
		}
	}
	if x.mode == off {
		return
	}
	now := r.Loop().Now()
	expiry, control := "", ""
	switch x.mode {
	case epoch:
		expiry, control = "Thu, 01 Jan 1970 00:00:01 GMT", "no-cache"
	case maxAge:
		expiry, control = "Thu, 31 Dec 2037 23:55:55 GMT", "max-age=315360000"
	default:
		at, age := x.when(r, now)
		expiry = at.UTC().Format(http.HTTPTime)
		control = "max-age=" + strconv.FormatInt(int64(age/time.Second), 10)
		if age < 0 || x.offset < 0 && x.mode == access && !x.modified {
			control = "no-cache"
		}
	}
	r.Out.HideField("expires")
	r.Out.HideField("cache-control")
	r.Out.Add([]byte("Expires"), []byte(expiry))
	r.Out.Add([]byte("Cache-Control"), []byte(control))
}

// when is the moment of expiry and the age until then.
func (e *expires) when(r *http.Request, now time.Time) (time.Time, time.Duration) {
	switch {
	case e.mode == daily:
		y, m, d := now.Date()
		at := time.Date(y, m, d, 0, 0, 0, 0, now.Location()).Add(e.offset)
		if !at.After(now) {
			at = at.AddDate(0, 0, 1)
		}
		return at, at.Sub(now).Truncate(time.Second)
	case e.modified && !r.Out.LastModified.IsZero():
		at := r.Out.LastModified.Add(e.offset)
		return at, at.Sub(now).Truncate(time.Second)
	}
	return now.Add(e.offset), e.offset
}

// trailers adds the trailers when the body ends.
func trailers(r *http.Request, in []http.Buf) ([]http.Buf, error) {
	last := false
	for i := range in {
		last = last || in[i].Last
	}
	if !last || r.IsSub() {
		return in, nil
	}
	ok := safe(r.Out.Status)
	for _, f := range confs.Of(r).trailers {
		if !ok && !f.always {
			continue
		}
		if v := f.value.Eval(r); len(v) > 0 {
			r.Out.Trailers = append(r.Out.Trailers, http.Header{Name: []byte(f.name), Value: v})
		}
	}
	return in, nil
}
