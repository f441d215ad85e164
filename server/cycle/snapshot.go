package cycle

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"syscall"
)

// Snapshot is every file that the configuration was made from, as it was when
// it was read. The master collects it, workers read from it and from nothing
// else, so that a worker serves the configuration it was started with whatever
// happens to the files, and as an unprivileged user too.
type Snapshot struct {
	Files map[string]Snap
	Globs map[string][]string
	// Init is what modules have found out in the init process, by module.
	Init map[string][]byte
	// Sealed means that nothing is added any more: what is not in it does not
	// exist.
	Sealed bool
}

// Snap is one file, or the errno with which opening it failed.
type Snap struct {
	Text  []byte
	Errno int
}

// NewSnapshot returns an empty one that collects.
func NewSnapshot() *Snapshot {
	return &Snapshot{Files: map[string]Snap{}, Globs: map[string][]string{}}
}

// ReadFile returns the contents of a file, read once.
func (s *Snapshot) ReadFile(path string) ([]byte, error) {
	path = filepath.Clean(path)
	if f, ok := s.Files[path]; ok {
		if f.Errno != 0 {
			return nil, &fs.PathError{Op: "open", Path: path, Err: syscall.Errno(f.Errno)}
		}
		return f.Text, nil
	}
	if s.Sealed {
		return nil, &fs.PathError{Op: "open", Path: path, Err: syscall.ENOENT}
	}
	text, err := os.ReadFile(path)
	f := Snap{Text: text}
	if err != nil {
		var e syscall.Errno
		if !errors.As(err, &e) {
			e = syscall.EIO
		}
		f = Snap{Errno: int(e)}
	}
	s.Files[path] = f
	return text, err
}

// Wipe overwrites the contents of a file in this process, which needs them no
// more.
func (s *Snapshot) Wipe(path string) {
	if f, ok := s.Files[path]; ok {
		clear(f.Text)
		s.Files[path] = Snap{Errno: int(syscall.ENOENT)}
	}
}

// Glob returns the paths that match, sorted.
func (s *Snapshot) Glob(pattern string) ([]string, error) {
	if g, ok := s.Globs[pattern]; ok || s.Sealed {
		return g, nil
	}
	g, err := filepath.Glob(pattern)
	if err != nil {
		return nil, err
	}
	sort.Strings(g)
	s.Globs[pattern] = g
	return g, nil
}
