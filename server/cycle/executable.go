package cycle

import (
	"errors"
	"fmt"
	"os"
)

// NeedExecutable says that workers must be another executable than the present
// one: this program with more linked in. Build, which the master and -t call once
// the configuration is read, calls make, which returns its path.
func (c *Cycle) NeedExecutable(make func() (path string, err error)) { c.makeExecutable = make }

// Build makes the executable of workers, where one is needed, and keeps it open,
// so that workers are started from the same one as long as the cycle lives.
func (c *Cycle) Build() error {
	if c.makeExecutable == nil || c.executable != nil {
		return nil
	}
	path, err := c.makeExecutable()
	if err != nil {
		return err
	}
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("executable of workers: %w", err)
	}
	if self, err := os.Stat("/proc/self/exe"); err == nil {
		if st, err := f.Stat(); err == nil && os.SameFile(self, st) {
			return f.Close() // this is it
		}
	}
	c.executable, c.executablePath = f, path
	return nil
}

// Executable is what workers of the cycle are started from, as a path that is
// valid while this process lives, and the file's own path: both empty for the
// program itself.
func (c *Cycle) Executable() (path, name string, err error) {
	if c.executable == nil {
		return "", "", nil
	}
	raw, err := c.executable.SyscallConn()
	if err != nil {
		return "", "", err
	}
	err = raw.Control(func(fd uintptr) { path = fmt.Sprintf("/proc/%d/fd/%d", os.Getpid(), fd) })
	return path, c.executablePath, err
}

// errRestart is for a reload that would need another executable in a server that
// is one process.
var errRestart = errors.New("the libraries of handlers need another executable, and master_process is off: the server must be started anew")

// OnlySelf is an error when the cycle needs another executable than the present
// one.
func (c *Cycle) OnlySelf() error {
	if c.executable != nil {
		return errRestart
	}
	return nil
}
