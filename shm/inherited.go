package shm

import (
	"os"
	"sync"

	"golang.org/x/sys/unix"
)

// inherited is a descriptor that children get. Its os.File is made when it is
// asked for: one that nobody references would be closed by the collector, under
// the feet of whoever still uses the number.
type inherited struct {
	fd   int
	name string
	once sync.Once
	file *os.File
}

func (i *inherited) File() *os.File {
	i.once.Do(func() { i.file = os.NewFile(uintptr(i.fd), i.name) })
	return i.file
}

func (i *inherited) Close() error {
	if f := i.file; f != nil {
		return f.Close()
	}
	return unix.Close(i.fd)
}
