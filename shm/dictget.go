package shm

// Get returns the value of a key and the flags stored with it, a Nil value when
// there is none (get). A string is appended to dst, which is grown if it has to
// be; without growth nothing is allocated. A list is ErrIsList.
func (d *Dict) Get(key string, dst []byte) (v Value, flags uint32, err error) {
	v, flags, _, err = d.read(key, dst, readLive)
	return v, flags, err
}

// GetStale returns an expired value too, as long as its memory was not taken by
// others, and tells that it is expired (get_stale).
func (d *Dict) GetStale(key string, dst []byte) (v Value, flags uint32, stale bool, err error) {
	return d.read(key, dst, readStale)
}

// Peek is Get that does not count as a use: the key's place in the order of
// eviction, and the statistics, stay as they are.
func (d *Dict) Peek(key string, dst []byte) (v Value, flags uint32, err error) {
	v, flags, _, err = d.read(key, dst, readPeek)
	return v, flags, err
}

type readMode int

const (
	readLive readMode = iota
	readStale
	readPeek
)

func (d *Dict) read(key string, dst []byte, mode readMode) (v Value, flags uint32, stale bool, err error) {
	if err := checkKey(key); err != nil {
		return v, 0, false, err
	}
	hash := hashKey(d.z.seed, key)
	for again := false; ; again = true {
		var need uint64
		v, flags, stale, need, err = d.tryRead(hash, key, dst, mode, again)
		if need == 0 {
			return v, flags, stale, err
		}
		// Memory is never allocated inside a section.
		grown := make([]byte, len(dst), uint64(len(dst))+need)
		copy(grown, dst)
		dst = grown
	}
}

// tryRead reads a value; when dst has no room for it, need says how much it
// takes. The second try sweeps no more: it is the same call to the user.
func (d *Dict) tryRead(hash uint32, key string, dst []byte, mode readMode, again bool) (v Value, flags uint32, stale bool, need uint64, err error) {
	z := d.z
	z.lock()
	defer z.unlock()
	if mode == readLive && !again {
		d.sweep()
	}
	e := d.find(hash, key)
	if e == 0 {
		d.countRead(mode, false)
		return
	}
	if mode != readPeek {
		d.touch(e)
	}
	stale = d.expired(e)
	if stale && mode != readStale {
		d.countRead(mode, false)
		stale = false
		return
	}
	t := d.typeOf(e)
	if t == List {
		d.countRead(mode, true)
		err = ErrIsList
		return
	}
	stored := d.value(e)
	if t == String && len(stored) > cap(dst)-len(dst) {
		need = uint64(len(stored))
		return
	}
	d.countRead(mode, true)
	v.decode(t, stored, dst)
	flags = z.load32(e + entFlags)
	return
}

func (d *Dict) countRead(mode readMode, hit bool) {
	if mode != readPeek {
		d.count(rootMisses, rootHits, hit)
	}
}

// TTL returns how many milliseconds a key has left, 0 for one that never ends
// (ttl). Like OpenResty's it answers for an expired entry whose memory is still
// there, with a negative number. ErrNotFound is for a key that is not there.
func (d *Dict) TTL(key string) (int64, error) {
	if err := checkKey(key); err != nil {
		return 0, err
	}
	hash := hashKey(d.z.seed, key)
	d.z.lock()
	defer d.z.unlock()
	e := d.find(hash, key)
	if e == 0 {
		return 0, ErrNotFound
	}
	at := d.z.load64(e + entExpires)
	if d.flushed(e) {
		at = 1 // what flush_all writes into every entry of nginx's zone
	}
	if at == 0 {
		return 0, nil
	}
	return int64(at) - d.Now(), nil
}

// Expire gives a key another time to live (expire). Like OpenResty's it revives
// an expired entry whose memory is still there.
func (d *Dict) Expire(key string, ttl int64) error {
	if err := checkKey(key); err != nil {
		return err
	}
	hash := hashKey(d.z.seed, key)
	d.z.lock()
	defer d.z.unlock()
	e := d.find(hash, key)
	if e == 0 {
		return ErrNotFound
	}
	d.z.put64(e+entExpires, d.expiry(ttl))
	d.z.put32(e+entGen, d.z.load32(d.root+rootFlush))
	return nil
}
