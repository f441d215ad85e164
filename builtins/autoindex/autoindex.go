// Package autoindex is ngx_http_autoindex_module: listings of folders.
package autoindex

import (
	"syscall"

	"github.com/perigee-server/perigee/server/cycle"
	"github.com/perigee-server/perigee/server/http"
	"github.com/perigee-server/perigee/server/http/file"
	"github.com/perigee-server/perigee/server/http/head"
	"github.com/perigee-server/perigee/server/log"
)

// settings are the module's of a location.
type settings struct {
	on        cycle.Opt[bool]
	format    cycle.Opt[format]
	localTime cycle.Opt[bool]
	exactSize cycle.Opt[bool]
}

// format is how a listing is written.
type format int

const (
	html format = iota
	json
	jsonp
	xml
)

var confs = http.NewLocation(func() *settings { return &settings{} }, func(_ *cycle.Conf, outer, own *settings) error {
	own.on.Merge(&outer.on, false)
	own.format.Merge(&outer.format, html)
	own.localTime.Merge(&outer.localTime, false)
	own.exactSize.Merge(&outer.exactSize, true)
	return nil
})

func init() {
	const in = cycle.HTTPAll
	http.Register(&http.Module{Name: "ngx_http_autoindex_module", Directives: []cycle.Directive{
		{Name: "autoindex", In: in, Args: "flag", Set: cycle.SetFlag(confs, func(s *settings) *cycle.Opt[bool] { return &s.on }), Doc: "Whether a folder without index file is listed."},
		{Name: "autoindex_format", In: in, Args: "1", Set: cycle.SetEnum(confs, func(s *settings) *cycle.Opt[format] { return &s.format }, map[string]format{"html": html, "json": json, "jsonp": jsonp, "xml": xml}), Doc: "The format of listings."},
		{Name: "autoindex_localtime", In: in, Args: "flag", Set: cycle.SetFlag(confs, func(s *settings) *cycle.Opt[bool] { return &s.localTime }), Doc: "Whether times in HTML are local instead of GMT."},
		{Name: "autoindex_exact_size", In: in, Args: "flag", Set: cycle.SetFlag(confs, func(s *settings) *cycle.Opt[bool] { return &s.exactSize }), Doc: "Whether sizes in HTML are exact instead of rounded."},
	}, Init: func(_ *cycle.Conf, m *http.Main) error {
		m.AddPhase(http.PhaseHandler{Name: "autoindex", Phase: http.Content, Order: 20, Run: handle,
			Applies: func(l *http.Location) bool { return confs.In(l).on.V }})
		return nil
	}})
}

// handle lists the folder that the URI names.
func handle(r *http.Request) http.Status {
	if r.URI[len(r.URI)-1] != '/' || r.Method&(head.MethodGet|head.MethodHead) == 0 {
		return http.Declined
	}
	s := confs.Of(r)
	form := s.format.V
	var callback []byte
	if form == jsonp {
		var ok bool
		if callback, ok = callbackOf(r); !ok {
			r.Logf(log.Info, "client sent invalid callback name: \"%s\"", callback)
			return 400
		}
		if len(callback) == 0 {
			form = json
		}
	}
	path, ok := r.MapURI()
	if !ok {
		return 500
	}
	dir := string(path)
	for len(dir) > 1 && dir[len(dir)-1] == '/' {
		dir = dir[:len(dir)-1]
	}
	list, err := read(r, dir)
	if err != nil {
		return failed(r, dir, err)
	}
	r.DiscardBody()
	r.Out.Status = 200
	r.Out.ContentType = []byte(mediaTypes[form])
	if form == xml {
		r.Out.Charset = []byte("utf-8")
	}
	if rc := r.SendHeader(); rc != http.OK || r.HeadOnly() {
		return rc
	}
	return r.Send(write(r, s, form, callback, list))
}

var mediaTypes = map[format]string{html: "text/html", json: "application/json", jsonp: "application/javascript", xml: "text/xml"}

// callbackOf is the argument callback; ok is false for one that could be code.
func callbackOf(r *http.Request) (name []byte, ok bool) {
	name, _ = http.Arg(r.Args, "callback")
	for _, c := range name {
		if low := c | 0x20; !(low >= 'a' && low <= 'z' || c >= '0' && c <= '9' || c == '_' || c == '.') {
			return name, false
		}
	}
	return name, true
}

func failed(r *http.Request, dir string, err error) http.Status {
	level, status := log.Crit, http.Status(500)
	switch e, _ := file.Errno(err); e {
	case syscall.ENOENT, syscall.ENOTDIR, syscall.ENAMETOOLONG:
		level, status = log.Error, 404
	case syscall.EACCES:
		level, status = log.Error, 403
	}
	r.Logf(level, "%s", log.Errno("opendir() \""+dir+"\" failed", err))
	return status
}
