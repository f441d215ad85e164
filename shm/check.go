package shm

import "fmt"

// Check walks the whole zone under its lock and returns an error that wraps
// ErrDamaged for the first thing that does not agree: page table, lists of free
// pages and of slabs, bitmaps, statistics, the dictionary's or channel's
// structures, and that exactly the memory that is reachable is allocated. It is
// for tests and for the support of users; it takes time and memory.
func (z *Zone) Check() error {
	z.lock()
	defer z.unlock()
	c := checker{z: z, chunks: map[uint64]bool{}}
	for _, step := range []func() error{c.pageTable, c.lists, c.statistics, c.roots, c.leaks} {
		if err := step(); err != nil {
			return fmt.Errorf("zone %q: %w", z.name, err)
		}
	}
	return nil
}

type checker struct {
	z        *Zone
	chunks   map[uint64]bool // allocated memory, true once reached
	used     [slabClasses]uint64
	total    [slabClasses]uint64
	partial  [slabClasses]int
	freeRuns int
	free     uint64
}

func damaged(format string, args ...any) error {
	return fmt.Errorf(format+": %w", append(args, ErrDamaged)...)
}

// pageTable walks the runs in the order of the arena.
func (c *checker) pageTable() error {
	z := c.z
	lastFree := false
	for id := uint64(firstPage); id < z.pagesEnd(); {
		kind, n := z.kind(id), uint64(1)
		switch kind {
		case pageFree, pageRun:
			n = z.info(id)
			if n == 0 || id+n > z.pagesEnd() {
				return damaged("page %d: run of %d pages", id-firstPage, n)
			}
			last := id + n - 1
			if n > 1 && (z.info(last) != id || z.kind(last) != kind+1) {
				return damaged("page %d: end of run does not name its start", last-firstPage)
			}
			if kind == pageRun {
				c.chunks[z.pageAt(id)] = false
				break
			}
			if lastFree {
				return damaged("page %d: free runs are not joined", id-firstPage)
			}
			c.freeRuns++
			c.free += n
		case pageSmall, pageExact, pageBig:
			if err := c.slab(id, kind); err != nil {
				return err
			}
		default:
			return damaged("page %d: kind %d at the start of a run", id-firstPage, kind)
		}
		lastFree = kind == pageFree
		id += n
	}
	if got := z.load64(ctlFreePages); got != c.free {
		return damaged("%d pages counted as free, %d are", got, c.free)
	}
	return nil
}

func (c *checker) slab(id, kind uint64) error {
	z := c.z
	shift := z.info(id) & 0xffffffff
	if kind == pageExact {
		shift = exactShift
	}
	if shift < minShift || shift > maxShift || (kind == pageSmall) != (shift < exactShift) {
		return damaged("page %d: slab of shift %d", id-firstPage, shift)
	}
	class, chunks, used := shift-minShift, uint64(pageSize)>>shift, uint64(0)
	reserved := uint64(0)
	if kind == pageSmall {
		reserved = mapChunks(shift)
	}
	for i := range chunks {
		var set bool
		switch kind {
		case pageSmall:
			set = z.load64(z.pageAt(id)+i/64*8)>>(i%64)&1 == 1
		case pageExact:
			set = z.info(id)>>i&1 == 1
		default:
			set = z.info(id)>>(32+i)&1 == 1
		}
		if i < reserved {
			if !set {
				return damaged("page %d: chunk of the bitmap is free", id-firstPage)
			}
			continue
		}
		if set {
			used++
			c.chunks[z.pageAt(id)+i<<shift] = false
		}
	}
	if used == 0 {
		return damaged("page %d: empty slab was not freed", id-firstPage)
	}
	full := used == chunks-reserved
	if full != (z.next(id) == 0) {
		return damaged("page %d: full %v, on a list %v", id-firstPage, full, z.next(id) != 0)
	}
	if !full {
		c.partial[class]++
	}
	c.used[class] += used
	c.total[class] += chunks - reserved
	return nil
}

// lists walks the list of free runs and those of slabs with room.
func (c *checker) lists() error {
	for class := range uint64(slabClasses) {
		n, err := c.list(class+1, func(id uint64) bool {
			k := c.z.kind(id)
			return k == pageExact && class == exactShift-minShift ||
				(k == pageSmall || k == pageBig) && c.z.info(id)&0xffffffff == class+minShift
		})
		if err != nil {
			return err
		}
		if n != c.partial[class] {
			return damaged("class %d: %d pages with room, %d on the list", class, c.partial[class], n)
		}
	}
	n, err := c.list(freeHead, func(id uint64) bool { return c.z.kind(id) == pageFree })
	if err == nil && n != c.freeRuns {
		err = damaged("%d free runs, %d on the list", c.freeRuns, n)
	}
	return err
}

func (c *checker) list(head uint64, belongs func(uint64) bool) (n int, err error) {
	z := c.z
	for prev, id := head, z.next(head); ; prev, id = id, z.next(id) {
		if id == 0 || id >= z.pagesEnd() || z.prev(id) != prev {
			return 0, damaged("list %d: bad link to %d", head, id)
		}
		if id == head {
			return n, nil
		}
		if id < firstPage || !belongs(id) {
			return 0, damaged("list %d: page %d is of another kind", head, id-firstPage)
		}
		n++
		if uint64(n) > z.pages {
			return 0, damaged("list %d: endless", head)
		}
	}
}

func (c *checker) statistics() error {
	for class := range uint64(slabClasses) {
		total, used := c.z.load64(c.z.stat(class, 0)), c.z.load64(c.z.stat(class, 1))
		if total != c.total[class] || used != c.used[class] {
			return damaged("class %d: statistics say %d of %d, there are %d of %d",
				class, used, total, c.used[class], c.total[class])
		}
	}
	return nil
}

// reach marks allocated memory as used by something.
func (c *checker) reach(what string, off uint64) error {
	seen, allocated := c.chunks[off]
	if !allocated {
		return damaged("%s at %#x is not allocated", what, off)
	}
	if seen {
		return damaged("%s at %#x is used twice", what, off)
	}
	c.chunks[off] = true
	return nil
}

func (c *checker) roots() error {
	z := c.z
	for at := z.load64(ctlCounters); at != 0; at = z.load64(at) {
		if err := c.reach("counter", at); err != nil {
			return err
		}
	}
	switch z.load32(ctlKind) {
	case kindDict:
		if err := c.reach("label", z.load64(ctlLabel)); err != nil {
			return err
		}
		return c.dict(&Dict{z: z, root: z.load64(ctlRoot), Now: func() int64 { return 0 }})
	case kindChannel:
		return c.channel()
	case kindVars:
		return c.vars()
	}
	return nil
}

func (c *checker) leaks() error {
	for off, reached := range c.chunks {
		if !reached {
			return damaged("memory at %#x is allocated and not reachable", off)
		}
	}
	return nil
}

func (c *checker) dict(d *Dict) error {
	z := c.z
	if err := c.reach("dictionary", d.root); err != nil {
		return err
	}
	entries := map[uint64]bool{}
	for b := range z.buckets {
		for e := deref(uint64(z.load32(z.index + b*4))); e != 0; e = deref(uint64(z.load32(e + entNext))) {
			if err := c.reach("entry", e); err != nil {
				return err
			}
			if hash := hashKey(z.seed, string(d.key(e))); hash != z.load32(e+entHash) || uint64(hash)&(z.buckets-1) != b {
				return damaged("entry at %#x is in the wrong bucket", e)
			}
			if err := c.elements(d, e); err != nil {
				return err
			}
			entries[e] = true
		}
	}
	n := 0
	for prev, q := d.lru(), z.queueNext(d.lru()); ; prev, q = q, z.queueNext(q) {
		if z.queuePrev(q) != prev {
			return damaged("queue: node at %#x does not point back", q)
		}
		if q == d.lru() {
			break
		}
		if !entries[q-entLRU] {
			return damaged("queue: node at %#x is no entry", q)
		}
		n++
	}
	if n != len(entries) || uint64(n) != z.load64(d.root+rootCount) {
		return damaged("%d entries, %d in the queue, %d counted", len(entries), n, z.load64(d.root+rootCount))
	}
	for e := deref(uint64(z.load32(d.root + rootTrash))); e != 0; e = deref(uint64(z.load32(e + entNext))) {
		if err := c.reach("discarded list", e); err != nil {
			return err
		}
		if err := c.elementChain(e); err != nil {
			return err
		}
	}
	return nil
}

func (c *checker) elements(d *Dict, e uint64) error {
	if d.typeOf(e) != List {
		return nil
	}
	if err := c.elementChain(e); err != nil {
		return err
	}
	n := uint64(0)
	for q := c.z.queueNext(e + entList); q != e+entList; q = c.z.queueNext(q) {
		n++
	}
	if n == 0 || n != d.valLen(e) {
		return damaged("list at %#x: %d elements, %d counted", e, n, d.valLen(e))
	}
	return nil
}

func (c *checker) elementChain(e uint64) error {
	z := c.z
	head := e + entList
	for prev, q := head, z.queueNext(head); ; prev, q = q, z.queueNext(q) {
		if z.queuePrev(q) != prev {
			return damaged("list at %#x: element at %#x does not point back", e, q)
		}
		if q == head {
			return nil
		}
		if err := c.reach("element", q); err != nil {
			return err
		}
	}
}
