package shm

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

// queueToHead moves x to the head of sentinel q's queue.
func (z *Zone) queueToHead(q, x uint64) {
	if z.queueNext(q) == x {
		return
	}
	z.queueRemove(x)
	z.queueInsert(q, x)
}
