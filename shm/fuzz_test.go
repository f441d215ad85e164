package shm

import (
	"encoding/binary"
	"hash/crc32"
	"os"
	"path/filepath"
	"testing"
)

// FuzzDump: no file makes the parser panic or take more memory than the file.
// The checksum is made right, so that the fuzzer gets behind it.
func FuzzDump(f *testing.F) {
	z, err := Create(Config{Name: "fuzz", Size: 64 << 10})
	if err != nil {
		f.Fatal(err)
	}
	defer z.Close()
	d, _ := NewDict(z)
	d.Set("key", StringValue("value"), 100, 1)
	d.Set("n", NumberValue(1), 0, 0)
	d.Set("b", BoolValue(true), 0, 0)
	d.RPush("l", NumberValue(1))
	d.RPush("l", StringValue("two"))
	path := filepath.Join(f.TempDir(), "dump")
	if err := d.Save(path); err != nil {
		f.Fatal(err)
	}
	data, _ := os.ReadFile(path)
	f.Add(data[:len(data)-4])
	f.Add([]byte(dumpMagic))
	f.Fuzz(func(t *testing.T, body []byte) {
		sum := crc32.Checksum(body, castagnoli)
		total := 0
		parseDump(binary.LittleEndian.AppendUint32(body[:len(body):len(body)], sum), func(e *dumped) error {
			total += len(e.key) + len(e.value.Str)
			for _, v := range e.list {
				total += len(v.Str)
			}
			return nil
		})
		if total > len(body) {
			t.Errorf("%d bytes out of %d", total, len(body))
		}
	})
}

// FuzzHeader: a header page is believed only if it describes the file.
func FuzzHeader(f *testing.F) {
	g := plan("zone", "tag", 64<<10, indexHash)
	page := make([]byte, pageSize)
	g.encode(page)
	f.Add(page, g.total)
	f.Fuzz(func(t *testing.T, page []byte, size uint64) {
		if len(page) >= hdrEnd {
			binary.LittleEndian.PutUint32(page[hdrChecksum:], headerChecksum(page))
		}
		g, err := decodeHeader(page, size)
		if err != nil {
			return
		}
		if g.total != size || g.arena+g.pages*pageSize != size || g.slots >= g.undo || g.undo >= g.pageTable {
			t.Errorf("%+v in %d bytes", g, size)
		}
	})
}
