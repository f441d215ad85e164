package shm

import (
	"encoding/binary"
	"math/bits"
)

// hashKey mixes a key with the zone's random seed, so that nobody outside can
// choose keys that share a bucket. It is the same in every process.
func hashKey(seed uint64, key string) uint32 {
	const (
		k0 = 0xa0761d6478bd642f
		k1 = 0xe7037ed1a0b428db
	)
	p := stringBytes(key)
	h := seed ^ uint64(len(p))*k0
	for len(p) >= 8 {
		h = mix(h^binary.LittleEndian.Uint64(p), k1)
		p = p[8:]
	}
	var tail uint64
	for i, c := range p {
		tail |= uint64(c) << (8 * i)
	}
	h = mix(h^tail, k0)
	return uint32(h ^ h>>32)
}

func mix(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a, b)
	return hi ^ lo
}
