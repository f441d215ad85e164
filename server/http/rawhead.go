package http

import "time"

// RawHead is the request's head as it would be sent again: the request line and
// the fields as they came.
func (r *Request) RawHead() []byte {
	out := append([]byte(nil), r.Line...)
	out = append(out, "\r\n"...)
	for i := range r.Fields {
		f := &r.Fields[i]
		out = append(append(append(append(out, f.Name...), ": "...), f.Value...), "\r\n"...)
	}
	return append(out, "\r\n"...)
}

// Sleep waits; the error tells that the request was cancelled.
func (r *Request) Sleep(d time.Duration) error { return r.Loop().Sleep(d) }
