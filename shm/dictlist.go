package shm

// The elements of a list: a queue node, the length, the type, the bytes. The
// accounted size is nginx's.
const (
	elemLen  = 8  // 32 bits
	elemType = 12 // 8 bits
	elemData = 16

	elemSize = 21
)

// LPush puts a string or number at the head of a list, which is created if
// there is none, and returns the list's length (lpush). It never removes other
// entries: ErrNoMemory.
func (d *Dict) LPush(key string, v Value) (int, error) { return d.push(key, v, true) }

// RPush is LPush at the tail (rpush).
func (d *Dict) RPush(key string, v Value) (int, error) { return d.push(key, v, false) }

// LPop removes the first element of a list and returns it, appended to dst if
// it is a string; Nil when there is none (lpop). The last element takes the
// list with it.
func (d *Dict) LPop(key string, dst []byte) (Value, error) { return d.pop(key, dst, true) }

// RPop is LPop at the tail (rpop).
func (d *Dict) RPop(key string, dst []byte) (Value, error) { return d.pop(key, dst, false) }

// LLen returns the number of elements of a list, 0 when there is none (llen).
func (d *Dict) LLen(key string) (int, error) {
	if err := checkKey(key); err != nil {
		return 0, err
	}
	hash := hashKey(d.z.seed, key)
	d.z.lock()
	defer d.z.unlock()
	d.sweep()
	e, live := d.lookup(hash, key)
	if !live {
		return 0, nil
	}
	if d.typeOf(e) != List {
		return 0, ErrNotList
	}
	return int(d.valLen(e)), nil
}

func (d *Dict) push(key string, v Value, left bool) (int, error) {
	if v.Type != String && v.Type != Number {
		return 0, ErrBadValue
	}
	if err := checkStore(key, v); err != nil {
		return 0, err
	}
	z := d.z
	hash := hashKey(z.seed, key)
	z.lock()
	defer z.unlock()
	d.sweep()
	e, live := d.lookup(hash, key)
	if live && d.typeOf(e) != List {
		return 0, ErrNotList
	}
	z.checkpoint()
	if e != 0 && !live {
		e = d.emptyList(e)
	}
	fresh := e == 0
	if fresh {
		e = z.alloc(roundUp(entrySize+uint64(len(key))+listHeadSize, 8))
		if e == 0 {
			return 0, ErrNoMemory
		}
		d.fill(e, hash, key, List, 0, 0, 0)
	}
	elem := z.alloc(elemSize + v.size())
	if elem == 0 {
		if !fresh && d.valLen(e) == 0 {
			d.remove(e)
		}
		if d.valLen(e) == 0 {
			z.free(e)
		}
		return 0, ErrNoMemory
	}
	var scratch [8]byte
	stored := v.encode(&scratch)
	z.store64(elem, 0)
	z.store64(elem+elemLen, uint64(len(stored))|uint64(v.Type)<<32)
	copy(z.bytes(elem+elemData, uint64(len(stored))), stored)
	if fresh {
		d.insert(e)
	}
	where := e + entList
	if !left {
		where = z.queuePrev(where)
	}
	z.queueInsert(where, elem)
	n := d.valLen(e) + 1
	z.put64(e+entValLen, shape(n, d.keyLen(e), List))
	return int(n), nil
}

// emptyList makes way for a new list where an expired entry is: the entry itself
// when it is a list, now without elements, else 0.
func (d *Dict) emptyList(e uint64) uint64 {
	z := d.z
	if d.typeOf(e) == List && d.elementsFit(e, 0) {
		d.giveBackElements(e)
		d.renew(e, 0, z.load32(e+entFlags))
		z.put64(e+entValLen, shape(0, d.keyLen(e), List))
		return e
	}
	if d.typeOf(e) == List || !d.giveBack(e) {
		d.discard(e)
	}
	return 0
}

func (d *Dict) pop(key string, dst []byte, left bool) (Value, error) {
	if err := checkKey(key); err != nil {
		return Value{}, err
	}
	hash := hashKey(d.z.seed, key)
	for again := false; ; again = true {
		v, need, err := d.tryPop(hash, key, dst, left, again)
		if need == 0 {
			return v, err
		}
		grown := make([]byte, len(dst), uint64(len(dst))+need)
		copy(grown, dst)
		dst = grown
	}
}

// tryPop takes a value out; when dst has no room for it, need says how much it
// takes. The second try sweeps no more: it is the same call to the user.
func (d *Dict) tryPop(hash uint32, key string, dst []byte, left, again bool) (v Value, need uint64, err error) {
	z := d.z
	z.lock()
	defer z.unlock()
	if !again {
		d.sweep()
	}
	e, live := d.lookup(hash, key)
	if !live {
		return
	}
	if d.typeOf(e) != List {
		err = ErrNotList
		return
	}
	elem := z.queuePrev(e + entList)
	if left {
		elem = z.queueNext(e + entList)
	}
	head := z.load64(elem + elemLen)
	t, size := Type(head>>32), head&0xffffffff
	if t == String && size > uint64(cap(dst)-len(dst)) {
		need = size
		return
	}
	v.decode(t, z.bytes(elem+elemData, size), dst)
	z.queueRemove(elem)
	z.free(elem)
	if n := d.valLen(e) - 1; n > 0 {
		z.put64(e+entValLen, shape(n, d.keyLen(e), List))
		return
	}
	d.remove(e)
	z.free(e)
	return
}
