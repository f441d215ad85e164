// Package static is ngx_http_static_module: it serves files.
package static

import (
	"context"
	"fmt"
	"strconv"
	"syscall"

	"github.com/perigee-server/perigee/server/cycle"
	"github.com/perigee-server/perigee/server/http"
	"github.com/perigee-server/perigee/server/http/file"
	"github.com/perigee-server/perigee/server/http/head"
	"github.com/perigee-server/perigee/server/log"
)

func init() {
	http.Register(&http.Module{Name: "ngx_http_static_module", Init: func(_ *cycle.Conf, m *http.Main) error {
		m.AddPhase(http.PhaseHandler{Name: "static", Phase: http.Content, Order: 100, Run: handle})
		return nil
	}})
}

// handle serves the file that the URI names.
func handle(r *http.Request) http.Status {
	if r.Method&(head.MethodGet|head.MethodHead|head.MethodPost) == 0 {
		return 405
	}
	if r.URI[len(r.URI)-1] == '/' {
		return http.Declined
	}
	path, ok := r.MapURI()
	if !ok {
		return 500
	}
	if r.Debugging() {
		r.Logf(log.Debug, "http filename: %q", path)
	}
	f, err := Open(r, path)
	if err != nil {
		return Failed(r, path, err)
	}
	return Serve(r, f, path)
}

// Open opens a file with the location's rules for symbolic links.
func Open(r *http.Request, path []byte) (*file.File, error) {
	links, from := r.Location().DisableSymlinks(), 0
	if links != "off" {
		from = r.RootLength()
	}
	if r.Location().AioThreads() {
		return openBeside(r, string(path), links, from)
	}
	return file.Open(string(path), links, from)
}

// openBeside opens a file without holding the event loop up (aio threads).
func openBeside(r *http.Request, path, links string, from int) (f *file.File, err error) {
	if cerr := r.Loop().Block(func(context.Context) { f, err = file.Open(path, links, from) }); cerr != nil {
		if f != nil {
			f.Close()
		}
		return nil, cerr
	}
	return f, err
}

// Failed logs why a file could not be opened and returns the status for it.
func Failed(r *http.Request, path []byte, err error) http.Status {
	level, status := log.Crit, http.Status(500)
	e, _ := file.Errno(err)
	switch e {
	case syscall.ENOENT, syscall.ENOTDIR, syscall.ENAMETOOLONG:
		level, status = log.Error, 404
	case syscall.EACCES, syscall.EMLINK, syscall.ELOOP:
		level, status = log.Error, 403
	}
	if status != 404 || r.Location().LogNotFound() {
		r.Logf(level, "%s", log.Errno(fmt.Sprintf("open() %q failed", path), err))
	}
	return status
}

// Serve sends an open file, which it closes when the request ends; a folder is
// answered with a redirect to its name with a slash.
func Serve(r *http.Request, f *file.File, path []byte) http.Status {
	switch {
	case f.IsDir():
		f.Close()
		return redirect(r)
	case !f.IsRegular():
		f.Close()
		r.Logf(log.Crit, "%q is not a regular file", path)
		return 404
	case r.Method == head.MethodPost:
		f.Close()
		return 405
	}
	if rc := r.DiscardBody(); rc != http.OK {
		f.Close()
		return rc
	}
	o := &r.Out
	o.Status = 200
	o.ContentLength = f.Size
	o.LastModified = f.Modified
	if r.Location().ETags() {
		o.ETag = ETag(r, f)
	}
	r.SetContentType()
	r.AllowRanges()
	rc := r.SendHeader()
	if rc != http.OK || r.HeadOnly() {
		f.Close()
		return rc
	}
	if f.Size == 0 {
		f.Close()
		return r.SendLast()
	}
	rc = r.SendFile(f, 0, f.Size)
	if r.Pending() == 0 && !r.IsSub() {
		f.Close()
		return rc
	}
	r.Main.AtEnd(func() { f.Close() })
	return rc
}

// ETag is nginx's: modification time and size in hexadecimal.
func ETag(r *http.Request, f *file.File) []byte {
	b := append(r.Scratch(40)[:0], '"')
	b = strconv.AppendInt(b, f.Modified.Unix(), 16)
	b = append(b, '-')
	b = strconv.AppendInt(b, f.Size, 16)
	return append(b, '"')
}

// redirect sends the client to the folder.
func redirect(r *http.Request) http.Status {
	uri := http.EscapeURI(r.URI)
	loc := append(append([]byte(nil), uri...), '/')
	if len(r.Args) > 0 {
		loc = append(append(loc, '?'), r.Args...)
	}
	r.Out.Location = loc
	return 301
}
