package shm

import "encoding/binary"

// Set stores a value under a key, whatever is there (set). With no room left it
// removes the entries used longest ago, up to 30 times; forcible reports that
// it did. A Nil value deletes the key. A value whose size changes and for which
// no memory is found is gone with ErrNoMemory, as in OpenResty.
func (d *Dict) Set(key string, v Value, ttl int64, flags uint32) (forcible bool, err error) {
	return d.store(storeAlways, key, v, ttl, flags)
}

// SafeSet is Set that never removes entries of others (safe_set).
func (d *Dict) SafeSet(key string, v Value, ttl int64, flags uint32) error {
	_, err := d.store(storeSafe, key, v, ttl, flags)
	return err
}

// Add is Set for a key that must not exist, else ErrExists (add).
func (d *Dict) Add(key string, v Value, ttl int64, flags uint32) (forcible bool, err error) {
	return d.store(storeAdd, key, v, ttl, flags)
}

// SafeAdd is Add that never removes entries of others (safe_add).
func (d *Dict) SafeAdd(key string, v Value, ttl int64, flags uint32) error {
	_, err := d.store(storeAdd|storeSafe, key, v, ttl, flags)
	return err
}

// Replace is Set for a key that must exist, else ErrNotFound (replace).
func (d *Dict) Replace(key string, v Value, ttl int64, flags uint32) (forcible bool, err error) {
	return d.store(storeReplace, key, v, ttl, flags)
}

// Delete removes a key, if it is there (delete).
func (d *Dict) Delete(key string) error {
	_, err := d.store(storeAlways, key, Value{}, 0, 0)
	return err
}

// CompareAndSet stores a value under a key if the present one equals old; Nil
// as old stands for a key that does not exist, Nil as v deletes. Otherwise the
// answer is ErrChanged. It has no counterpart in OpenResty.
func (d *Dict) CompareAndSet(key string, old, v Value, ttl int64, flags uint32) (forcible bool, err error) {
	if err := checkStore(key, v); err != nil {
		return false, err
	}
	hash := hashKey(d.z.seed, key)
	d.z.lock()
	defer d.z.unlock()
	d.sweep()
	e, live := d.lookup(hash, key)
	if !d.holds(e, live, old) {
		return false, ErrChanged
	}
	return d.storeLocked(storeAlways, e, hash, key, v, ttl, flags)
}

func (d *Dict) holds(e uint64, live bool, v Value) bool {
	if !live || v.Type == Nil {
		return !live && v.Type == Nil
	}
	if d.typeOf(e) != v.Type {
		return false
	}
	var scratch [8]byte
	return string(d.value(e)) == string(v.encode(&scratch))
}

const (
	storeAlways  = 0
	storeAdd     = 1
	storeReplace = 2
	storeSafe    = 4
)

func checkStore(key string, v Value) error {
	if err := checkKey(key); err != nil {
		return err
	}
	if uint64(len(v.Str)) >= 1<<32-1-MaxKey-entrySize {
		return ErrNoMemory
	}
	switch v.Type {
	case Nil, Bool, Number, String:
		return nil
	}
	return ErrBadValue
}

func (d *Dict) store(op int, key string, v Value, ttl int64, flags uint32) (bool, error) {
	if err := checkStore(key, v); err != nil {
		return false, err
	}
	if v.Type == Nil && op&(storeAdd|storeReplace) != 0 {
		return false, ErrNilStore
	}
	hash := hashKey(d.z.seed, key)
	d.z.lock()
	defer d.z.unlock()
	d.sweep()
	e, live := d.lookup(hash, key)
	if op&storeReplace != 0 && !live {
		return false, ErrNotFound
	}
	if op&storeAdd != 0 && live {
		return false, ErrExists
	}
	return d.storeLocked(op, e, hash, key, v, ttl, flags)
}

// storeLocked stores over entry e, or a new one when e is 0. The zone is
// consistent when it is called.
func (d *Dict) storeLocked(op int, e uint64, hash uint32, key string, v Value, ttl int64, flags uint32) (bool, error) {
	z := d.z
	z.checkpoint() // what sweep freed may be used again
	if v.Type == Nil {
		if e != 0 {
			d.discard(e)
		}
		return false, nil
	}
	z.store64(d.root+rootSets, z.load64(d.root+rootSets)+1)
	var scratch [8]byte
	stored := v.encode(&scratch)
	size := entrySize + uint64(len(key)+len(stored))
	if e != 0 && d.overwrite(e, v.Type, stored, ttl, flags) {
		return false, nil
	}
	at := uint64(0)
	if e != 0 && !d.giveBack(e) {
		// The old value is too large to be saved: it goes last, if there is
		// memory for both.
		if at = z.alloc(size); at == 0 {
			d.discard(e)
		}
	}
	replaced := at
	if at == 0 {
		at = z.alloc(size)
	}
	forcible := false
	if at == 0 && op&storeSafe == 0 {
		at, forcible = d.makeRoom(size)
	}
	if at == 0 {
		z.store64(d.root+rootFailed, z.load64(d.root+rootFailed)+1)
		return forcible, ErrNoMemory
	}
	d.fill(at, hash, key, v.Type, uint64(len(stored)), ttl, flags)
	copy(d.value(at), stored)
	if failHook != nil {
		failHook(failEntryFilled)
	}
	if replaced != 0 {
		d.remove(e)
	}
	d.insert(at)
	if replaced != 0 {
		d.release(e)
	}
	return forcible, nil
}

// makeRoom evicts until an allocation succeeds, at most 30 times. An old value
// that made way is gone for good, as in nginx.
func (d *Dict) makeRoom(size uint64) (at uint64, forcible bool) {
	d.z.checkpoint()
	for range 30 {
		if d.evict(3, true) == 0 {
			break
		}
		forcible = true
		if at = d.z.alloc(size); at != 0 {
			break
		}
	}
	return at, forcible
}

// fill writes the head and the key of a fresh entry, without undo records.
func (d *Dict) fill(at uint64, hash uint32, key string, t Type, valLen uint64, ttl int64, flags uint32) {
	z := d.z
	z.store32(at+entNext, 0)
	z.store32(at+entHash, hash)
	z.store64(at+entLRU, 0)
	z.store64(at+entExpires, d.expiry(ttl))
	z.store32(at+entGen, z.load32(d.root+rootFlush))
	z.store32(at+entFlags, flags)
	z.store64(at+entValLen, shape(valLen, uint64(len(key)), t))
	z.store64(at+entList, node(at+entList, at+entList))
	copy(z.bytes(at+entKey, uint64(len(key))), key)
}

// overwrite stores a value where one of the same length lies.
func (d *Dict) overwrite(e uint64, t Type, stored []byte, ttl int64, flags uint32) bool {
	n := uint64(len(stored))
	if d.typeOf(e) == List || n != d.valLen(e) || n > bulkSize {
		return false
	}
	z := d.z
	d.touch(e)
	d.renew(e, ttl, flags)
	z.put64(e+entValLen, shape(n, d.keyLen(e), t))
	if n == 8 {
		z.put64(d.valueAt(e), binary.LittleEndian.Uint64(stored))
		return true
	}
	z.putBytes(d.valueAt(e), stored)
	return true
}

// savedElements is the longest list that is given back at once.
const savedElements = 60

// giveBack removes an entry and frees its memory for use in the same section,
// as nginx does before it seeks memory for the new value. It is false, and
// nothing has happened, when the entry is too large to be saved.
func (d *Dict) giveBack(e uint64) bool {
	z := d.z
	size := d.valueAt(e) - e + d.valLen(e)
	if d.typeOf(e) == List {
		size = d.valueAt(e) - e
		if !d.elementsFit(e, size) {
			return false
		}
	}
	if !z.roomToSave(size+mapSize, 64) {
		return false
	}
	d.remove(e)
	if d.typeOf(e) == List {
		d.giveBackElements(e)
	}
	z.freeSaved(e, size)
	return true
}

// elementsFit tells whether a list's elements, and so many bytes more, can be
// saved.
func (d *Dict) elementsFit(e, more uint64) bool {
	z := d.z
	if d.valLen(e) > savedElements {
		return false
	}
	for q := z.queueNext(e + entList); q != e+entList; q = z.queueNext(q) {
		more += elemData + uint64(z.load32(q+elemLen)) + mapSize
	}
	return z.roomToSave(more+mapSize, savedElements*24+64)
}

func (d *Dict) giveBackElements(e uint64) {
	z := d.z
	for !z.queueEmpty(e + entList) {
		q := z.queueNext(e + entList)
		z.queueRemove(q)
		z.freeSaved(q, elemData+uint64(z.load32(q+elemLen)))
	}
}

func (d *Dict) renew(e uint64, ttl int64, flags uint32) {
	z := d.z
	z.put64(e+entExpires, d.expiry(ttl))
	z.put32(e+entGen, z.load32(d.root+rootFlush))
	z.put32(e+entFlags, flags)
}
