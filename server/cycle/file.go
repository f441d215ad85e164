package cycle

import (
	"os"
	"sync/atomic"

	"github.com/perigee-server/perigee/server/log"
)

// File is a log file: opened for appending by the master, inherited by workers,
// reopened on USR1 without the users of File noticing.
type File struct {
	Name string
	file atomic.Pointer[os.File]
	// flush, when set, writes what a user of the file has buffered.
	flush []func()
}

// Write appends to the file.
func (f *File) Write(p []byte) (int, error) {
	if h := f.file.Load(); h != nil {
		return h.Write(p)
	}
	return len(p), nil
}

// WriteLine makes a File a target of a log.Logger.
func (f *File) WriteLine(_ log.Level, line []byte) { f.Write(line) }

// OnFlush adds a function that is called before the file is reopened and before
// the process ends.
func (f *File) OnFlush(fn func()) { f.flush = append(f.flush, fn) }

// Flush calls the functions given to OnFlush.
func (f *File) Flush() {
	for _, fn := range f.flush {
		fn()
	}
}

// Swap replaces the open file and closes the one before.
func (f *File) Swap(h *os.File) {
	if old := f.file.Swap(h); old != nil {
		old.Close()
	}
}

// Handle is the open file.
func (f *File) Handle() *os.File { return f.file.Load() }

// Reopen opens the file by name again.
func (f *File) Reopen() error {
	h, err := openAppend(f.Name)
	if err != nil {
		return err
	}
	f.Swap(h)
	return nil
}

func openAppend(name string) (*os.File, error) {
	return os.OpenFile(name, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o644)
}

// OpenFile notes a log file, one File for each name; the master opens it once
// the configuration is read.
func (c *Cycle) OpenFile(name string) *File {
	name = c.FullName(name)
	for _, f := range c.Files {
		if f.Name == name {
			return f
		}
	}
	f := &File{Name: name}
	c.Files = append(c.Files, f)
	return f
}
