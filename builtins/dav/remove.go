package dav

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/perigee-server/perigee/server/http"
	"github.com/perigee-server/perigee/server/http/file"
	"github.com/perigee-server/perigee/server/log"
)

// remove deletes a file, or a folder with all that is in it.
func remove(r *http.Request, s *settings) http.Status {
	if rc := bodyless(r, "DELETE with body is"); rc != http.OK {
		return rc
	}
	if d, ok := deepEnough(r.URI, s.minDepth.V); !ok {
		r.Logf(log.Error, "insufficient URI depth:%d to DELETE", d)
		return 409
	}
	path, ok := r.MapURI()
	if !ok {
		return 500
	}
	name := string(path)
	folder, rc := removable(r, name)
	if rc != http.OK {
		return rc
	}
	d, ok := depthOf(r, infinity)
	if !folder && d == 0 {
		d = infinity
	}
	if !ok || d != infinity {
		if ok && folder {
			r.Logf(log.Error, "\"Depth\" header must be infinity")
		} else if ok {
			r.Logf(log.Error, "\"Depth\" header must be 0 or infinity")
		}
		return 400
	}
	return beside(r, func() http.Status {
		if rc := removePath(r, strings.TrimRight(name, "/"), folder); rc != http.OK {
			return rc
		}
		return 204
	})
}

// removable looks at what is to be deleted.
func removable(r *http.Request, name string) (folder bool, rc http.Status) {
	st, err := os.Lstat(name)
	if err != nil {
		missing := http.Status(404)
		if e, _ := file.Errno(err); e == syscall.ENOTDIR {
			missing = 409
		}
		return false, failed(r, err, "lstat()", name, missing)
	}
	if st.IsDir() && !isFolder(r.URI) {
		r.Logf(log.Error, "%s", log.Errno("DELETE \""+name+"\" failed", syscall.EISDIR))
		return true, 409
	}
	return st.IsDir(), http.OK
}

// deepEnough reports whether a URI has as many elements as a DELETE needs, and
// how many slashes it has.
func deepEnough(uri []byte, least int) (depth int, ok bool) {
	if least == 0 {
		return 0, true
	}
	for i, c := range uri {
		if c != '/' {
			continue
		}
		if depth++; depth >= least && i+1 < len(uri) {
			return depth, true
		}
	}
	return depth, false
}

// removePath deletes what a path names. In a folder it goes on behind what can
// not be deleted.
func removePath(r *http.Request, path string, folder bool) http.Status {
	if !folder {
		if err := os.Remove(path); err != nil {
			return failed(r, err, "unlink()", path, 404)
		}
		return http.OK
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		r.Logf(log.Crit, "%s", log.Errno("opendir() \""+path+"\" failed", err))
		return 500
	}
	for _, e := range entries {
		removePath(r, filepath.Join(path, e.Name()), e.IsDir())
	}
	if err := os.Remove(path); err != nil {
		return failed(r, err, "rmdir()", path, 404)
	}
	return http.OK
}

// makeFolder is MKCOL.
func makeFolder(r *http.Request, s *settings) http.Status {
	if rc := bodyless(r, "MKCOL with body is"); rc != http.OK {
		return rc
	}
	if !isFolder(r.URI) {
		r.Logf(log.Error, "MKCOL can create a collection only")
		return 409
	}
	path, ok := r.MapURI()
	if !ok {
		return 500
	}
	name := strings.TrimRight(string(path), "/")
	if err := os.Mkdir(name, folderAccess(s.access.V)); err != nil {
		return failed(r, err, "mkdir()", name, 409)
	}
	created(r)
	return 201
}
