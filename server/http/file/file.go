// Package file opens files to be served: one open and one fstat, as nginx does,
// with its checks of symbolic links.
package file

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// File is an open file or folder.
type File struct {
	Size     int64
	Modified time.Time
	mode     uint32
	fd       int
	name     string
}

// Open opens a path for reading. symlinks is off, on (symbolic links are
// refused) or if_not_owner; from is where the checked part of the path begins.
func Open(path, symlinks string, from int) (*File, error) {
	if strings.IndexByte(path, 0) >= 0 {
		return nil, &fs.PathError{Op: "open", Path: path, Err: syscall.ENOENT}
	}
	if symlinks != "off" {
		if err := checkLinks(path, symlinks == "if_not_owner", from); err != nil {
			return nil, err
		}
	}
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: path, Err: err}
	}
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		unix.Close(fd)
		return nil, &fs.PathError{Op: "fstat", Path: path, Err: err}
	}
	return &File{
		Size: st.Size, Modified: time.Unix(st.Mtim.Sec, st.Mtim.Nsec), mode: st.Mode,
		fd: fd, name: path,
	}, nil
}

// checkLinks refuses symbolic links in the part of the path behind from.
func checkLinks(path string, owner bool, from int) error {
	for i := max(from, 1); i <= len(path); i++ {
		if i < len(path) && path[i] != '/' {
			continue
		}
		part := path[:i]
		var l unix.Stat_t
		if err := unix.Lstat(part, &l); err != nil {
			return &fs.PathError{Op: "open", Path: path, Err: err}
		}
		if l.Mode&unix.S_IFMT != unix.S_IFLNK {
			continue
		}
		if owner {
			var st unix.Stat_t
			if err := unix.Stat(part, &st); err == nil && st.Uid == l.Uid {
				continue
			}
		}
		return &fs.PathError{Op: "open", Path: path, Err: syscall.ELOOP}
	}
	return nil
}

// IsDir reports whether it is a folder.
func (f *File) IsDir() bool { return f.mode&unix.S_IFMT == unix.S_IFDIR }

// IsRegular reports whether it is a regular file.
func (f *File) IsRegular() bool { return f.mode&unix.S_IFMT == unix.S_IFREG }

// Name is the path that was opened.
func (f *File) Name() string { return f.name }

// Fd is the descriptor, valid until Close.
func (f *File) Fd() uintptr { return uintptr(f.fd) }

// ReadAt reads from an offset, as io.ReaderAt.
func (f *File) ReadAt(p []byte, off int64) (int, error) {
	n := 0
	for n < len(p) {
		k, err := unix.Pread(f.fd, p[n:], off+int64(n))
		switch {
		case err == unix.EINTR:
			continue
		case err != nil:
			return n, os.NewSyscallError("pread", err)
		case k == 0:
			return n, io.EOF
		}
		n += k
	}
	return n, nil
}

// Close closes it; nothing else does.
func (f *File) Close() error { return unix.Close(f.fd) }

// Errno is the errno of a failed operation.
func Errno(err error) (syscall.Errno, bool) {
	var e syscall.Errno
	ok := errors.As(err, &e)
	return e, ok
}

// Stat tells what a path is.
func Stat(path []byte) (dir, regular bool, err error) {
	var st unix.Stat_t
	if err := unix.Stat(string(path), &st); err != nil {
		return false, false, &fs.PathError{Op: "stat", Path: string(path), Err: err}
	}
	kind := st.Mode & unix.S_IFMT
	return kind == unix.S_IFDIR, kind == unix.S_IFREG, nil
}
