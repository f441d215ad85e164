// Package dav is ngx_http_dav_module: files are written, removed, copied and
// moved by the methods PUT, DELETE, MKCOL, COPY and MOVE.
package dav

import (
	"context"
	"fmt"
	"io/fs"
	"strings"
	"syscall"

	"github.com/perigee-server/perigee/server/cycle"
	"github.com/perigee-server/perigee/server/http"
	"github.com/perigee-server/perigee/server/http/file"
	"github.com/perigee-server/perigee/server/http/head"
	"github.com/perigee-server/perigee/server/log"
)

// settings are the module's of a location.
type settings struct {
	methods  cycle.Opt[uint]
	fullPath cycle.Opt[bool]
	minDepth cycle.Opt[int]
	access   cycle.Opt[fs.FileMode]
}

var confs = http.NewLocation(func() *settings { return &settings{} }, func(_ *cycle.Conf, outer, own *settings) error {
	own.methods.Merge(&outer.methods, off)
	own.fullPath.Merge(&outer.fullPath, false)
	own.minDepth.Merge(&outer.minDepth, 0)
	own.access.Merge(&outer.access, 0o600)
	return nil
})

// off is a bit that no method has.
const off = 1 << 31

var methods = map[string]uint{
	"off": off, "put": uint(head.MethodPut), "delete": uint(head.MethodDelete), "mkcol": uint(head.MethodMkcol),
	"copy": uint(head.MethodCopy), "move": uint(head.MethodMove),
}

func init() {
	type S = settings
	const in = cycle.HTTPAll
	http.Register(&http.Module{Name: "ngx_http_dav_module", Directives: []cycle.Directive{
		{Name: "dav_methods", In: in, Args: "1+", Set: cycle.SetBits(confs, func(s *S) *cycle.Opt[uint] { return &s.methods }, methods), Doc: "Which of PUT, DELETE, MKCOL, COPY and MOVE change files."},
		{Name: "create_full_put_path", In: in, Args: "flag", Set: cycle.SetFlag(confs, func(s *S) *cycle.Opt[bool] { return &s.fullPath }), Doc: "Whether PUT makes the folders that are missing."},
		{Name: "min_delete_depth", In: in, Args: "1", Set: cycle.SetNumber(confs, func(s *S) *cycle.Opt[int] { return &s.minDepth }), Doc: "How many elements the path of a DELETE must have."},
		{Name: "dav_access", In: in, Args: "1-3", Set: setAccess, Doc: "The permissions of files and folders that are made: user:, group: and all: with r or rw."},
	}, Init: func(_ *cycle.Conf, m *http.Main) error {
		m.AddPhase(http.PhaseHandler{Name: "dav", Phase: http.Content, Order: 50, Run: handle,
			Applies: func(l *http.Location) bool { return confs.In(l).methods.V&^off != 0 }})
		return nil
	}})
}

// setAccess reads user:rw group:r all:r.
func setAccess(c *cycle.Conf) error {
	o := &confs.At(c).access
	if o.Set {
		return c.Wrong("is duplicate")
	}
	var mode fs.FileMode
	user := fs.FileMode(0o600)
	for _, word := range c.Args() {
		who, what, _ := strings.Cut(word, ":")
		shift, known := map[string]int{"user": 6, "group": 3, "all": 0}[who]
		right, fine := map[string]fs.FileMode{"r": 4, "rw": 6}[what]
		if !known || !fine {
			return c.Errorf("invalid value %q", word)
		}
		if who == "user" {
			user = 0
		}
		mode |= right << shift
	}
	o.Put(mode | user)
	return nil
}

// folderAccess is the mode of folders: who may read may enter.
func folderAccess(mode fs.FileMode) fs.FileMode { return mode | mode&0o444>>2 }

// handle does what the method says.
func handle(r *http.Request) http.Status {
	s := confs.Of(r)
	if s.methods.V&uint(r.Method) == 0 {
		return http.Declined
	}
	switch r.Method {
	case head.MethodPut:
		return put(r, s)
	case head.MethodDelete:
		return remove(r, s)
	case head.MethodMkcol:
		return makeFolder(r, s)
	case head.MethodCopy, head.MethodMove:
		return transfer(r, s)
	}
	return http.Declined
}

// beside does what may take long without holding the event loop up.
func beside(r *http.Request, f func() http.Status) http.Status {
	var rc http.Status
	if err := r.Loop().Block(func(context.Context) { rc = f() }); err != nil {
		return http.Error
	}
	return rc
}

// bodyless refuses a body where the method has none.
func bodyless(r *http.Request, what string) http.Status {
	if r.ContentLength > 0 || r.ChunkedBody {
		r.Logf(log.Error, "%s unsupported", what)
		return 415
	}
	return http.OK
}

// failed logs the error of a system call and gives its status; missing is that
// of a file that is not there.
func failed(r *http.Request, err error, call, path string, missing http.Status) http.Status {
	level, status := log.Error, http.Status(500)
	switch e, _ := file.Errno(err); e {
	case syscall.ENOENT, syscall.ENOTDIR, syscall.ENAMETOOLONG:
		status = missing
	case syscall.EACCES, syscall.EPERM:
		status = 403
	case syscall.EEXIST:
		status = 405
	case syscall.ENOSPC:
		level, status = log.Crit, 507
	default:
		level = log.Crit
	}
	r.Logf(level, "%s", log.Errno(fmt.Sprintf("%s \"%s\" failed", call, path), err))
	return status
}

// isFolder reports whether a URI names a collection.
func isFolder(uri []byte) bool { return uri[len(uri)-1] == '/' }

// created tells the client where what it has made is.
func created(r *http.Request) { r.Out.Location = http.EscapeURI(r.URI) }
