package shm

import (
	"fmt"
)

// Dict is a dictionary in a zone, with the semantics of ngx.shared.DICT of
// lua-nginx-module 0.10.23, message texts included. Its methods may be called
// from any goroutine of any process. Times to live are milliseconds, 0 is
// forever. Keys have 1 to 65535 bytes.
//
// Entries hang in a hash table and in one queue of recency. BenchmarkFind is why
// it is not nginx's red-black tree: a lookup takes less than half the time among
// a thousand entries, a ninth among a hundred thousand. Also linking an entry
// changes two words, where rotations would change a dozen, each with its undo
// record.
type Dict struct {
	z    *Zone
	root uint64
	// Now tells the time in milliseconds since the epoch. It may be replaced
	// before the dictionary is used, by a clock that is cached. It is called
	// only where an entry with a time to live is looked at.
	Now func() int64
}

// The root object has the size of nginx's, so that it takes as much memory.
const (
	rootLRU       = 0  // queue sentinel
	rootCount     = 8  // entries
	rootFlush     = 16 // low half: flush generation
	rootTrash     = 24 // low half: entries whose list is not freed yet
	rootHits      = 32
	rootMisses    = 40
	rootEvicted   = 48
	rootExpired   = 56
	rootFailed    = 64
	rootSets      = 72
	rootSize      = 80
	kindDict      = 1
	nginxLogLabel = len(" in lua_shared_dict zone \"\"") + 1
)

// An entry. Its accounted size is nginx's: 68 bytes and key and value.
const (
	entNext    = 0 // low half: next entry of the bucket
	entHash    = 4
	entLRU     = 8  // queue node
	entExpires = 16 // milliseconds since the epoch, 0: never
	entGen     = 24 // flush generation at the last store
	entFlags   = 28
	entValLen  = 32 // bytes, or elements of a list
	entKeyLen  = 36 // 16 bits, then 8 bits of type
	entList    = 40 // queue sentinel of a list
	entKey     = 48

	entrySize    = 68
	listHeadSize = 16
)

// MaxKey is the longest key in bytes.
const MaxKey = 65535

// NewDict makes a dictionary in a zone that has none, and attaches to the one
// that it has otherwise.
func NewDict(z *Zone) (*Dict, error) {
	d := &Dict{z: z, Now: clockNow}
	err := z.Construct(func(existed bool) error {
		if existed {
			return nil
		}
		return d.build()
	})
	if err != nil {
		return nil, fmt.Errorf("dictionary in zone %q: %w", z.name, err)
	}
	if z.load32(ctlKind) != kindDict {
		return nil, fmt.Errorf("dictionary in zone %q: %w", z.name, ErrWrongKind)
	}
	d.root = z.load64(ctlRoot)
	return d, nil
}

func (d *Dict) build() error {
	z := d.z
	if z.flags != indexHash {
		return ErrWrongKind
	}
	z.lock()
	defer z.unlock()
	root := z.alloc(rootSize)
	// nginx keeps a label for its log here; the place is taken all the same.
	label := z.alloc(uint64(nginxLogLabel + len(z.name)))
	if root == 0 || label == 0 {
		return ErrTooSmall
	}
	clear(z.bytes(root, rootSize))
	z.store64(root+rootLRU, node(root+rootLRU, root+rootLRU))
	z.put64(ctlRoot, root)
	z.put64(ctlLabel, label)
	z.put32(ctlKind, kindDict)
	return nil
}

// Zone returns the zone that the dictionary lives in.
func (d *Dict) Zone() *Zone { return d.z }

// Capacity returns the declared size of the zone in bytes.
func (d *Dict) Capacity() int64 { return d.z.Size() }

// FreeSpace returns the bytes of the pages that are wholly free; pages that are
// in use may have room as well.
func (d *Dict) FreeSpace() int64 {
	d.z.lock()
	defer d.z.unlock()
	return int64(d.z.load64(ctlFreePages)) * pageSize
}

func checkKey(key string) error {
	if key == "" {
		return ErrEmptyKey
	}
	if len(key) > MaxKey {
		return ErrKeyTooLong
	}
	return nil
}

func (d *Dict) lru() uint64 { return d.root + rootLRU }

func (d *Dict) bucket(hash uint32) uint64 {
	return d.z.index + uint64(hash)&(d.z.buckets-1)*4
}

func (d *Dict) keyLen(e uint64) uint64  { return d.z.load64(e+entValLen) >> 32 & 0xffff }
func (d *Dict) typeOf(e uint64) Type    { return Type(d.z.load64(e+entValLen) >> 48) }
func (d *Dict) valLen(e uint64) uint64  { return d.z.load64(e+entValLen) & 0xffffffff }
func (d *Dict) key(e uint64) []byte     { return d.z.bytes(e+entKey, d.keyLen(e)) }
func (d *Dict) valueAt(e uint64) uint64 { return roundUp(e+entKey+d.keyLen(e), 8) }

func (d *Dict) value(e uint64) []byte { return d.z.bytes(d.valueAt(e), d.valLen(e)) }

// shape is the word that holds an entry's value length, key length and type.
func shape(valLen, keyLen uint64, t Type) uint64 {
	return valLen | keyLen<<32 | uint64(t)<<48
}

// find returns the entry of a key, expired or not, or 0.
func (d *Dict) find(hash uint32, key string) uint64 {
	z := d.z
	for e := deref(uint64(z.load32(d.bucket(hash)))); e != 0; e = deref(uint64(z.load32(e + entNext))) {
		if z.load32(e+entHash) == hash && string(d.key(e)) == key {
			return e
		}
	}
	return 0
}

// expired tells whether an entry's time is over or flush_all has hit it.
func (d *Dict) expired(e uint64) bool {
	if d.flushed(e) {
		return true
	}
	at := d.z.load64(e + entExpires)
	return at != 0 && int64(at) <= d.Now()
}

func (d *Dict) flushed(e uint64) bool {
	return d.z.load32(e+entGen) != d.z.load32(d.root+rootFlush)
}

// lookup finds a key and makes it the most recently used one: even an expired
// entry, which is returned with live false, as in lua-nginx-module 0.10.23.
func (d *Dict) lookup(hash uint32, key string) (e uint64, live bool) {
	e = d.find(hash, key)
	if e == 0 {
		return 0, false
	}
	d.touch(e)
	return e, !d.expired(e)
}

func (d *Dict) touch(e uint64) { d.z.queueToHead(d.lru(), e+entLRU) }

// insert links a filled entry.
func (d *Dict) insert(e uint64) {
	z := d.z
	b := d.bucket(z.load32(e + entHash))
	z.put32(e+entNext, z.load32(b))
	z.put32(b, uint32(ref(e)))
	if failHook != nil {
		failHook(failEntryLinked)
	}
	z.queueInsert(d.lru(), e+entLRU)
	z.put64(d.root+rootCount, z.load64(d.root+rootCount)+1)
}

// remove unlinks an entry; its memory is still taken.
func (d *Dict) remove(e uint64) {
	z := d.z
	link := d.bucket(z.load32(e + entHash))
	for {
		at := deref(uint64(z.load32(link)))
		if at == e {
			break
		}
		if at == 0 {
			panic("shm: entry is not in its bucket")
		}
		link = at + entNext
	}
	z.put32(link, z.load32(e+entNext))
	if failHook != nil {
		failHook(failEntryUnlinked)
	}
	z.queueRemove(e + entLRU)
	z.put64(d.root+rootCount, z.load64(d.root+rootCount)-1)
}

// discard removes an entry and frees its memory, committing on the way: the
// zone must be consistent without the entry.
func (d *Dict) discard(e uint64) {
	d.remove(e)
	d.release(e)
	d.z.checkpoint()
}

// release frees the memory of an unlinked entry. A list may have more elements
// than the undo area has records, so it goes on the trash first and is freed
// step by step; a death in between leaves the rest to the next section.
func (d *Dict) release(e uint64) {
	z := d.z
	if d.typeOf(e) != List {
		z.free(e)
		return
	}
	z.put32(e+entNext, z.load32(d.root+rootTrash))
	z.put32(d.root+rootTrash, uint32(ref(e)))
	z.checkpoint()
	if failHook != nil {
		failHook(failTrashed)
	}
	d.emptyTrash()
}

func (d *Dict) emptyTrash() {
	z := d.z
	for {
		e := deref(uint64(z.load32(d.root + rootTrash)))
		if e == 0 {
			return
		}
		for !z.queueEmpty(e + entList) {
			n := z.queueNext(e + entList)
			z.queueRemove(n)
			z.free(n)
			z.checkpoint()
		}
		z.put32(d.root+rootTrash, z.load32(e+entNext))
		z.free(e)
		z.checkpoint()
	}
}

// sweep begins every writing call, as in nginx: it removes up to two expired
// entries from the old end of the queue.
func (d *Dict) sweep() {
	if d.z.load32(d.root+rootTrash) != 0 {
		d.emptyTrash()
	}
	d.evict(2, false)
}

// evict removes entries from the old end of the queue: the oldest, expired or
// not, when forced, then expired ones. It returns how many were removed.
func (d *Dict) evict(n int, force bool) (removed int) {
	z := d.z
	for ; n > 0 && !z.queueEmpty(d.lru()); n-- {
		e := z.queuePrev(d.lru()) - entLRU
		expired := d.expired(e)
		if !expired && !force {
			break
		}
		force = false
		d.count(rootEvicted, rootExpired, expired)
		d.discard(e)
		removed++
		if failHook != nil {
			failHook(failEvicted)
		}
	}
	return removed
}

// count adds one to a statistic: to yes when the condition holds, else to no.
func (d *Dict) count(no, yes uint64, cond bool) {
	at := d.root + no
	if cond {
		at = d.root + yes
	}
	d.z.store64(at, d.z.load64(at)+1)
}

// expiry returns when an entry stored now ends.
func (d *Dict) expiry(ttl int64) uint64 {
	if ttl <= 0 {
		return 0
	}
	return uint64(d.Now() + ttl)
}
