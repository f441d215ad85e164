package http

import (
	"bytes"
	"strconv"
	"time"

	"github.com/perigee-server/perigee/server/http/head"
)

// SetDate replaces the Date field; hide leaves it out.
func (o *Response) SetDate(v []byte, hide bool) { o.Date, o.hideDate = v, hide }

// Field returns the value of the first field of that name in the list, given in
// lower case, and whether there is one, which may be empty.
func (r *Request) Field(lower string) (value []byte, ok bool) {
	for i := range r.Fields {
		if f := &r.Fields[i]; !f.Hidden && head.EqualFold(f.Name, lower) {
			return f.Value, true
		}
	}
	return nil, false
}

// ChangeHost makes another host the request's, as a changed Host field does; the
// virtual server stays. It returns false for an invalid host. Nil is for none,
// so that $host is the server's name.
func (r *Request) ChangeHost(v []byte) bool {
	if len(v) == 0 {
		r.Host = nil
		return true
	}
	n, upper, err := head.ValidHost(v)
	if err != nil {
		return false
	}
	r.Host = v[:n]
	if upper {
		r.Host = head.LowerHost(nil, v[:n])
	}
	return true
}

// ChangeBrowser notes what a changed User-Agent field says of the client.
func (r *Request) ChangeBrowser(ua []byte) {
	r.msie, r.msie6, r.safari, r.chrome, r.gecko, r.opera, r.konqueror = false, false, false, false, false, false, false
	r.browser(ua)
}

// SetCharsetOfType notes the charset that the media type names itself, so that
// no other one is appended.
func (o *Response) SetCharsetOfType() {
	o.typeLower = nil
	if i := bytes.Index(bytes.ToLower(o.ContentType), []byte("charset=")); i >= 0 {
		o.Charset = bytes.Trim(o.ContentType[i+len("charset="):], `"`)
	}
}

// OutputBehind sends parts of the body through the filters behind an order, for
// a body filter that sends before it returns. r must be the main request.
func (r *Request) OutputBehind(order int, in []Buf) Status {
	var err error
	for i := range r.conn.main.bodies {
		f := &r.conn.main.bodies[i]
		if f.order <= order || f.applies != nil && !f.applies(r.loc) {
			continue
		}
		if in, err = f.run(r, in); err != nil {
			return Error
		}
	}
	return r.writeBody(in)
}

// OldBrowser reports whether the client is an MSIE of version 4 to 6
// (headers_in.msie6).
func (r *Request) OldBrowser() bool { return r.msie6 }

// FileETag is the entity tag of a file: its modification time and size
// (ngx_http_set_etag).
func FileETag(modified time.Time, size int64) []byte {
	b := strconv.AppendInt([]byte{'"'}, modified.Unix(), 16)
	b = strconv.AppendInt(append(b, '-'), size, 16)
	return append(b, '"')
}
