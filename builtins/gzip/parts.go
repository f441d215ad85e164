package gzip

import (
	"bytes"
	"fmt"

	"github.com/perigee-server/perigee/server/http"
)

const (
	piece  = 32 << 10  // of a file, or of what is passed on, in one go
	unsent = 128 << 10 // how much the client may be behind
)

// backlog is parts of a body that have come while earlier ones are worked on.
type backlog []http.Buf

// keep adds parts; memory that is not theirs for good is copied.
func (q *backlog) keep(in []http.Buf) {
	for _, b := range in {
		if !b.Stable {
			b.Mem = bytes.Clone(b.Mem)
		}
		*q = append(*q, b)
	}
}

// eachPiece reads a part of a file piece by piece; last is true for the last one.
func eachPiece(b *http.Buf, take func(data []byte, last bool) error) error {
	buf := make([]byte, min(piece, b.N))
	for off, end := b.Off, b.Off+b.N; off < end; {
		n, err := b.File.ReadAt(buf[:min(int64(len(buf)), end-off)], off)
		if n == 0 {
			return fmt.Errorf("read %q: %w", b.File.Name(), err)
		}
		off += int64(n)
		if err := take(buf[:n], off == end); err != nil {
			return err
		}
	}
	return nil
}
