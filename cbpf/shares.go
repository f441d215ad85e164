package cbpf

import "errors"

// spread fills the table of shares: each index gets slots in proportion to its
// weight, at least one if the weight is not 0, and they alternate over the
// table, so that neighbouring hashes go to different sockets.
func spread(weights []uint32) ([]uint32, error) {
	total := uint64(0)
	for _, w := range weights {
		total += uint64(w)
	}
	if total == 0 {
		return nil, errors.New("all weights are zero")
	}
	shares := make([]uint32, tableSlots)
	credit := make([]int64, len(weights))
	for slot := range shares {
		best := -1
		for i, w := range weights {
			credit[i] += int64(w)
			if w > 0 && (best < 0 || credit[i] > credit[best]) {
				best = i
			}
		}
		credit[best] -= int64(total)
		shares[slot] = uint32(best)
	}
	return shares, nil
}

// busy is from how many connections on a worker counts as busy: below, the
// differences are chance.
const busy = 32

// LeastBusy turns the number of connections that each worker serves into
// weights for Share: one that serves fewer than the busiest gets more of the
// new ones. A negative number marks a worker that is gone or shutting down.
func LeastBusy(active []int64) []uint32 {
	weights := make([]uint32, len(active))
	most := int64(busy)
	for _, n := range active {
		most = max(most, n)
	}
	for i, n := range active {
		if n < 0 {
			continue
		}
		// From 16 for the busiest to 64 for an idle one.
		weights[i] = uint32(16 + (most-n)*48/most)
	}
	return weights
}
