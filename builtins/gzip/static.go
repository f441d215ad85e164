package gzip

import (
	"syscall"

	"github.com/perigee-server/perigee/server/http"
	"github.com/perigee-server/perigee/server/http/file"
	"github.com/perigee-server/perigee/server/http/head"
	"github.com/perigee-server/perigee/server/log"
)

// serve is gzip_static: it sends NAME.gz for NAME.
func serve(r *http.Request) http.Status {
	if r.Method&(head.MethodGet|head.MethodHead) == 0 || r.URI[len(r.URI)-1] == '/' {
		return http.Declined
	}
	s := confs.Of(r)
	accepts := accepted(r, s)
	if s.static.V == staticOn && !s.vary.V && !accepts {
		return http.Declined
	}
	path, ok := r.MapURI()
	if !ok {
		return 500
	}
	name := string(path) + ".gz"
	f, err := file.Open(name, r.Location().DisableSymlinks(), r.RootLength())
	if err != nil {
		switch e, _ := file.Errno(err); e {
		case syscall.ENOENT, syscall.ENOTDIR, syscall.ENAMETOOLONG:
		case syscall.EACCES, syscall.ELOOP, syscall.EMLINK:
			r.Logf(log.Error, "%s", log.Errno("open() \""+name+"\" failed", err))
		default:
			r.Logf(log.Crit, "%s", log.Errno("open() \""+name+"\" failed", err))
		}
		return http.Declined
	}
	if s.static.V == staticOn {
		r.Out.GzipVary = s.vary.V
		if !accepts {
			f.Close()
			return http.Declined
		}
	}
	if !f.IsRegular() {
		f.Close()
		return http.Declined
	}
	r.AtEnd(func() { f.Close() })
	return send(r, f)
}

// send answers with the file.
func send(r *http.Request, f *file.File) http.Status {
	r.DiscardBody()
	o := &r.Out
	o.Status = 200
	o.ContentLength = f.Size
	o.LastModified = f.Modified
	if r.Location().ETags() {
		o.ETag = http.FileETag(f.Modified, f.Size)
	}
	r.SetContentType()
	o.Add([]byte("Content-Encoding"), []byte("gzip"))
	if rc := r.SendHeader(); rc != http.OK || r.HeadOnly() {
		return rc
	}
	return r.SendFile(f, 0, f.Size)
}
