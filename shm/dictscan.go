package shm

// FlushAll makes all entries expired; their memory is freed later, by eviction
// or FlushExpired (flush_all). It takes the same time however many there are.
func (d *Dict) FlushAll() {
	z := d.z
	z.lock()
	defer z.unlock()
	d.sweepTrash()
	z.put32(d.root+rootFlush, z.load32(d.root+rootFlush)+1)
	z.checkpoint()
	d.evict(3, true)
}

func (d *Dict) sweepTrash() {
	if d.z.load32(d.root+rootTrash) != 0 {
		d.emptyTrash()
	}
}

// FlushExpired frees expired entries, at most max of them, all when max is 0,
// those used longest ago first, and returns their number (flush_expired). It
// holds the lock for the whole walk, as in OpenResty.
func (d *Dict) FlushExpired(max int) int {
	z := d.z
	z.lock()
	defer z.unlock()
	d.sweepTrash()
	freed := 0
	for q := z.queuePrev(d.lru()); q != d.lru(); {
		prev := z.queuePrev(q)
		if d.expired(q - entLRU) {
			d.count(0, rootExpired, true)
			d.discard(q - entLRU)
			freed++
			if freed == max {
				break
			}
		}
		q = prev
	}
	return freed
}

// Keys returns the keys that have not expired, those used longest ago first, at
// most max of them, all when max is 0 (get_keys, where the default is 1024). It
// holds the lock for the whole walk, as in OpenResty; Scan does not.
func (d *Dict) Keys(max int) []string {
	var buf []byte
	var ends []int
	for {
		count, size := d.keys(max, &buf, &ends)
		if count < 0 {
			break
		}
		buf, ends = make([]byte, 0, size+size/8), make([]int, 0, count+count/8)
	}
	all := string(buf)
	keys := make([]string, len(ends))
	from := 0
	for i, end := range ends {
		keys[i] = all[from:end]
		from = end
	}
	return keys
}

// keys fills buf and ends as far as they have room. When that is too little it
// returns the number of keys and bytes that are needed, else -1.
func (d *Dict) keys(max int, buf *[]byte, ends *[]int) (count, size int) {
	z := d.z
	z.lock()
	defer z.unlock()
	*buf, *ends = (*buf)[:0], (*ends)[:0]
	fits := true
	for q := z.queuePrev(d.lru()); q != d.lru(); q = z.queuePrev(q) {
		e := q - entLRU
		if d.expired(e) {
			continue
		}
		key := d.key(e)
		count++
		size += len(key)
		fits = fits && size <= cap(*buf) && count <= cap(*ends)
		if fits {
			*buf = append(*buf, key...)
			*ends = append(*ends, len(*buf))
		}
		if count == max {
			break
		}
	}
	if fits {
		return -1, 0
	}
	return count, size
}

// scanBuckets is how many buckets Scan visits under the lock at a time.
const scanBuckets = 64

// Scan calls visit for every key that begins with prefix, all keys when it is
// empty, until visit returns false. It holds the lock only for some tens of
// keys at a time and never while visit runs, so visit may use the dictionary.
// A key that is there during the whole walk is visited exactly once; one that
// comes or goes meanwhile may be. The order is no order.
func (d *Dict) Scan(prefix string, visit func(key string) bool) {
	buf := make([]byte, 0, 4096)
	ends := make([]int, 0, 4*scanBuckets)
	for from := uint64(0); from < d.z.buckets; {
		next, size, count := d.scan(from, prefix, &buf, &ends)
		if next == from {
			buf, ends = make([]byte, 0, 2*size), make([]int, 0, 2*count)
			continue
		}
		from = next
		start := 0
		for _, end := range ends {
			key := string(buf[start:end])
			start = end
			if !visit(key) {
				return
			}
		}
	}
}

// scan collects the keys of the buckets from number from on, and returns the
// bucket to go on with; it is from itself when already the first one needs more
// room, given in size and count.
func (d *Dict) scan(from uint64, prefix string, buf *[]byte, ends *[]int) (next uint64, size, count int) {
	z := d.z
	z.lock()
	defer z.unlock()
	*buf, *ends = (*buf)[:0], (*ends)[:0]
	to := min(from+scanBuckets, z.buckets)
	for b := from; b < to; b++ {
		size, count = d.bucketNeed(b)
		if size > cap(*buf)-len(*buf) || count > cap(*ends)-len(*ends) {
			return b, size, count
		}
		for e := deref(uint64(z.load32(z.index + b*4))); e != 0; e = deref(uint64(z.load32(e + entNext))) {
			key := d.key(e)
			if d.expired(e) || !hasPrefix(key, prefix) {
				continue
			}
			*buf = append(*buf, key...)
			*ends = append(*ends, len(*buf))
		}
	}
	return to, 0, 0
}

func hasPrefix(key []byte, prefix string) bool {
	return len(key) >= len(prefix) && string(key[:len(prefix)]) == prefix
}

func (d *Dict) bucketNeed(b uint64) (size, count int) {
	z := d.z
	for e := deref(uint64(z.load32(z.index + b*4))); e != 0; e = deref(uint64(z.load32(e + entNext))) {
		size += int(d.keyLen(e))
		count++
	}
	return size, count
}

// KeysWithPrefix returns the keys that begin with prefix, found by Scan.
func (d *Dict) KeysWithPrefix(prefix string) []string {
	var keys []string
	d.Scan(prefix, func(key string) bool {
		keys = append(keys, key)
		return true
	})
	return keys
}

// DictStats counts what happened to a dictionary in the life of its zone.
type DictStats struct {
	Entries  uint64 // now, expired ones included
	Hits     uint64 // Get and GetStale that found a value
	Misses   uint64
	Sets     uint64 // stores that were tried
	Evicted  uint64 // entries removed before their time
	Expired  uint64 // expired entries removed
	Failures uint64 // stores that ended with ErrNoMemory
}

// Stats returns the dictionary's counters.
func (d *Dict) Stats() DictStats {
	z := d.z
	z.lock()
	defer z.unlock()
	at := func(off uint64) uint64 { return z.load64(d.root + off) }
	return DictStats{
		Entries: at(rootCount), Hits: at(rootHits), Misses: at(rootMisses), Sets: at(rootSets),
		Evicted: at(rootEvicted), Expired: at(rootExpired), Failures: at(rootFailed),
	}
}
