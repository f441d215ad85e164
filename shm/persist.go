package shm

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// A dump is a dictionary in a file: a magic line, the entries, those used
// longest ago first, and a checksum of all of it. It does not depend on the
// layout of zones. All numbers are little-endian.
//
//	entry:   0x01 type(1) flags(4) expires(8) keyLen(4) valueLen(4) key value
//	list:    as an entry, with the number of elements as valueLen, and then
//	         elements: type(1) len(4) bytes
//	end:     0x00 crc32c(4)
const dumpMagic = "perigee dictionary 1\n"

const (
	dumpEnd   = 0
	dumpEntry = 1
	dumpHead  = 1 + 1 + 4 + 8 + 4 + 4
	dumpTail  = 1 + 4
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Save writes the dictionary to a file, for Load to find at the next start. The
// file at path is replaced in one step after the new one is on the disk. Other
// processes may go on; each entry is saved as it was at some moment.
func (d *Dict) Save(path string) error {
	if err := ReplaceFile(path, d.dump); err != nil {
		return fmt.Errorf("save zone %q: %w", d.z.name, err)
	}
	return nil
}

// ReplaceFile replaces the file at path, in one step, by one that write has
// written and that is on the disk. When anything fails the old one stays.
func ReplaceFile(path string, write func(f *os.File) error) error {
	dir := filepath.Dir(path)
	f, err := os.CreateTemp(dir, filepath.Base(path)+".new-*")
	if err != nil {
		return err
	}
	err = write(f)
	if err == nil {
		err = f.Sync()
	}
	err = errors.Join(err, f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err == nil {
		err = syncDir(dir)
	}
	if err != nil {
		os.Remove(f.Name())
	}
	return err
}

func syncDir(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := f.Sync(); err != nil && !errors.Is(err, unix.EINVAL) {
		return err
	}
	return nil
}

func (d *Dict) dump(f *os.File) error {
	out := make([]byte, 0, 256<<10)
	out = append(out, dumpMagic...)
	sum := uint32(0)
	flush := func() error {
		sum = crc32.Update(sum, castagnoli, out)
		_, err := f.Write(out)
		out = out[:0]
		return err
	}
	for _, key := range d.Keys(0) {
		for {
			grown, need := d.dumpEntry(key, out)
			if need == 0 {
				out = grown
				break
			}
			if err := flush(); err != nil {
				return err
			}
			if need > cap(out) {
				out = make([]byte, 0, need)
			}
		}
	}
	out = append(out, dumpEnd)
	if err := flush(); err != nil {
		return err
	}
	_, err := f.Write(binary.LittleEndian.AppendUint32(nil, sum))
	return err
}

// dumpEntry appends a key's entry to out if it is still there and out has room;
// otherwise need is the room it takes.
func (d *Dict) dumpEntry(key string, out []byte) (grown []byte, need int) {
	z := d.z
	hash := hashKey(z.seed, key)
	z.lock()
	defer z.unlock()
	e := d.find(hash, key)
	if e == 0 || d.expired(e) {
		return out, 0
	}
	t := d.typeOf(e)
	size := dumpHead + len(key) + int(d.valLen(e))
	if t == List {
		size = dumpHead + len(key)
		for q := z.queueNext(e + entList); q != e+entList; q = z.queueNext(q) {
			size += 5 + int(z.load32(q+elemLen))
		}
	}
	if size > cap(out)-len(out) {
		return out, size
	}
	le := binary.LittleEndian
	out = append(out, dumpEntry, byte(t))
	out = le.AppendUint32(out, z.load32(e+entFlags))
	out = le.AppendUint64(out, z.load64(e+entExpires))
	out = le.AppendUint32(out, uint32(len(key)))
	out = le.AppendUint32(out, uint32(d.valLen(e)))
	out = append(out, key...)
	if t != List {
		return append(out, d.value(e)...), 0
	}
	for q := z.queueNext(e + entList); q != e+entList; q = z.queueNext(q) {
		n := uint64(z.load32(q + elemLen))
		out = append(out, byte(z.load64(q+elemLen)>>32))
		out = le.AppendUint32(out, uint32(n))
		out = append(out, z.bytes(q+elemData, n)...)
	}
	return out, 0
}

// Load fills an empty dictionary from a file that Save wrote, and returns the
// number of entries. Entries that expired meanwhile are left out. A file that
// does not exist is an ordinary first start. One that is damaged is refused
// with ErrDamaged before anything of it is used.
func (d *Dict) Load(path string) (int, error) {
	n, err := d.load(path)
	if err != nil {
		return n, fmt.Errorf("load zone %q from %q: %w", d.z.name, path, err)
	}
	return n, nil
}

func (d *Dict) load(path string) (int, error) {
	st, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	if !st.Mode().IsRegular() {
		return 0, errors.New("not a regular file")
	}
	if uint64(st.Size()) > 16*d.z.total {
		return 0, fmt.Errorf("%d bytes are more than the zone can have saved: %w", st.Size(), ErrDamaged)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	if err := parseDump(data, func(*dumped) error { return nil }); err != nil {
		return 0, err
	}
	n := 0
	err = parseDump(data, func(e *dumped) error {
		if e.expires != 0 && e.expires <= d.Now() {
			return nil
		}
		n++
		return d.restore(e)
	})
	return n, err
}

// restore stores a dumped entry. What does not fit any more makes room as any
// store does; a list keeps the elements that fit.
func (d *Dict) restore(e *dumped) error {
	ttl := int64(0)
	if e.expires != 0 {
		ttl = e.expires - d.Now()
	}
	if e.value.Type != List {
		_, err := d.Set(e.key, e.value, ttl, e.flags)
		if errors.Is(err, ErrNoMemory) {
			return nil
		}
		return err
	}
	for _, v := range e.list {
		if _, err := d.RPush(e.key, v); err != nil {
			break
		}
	}
	if ttl > 0 {
		d.Expire(e.key, ttl)
	}
	return nil
}

// dumped is an entry of a dump. Its strings lie in the dump.
type dumped struct {
	key     string
	value   Value
	flags   uint32
	expires int64
	list    []Value
}

// parseDump calls visit for each entry of a dump whose checksum is right. Every
// length is compared with what is left before it is used.
func parseDump(data []byte, visit func(*dumped) error) error {
	le := binary.LittleEndian
	if len(data) < len(dumpMagic)+dumpTail || string(data[:len(dumpMagic)]) != dumpMagic {
		return fmt.Errorf("no dump of a dictionary, or cut short: %w", ErrDamaged)
	}
	body := data[:len(data)-4]
	if le.Uint32(data[len(body):]) != crc32.Checksum(body, castagnoli) {
		return fmt.Errorf("checksum: %w", ErrDamaged)
	}
	rest := body[len(dumpMagic):]
	for len(rest) > 0 && rest[0] == dumpEntry {
		var e dumped
		var ok bool
		if rest, ok = e.parse(rest); !ok {
			return fmt.Errorf("entry: %w", ErrDamaged)
		}
		if err := visit(&e); err != nil {
			return err
		}
	}
	if len(rest) != 1 || rest[0] != dumpEnd {
		return fmt.Errorf("end: %w", ErrDamaged)
	}
	return nil
}

func (e *dumped) parse(p []byte) (rest []byte, ok bool) {
	if len(p) < dumpHead {
		return nil, false
	}
	le := binary.LittleEndian
	t := Type(p[1])
	e.flags = le.Uint32(p[2:])
	e.expires = int64(le.Uint64(p[6:]))
	keyLen, valLen := uint64(le.Uint32(p[14:])), uint64(le.Uint32(p[18:]))
	p = p[dumpHead:]
	if keyLen == 0 || keyLen > MaxKey || keyLen > uint64(len(p)) {
		return nil, false
	}
	e.key = string(p[:keyLen])
	p = p[keyLen:]
	if t != List {
		return e.value.parse(t, valLen, p)
	}
	e.value.Type = List
	if valLen > uint64(len(p))/5 {
		return nil, false
	}
	e.list = make([]Value, valLen)
	for i := range e.list {
		if len(p) < 5 || Type(p[0]) != String && Type(p[0]) != Number {
			return nil, false
		}
		t, n := Type(p[0]), uint64(le.Uint32(p[1:]))
		if p, ok = e.list[i].parse(t, n, p[5:]); !ok {
			return nil, false
		}
	}
	return p, true
}

// parse reads a value of n stored bytes from the front of p.
func (v *Value) parse(t Type, n uint64, p []byte) (rest []byte, ok bool) {
	if n > uint64(len(p)) {
		return nil, false
	}
	switch t {
	case Bool:
		ok = n == 1
	case Number:
		ok = n == 8
	case String:
		ok = true
	}
	if !ok {
		return nil, false
	}
	if t == String {
		v.Type, v.Str = t, p[:n:n]
	} else {
		v.decode(t, p[:n], nil)
	}
	return p[n:], true
}
