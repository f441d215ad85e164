// Package index is ngx_http_index_module: it goes to the index file of a
// folder.
package index

import (
	"strings"

	"github.com/perigee-server/perigee/server/cycle"
	"github.com/perigee-server/perigee/server/http"
	"github.com/perigee-server/perigee/server/http/file"
	"github.com/perigee-server/perigee/server/http/head"
	"github.com/perigee-server/perigee/server/log"
)

// conf is the module's settings of a location.
type conf struct {
	files []*http.Complex
}

var confs = http.NewLocation(func() *conf { return &conf{} }, func(c *cycle.Conf, outer, own *conf) error {
	if own.files == nil {
		own.files = outer.files
	}
	if own.files != nil {
		return nil
	}
	v, err := http.CompileComplex(c, "index.html")
	own.files = []*http.Complex{v}
	return err
})

func init() {
	http.Register(&http.Module{Name: "ngx_http_index_module", Directives: []cycle.Directive{
		{Name: "index", In: cycle.HTTPAll, Args: "1+", Set: setIndex, Doc: "The files that answer for a folder, tried in order."},
	}, Init: func(_ *cycle.Conf, m *http.Main) error {
		m.AddPhase(http.PhaseHandler{Name: "index", Phase: http.Content, Order: 10, Run: handle})
		return nil
	}})
}

func setIndex(c *cycle.Conf) error {
	l := confs.At(c)
	for i, a := range c.Args() {
		if a == "" {
			return c.Errorf("index %q in \"index\" directive is invalid", a)
		}
		if strings.HasPrefix(a, "/") && i != len(c.Args())-1 {
			c.Warnf("only the last index in \"index\" directive should be absolute")
		}
		v, err := http.CompileComplex(c, a)
		if err != nil {
			return err
		}
		l.files = append(l.files, v)
	}
	return nil
}

func handle(r *http.Request) http.Status {
	if n := len(r.URI); n == 0 || r.URI[n-1] != '/' || r.Method&(head.MethodGet|head.MethodHead|head.MethodPost) == 0 {
		return http.Declined
	}
	for _, f := range confs.Of(r).files {
		name := f.Eval(r)
		if len(name) == 0 {
			continue
		}
		if name[0] == '/' {
			uri, args := http.SplitURI(name)
			if args == nil {
				args = r.Args
			}
			return r.InternalRedirect(append([]byte(nil), uri...), args)
		}
		uri := append(append([]byte(nil), r.URI...), name...)
		path, ok := r.MapPath(uri)
		if !ok {
			return 500
		}
		dir, _, err := file.Stat(path)
		if err == nil && !dir {
			return r.InternalRedirect(uri, r.Args)
		}
		if err == nil {
			continue
		}
		if rc := r.FileError(err); rc != 404 {
			r.Logf(log.Crit, "%s", log.Errno("stat() \""+string(path)+"\" failed", err))
			return rc
		}
		if folder, _, err := file.Stat(path[:len(path)-len(name)]); err != nil || !folder {
			r.LogNotFound(path, err)
			return 404
		}
	}
	return http.Declined
}
