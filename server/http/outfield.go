package http

import (
	"bytes"
	"strconv"

	"github.com/perigee-server/perigee/server/http/head"
)

// SetOut sets a field of the response, or clears it with an empty value: those
// that the server makes itself are parts of Response, others stand in its list,
// where the first of the name gets the value and the others go. With add a
// field of the list joins those of its name. It returns false for a
// Content-Length that is no length. lower is the name in lower case.
func (r *Request) SetOut(name []byte, lower string, v []byte, add bool) bool {
	o := &r.Out
	switch lower {
	case "server":
		o.SetServer(v, len(v) == 0)
	case "date":
		o.SetDate(v, len(v) == 0)
	case "content-type":
		o.ContentType = v
		o.SetCharsetOfType()
	case "content-length":
		if len(v) == 0 {
			o.ClearLength()
			return true
		}
		n, err := strconv.ParseInt(string(v), 10, 64)
		if err != nil || n < 0 {
			return false
		}
		o.ContentLength = n
	case "last-modified":
		o.ClearModified()
		if len(v) > 0 {
			o.LastModifiedText, o.KeepModified = v, true
			o.LastModified, _ = ParseTime(v)
		}
	case "location":
		o.HideField(lower)
		o.Location = v
	case "content-range":
		o.ContentRange = v
	case "accept-ranges":
		if len(v) == 0 {
			r.DenyRanges()
		}
		o.setListed(name, lower, v, false)
	case "etag":
		o.ETag = v
		o.HideField(lower)
	case "e-tag":
		o.ETag = nil
		o.setListed(name, lower, v, false)
	default:
		o.setListed(name, lower, v, add)
	}
	return true
}

// setListed sets a field of the list.
func (o *Response) setListed(name []byte, lower string, v []byte, add bool) {
	done := false
	for i := range o.Fields {
		h := &o.Fields[i]
		if add || h.Hidden || !head.EqualFold(h.Name, lower) {
			continue
		}
		if len(v) == 0 || done {
			h.Hidden = true
		}
		h.Value = v
		done = true
	}
	if !done && len(v) > 0 {
		o.Add(name, v)
	}
}

// EachOut calls f for every field that the response has so far, in the order of
// lua-nginx-module: those of the list, then those that the server makes.
func (r *Request) EachOut(f func(name, value []byte)) {
	o := &r.Out
	for i := range o.Fields {
		if h := &o.Fields[i]; !h.Hidden {
			f(h.Name, h.Value)
		}
	}
	if o.Server != nil {
		f([]byte("Server"), o.Server)
	}
	if o.Date != nil {
		f([]byte("Date"), o.Date)
	}
	if len(o.Location) > 0 {
		f([]byte("Location"), o.Location)
	}
	if o.LastModifiedText != nil {
		f([]byte("Last-Modified"), o.LastModifiedText)
	} else if !o.LastModified.IsZero() {
		f([]byte("Last-Modified"), appendTime(nil, o.LastModified))
	}
	if len(o.ETag) > 0 {
		f([]byte("ETag"), o.ETag)
	}
	if len(o.ContentRange) > 0 {
		f([]byte("Content-Range"), o.ContentRange)
	}
	if t := r.outType(); len(t) > 0 {
		f([]byte("Content-Type"), t)
	}
	if o.ContentLength >= 0 {
		f([]byte("Content-Length"), strconv.AppendInt(nil, o.ContentLength, 10))
	}
}

// outType is Content-Type as it is, or will be, sent.
func (r *Request) outType() []byte {
	o := &r.Out
	if len(o.ContentType) == 0 || len(o.Charset) == 0 || bytes.Contains(bytes.ToLower(o.ContentType), []byte("charset=")) {
		return o.ContentType
	}
	return append(append(bytes.Clone(o.ContentType), "; charset="...), o.Charset...)
}

// Chunked reports whether the response is sent in chunks.
func (o *Response) Chunked() bool { return o.chunked }

// clear forgets what was said of the response.
func (o *Response) clear() {
	fields := o.Fields[:0]
	*o = Response{ContentLength: -1, Fields: fields}
}
