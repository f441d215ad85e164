package handler

import (
	"bytes"
	"io"
	"os"
)

// Body is a request's body, in memory or in a temporary file. It is an
// io.Reader, and valid until the handler returns.
type Body struct {
	chunks [][]byte
	file   *os.File
	length int64
	r      io.Reader
}

var _ io.Reader = (*Body)(nil)

// NewBody makes a body of chunks in memory.
func NewBody(chunks ...[]byte) *Body {
	b := &Body{}
	for _, c := range chunks {
		if len(c) > 0 {
			b.chunks = append(b.chunks, c)
			b.length += int64(len(c))
		}
	}
	return b
}

// NewFileBody makes a body of the first length bytes of a file.
func NewFileBody(f *os.File, length int64) *Body { return &Body{file: f, length: length} }

// Len is the length of the body in bytes.
func (b *Body) Len() int64 { return b.length }

// Chunks is the body in memory, without copying; nil when it is in a file. It
// must not be changed.
func (b *Body) Chunks() [][]byte { return b.chunks }

// File is the temporary file of the body, nil when it is in memory. It is
// closed by the server.
func (b *Body) File() *os.File { return b.file }

// Read reads the body from its begin on, wherever it is.
func (b *Body) Read(p []byte) (int, error) {
	if b.r == nil {
		b.r = b.reader()
	}
	return b.r.Read(p)
}

// Bytes is the whole body: without copying when it is one chunk in memory.
func (b *Body) Bytes() ([]byte, error) {
	if b.file == nil && len(b.chunks) == 1 {
		return b.chunks[0], nil
	}
	out := make([]byte, b.length)
	_, err := io.ReadFull(b.reader(), out)
	return out, err
}

func (b *Body) reader() io.Reader {
	if b.file != nil {
		return io.NewSectionReader(b.file, 0, b.length)
	}
	switch len(b.chunks) {
	case 0:
		return bytes.NewReader(nil)
	case 1:
		return bytes.NewReader(b.chunks[0])
	}
	readers := make([]io.Reader, len(b.chunks))
	for i, c := range b.chunks {
		readers[i] = bytes.NewReader(c)
	}
	return io.MultiReader(readers...)
}
