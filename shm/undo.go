package shm

// A section writes the old content of every word into the undo area before it
// changes the word. Recovery after the death of a holder, the rollback of a
// panic and nothing else is one routine: write the old words back, newest
// first. It may itself be cut short and repeated.
//
// A record is two words, the old content and the offset. The offset is what
// makes the record valid: it is stored after the content and before the word
// changes, and the next record's offset is cleared before that, so the log
// always ends in a zero. Committing is one store of zero into the first
// record. The order of the stores is the program's order: a dead process has
// executed a prefix of its instructions, and put64 is never inlined, so the
// compiler sees no pair of stores that it could merge.
//
// Bytes of keys and values are written without records, because they go into
// memory that was free when the section began. That is why alloc refuses to
// run after free in the same section: checkpoint comes between. Otherwise the
// bytes are saved in the bulk area first: a value that is overwritten where it
// lies, and memory that is given back to be used again at once (freeSaved). The
// record of a saved range has its offset and length in place of the old word;
// the ranges lie in the bulk area one behind the other.

// bulkMark stands where a record has its offset; no word of a zone lies there.
const bulkMark = 1

// put64 changes one word of the zone so that recovery can take it back. The
// offset is a multiple of 8.
//
//go:noinline
func (z *Zone) put64(off, v uint64) {
	old := z.load64(off)
	if old == v {
		return
	}
	z.record(old, off)
	z.store64(off, v)
	if failHook != nil {
		failHook(failWordChanged)
	}
}

// put32 is put64 for half a word.
func (z *Zone) put32(off uint64, v uint32) {
	word := off &^ 7
	shift := (off & 4) * 8
	old := z.load64(word)
	z.put64(word, old&^(0xffffffff<<shift)|uint64(v)<<shift)
}

func (z *Zone) record(old, off uint64) {
	rec := z.load64(ctlRecord)
	if rec >= z.undo+(undoRecords-1)*16 {
		panic("shm: undo area is full")
	}
	z.store64(rec+24, 0)
	z.store64(rec, old)
	z.store64(rec+8, off)
	z.store64(ctlRecord, rec+16)
	if failHook != nil {
		failHook(failRecordWritten)
	}
}

// save keeps the present bytes of a range for the rollback.
func (z *Zone) save(off, n uint64) {
	used := z.load64(ctlBulk)
	copy(z.bytes(z.bulk()+used, n), z.bytes(off, n))
	z.store64(ctlBulk, used+n)
	z.record(off|n<<40, bulkMark)
}

func (z *Zone) bulk() uint64 { return z.undo + undoRecords*16 }

// roomToSave tells whether so many more bytes and records fit the undo area.
func (z *Zone) roomToSave(bytes, records uint64) bool {
	return z.load64(ctlBulk)+bytes <= bulkSize &&
		z.load64(ctlRecord)+records*16 < z.bulk()
}

// putBytes overwrites the bytes of a live value.
func (z *Zone) putBytes(off uint64, p []byte) {
	n := uint64(len(p))
	if n == 0 {
		return
	}
	z.save(off, n)
	half := n / 2
	copy(z.bytes(off, half), p)
	if failHook != nil {
		failHook(failValueHalf)
	}
	copy(z.bytes(off+half, n-half), p[half:])
}

// checkpoint commits what the section did so far; the zone must be consistent.
func (z *Zone) checkpoint() {
	if z.load64(ctlRecord) != z.undo {
		z.clearUndo()
	}
}

// clearUndo empties the undo area. Its first record decides; where the next one
// goes, and whether memory was freed, only matters to a running section.
func (z *Zone) clearUndo() {
	z.store64(z.undo+8, 0)
	z.store64(ctlRecord, z.undo)
	z.store64(ctlBulk, 0)
	z.store64(ctlFreed, 0)
}

// rollback undoes what was not committed, whoever did it.
func (z *Zone) rollback() {
	n, saved := uint64(0), uint64(0)
	for ; n < undoRecords; n++ {
		off := z.load64(z.undo + n*16 + 8)
		if off == 0 {
			break
		}
		if off == bulkMark {
			saved += z.load64(z.undo+n*16) >> 40
		}
	}
	for i := n; i > 0; i-- {
		old, off := z.load64(z.undo+(i-1)*16), z.load64(z.undo+(i-1)*16+8)
		if off != bulkMark {
			z.store64(off, old)
			if failHook != nil {
				failHook(failRecovering)
			}
			continue
		}
		at, size := old&(1<<40-1), old>>40
		saved -= size
		copy(z.bytes(at, size), z.bytes(z.bulk()+saved, size))
	}
	z.clearUndo()
}
