package http

import (
	"bytes"
	"os"
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
	if bytes.IndexByte(o.ContentType, ';') < 0 {
		return
	}
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

// Peer is the address of the connection itself, whatever SetRemote has made of
// it for requests: text as of RemoteAddr, and the port.
func (c *Conn) Peer() (text []byte, port int) {
	ap := addrPort(c.peer)
	if !ap.IsValid() {
		return []byte("unix:"), 0
	}
	return ap.Addr().AppendTo(nil), int(ap.Port())
}

// RemoteReplaced reports whether SetRemote holds.
func (c *Conn) RemoteReplaced() bool { return c.realip }

// RestoreRemote takes SetRemote back.
func (c *Conn) RestoreRemote() { c.remote, c.port, c.realip = nil, 0, false }

// EscapeHTML escapes what is special in HTML and XML (ngx_escape_html).
func EscapeHTML(b []byte) []byte { return escapeHTML(b) }

// ReplaceField changes the value of the first field of a name, given in lower
// case, where it is, so that the request that this subrequest belongs to sees it
// too, as with nginx, whose subrequests share the fields. Other fields of the
// name go. It returns false when there is none.
func (r *Request) ReplaceField(lower string, value []byte) bool {
	at, more := -1, false
	for i := range r.Fields {
		switch {
		case !head.EqualFold(r.Fields[i].Name, lower):
		case at < 0:
			at = i
		default:
			more = true
		}
	}
	if at < 0 {
		return false
	}
	r.Fields[at].Value = value
	if more {
		r.SetField(r.Fields[at].Name, value)
		return true
	}
	r.reindex()
	return true
}

// ShareFields makes the fields of a subrequest, and the host they name, those of
// the requests that it belongs to.
func (r *Request) ShareFields() {
	for p := r.Parent; p != nil; p = p.Parent {
		p.Fields, p.in, p.Host = r.Fields, r.in, r.Host
	}
}

// EscapeLog makes bytes of a client harmless in a log line, as nginx does.
func EscapeLog(b []byte) string { return string(escapeLog(b)) }

// ErrStatus is the status that an error page gives to the response that
// follows, 0 without (err_status).
func (r *Request) ErrStatus() int { return r.errStatus }

// ClearErrStatus forgets it.
func (r *Request) ClearErrStatus() { r.errStatus = 0 }

// URIChanged reports whether a new URI waits for its location to be found.
func (r *Request) URIChanged() bool { return r.uriChanged }

// BodyDiscarded reports whether the body was, or is being, dropped.
func (r *Request) BodyDiscarded() bool { return r.Main.body.discard }

// BodyBuffer is client_body_buffer_size.
func (r *Request) BodyBuffer() int64 { return r.loc.core.bodyBuffer.V }

// CreateBodyFile makes a temporary file for a body.
func (r *Request) CreateBodyFile() (*os.File, error) { return CreateTemp(r.loc.core.bodyTemp.V) }

// SetMethod makes another method the request's: what HEAD means for the response
// changes with it.
func (r *Request) SetMethod(m head.Method, name []byte) {
	r.Method, r.MethodName = m, name
	r.headOnly = m == head.MethodHead
}

// SetHeadOnly makes the response one without a body.
func (r *Request) SetHeadOnly() { r.headOnly = true }

// Root is the settings of the http block itself, for what belongs to no request.
func (m *Main) Root() *Location { return m.location }

// NoDelay is tcp_nodelay of the location.
func (l *Location) NoDelay() bool { return l.core.tcpNodelay.V }

// Any reports whether f holds for one of the levels directly inside of l, such
// as `if` blocks.
func (l *Location) Any(f func(*Location) bool) bool {
	for _, child := range l.children {
		if f(child) {
			return true
		}
	}
	return false
}
