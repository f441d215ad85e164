package head

import (
	"io"
	"math"
)

// Limits of chunked framing that do not depend on configuration.
const (
	// maxChunkLine bounds the line with a chunk's size, whose extensions count
	// for no body limit.
	maxChunkLine = 4096
	// DefaultMaxTrailers bounds the trailer section when MaxTrailers is 0.
	DefaultMaxTrailers = 32 << 10
)

// Chunked takes the chunked transfer coding apart, as ngx_http_parse_chunked
// does, but wants CRLF where nginx 1.22.1 is content with LF: a proxy that
// reads the two differently can be made to see another request. The zero value
// is ready for one body.
type Chunked struct {
	// MaxTrailers bounds the trailer section in bytes; 0 is DefaultMaxTrailers.
	MaxTrailers int

	state    chunkState
	size     int64 // what is left of the current chunk
	line     int   // bytes of the current size line
	trailers []byte
	err      error // the final result
}

type chunkState uint8

const (
	csStart chunkState = iota
	csSize
	csExtension
	csSizeLF
	csData
	csDataCR
	csDataLF
	csTrailerStart
	csTrailer
	csTrailerLF
	csLastLF
)

// Reset makes c ready for another body, keeping MaxTrailers and memory.
func (c *Chunked) Reset() {
	*c = Chunked{MaxTrailers: c.MaxTrailers, trailers: c.trailers[:0]}
}

// Left returns how many bytes of the current chunk are still to come.
func (c *Chunked) Left() int64 { return c.size }

// Trailers returns the trailer section with its last line end, to be taken
// apart with Field, or nothing if there was none. It is complete after io.EOF
// and lives until Reset.
func (c *Chunked) Trailers() []byte { return c.trailers }

// Next scans buf, which continues where the last call stopped reading. It has
// read n bytes of it. data is the part of the body that ends at n, not empty
// when err is nil. Other results:
//
//	ErrIncomplete   all of buf is read; more is needed
//	io.EOF          the body and its trailers are over; the rest of buf is not its
//	ErrInvalidChunk buf[n] may not stand there
//	ErrLongTrailers the trailers exceed MaxTrailers
//
// After an error other than ErrIncomplete every call returns it again.
func (c *Chunked) Next(buf []byte) (data []byte, n int, err error) {
	if c.err != nil {
		return nil, 0, c.err
	}
	for p := 0; p < len(buf); p++ {
		ch := buf[p]
		switch c.state {
		case csStart:
			v := hexValue[ch]
			if v == 0xff {
				return c.fail(p, ErrInvalidChunk)
			}
			c.size, c.line, c.state = int64(v), 1, csSize

		case csSize:
			if c.line++; c.line > maxChunkLine || c.size > math.MaxInt64>>4 {
				return c.fail(p, ErrInvalidChunk)
			}
			if v := hexValue[ch]; v != 0xff {
				c.size = c.size<<4 | int64(v)
				continue
			}
			switch ch {
			case '\r':
				c.state = csSizeLF
			case ';', ' ', '\t':
				c.state = csExtension
			default:
				return c.fail(p, ErrInvalidChunk)
			}

		case csExtension:
			if c.line++; c.line > maxChunkLine {
				return c.fail(p, ErrInvalidChunk)
			}
			switch {
			case ch == '\r':
				c.state = csSizeLF
			case ch < ' ' && ch != '\t' || ch == 0x7f:
				return c.fail(p, ErrInvalidChunk)
			}

		case csSizeLF:
			if ch != '\n' {
				return c.fail(p, ErrInvalidChunk)
			}
			c.state = csData
			if c.size == 0 {
				c.state = csTrailerStart
			}

		case csData:
			have := int64(len(buf) - p)
			if have < c.size {
				c.size -= have
				return buf[p:], len(buf), nil
			}
			end := p + int(c.size)
			c.size, c.state = 0, csDataCR
			return buf[p:end:end], end, nil

		case csDataCR:
			if ch != '\r' {
				return c.fail(p, ErrInvalidChunk)
			}
			c.state = csDataLF

		case csDataLF:
			if ch != '\n' {
				return c.fail(p, ErrInvalidChunk)
			}
			c.state = csStart

		case csTrailerStart:
			if ch == '\r' {
				c.state = csLastLF
				continue
			}
			c.state = csTrailer
			fallthrough

		case csTrailer:
			if ch == '\n' || ch == 0 {
				return c.fail(p, ErrInvalidChunk)
			}
			if !c.keep(ch) {
				return c.fail(p, ErrLongTrailers)
			}
			if ch == '\r' {
				c.state = csTrailerLF
			}

		case csTrailerLF:
			if ch != '\n' {
				return c.fail(p, ErrInvalidChunk)
			}
			if !c.keep(ch) {
				return c.fail(p, ErrLongTrailers)
			}
			c.state = csTrailerStart

		case csLastLF:
			if ch != '\n' {
				return c.fail(p, ErrInvalidChunk)
			}
			if len(c.trailers) > 0 {
				c.trailers = append(c.trailers, '\r', '\n')
			}
			c.err = io.EOF
			return nil, p + 1, io.EOF
		}
	}
	return nil, len(buf), ErrIncomplete
}

func (c *Chunked) fail(p int, err error) ([]byte, int, error) {
	c.err = err
	return nil, p, err
}

// keep adds one byte to the trailers, unless they are full.
func (c *Chunked) keep(ch byte) bool {
	limit := c.MaxTrailers
	if limit == 0 {
		limit = DefaultMaxTrailers
	}
	if len(c.trailers) >= limit {
		return false
	}
	c.trailers = append(c.trailers, ch)
	return true
}
