package shm

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// Fragmentation under a long mix of storing and deleting: entries of all sizes,
// most of them short-lived, in a zone that is nearly full. The measure is how
// much of what fitted into the fresh zone still fits after the mix.
//
// PERIGEE_SHM_MIX=26000000 is a month at ten stores a second.
func TestFragmentation(t *testing.T) {
	const keys = 4000
	steps := setting("PERIGEE_SHM_MIX", 600_000)
	if testing.Short() {
		steps = 60_000
	}
	text := strings.Repeat("v", 20_000)
	size := func(rng *rand.Rand) int {
		switch n := rng.IntN(100); {
		case n < 60:
			return rng.IntN(200)
		case n < 90:
			return 200 + rng.IntN(1500)
		case n < 99:
			return 1700 + rng.IntN(3000)
		default:
			return 4700 + rng.IntN(15_000)
		}
	}
	// fill stores until the first refusal and returns the bytes stored.
	fill := func(d *Dict, rng *rand.Rand) (bytes int) {
		for i := 0; ; i++ {
			n := size(rng)
			if d.SafeSet(fmt.Sprint("fill", i), StringValue(text[:n]), 0, 0) != nil {
				return bytes
			}
			bytes += n
		}
	}
	fresh, _ := newDict(t, 8<<20)
	before := fill(fresh, rand.New(rand.NewPCG(7, 7)))

	d, _ := newDict(t, 8<<20)
	rng := rand.New(rand.NewPCG(1, 1))
	evictions, refused := 0, 0
	for range steps {
		key := fmt.Sprint("k", rng.IntN(3*keys))
		if rng.IntN(3) == 0 {
			d.Delete(key)
			continue
		}
		forcible, err := d.Set(key, StringValue(text[:size(rng)]), 0, 0)
		if forcible {
			evictions++
		}
		if err != nil {
			refused++
		}
	}
	st := d.z.SlabStats()
	var used, total uint64
	for _, c := range st.Classes {
		used += c.Used * uint64(c.Size)
		total += c.Total * uint64(c.Size)
	}
	// Without the entries of the mix, the zone must be as good as new.
	for _, key := range d.Keys(0) {
		d.Delete(key)
	}
	after := fill(d, rand.New(rand.NewPCG(7, 7)))
	t.Logf("%d steps: %.1f %% of the chunks' bytes in use, %d stores evicted others, %d refused; then %d bytes fit, %d into a fresh zone",
		steps, 100*float64(used)/float64(total), evictions, refused, after, before)
	if used*10 < total*7 {
		t.Errorf("only %d of %d bytes of chunks are in use", used, total)
	}
	if after < before*95/100 {
		t.Errorf("%d bytes fit, %d into a fresh zone", after, before)
	}
	// Values of several pages may find no room after 30 evictions; nginx's
	// dictionary is the same. Nearly all stores succeed.
	if refused > steps/100 {
		t.Errorf("%d stores found no room in spite of eviction", refused)
	}
}
