package shm

import (
	"sync/atomic"
	"unsafe"
)

// Everything in a zone is named by its offset from the zone's start. These
// accessors are the only places where an offset becomes an address; each is
// checked against the mapping, so a wrong offset is a panic that the section's
// rollback catches, not a stray write.

func (z *Zone) load64(off uint64) uint64 {
	return *(*uint64)(unsafe.Pointer(&z.mem[off]))
}

func (z *Zone) load32(off uint64) uint32 {
	return *(*uint32)(unsafe.Pointer(&z.mem[off]))
}

// store64 writes a word without an undo record: for memory that was free when
// the section began, for the undo area itself, and for statistics.
func (z *Zone) store64(off, v uint64) {
	*(*uint64)(unsafe.Pointer(&z.mem[off])) = v
}

func (z *Zone) store32(off uint64, v uint32) {
	*(*uint32)(unsafe.Pointer(&z.mem[off])) = v
}

func (z *Zone) atomic32(off uint64) *atomic.Uint32 {
	return (*atomic.Uint32)(unsafe.Pointer(&z.mem[off]))
}

func (z *Zone) atomic64(off uint64) *atomic.Uint64 {
	return (*atomic.Uint64)(unsafe.Pointer(&z.mem[off]))
}

func (z *Zone) bytes(off, n uint64) []byte {
	return z.mem[off : off+n : off+n]
}

// stringBytes gives the bytes of s without a copy; they must not be written.
func stringBytes(s string) []byte {
	return unsafe.Slice(unsafe.StringData(s), len(s))
}
