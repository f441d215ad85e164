package shm

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
)

// The layout of a zone, in pages:
//
//	header    what never changes: magic, version, sizes, name, tag, checksum
//	control   lock words, roots, allocator statistics
//	slots     one word per owner slot: incarnation and pid
//	undo      records of the words a section changes, then the bulk area
//	pages     16 bytes per arena page and per list head
//	index     hash buckets of a dictionary, or the cursors of an event channel
//	arena     what the slab allocator hands out
//
// Only the arena counts against the size the user wrote, and it has exactly as
// many pages as ngx_slab_init makes of that size: what fits into nginx's zone
// fits here.
const (
	pageShift = 12
	pageSize  = 1 << pageShift

	magic         = 0x5a45454749524550 // "PERIGEEZ"
	layoutVersion = 1

	// MaxSlots is the number of owner slots of a zone: processes that can have
	// it open at the same time.
	MaxSlots = 1023
	// MaxName is the longest name or tag in bytes.
	MaxName = 128
	// MaxSize is the largest size of a zone in bytes; links inside a zone are
	// 32-bit numbers of 8-byte units.
	MaxSize = 24 << 30

	undoRecords = 2048
	bulkSize    = 64 << 10
)

// Offsets in the header page.
const (
	hdrMagic      = 0
	hdrVersion    = 8
	hdrFlags      = 12
	hdrTotal      = 16
	hdrNominal    = 24
	hdrArena      = 32
	hdrArenaPages = 40
	hdrPages      = 48
	hdrIndex      = 56
	hdrBuckets    = 64
	hdrUndo       = 72
	hdrSlots      = 80
	hdrSeed       = 88
	hdrNameLen    = 96
	hdrTagLen     = 98
	hdrChecksum   = 120
	hdrName       = 128
	hdrTag        = hdrName + MaxName
	hdrEnd        = hdrTag + MaxName
)

// Offsets in the control page. Each lock word has a cache line of its own.
const (
	ctlLock       = pageSize
	ctlRecord     = pageSize + 8  // where the running section's next undo record goes
	ctlFreed      = pageSize + 16 // the running section has freed memory and not committed
	ctlBulk       = pageSize + 24 // bytes the running section has saved
	ctlBuildLock  = pageSize + 64
	ctlBuilt      = pageSize + 128
	ctlKind       = pageSize + 132
	ctlRoot       = pageSize + 136
	ctlCounters   = pageSize + 144
	ctlFreePages  = pageSize + 152
	ctlRecoveries = pageSize + 160
	ctlLabel      = pageSize + 168
	ctlStats      = pageSize + 192 // slots × (total, used, reqs, fails)
)

// geometry is the decoded, checked header.
type geometry struct {
	name, tag string
	total     uint64 // bytes of the mapping
	nominal   uint64 // bytes the user asked for
	arena     uint64
	pages     uint64
	pageTable uint64
	index     uint64
	buckets   uint64
	undo      uint64
	slots     uint64
	seed      uint64
	flags     uint32 // what the index is for
}

// What the index region of a zone holds.
const (
	indexNone = iota
	indexHash
	indexCursors
)

// nginxPages is the number of pages that ngx_slab_init finds in a zone of size
// bytes on a 64-bit machine: pool, slot and statistics headers are 704 bytes,
// a page descriptor 24.
func nginxPages(size uint64) uint64 {
	const pool, perSlot, descriptor = 200, 24 + 32, 24
	const head = pool + slabClasses*perSlot
	if size <= head {
		return 0
	}
	pages := (size - head) / (pageSize + descriptor)
	start := roundUp(head+pages*descriptor, pageSize)
	if start >= size {
		return 0
	}
	return min(pages, (size-start)/pageSize)
}

func roundUp(n, unit uint64) uint64 {
	return (n + unit - 1) / unit * unit
}

// plan lays out a zone of size bytes.
func plan(name, tag string, size uint64, index uint32) geometry {
	g := geometry{name: name, tag: tag, nominal: size, pages: nginxPages(size), flags: index}
	g.slots = 2 * pageSize
	g.undo = g.slots + roundUp((MaxSlots+1)*8, pageSize)
	g.pageTable = g.undo + undoRecords*16 + bulkSize
	g.index = g.pageTable + roundUp((firstPage+g.pages)*16, pageSize)
	switch index {
	case indexCursors:
		g.buckets = (MaxSlots + 1) * cursorSize / 4
	case indexHash:
		g.buckets = 64
		for g.buckets < g.pages*pageSize/128 {
			g.buckets *= 2
		}
	}
	g.arena = g.index + roundUp(g.buckets*4, pageSize)
	g.total = g.arena + g.pages*pageSize
	return g
}

func (g *geometry) encode(page []byte) {
	le := binary.LittleEndian
	le.PutUint64(page[hdrMagic:], magic)
	le.PutUint32(page[hdrVersion:], layoutVersion)
	for off, v := range map[int]uint64{
		hdrTotal: g.total, hdrNominal: g.nominal, hdrArena: g.arena, hdrArenaPages: g.pages,
		hdrPages: g.pageTable, hdrIndex: g.index, hdrBuckets: g.buckets, hdrUndo: g.undo,
		hdrSlots: g.slots, hdrSeed: g.seed,
	} {
		le.PutUint64(page[off:], v)
	}
	le.PutUint32(page[hdrFlags:], g.flags)
	le.PutUint16(page[hdrNameLen:], uint16(len(g.name)))
	le.PutUint16(page[hdrTagLen:], uint16(len(g.tag)))
	copy(page[hdrName:], g.name)
	copy(page[hdrTag:], g.tag)
	le.PutUint32(page[hdrChecksum:], headerChecksum(page))
}

func headerChecksum(page []byte) uint32 {
	sum := crc32.ChecksumIEEE(page[:hdrChecksum])
	return crc32.Update(sum, crc32.IEEETable, page[hdrName:hdrEnd])
}

// decodeHeader reads a header page of a file of size bytes. It trusts nothing:
// a header that passes describes a layout that plan would make for its size.
func decodeHeader(page []byte, size uint64) (geometry, error) {
	le := binary.LittleEndian
	if len(page) < hdrEnd || le.Uint64(page[hdrMagic:]) != magic {
		return geometry{}, ErrNotZone
	}
	if v := le.Uint32(page[hdrVersion:]); v != layoutVersion {
		return geometry{}, fmt.Errorf("%w: layout %d, this one is %d", ErrVersion, v, layoutVersion)
	}
	if le.Uint32(page[hdrChecksum:]) != headerChecksum(page) {
		return geometry{}, fmt.Errorf("header checksum: %w", ErrDamaged)
	}
	nameLen, tagLen := int(le.Uint16(page[hdrNameLen:])), int(le.Uint16(page[hdrTagLen:]))
	if nameLen > MaxName || tagLen > MaxName {
		return geometry{}, fmt.Errorf("name in header: %w", ErrDamaged)
	}
	nominal, flags := le.Uint64(page[hdrNominal:]), le.Uint32(page[hdrFlags:])
	if nominal > MaxSize || flags > indexCursors {
		return geometry{}, fmt.Errorf("size in header: %w", ErrDamaged)
	}
	g := plan(string(page[hdrName:hdrName+nameLen]), string(page[hdrTag:hdrTag+tagLen]),
		nominal, flags)
	g.seed = le.Uint64(page[hdrSeed:])
	want := make([]byte, pageSize)
	g.encode(want)
	if string(want[:hdrEnd]) != string(page[:hdrEnd]) || g.total != size {
		return geometry{}, fmt.Errorf("sizes in header: %w", ErrDamaged)
	}
	return g, nil
}
