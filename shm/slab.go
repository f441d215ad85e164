package shm

import "math/bits"

// The slab allocator is nginx's: nine classes of chunks from 8 bytes to half a
// page, a page of chunks per class as it is needed, and runs of whole pages
// above that, first fit, joined with their neighbours when freed. Bitmaps of
// the three smallest classes lie in the page itself, as in nginx, so that a
// zone holds exactly as many objects as nginx's.
//
// The page table has one entry of two words for every page and for every list
// head. Word 0 is what the kind says; word 1 is kind, next and previous. Only
// the first and the last entry of a run are maintained.
const (
	minShift    = 3
	maxShift    = pageShift - 1
	slabClasses = maxShift - minShift + 1
	exactShift  = 6

	freeHead  = slabClasses + 1 // id of the list of free runs; 1..slabClasses are the classes
	firstPage = freeHead + 1    // id of page 0
)

// Kinds of page table entries, with the meaning of word 0.
const (
	pageInside   = iota // –
	pageFree            // first of a free run: its length
	pageFreeLast        // last of a longer free run: id of its first
	pageRun             // first of an allocated run: its length
	pageRunLast         // last of a longer allocated run: id of its first
	pageSmall           // chunks under 64 bytes: the shift; the bitmap is in the page
	pageExact           // chunks of 64 bytes: the bitmap
	pageBig             // larger chunks: bitmap in the high half, shift in the low
)

const (
	linkBits = 28
	linkMask = 1<<linkBits - 1
)

func linkWord(kind, next, prev uint64) uint64 {
	return kind<<(2*linkBits) | next<<linkBits | prev
}

func (z *Zone) info(id uint64) uint64       { return z.load64(z.pageTable + id*16) }
func (z *Zone) setInfo(id, v uint64)        { z.put64(z.pageTable+id*16, v) }
func (z *Zone) link(id uint64) uint64       { return z.load64(z.pageTable + id*16 + 8) }
func (z *Zone) setLink(id, v uint64)        { z.put64(z.pageTable+id*16+8, v) }
func (z *Zone) kind(id uint64) uint64       { return z.link(id) >> (2 * linkBits) }
func (z *Zone) next(id uint64) uint64       { return z.link(id) >> linkBits & linkMask }
func (z *Zone) prev(id uint64) uint64       { return z.link(id) & linkMask }
func (z *Zone) pageAt(id uint64) uint64     { return z.arena + (id-firstPage)*pageSize }
func (z *Zone) pageOf(off uint64) uint64    { return (off-z.arena)>>pageShift + firstPage }
func (z *Zone) pagesEnd() uint64            { return firstPage + z.pages }
func (z *Zone) stat(class, n uint64) uint64 { return ctlStats + class*32 + n*8 }

func (z *Zone) setNext(id, to uint64) {
	z.setLink(id, z.link(id)&^(linkMask<<linkBits)|to<<linkBits)
}

func (z *Zone) setPrev(id, to uint64) {
	z.setLink(id, z.link(id)&^linkMask|to)
}

func (z *Zone) unlinkPage(id uint64) {
	p, n := z.prev(id), z.next(id)
	z.setNext(p, n)
	z.setPrev(n, p)
}

func (z *Zone) pushPage(head, id, kind uint64) {
	n := z.next(head)
	z.setLink(id, linkWord(kind, n, head))
	z.setPrev(n, id)
	z.setNext(head, id)
}

// slabInit makes all pages one free run. It runs before anyone else sees the
// zone, or under the lock, and does not use the undo area: the page table may
// be larger than that. Interrupted, it runs again.
func (z *Zone) slabInit() {
	clear(z.bytes(z.pageTable, (firstPage+z.pages)*16))
	for class := range uint64(slabClasses) {
		z.store64(z.pageTable+(class+1)*16+8, linkWord(pageInside, class+1, class+1))
		for n := range uint64(4) {
			z.store64(z.stat(class, n), 0)
		}
	}
	z.store64(z.pageTable+freeHead*16+8, linkWord(pageInside, firstPage, firstPage))
	z.store64(z.pageTable+firstPage*16, z.pages)
	z.store64(z.pageTable+firstPage*16+8, linkWord(pageFree, freeHead, freeHead))
	if z.pages > 1 {
		last := z.pagesEnd() - 1
		z.store64(z.pageTable+last*16, firstPage)
		z.store64(z.pageTable+last*16+8, linkWord(pageFreeLast, 0, 0))
	}
	z.store64(ctlFreePages, z.pages)
}

// sizeClass returns the class of a size, or slabClasses and more for runs of
// pages: sizes with the same number are served by the same kind of chunk.
func sizeClass(size uint64) uint64 {
	if size > pageSize/2 {
		return slabClasses - 1 + (size+pageSize-1)>>pageShift
	}
	if size <= 1<<minShift {
		return 0
	}
	return uint64(bits.Len64(size-1)) - minShift
}

// alloc returns the offset of a chunk of at least size bytes, 0 when there is
// none (ngx_slab_alloc_locked). The caller holds the lock.
func (z *Zone) alloc(size uint64) uint64 {
	if z.load64(ctlFreed) != 0 {
		panic("shm: allocation after free without a checkpoint")
	}
	class := sizeClass(size)
	if class >= slabClasses {
		id := z.allocPages((size + pageSize - 1) >> pageShift)
		if id == 0 {
			return 0
		}
		return z.pageAt(id)
	}
	z.store64(z.stat(class, 2), z.load64(z.stat(class, 2))+1)
	head := class + 1
	id := z.next(head)
	if id == head {
		id = z.newSlab(class)
		if id == 0 {
			z.store64(z.stat(class, 3), z.load64(z.stat(class, 3))+1)
			return 0
		}
	}
	off := z.takeChunk(id, class)
	z.put64(z.stat(class, 1), z.load64(z.stat(class, 1))+1)
	if failHook != nil {
		failHook(failChunkTaken)
	}
	return off
}

// mapChunks is the number of chunks that the bitmap takes up in a page of a
// small class.
func mapChunks(shift uint64) uint64 {
	return max(1, uint64(pageSize)>>shift/(8<<shift))
}

// newSlab makes a free page one of the class's, with no chunk taken.
func (z *Zone) newSlab(class uint64) uint64 {
	id := z.allocPages(1)
	if id == 0 {
		return 0
	}
	shift := class + minShift
	chunks := uint64(pageSize) >> shift
	switch {
	case shift < exactShift:
		page := z.pageAt(id)
		reserved := mapChunks(shift)
		clear(z.bytes(page, chunks/8))
		z.store64(page, 1<<reserved-1)
		chunks -= reserved
		z.setInfo(id, shift)
		z.pushPage(class+1, id, pageSmall)
	case shift == exactShift:
		z.setInfo(id, 0)
		z.pushPage(class+1, id, pageExact)
	default:
		z.setInfo(id, shift)
		z.pushPage(class+1, id, pageBig)
	}
	z.put64(z.stat(class, 0), z.load64(z.stat(class, 0))+chunks)
	return id
}

// takeChunk takes the first free chunk of a page that has one, and takes the
// page off its list when that was the last.
func (z *Zone) takeChunk(id, class uint64) uint64 {
	shift := class + minShift
	page := z.pageAt(id)
	switch z.kind(id) {
	case pageSmall:
		words := uint64(pageSize) >> shift / 64
		for w := range words {
			m := z.load64(page + w*8)
			if ^m == 0 {
				continue
			}
			bit := uint64(bits.TrailingZeros64(^m))
			m |= 1 << bit
			z.put64(page+w*8, m)
			if ^m == 0 && z.smallFull(page, w+1, words) {
				z.dropFull(id, pageSmall)
			}
			return page + (w*64+bit)<<shift
		}
		panic("shm: full page on the list of a small class")
	case pageExact:
		m := z.info(id)
		bit := uint64(bits.TrailingZeros64(^m))
		m |= 1 << bit
		z.setInfo(id, m)
		if ^m == 0 {
			z.dropFull(id, pageExact)
		}
		return page + bit<<shift
	case pageBig:
		v := z.info(id)
		m := v >> 32
		bit := uint64(bits.TrailingZeros64(^m))
		m |= 1 << bit
		z.setInfo(id, m<<32|shift)
		if m == 1<<(uint64(pageSize)>>shift)-1 {
			z.dropFull(id, pageBig)
		}
		return page + bit<<shift
	}
	panic("shm: page of another kind on a class's list")
}

func (z *Zone) smallFull(page, from, words uint64) bool {
	for w := from; w < words; w++ {
		if ^z.load64(page+w*8) != 0 {
			return false
		}
	}
	return true
}

func (z *Zone) dropFull(id, kind uint64) {
	z.unlinkPage(id)
	z.setLink(id, linkWord(kind, 0, 0))
}

// free gives a chunk back (ngx_slab_free_locked). Its memory must not be
// written before the section is committed.
func (z *Zone) free(off uint64) {
	z.store64(ctlFreed, 1)
	z.freeChunk(off)
}

// freeSaved is free for memory that the same section may take again: it saves
// the n bytes of it that matter. The caller has seen to it that there is room.
func (z *Zone) freeSaved(off, n uint64) {
	z.save(off, n)
	if id := z.pageOf(off); z.kind(id) == pageSmall {
		z.save(z.pageAt(id), mapSize) // the bitmap, should the page become free
	}
	z.freeChunk(off)
}

// mapSize is the size of the largest bitmap that lies in a page.
const mapSize = pageSize >> minShift / 8

func (z *Zone) freeChunk(off uint64) {
	if off < z.arena || off >= z.total {
		panic("shm: free of memory outside the arena")
	}
	id := z.pageOf(off)
	page := z.pageAt(id)
	switch z.kind(id) {
	case pageRun:
		if off != page {
			panic("shm: free inside a run of pages")
		}
		z.freePages(id, z.info(id))
		return
	case pageSmall:
		z.freeSmall(id, page, off)
	case pageExact:
		bit := (off - page) >> exactShift
		m := z.info(id)
		if m>>bit&1 == 0 || off&(1<<exactShift-1) != 0 {
			panic("shm: free of a free chunk")
		}
		z.setInfo(id, m&^(1<<bit))
		z.chunkFreed(id, exactShift-minShift, ^m == 0, m == 1<<bit, 64)
	case pageBig:
		v := z.info(id)
		shift, m := v&0xffffffff, v>>32
		bit := (off - page) >> shift
		if m>>bit&1 == 0 || off&(1<<shift-1) != 0 {
			panic("shm: free of a free chunk")
		}
		z.setInfo(id, m&^(1<<bit)<<32|shift)
		chunks := uint64(pageSize) >> shift
		z.chunkFreed(id, shift-minShift, m == 1<<chunks-1, m == 1<<bit, chunks)
	default:
		panic("shm: free of a free page")
	}
	if failHook != nil {
		failHook(failChunkFreed)
	}
}

func (z *Zone) freeSmall(id, page, off uint64) {
	shift := z.info(id)
	words := uint64(pageSize) >> shift / 64
	bit := (off - page) >> shift
	reserved := mapChunks(shift)
	w := page + bit/64*8
	m := z.load64(w)
	if m>>(bit%64)&1 == 0 || off&(1<<shift-1) != 0 || bit < reserved {
		panic("shm: free of a free chunk")
	}
	wasFull := z.next(id) == 0
	z.put64(w, m&^(1<<(bit%64)))
	empty := z.load64(page) == 1<<reserved-1
	for i := uint64(1); i < words && empty; i++ {
		empty = z.load64(page+i*8) == 0
	}
	z.chunkFreed(id, shift-minShift, wasFull, empty, uint64(pageSize)>>shift-reserved)
}

// chunkFreed keeps the class's list right after a chunk was freed: a page that
// was full gets back on it, one that is empty becomes a free page.
func (z *Zone) chunkFreed(id, class uint64, wasFull, empty bool, chunks uint64) {
	z.put64(z.stat(class, 1), z.load64(z.stat(class, 1))-1)
	if empty {
		if !wasFull {
			z.unlinkPage(id)
		}
		z.put64(z.stat(class, 0), z.load64(z.stat(class, 0))-chunks)
		z.freePages(id, 1)
		return
	}
	if wasFull {
		z.pushPage(class+1, id, z.kind(id))
	}
}

// allocPages takes the first free run that is long enough and leaves its rest
// in the same place of the list.
func (z *Zone) allocPages(n uint64) uint64 {
	for id := z.next(freeHead); id != freeHead; id = z.next(id) {
		have := z.info(id)
		if have < n {
			continue
		}
		if have == n {
			z.unlinkPage(id)
		} else {
			z.splitRun(id, n, have)
		}
		z.setInfo(id, n)
		z.setLink(id, linkWord(pageRun, 0, 0))
		if n > 1 {
			z.setInfo(id+n-1, id)
			z.setLink(id+n-1, linkWord(pageRunLast, 0, 0))
		}
		z.put64(ctlFreePages, z.load64(ctlFreePages)-n)
		return id
	}
	return 0
}

func (z *Zone) splitRun(id, n, have uint64) {
	rest, p, nx := id+n, z.prev(id), z.next(id)
	z.setInfo(rest, have-n)
	z.setLink(rest, linkWord(pageFree, nx, p))
	z.setNext(p, rest)
	if failHook != nil {
		failHook(failPagesSplit)
	}
	z.setPrev(nx, rest)
	if have-n > 1 {
		z.setInfo(id+have-1, rest)
	}
}

func (z *Zone) freePages(id, n uint64) {
	z.put64(ctlFreePages, z.load64(ctlFreePages)+n)
	start := id
	if after := id + n; after < z.pagesEnd() && z.kind(after) == pageFree {
		n += z.info(after)
		z.unlinkPage(after)
		z.setLink(after, linkWord(pageInside, 0, 0))
		if failHook != nil {
			failHook(failPagesJoined)
		}
	}
	if id > firstPage {
		before := id - 1
		if z.kind(before) == pageFreeLast {
			before = z.info(before)
		}
		if z.kind(before) == pageFree {
			n += z.info(before)
			z.unlinkPage(before)
			z.setLink(id-1, linkWord(pageInside, 0, 0))
			z.setLink(id, linkWord(pageInside, 0, 0))
			start = before
		}
	}
	z.setInfo(start, n)
	z.pushPage(freeHead, start, pageFree)
	if n > 1 {
		z.setInfo(start+n-1, start)
		z.setLink(start+n-1, linkWord(pageFreeLast, 0, 0))
	}
}
