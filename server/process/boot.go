package process

import (
	"encoding/gob"
	"fmt"
	"io"
	"os"

	"github.com/perigee-server/perigee/server/cycle"
	"golang.org/x/sys/unix"
)

// bootEnv names the environment variable that tells a process what it was
// started as: "worker", or "daemon".
const bootEnv = "PERIGEE_PROCESS"

const (
	bootFD    = 3
	controlFD = 4
	firstFD   = 5
)

// Boot is everything a worker learns from its master, but for the descriptors
// themselves: those it names by number.
type Boot struct {
	Options    cycle.Options
	Snapshot   *cycle.Snapshot
	Generation int
	Count      int
	Sockets    []Socket
	Files      []InheritedFile
	Zones      []InheritedZone
	ZoneSlots  []int // owner slots in the zones, of each worker
	AcceptPage int   // the page of the accept token, -1 without one
	Kicks      []int // eventfds, one for each worker
	Detached   bool  // standard error is the error log
	Testing    bool  // in an init process: -t
	Version    string
}

// Socket is an inherited listening socket.
type Socket struct {
	Addr  string
	Index int // which of a reuseport group
	FD    int
}

// InheritedFile is an inherited log file.
type InheritedFile struct {
	Name string
	FD   int
}

// seal writes the record to a memfd that nobody can change any more. The memfd
// is shared by all workers of the generation, who read it with pread.
func (b *Boot) seal() (*os.File, error) {
	fd, err := unix.MemfdCreate("perigee-boot", unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING)
	if err != nil {
		return nil, os.NewSyscallError("memfd_create", err)
	}
	f := os.NewFile(uintptr(fd), "boot")
	if err := gob.NewEncoder(f).Encode(b); err != nil {
		f.Close()
		return nil, fmt.Errorf("boot record: %w", err)
	}
	const seals = unix.F_SEAL_WRITE | unix.F_SEAL_GROW | unix.F_SEAL_SHRINK | unix.F_SEAL_SEAL
	if _, err := unix.FcntlInt(uintptr(fd), unix.F_ADD_SEALS, seals); err != nil {
		f.Close()
		return nil, os.NewSyscallError("fcntl", err)
	}
	return f, nil
}

func readBoot(fd int) (*Boot, error) {
	f := os.NewFile(uintptr(fd), "boot")
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return nil, err
	}
	var b Boot
	if err = gob.NewDecoder(io.NewSectionReader(f, 0, st.Size())).Decode(&b); err != nil {
		return &b, err
	}
	if b.Version != cycle.Version {
		err = fmt.Errorf("the executable of workers has version %s, the master has %s", cycle.Version, b.Version)
	}
	return &b, err
}
