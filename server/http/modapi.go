package http

import (
	"bytes"

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
