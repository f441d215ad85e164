// Package tryfiles is ngx_http_try_files_module.
package tryfiles

import (
	"strings"

	"github.com/perigee-server/perigee/server/cycle"
	"github.com/perigee-server/perigee/server/http"
	"github.com/perigee-server/perigee/server/http/file"
	"github.com/perigee-server/perigee/server/log"
)

// try is one argument: a file, a folder (with a final slash), or the last one.
type try struct {
	name   *http.Complex
	dir    bool
	status http.Status
}

type conf struct{ tries []try }

var confs = http.NewLocation(func() *conf { return &conf{} }, func(_ *cycle.Conf, _, _ *conf) error { return nil })

func init() {
	http.Register(&http.Module{Name: "ngx_http_try_files_module", Directives: []cycle.Directive{
		{Name: "try_files", In: cycle.HTTPServer | cycle.HTTPLocation, Args: "2+", Set: set, Doc: "Uses the first file that exists, else the last argument as a URI, a named location or a status."},
	}, Init: func(_ *cycle.Conf, m *http.Main) error {
		m.AddPhase(http.PhaseHandler{Name: "try_files", Phase: http.PreContent, Order: 50, Run: handle,
			Applies: func(l *http.Location) bool { return confs.In(l).tries != nil }})
		return nil
	}})
}

func set(c *cycle.Conf) error {
	l := confs.At(c)
	if l.tries != nil {
		return c.Wrong("is duplicate")
	}
	for i, a := range c.Args() {
		t := try{}
		last := i == len(c.Args())-1
		if last && strings.HasPrefix(a, "=") {
			n, ok := cycle.Number(a[1:])
			if !ok || n > 999 {
				return c.Errorf("invalid code %q", a)
			}
			t.status = http.Status(n)
		} else {
			if !last && strings.HasSuffix(a, "/") && len(a) > 1 {
				t.dir = true
				a = a[:len(a)-1]
			}
			v, err := http.CompileComplex(c, a)
			if err != nil {
				return err
			}
			t.name = v
		}
		l.tries = append(l.tries, t)
	}
	return nil
}

func handle(r *http.Request) http.Status {
	tries := confs.Of(r).tries
	for i := range tries {
		t := &tries[i]
		if i == len(tries)-1 {
			return fallback(r, t)
		}
		name := append([]byte(nil), t.name.Eval(r)...)
		path, ok := mapName(r, name)
		if !ok {
			return 500
		}
		if r.Debugging() {
			r.Logf(log.Debug, "trying to use %s: %q %q", map[bool]string{true: "dir", false: "file"}[t.dir], name, path)
		}
		dir, _, err := file.Stat(path)
		if err != nil || dir != t.dir {
			continue
		}
		uri := name
		if r.Alias() && r.Location().Regex == nil && !hasPrefix(name, r.Location().Name) {
			uri = append([]byte(r.Location().Name), name...)
		}
		r.SetURI(uri, false)
		return http.Declined
	}
	return http.Declined
}

// mapName is the path of a name: with alias the location's part is not in it.
func mapName(r *http.Request, name []byte) ([]byte, bool) {
	if r.Alias() && r.Location().Regex == nil {
		if hasPrefix(name, r.Location().Name) {
			return r.MapPath(name)
		}
		return append(append([]byte(nil), r.Root()...), name...), true
	}
	if r.Alias() {
		return append(append([]byte(nil), r.Root()...), name...), true
	}
	return r.MapPath(name)
}

func hasPrefix(b []byte, p string) bool { return len(b) >= len(p) && string(b[:len(p)]) == p }

func fallback(r *http.Request, t *try) http.Status {
	if t.name == nil {
		return t.status
	}
	to := append([]byte(nil), t.name.Eval(r)...)
	if len(to) > 0 && to[0] == '@' {
		return r.NamedLocation(string(to))
	}
	uri, args := http.SplitURI(to)
	return r.InternalRedirect(uri, args)
}
