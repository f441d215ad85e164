package handlers

import (
	"errors"
	"fmt"
	"syscall"

	"github.com/gofrs/flock"
)

// lock is the file lock that elects the worker in which a shared service runs:
// flock(2) on a file of its own, which the kernel gives up when the holder ends,
// however it ends. Servers that use the same folder, zone and variable share it.
type lock struct {
	path string
	file *flock.Flock
}

// openLock makes the file, so that a folder that can not be written to is found
// before the worker serves.
func openLock(path string) (*lock, error) {
	l := &lock{path, flock.New(path, flock.SetPermissions(0o666))}
	got, err := l.file.TryLock()
	if err != nil {
		return nil, fmt.Errorf("failed to open file lock %q to access variables in shared memory: %w", path, err)
	}
	if got {
		err = l.file.Unlock()
	}
	return l, err
}

// acquire waits for the lock.
func (l *lock) acquire() error {
	for {
		err := l.file.Lock()
		if !errors.Is(err, syscall.EINTR) {
			return err
		}
	}
}

func (l *lock) release() { l.file.Unlock() }
