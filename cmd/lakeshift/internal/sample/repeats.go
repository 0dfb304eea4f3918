package sample

import "hash/maphash"

// repeats counts records that repeat an earlier one in whole, among as many as are remembered.
type repeats struct {
	seen  map[uint64]struct{}
	found int64
}

func newRepeats() *repeats { return &repeats{seen: map[uint64]struct{}{}} }

func (r *repeats) see(record string) { r.seeHash(maphash.String(seed, record)) }

func (r *repeats) seeHash(hash uint64) {
	if _, known := r.seen[hash]; known {
		r.found++
	} else if len(r.seen) < maxRemembered {
		r.seen[hash] = struct{}{}
	}
}
