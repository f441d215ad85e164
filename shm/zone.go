package shm

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// Config describes a zone to create.
type Config struct {
	// Name is the zone's name in the configuration, Tag its owner: the module
	// or directive that declared it. Both are at most MaxName bytes.
	Name, Tag string
	// Size is the size the user wrote, in bytes. As in nginx the allocator's
	// own tables are taken from it.
	Size int64
	// NoIndex leaves out the hash buckets, for zones without a dictionary.
	NoIndex bool
	// Events makes it an event channel's zone; for Set, as CreateChannel sets it
	// by itself.
	Events bool
	// Slot is this process's owner slot, or AnySlot.
	Slot int
}

// Zone is one process's view of a shared memory zone (ngx_shm_zone_t with its
// slab pool). It may be used by any number of goroutines. Open it once in a
// process: two views of one process have two slots and may wait for each other,
// but they do not deadlock.
type Zone struct {
	geometry
	mu     sync.Mutex // queues this process's goroutines that wait for the lock
	mem    []byte
	token  uint32
	slot   int
	pass   inherited
	own    int // private open file description: carries the slot's lock
	closed atomic.Bool
}

// index returns what the zone's index region is for.
func (c *Config) index() uint32 {
	switch {
	case c.Events:
		return indexCursors
	case c.NoIndex:
		return indexNone
	}
	return indexHash
}

// Create makes a zone: a memfd, allocated in full and sealed against changes of
// its size. Its descriptor is meant to be inherited by workers.
func Create(cfg Config) (*Zone, error) {
	cfg.Events = false
	return createZone(cfg)
}

func createZone(cfg Config) (*Zone, error) {
	z, err := create(cfg)
	if err != nil {
		return nil, fmt.Errorf("create zone %q: %w", cfg.Name, err)
	}
	return z, nil
}

func create(cfg Config) (*Zone, error) {
	if cfg.Name == "" || len(cfg.Name) > MaxName || len(cfg.Tag) > MaxName {
		return nil, fmt.Errorf("name and tag must have 1 to %d bytes", MaxName)
	}
	if cfg.Size > MaxSize {
		return nil, ErrTooLarge
	}
	if cfg.Size <= 0 || nginxPages(uint64(cfg.Size)) == 0 {
		return nil, ErrTooSmall
	}
	g := plan(cfg.Name, cfg.Tag, uint64(cfg.Size), cfg.index())
	var seed [8]byte
	rand.Read(seed[:])
	g.seed = binary.LittleEndian.Uint64(seed[:])

	fd, err := unix.MemfdCreate("perigee:"+cfg.Name, unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING)
	if err != nil {
		return nil, os.NewSyscallError("memfd_create", err)
	}
	if err := allocate(fd, int64(g.total)); err != nil {
		unix.Close(fd)
		return nil, err
	}
	head := make([]byte, pageSize)
	g.encode(head)
	if _, err := unix.Pwrite(fd, head, 0); err != nil {
		unix.Close(fd)
		return nil, os.NewSyscallError("pwrite", err)
	}
	z, err := attach(fd, cfg.Slot)
	if err != nil {
		unix.Close(fd)
		return nil, err
	}
	z.clearUndo()
	z.slabInit()
	return z, nil
}

// allocate gives the file its size and its memory, and seals it.
func allocate(fd int, size int64) error {
	if err := unix.Ftruncate(fd, size); err != nil {
		return os.NewSyscallError("ftruncate", err)
	}
	if err := unix.Fallocate(fd, 0, 0, size); err != nil {
		return fmt.Errorf("allocate %d bytes: %w", size, err)
	}
	seals := unix.F_SEAL_SHRINK | unix.F_SEAL_GROW | unix.F_SEAL_SEAL
	if _, err := unix.FcntlInt(uintptr(fd), unix.F_ADD_SEALS, seals); err != nil {
		return fmt.Errorf("seal: %w", err)
	}
	return nil
}

// Open maps the zone behind an inherited descriptor and takes the owner slot
// that the master assigned to this process. The zone keeps the descriptor and
// closes it with Close; on an error the caller still has it. A zone of another
// layout is refused with ErrVersion, a damaged header with ErrDamaged, before
// anything of it is believed. /proc must be mounted.
func Open(fd, slot int) (*Zone, error) {
	z, err := attach(fd, slot)
	if err != nil {
		return nil, fmt.Errorf("open zone on descriptor %d: %w", fd, err)
	}
	unix.CloseOnExec(fd)
	z.Recover()
	return z, nil
}

func attach(fd, slot int) (*Zone, error) {
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return nil, os.NewSyscallError("fstat", err)
	}
	head := make([]byte, pageSize)
	n, err := unix.Pread(fd, head, 0)
	if err != nil {
		return nil, os.NewSyscallError("pread", err)
	}
	g, err := decodeHeader(head[:n], uint64(st.Size))
	if err != nil {
		return nil, err
	}
	seals, err := unix.FcntlInt(uintptr(fd), unix.F_GET_SEALS, 0)
	if err != nil || seals&unix.F_SEAL_SHRINK == 0 {
		return nil, fmt.Errorf("not sealed: %w", ErrNotZone)
	}
	own, err := reopen(fd)
	if err != nil {
		return nil, err
	}
	z := &Zone{geometry: g, own: own, pass: inherited{fd: fd, name: "zone " + g.name}}
	z.mem, err = unix.Mmap(own, 0, int(g.total), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		unix.Close(own)
		return nil, os.NewSyscallError("mmap", err)
	}
	if err := z.takeSlot(slot); err != nil {
		unix.Munmap(z.mem)
		unix.Close(own)
		return nil, err
	}
	return z, nil
}

// Close unmaps the zone and gives the slot back. No other call may run or
// follow. The zone itself lives on as long as some process has it.
func (z *Zone) Close() error {
	if z.closed.Swap(true) {
		return os.ErrClosed
	}
	err := unix.Munmap(z.mem)
	z.mem = nil
	return errors.Join(err, unix.Close(z.own), z.pass.Close())
}

// File returns the descriptor to hand to workers, as os/exec wants it. It
// belongs to the zone.
func (z *Zone) File() *os.File { return z.pass.File() }

// Name returns the zone's name.
func (z *Zone) Name() string { return z.name }

// Tag returns the name of the zone's owner.
func (z *Zone) Tag() string { return z.tag }

// Size returns the size that the zone was declared with, in bytes.
func (z *Zone) Size() int64 { return int64(z.nominal) }

// Slot returns this process's owner slot.
func (z *Zone) Slot() int { return z.slot }

// Construct runs the owner's constructor, once in the life of the zone: build
// is called with existed false when nothing was built yet, else with existed
// true. It runs outside the zone's lock, so it may use the zone, but alone: other
// processes that come to construct wait for it. When the constructor's process
// dies, or build fails, the arena is emptied and the next one starts anew.
func (z *Zone) Construct(build func(existed bool) error) error {
	z.takeBuildLock()
	defer z.release(ctlBuildLock)
	built := z.atomic32(ctlBuilt)
	if built.Load() == 1 {
		return build(true)
	}
	z.reset()
	if err := build(false); err != nil {
		z.reset()
		return err
	}
	built.Store(1)
	return nil
}

func (z *Zone) takeBuildLock() {
	if !z.atomic32(ctlBuildLock).CompareAndSwap(0, z.token) {
		z.acquire(ctlBuildLock) // a dead builder leaves nothing that reset does not clear
	}
}

// reset makes the arena empty, whatever it holds.
func (z *Zone) reset() {
	z.lock()
	defer z.unlock()
	z.store64(ctlRoot, 0)
	z.store64(ctlCounters, 0)
	z.store64(ctlLabel, 0)
	z.store32(ctlKind, 0)
	clear(z.bytes(z.index, z.buckets*4))
	z.slabInit()
}
