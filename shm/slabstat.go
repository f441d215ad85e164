package shm

// ClassStats describes one size class of a zone's allocator, as the slab
// statistics of nginx do.
type ClassStats struct {
	Size  int    // bytes of a chunk
	Total uint64 // chunks of all pages of the class
	Used  uint64 // chunks taken
	Reqs  uint64 // allocations asked for
	Fails uint64 // of those, refused
}

// SlabStats describes a zone's allocator.
type SlabStats struct {
	Pages     uint64 // in the arena
	FreePages uint64
	Classes   [slabClasses]ClassStats
}

// SlabStats returns the state of the zone's allocator.
func (z *Zone) SlabStats() SlabStats {
	z.lock()
	defer z.unlock()
	s := SlabStats{Pages: z.pages, FreePages: z.load64(ctlFreePages)}
	for class := range uint64(slabClasses) {
		s.Classes[class] = ClassStats{
			Size:  1 << (class + minShift),
			Total: z.load64(z.stat(class, 0)),
			Used:  z.load64(z.stat(class, 1)),
			Reqs:  z.load64(z.stat(class, 2)),
			Fails: z.load64(z.stat(class, 3)),
		}
	}
	return s
}
