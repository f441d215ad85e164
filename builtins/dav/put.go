package dav

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/perigee-server/perigee/server/http"
	"github.com/perigee-server/perigee/server/log"
)

// put makes the body a file, or replaces one.
func put(r *http.Request, s *settings) http.Status {
	if isFolder(r.URI) {
		r.Logf(log.Error, "cannot PUT to a collection")
		return 409
	}
	if _, ok := r.Field("content-range"); ok {
		r.Logf(log.Error, "PUT with range is unsupported")
		return 501
	}
	if rc := r.ReadBody(); rc != http.OK {
		return rc
	}
	path, ok := r.MapURI()
	if !ok {
		return 500
	}
	if r.BodyDiscarded() {
		r.Logf(log.Error, "PUT request body is unavailable")
		return 500
	}
	f, err := bodyFile(r)
	if err != nil {
		r.Logf(log.Crit, "%s", log.Errno("open() a temporary file failed", err))
		return 500
	}
	name := string(path)
	rc := beside(r, func() http.Status { return keep(r, s, f, name) })
	if rc != 201 && rc != 204 {
		os.Remove(f.Name())
		return rc
	}
	if rc == 201 {
		created(r)
	}
	return rc
}

// bodyFile is the body in a file.
func bodyFile(r *http.Request) (*os.File, error) {
	if f := r.Body().File(); f != nil {
		return f, nil
	}
	f, err := r.CreateBodyFile()
	if err != nil {
		return nil, err
	}
	r.AtEnd(func() { f.Close() })
	if _, err := f.Write(r.Body().Bytes()); err != nil {
		os.Remove(f.Name())
		return nil, err
	}
	return f, nil
}

// keep gives the body its place.
func keep(r *http.Request, s *settings, f *os.File, name string) http.Status {
	status := http.Status(201)
	if st, err := os.Stat(name); err == nil {
		status = 204
		if st.IsDir() {
			r.Logf(log.Error, "%s", log.Errno(fmt.Sprintf("\"%s\" could not be created", name), syscall.EISDIR))
			return 409
		}
	}
	if err := f.Chmod(s.access.V); err != nil {
		r.Logf(log.Crit, "%s", log.Errno("chmod() \""+f.Name()+"\" failed", err))
		return 500
	}
	if date, ok := r.Field("date"); ok {
		if at, ok := http.ParseTime(date); ok {
			if err := os.Chtimes(f.Name(), time.Time{}, at); err != nil {
				r.Logf(log.Crit, "%s", log.Errno("utimes() \""+f.Name()+"\" failed", err))
				return 500
			}
		}
	}
	if err := rename(f.Name(), name, s.fullPath.V, folderAccess(s.access.V)); err != nil {
		r.Logf(log.Crit, "%s", log.Errno(fmt.Sprintf("rename() \"%s\" to \"%s\" failed", f.Name(), name), err))
		return 500
	}
	return status
}

// rename moves a file, between file systems too (ngx_ext_rename_file). With
// full it makes the folders that are missing.
func rename(from, to string, full bool, access fs.FileMode) error {
	err := os.Rename(from, to)
	if full && errors.Is(err, fs.ErrNotExist) {
		if _, there := os.Lstat(from); there != nil {
			return err
		}
		if err := os.MkdirAll(filepath.Dir(to), access); err != nil {
			return err
		}
		err = os.Rename(from, to)
	}
	if !errors.Is(err, syscall.EXDEV) {
		return err
	}
	st, err := os.Stat(from)
	if err != nil {
		return err
	}
	if err := copyFile(from, to, st); err != nil {
		return err
	}
	return os.Remove(from)
}

var copies atomic.Uint64

// copyFile copies a file to a name beside its place, and then into it: readers
// see the old file or the new one. Permissions and times come along.
func copyFile(from, to string, st fs.FileInfo) (err error) {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	name := fmt.Sprintf("%s.%d.%010d", to, os.Getpid(), copies.Add(1))
	out, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			os.Remove(name)
		}
	}()
	_, err = io.Copy(out, in)
	if err == nil {
		err = out.Chmod(st.Mode().Perm())
	}
	if cerr := out.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = os.Chtimes(name, time.Time{}, st.ModTime())
	}
	if err == nil {
		err = os.Rename(name, to)
	}
	return err
}
