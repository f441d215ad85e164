package dav

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/perigee-server/perigee/server/http"
	"github.com/perigee-server/perigee/server/http/file"
	"github.com/perigee-server/perigee/server/http/head"
	"github.com/perigee-server/perigee/server/log"
)

// job is a COPY or MOVE whose head was understood.
type job struct {
	r         *http.Request
	from, to  string
	uri       []byte // of the destination
	overwrite bool
	move      bool
	access    fs.FileMode
}

// transfer copies or moves a file or a folder.
func transfer(r *http.Request, s *settings) http.Status {
	if rc := bodyless(r, "COPY and MOVE with body are"); rc != http.OK {
		return rc
	}
	j := &job{r: r, move: r.Method == head.MethodMove, access: folderAccess(s.access.V)}
	var rc http.Status
	if j.uri, rc = destination(r); rc != http.OK {
		return rc
	}
	if isFolder(r.URI) != isFolder(j.uri) {
		r.Logf(log.Error, "both URI \"%s\" and \"Destination\" URI \"%s\" should be either collections or non-collections", r.URI, j.uri)
		return 409
	}
	d, ok := depthOf(r, infinity)
	if !ok {
		return 400
	}
	if d != infinity && j.move {
		r.Logf(log.Error, "\"Depth\" header must be infinity")
		return 400
	}
	if d != infinity && d != 0 {
		r.Logf(log.Error, "\"Depth\" header must be 0 or infinity")
		return 400
	}
	if j.overwrite, ok = overwrites(r); !ok {
		return 400
	}
	from, ok := r.MapURI()
	if !ok {
		return 500
	}
	j.from = string(from)
	to, ok := r.MapPath(j.uri)
	if !ok {
		return 500
	}
	j.to = string(to)
	return beside(r, j.run)
}

// run looks at both places and does it.
func (j *job) run() http.Status {
	r := j.r
	slash := strings.HasSuffix(j.to, "/")
	j.to = strings.TrimSuffix(j.to, "/")
	there, err := os.Lstat(j.to)
	switch {
	case err != nil:
		if e, _ := file.Errno(err); e != syscall.ENOENT {
			return failed(r, err, "lstat()", j.to, 404)
		}
		j.overwrite = false // there is nothing
	case there.IsDir() && !slash:
		r.Logf(log.Error, "\"%s\" could not be %sed to collection \"%s\"", r.URI, r.MethodName, j.uri)
		return 409
	case !j.overwrite:
		r.Logf(log.Error, "%s", log.Errno(fmt.Sprintf("\"%s\" could not be created", j.to), syscall.EEXIST))
		return 412
	}
	st, err := os.Lstat(j.from)
	if err != nil {
		return failed(r, err, "lstat()", j.from, 404)
	}
	if !st.IsDir() {
		return j.file(st)
	}
	if !isFolder(r.URI) {
		r.Logf(log.Error, "\"%s\" is collection", r.URI)
		return 400
	}
	j.from = strings.TrimRight(j.from, "/")
	if j.to == j.from || strings.HasPrefix(j.to, j.from+"/") || strings.HasPrefix(j.from, j.to+"/") {
		r.Logf(log.Error, "\"%s\" and \"%s\" are one within the other", r.URI, j.uri)
		return 409
	}
	if j.overwrite {
		if rc := removePath(r, j.to, there.IsDir()); rc != http.OK {
			return rc
		}
	}
	return j.folder(st)
}

// file copies or moves a file.
func (j *job) file(st fs.FileInfo) http.Status {
	if j.move {
		if err := rename(j.from, j.to, true, j.access); err != nil {
			j.r.Logf(log.Crit, "%s", log.Errno(fmt.Sprintf("rename() \"%s\" to \"%s\" failed", j.from, j.to), err))
			return 500
		}
		return 204
	}
	if err := copyFile(j.from, j.to, st); err != nil {
		j.r.Logf(log.Crit, "%s", log.Errno(fmt.Sprintf("copy of \"%s\" to \"%s\" failed", j.from, j.to), err))
		return 500
	}
	return 204
}

// folder copies or moves a folder with all that is in it.
func (j *job) folder(st fs.FileInfo) http.Status {
	if j.move && os.Rename(j.from, j.to) == nil {
		return 201
	}
	if err := os.Mkdir(j.to, st.Mode().Perm()); err != nil {
		return failed(j.r, err, "mkdir()", j.to, 404)
	}
	if rc := j.tree(); rc != http.OK {
		return rc
	}
	if j.move {
		if rc := removePath(j.r, j.from, true); rc != http.OK {
			return rc
		}
	}
	return 201
}

// tree copies what is in the folder; links and devices stay out.
func (j *job) tree() http.Status {
	err := filepath.WalkDir(j.from, func(path string, e fs.DirEntry, err error) error {
		if err != nil || path == j.from {
			return err
		}
		to := j.to + path[len(j.from):]
		st, err := e.Info()
		if err != nil {
			return err
		}
		switch {
		case e.IsDir():
			return os.Mkdir(to, st.Mode().Perm())
		case st.Mode().IsRegular():
			return copyFile(path, to, st)
		}
		return nil
	})
	if err != nil {
		j.r.Logf(log.Crit, "%s", log.Errno(fmt.Sprintf("copy of \"%s\" to \"%s\" failed", j.from, j.to), err))
		return 500
	}
	return http.OK
}
