package shm

import (
	"fmt"
	"sync/atomic"
)

// Counter is a 64-bit number in a zone that is read and changed without the
// zone's lock. It stays valid until the zone is closed.
type Counter struct {
	z  *Zone
	at uint64
}

// A counter's memory: the next counter, the value, the length of the name, the
// name.
const (
	counterNext  = 0
	counterValue = 8
	counterLen   = 16
	counterName  = 24
)

// Counter finds the counter of that name in the zone, or makes it, starting at
// zero. The owner of the zone constructs its structures before it asks for
// counters, since Construct empties a zone.
func (z *Zone) Counter(name string) (*Counter, error) {
	if name == "" || len(name) > MaxName {
		return nil, fmt.Errorf("counter %q in zone %q: name must have 1 to %d bytes", name, z.name, MaxName)
	}
	at := z.counter(name)
	if at == 0 {
		return nil, fmt.Errorf("counter %q in zone %q: %w", name, z.name, ErrNoMemory)
	}
	return &Counter{z, at + counterValue}, nil
}

func (z *Zone) counter(name string) uint64 {
	z.lock()
	defer z.unlock()
	for at := z.load64(ctlCounters); at != 0; at = z.load64(at + counterNext) {
		if string(z.bytes(at+counterName, z.load64(at+counterLen))) == name {
			return at
		}
	}
	at := z.alloc(counterName + uint64(len(name)))
	if at == 0 {
		return 0
	}
	z.store64(at+counterNext, z.load64(ctlCounters))
	z.store64(at+counterValue, 0)
	z.store64(at+counterLen, uint64(len(name)))
	copy(z.bytes(at+counterName, uint64(len(name))), name)
	z.put64(ctlCounters, at)
	return at
}

func (c *Counter) word() *atomic.Uint64 { return c.z.atomic64(c.at) }

// Add adds n, which may be negative, and returns the sum.
func (c *Counter) Add(n int64) int64 { return int64(c.word().Add(uint64(n))) }

// Load returns the value.
func (c *Counter) Load() int64 { return int64(c.word().Load()) }

// Store sets the value.
func (c *Counter) Store(n int64) { c.word().Store(uint64(n)) }

// CompareAndSwap sets the value to n if it is old, and tells whether it did.
func (c *Counter) CompareAndSwap(old, n int64) bool {
	return c.word().CompareAndSwap(uint64(old), uint64(n))
}
