package http

import "strconv"

// chunkedHeader decides whether the body is chunked
// (ngx_http_chunked_header_filter).
func chunkedHeader(r *Request) Status {
	o := &r.Out
	if o.Status == 304 || o.Status == 204 || o.Status < 200 || r != r.Main || r.headOnly {
		return OK
	}
	if o.ContentLength >= 0 && !o.trailers {
		return OK
	}
	if r.Version < 1001 {
		if o.ContentLength < 0 {
			r.KeepAlive = false
		}
		return OK
	}
	if !r.loc.core.chunked.V {
		if o.ContentLength < 0 {
			r.KeepAlive = false
		}
		return OK
	}
	o.ClearLength()
	o.chunked = true
	return OK
}

var (
	crlf      = []byte("\r\n")
	lastChunk = []byte("0\r\n\r\n")
)

// chunkedBody frames the body's parts.
func chunkedBody(r *Request, in []Buf) ([]Buf, error) {
	if !r.Out.chunked || r.headOnly {
		return in, nil
	}
	var size int64
	last := false
	for i := range in {
		size += in[i].Size()
		last = last || in[i].Last
	}
	if size == 0 && !last {
		return in, nil
	}
	out := r.chunks[:0]
	if size > 0 {
		line := strconv.AppendInt(r.Scratch(18)[:0], size, 16)
		out = append(out, Buf{Mem: append(line, "\r\n"...), Stable: false})
		for i := range in {
			b := in[i]
			if b.Last {
				b.Last = false
			}
			if b.Size() > 0 || b.Flush {
				out = append(out, b)
			}
		}
		if !last {
			out = append(out, Buf{Mem: crlf, Stable: true})
		}
	}
	if last {
		tail := lastChunk
		if size > 0 {
			tail = append(r.Scratch(16)[:0], "\r\n0\r\n\r\n"...)
		}
		if len(r.Out.Trailers) > 0 {
			tail = r.appendTrailers(size > 0)
		}
		out = append(out, Buf{Mem: tail, Last: true})
	}
	r.chunks = out
	return out, nil
}

// appendTrailers makes the last chunk with the response's trailers.
func (r *Request) appendTrailers(afterData bool) []byte {
	var b []byte
	if afterData {
		b = append(b, "\r\n"...)
	}
	b = append(b, "0\r\n"...)
	for _, t := range r.Out.Trailers {
		if t.Hidden {
			continue
		}
		b = append(append(b, t.Name...), ": "...)
		b = appendFieldValue(b, t.Value)
		b = append(b, "\r\n"...)
	}
	return append(b, "\r\n"...)
}

// ExpectTrailers makes the body chunked because trailers may follow it.
func (r *Request) ExpectTrailers() { r.Out.trailers = true }
