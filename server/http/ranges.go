package http

import (
	"bytes"
	"errors"
	"math"
	"strconv"
	"sync/atomic"

	"github.com/perigee-server/perigee/server/log"
)

// byteRange is a range of a response's body, end exclusive.
type byteRange struct {
	start, end int64
	head       []byte // of its part in multipart/byteranges
}

// rangeState is a request's answer to Range.
type rangeState struct {
	ranges   []byteRange
	offset   int64 // of the body so far
	boundary string
	tail     []byte
}

// AllowRanges lets Range select from the body; the filters answer it.
func (r *Request) AllowRanges() { r.allowRanges = true }

// DenyRanges takes AllowRanges back, as filters that change a body do.
func (r *Request) DenyRanges() { r.allowRanges = false; r.acceptRanges = false }

// rangeHeader looks at Range and If-Range (ngx_http_range_header_filter).
func rangeHeader(r *Request) Status {
	o := &r.Out
	if r.Version < 1000 || o.Status != 200 || r != r.Main || o.ContentLength < 0 || !r.allowRanges {
		return OK
	}
	if r.loc.core.maxRanges.V == 0 {
		return OK
	}
	v := r.fieldValue(r.in.rng)
	if len(v) < 7 || !bytes.EqualFold(v[:6], []byte("bytes=")) || !r.ifRange() {
		r.acceptRanges = true
		return OK
	}
	st := &rangeState{}
	switch st.parse(v[6:], o.ContentLength, r.loc.core.maxRanges.V) {
	case rangeBad:
		o.ContentRange = strconv.AppendInt([]byte("bytes */"), o.ContentLength, 10)
		o.ClearLength()
		o.Status = 0
		return statusRangeNotSatisfiable
	case rangeNone:
		return OK
	}
	o.Status = int(statusPartialContent)
	o.StatusLine = nil
	r.rng = st
	if len(st.ranges) == 1 {
		a := st.ranges[0]
		o.ContentRange = contentRange(a, o.ContentLength)
		o.ContentLength = a.end - a.start
		return OK
	}
	st.multipart(r)
	return OK
}

func contentRange(a byteRange, size int64) []byte {
	b := strconv.AppendInt([]byte("bytes "), a.start, 10)
	b = strconv.AppendInt(append(b, '-'), a.end-1, 10)
	return strconv.AppendInt(append(b, '/'), size, 10)
}

// ifRange reports whether Range holds.
func (r *Request) ifRange() bool {
	v := r.fieldValue(r.in.ifRange)
	if r.in.ifRange == 0 {
		return true
	}
	if len(v) >= 2 && v[len(v)-1] == '"' {
		return len(r.Out.ETag) > 0 && bytes.Equal(v, r.Out.ETag)
	}
	t, ok := parseTime(v)
	return ok && !r.Out.LastModified.IsZero() && t.Unix() == r.Out.LastModified.Unix()
}

type rangeResult int

const (
	rangeOK rangeResult = iota
	rangeNone
	rangeBad
)

// parse reads the ranges behind "bytes=" (ngx_http_range_parse).
func (st *rangeState) parse(v []byte, size int64, limit int) rangeResult {
	total := int64(0)
	for {
		rc, start, end, rest := one(v, size)
		if rc != rangeOK {
			return rc
		}
		if start < end {
			total += end - start
			if len(st.ranges) >= limit || total > size {
				return rangeNone
			}
			st.ranges = append(st.ranges, byteRange{start: start, end: end})
		} else if start == 0 {
			return rangeNone
		}
		if len(rest) == 0 {
			break
		}
		v = rest[1:]
	}
	if len(st.ranges) == 0 {
		return rangeBad
	}
	return rangeOK
}

// one reads one range; rest begins with its comma or is empty.
func one(v []byte, size int64) (rc rangeResult, start, end int64, rest []byte) {
	v = bytes.TrimLeft(v, " ")
	suffix := len(v) > 0 && v[0] == '-'
	if suffix {
		v = v[1:]
	} else {
		n, r, ok := digits(v)
		if !ok {
			return rangeBad, 0, 0, nil
		}
		start, v = n, bytes.TrimLeft(r, " ")
		if len(v) == 0 || v[0] != '-' {
			return rangeBad, 0, 0, nil
		}
		v = bytes.TrimLeft(v[1:], " ")
		if len(v) == 0 || v[0] == ',' {
			return rangeOK, start, size, v
		}
	}
	n, r, ok := digits(v)
	if !ok {
		return rangeBad, 0, 0, nil
	}
	v = bytes.TrimLeft(r, " ")
	if len(v) > 0 && v[0] != ',' {
		return rangeBad, 0, 0, nil
	}
	if suffix {
		return rangeOK, max(size-n, 0), size, v
	}
	return rangeOK, start, min(n+1, size), v
}

func digits(v []byte) (n int64, rest []byte, ok bool) {
	i := 0
	for i < len(v) && v[i] >= '0' && v[i] <= '9' {
		d := int64(v[i] - '0')
		if n > (math.MaxInt64-d)/10 {
			return 0, nil, false
		}
		n = n*10 + d
		i++
	}
	return n, v[i:], i > 0
}

var errRange = errors.New("range in overlapped buffers")

var boundaries atomic.Uint64

// multipart prepares multipart/byteranges.
func (st *rangeState) multipart(r *Request) {
	o := &r.Out
	st.boundary = sprintf("%020d", boundaries.Add(1))
	part := append([]byte("\r\n--"), st.boundary...)
	if len(o.ContentType) > 0 {
		part = append(append(part, "\r\nContent-Type: "...), o.ContentType...)
		if len(o.Charset) > 0 {
			part = append(append(part, "; charset="...), o.Charset...)
		}
	}
	part = append(part, "\r\nContent-Range: "...)
	total := int64(0)
	for i := range st.ranges {
		a := &st.ranges[i]
		a.head = append(append(append([]byte(nil), part...), contentRange(*a, o.ContentLength)...), "\r\n\r\n"...)
		total += int64(len(a.head)) + a.end - a.start
	}
	st.tail = append(append([]byte("\r\n--"), st.boundary...), "--\r\n"...)
	total += int64(len(st.tail))
	o.ContentType = append([]byte("multipart/byteranges; boundary="), st.boundary...)
	o.Charset = nil
	o.ContentLength = total
}

// rangeBody selects the ranges from the body.
func rangeBody(r *Request, in []Buf) ([]Buf, error) {
	st := r.rng
	if st == nil {
		return in, nil
	}
	if len(st.ranges) == 1 {
		return st.single(in), nil
	}
	return st.several(r, in)
}

// single cuts the parts to one range.
func (st *rangeState) single(in []Buf) []Buf {
	a := st.ranges[0]
	out := in[:0:0]
	for _, b := range in {
		size := b.Size()
		from, to := st.offset, st.offset+size
		st.offset = to
		if size == 0 {
			out = append(out, b)
			continue
		}
		lo, hi := max(from, a.start), min(to, a.end)
		if lo >= hi {
			if b.Last {
				out = append(out, Buf{Last: true})
			}
			continue
		}
		out = append(out, b.slice(lo-from, hi-from))
	}
	return out
}

// slice is a part of a part.
func (b *Buf) slice(from, to int64) Buf {
	s := *b
	if s.File != nil {
		s.Off += from
		s.N = to - from
		return s
	}
	s.Mem = s.Mem[from:to]
	return s
}

// several serves many ranges from a body that comes in one part.
func (st *rangeState) several(r *Request, in []Buf) ([]Buf, error) {
	if len(in) == 0 {
		return in, nil
	}
	b := in[0]
	if b.Size() == 0 {
		return in, nil
	}
	if !b.Last && len(in) < 2 {
		r.Logf(log.Alert, "range in overlapped buffers")
		return nil, errRange
	}
	var out []Buf
	for _, a := range st.ranges {
		if a.end > b.Size() {
			r.Logf(log.Alert, "range in overlapped buffers")
			return nil, errRange
		}
		part := b.slice(a.start, a.end)
		part.Last = false
		out = append(out, Buf{Mem: a.head, Stable: true}, part)
	}
	return append(out, Buf{Mem: st.tail, Stable: true, Last: true}), nil
}
