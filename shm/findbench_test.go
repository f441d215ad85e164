package shm

import (
	"fmt"
	"hash/crc32"
	"slices"
	"testing"
)

// BenchmarkFind decides between a hash table and nginx's red-black tree for the
// dictionary. The tree here is a perfectly balanced one over the same entries,
// ordered by nginx's crc32: better than any red-black tree can be. It gets its
// links in the entries' spare words, so that both read the same memory.
func BenchmarkFind(b *testing.B) {
	for _, n := range []int{1000, 100_000} {
		d, _ := newDict(b, 64<<20)
		keys := make([]string, n)
		for i := range keys {
			keys[i] = fmt.Sprintf("session:%08d", i)
			d.Set(keys[i], NumberValue(float64(i)), 0, 0)
		}
		// Visit in an order that is neither the table's nor the memory's.
		step := 7919
		b.Run(fmt.Sprint("chained/", n), func(b *testing.B) {
			i := 0
			for b.Loop() {
				key := keys[i%n]
				if d.find(hashKey(d.z.seed, key), key) == 0 {
					b.Fatal("lost")
				}
				i += step
			}
		})
		t := buildTree(d, keys)
		b.Run(fmt.Sprint("tree/", n), func(b *testing.B) {
			i := 0
			for b.Loop() {
				if t.find(keys[i%n]) == 0 {
					b.Fatal("lost")
				}
				i += step
			}
		})
		// Give the spare words back before the checker looks.
		for _, key := range keys {
			e := d.find(hashKey(d.z.seed, key), key)
			d.z.store64(e+entList, node(e+entList, e+entList))
			d.z.store64(e+entExpires, 0)
		}
	}
}

type tree struct {
	d    *Dict
	root uint64
}

func buildTree(d *Dict, keys []string) *tree {
	entries := make([]uint64, len(keys))
	for i, key := range keys {
		e := d.find(hashKey(d.z.seed, key), key)
		d.z.store64(e+entExpires, uint64(crc32.ChecksumIEEE([]byte(key))))
		entries[i] = e
	}
	slices.SortFunc(entries, func(a, b uint64) int {
		return int(int64(d.z.load64(a+entExpires)) - int64(d.z.load64(b+entExpires)))
	})
	t := &tree{d: d}
	t.root = t.build(entries)
	return t
}

func (t *tree) build(entries []uint64) uint64 {
	if len(entries) == 0 {
		return 0
	}
	m := len(entries) / 2
	left, right := t.build(entries[:m]), t.build(entries[m+1:])
	t.d.z.store64(entries[m]+entList, node(left, right))
	return entries[m]
}

func (t *tree) find(key string) uint64 {
	z := t.d.z
	hash := uint64(crc32.ChecksumIEEE(stringBytes(key)))
	for e := t.root; e != 0; {
		h := z.load64(e + entExpires)
		switch {
		case hash < h:
			e = z.queueNext(e + entList)
		case hash > h:
			e = z.queuePrev(e + entList)
		case string(t.d.key(e)) == key:
			return e
		default:
			return 0 // equal sums: rare enough for a yardstick
		}
	}
	return 0
}
