package shm

import "encoding/binary"

// A queue is a ring of nodes with a sentinel (ngx_queue_t). A node is one
// word: the next and the previous node's offset in units of 8 bytes, so that
// turning a link costs one undo record.

func ref(off uint64) uint64   { return off >> 3 }
func deref(r uint64) uint64   { return r << 3 }
func node(n, p uint64) uint64 { return ref(n) | ref(p)<<32 }

func (z *Zone) queueNext(q uint64) uint64 { return deref(z.load64(q) & 0xffffffff) }
func (z *Zone) queuePrev(q uint64) uint64 { return deref(z.load64(q) >> 32) }
func (z *Zone) queueEmpty(q uint64) bool  { return z.queueNext(q) == q }

func (z *Zone) setQueueNext(q, to uint64) {
	z.put64(q, z.load64(q)&^0xffffffff|ref(to))
}

func (z *Zone) setQueuePrev(q, to uint64) {
	z.put64(q, z.load64(q)&0xffffffff|ref(to)<<32)
}

// queueInsert puts x behind q: behind the sentinel is the head of the queue.
func (z *Zone) queueInsert(q, x uint64) {
	n := z.queueNext(q)
	z.put64(x, node(n, q))
	z.setQueuePrev(n, x)
	if failHook != nil {
		failHook(failListLinked)
	}
	z.setQueueNext(q, x)
}

func (z *Zone) queueRemove(x uint64) {
	n, p := z.queueNext(x), z.queuePrev(x)
	z.setQueueNext(p, n)
	z.setQueuePrev(n, p)
}

// queueToHead moves x to the head of sentinel q's queue. It is the one change
// that a reader makes, so it writes its undo records in one go: the one that
// makes them all valid comes last.
func (z *Zone) queueToHead(q, x uint64) {
	w := z.load64(q)
	first := deref(w & 0xffffffff)
	if first == x {
		return
	}
	at := z.load64(x)
	next, prev := deref(at&0xffffffff), deref(at>>32)
	rec := z.load64(ctlRecord)
	if prev == first || rec > z.undo+(undoRecords-8)*16 {
		z.queueRemove(x)
		z.queueInsert(q, x)
		return
	}
	// x, its neighbours, the sentinel and the first node are five words, or
	// four when x is the last.
	n, p, f := z.load64(next), z.load64(prev), z.load64(first)
	log := z.bytes(rec, 6*16)
	size := uint64(4 * 16)
	if next != q {
		putRecord(log[4*16:], n, next)
		size += 16
	}
	putRecord(log[size:], 0, 0)
	putRecord(log[3*16:], f, first)
	putRecord(log[2*16:], p, prev)
	putRecord(log[1*16:], at, x)
	z.store64(rec, w)
	z.store64(rec+8, q)
	z.store64(ctlRecord, rec+size)
	if failHook != nil {
		failHook(failRecordWritten)
	}
	if next != q {
		z.store64(next, n&0xffffffff|at&^0xffffffff)
	} else {
		w = at & ^uint64(0xffffffff)
	}
	z.store64(prev, p&^0xffffffff|at&0xffffffff)
	z.store64(first, f&0xffffffff|ref(x)<<32)
	if failHook != nil {
		failHook(failListLinked)
	}
	z.store64(x, node(first, q))
	z.store64(q, w&^0xffffffff|ref(x))
}

func putRecord(log []byte, old, off uint64) {
	binary.LittleEndian.PutUint64(log, old)
	binary.LittleEndian.PutUint64(log[8:], off)
}
