package proxy

import (
	"bytes"
	"strconv"
	"time"

	"github.com/perigee-server/perigee/server/event"
	"github.com/perigee-server/perigee/server/http"
	"github.com/perigee-server/perigee/server/http/head"
	"github.com/perigee-server/perigee/server/upstream"
)

// uri is the path that is requested (ngx_http_proxy_create_request).
func (x *exchange) uri() []byte {
	r, t := x.r, x.t
	loc := r.Location()
	if t.value != nil {
		if t.hasURI {
			return withSlash(t.uri)
		}
		return x.unparsed()
	}
	if !t.hasURI {
		return x.unparsed()
	}
	out := append([]byte(nil), t.uri...)
	n := 0
	if r.ValidURI || len(loc.Name) <= len(r.URI) {
		n = min(len(loc.Name), len(r.URI))
	}
	out = append(out, http.EscapeURI(r.URI[n:])...)
	if len(out) == 0 || out[0] != '/' {
		out = append([]byte("/"), out...)
	}
	if len(r.Args) > 0 {
		out = append(append(out, '?'), r.Args...)
	}
	return out
}

func withSlash(uri string) []byte {
	if uri[0] != '/' {
		return []byte("/" + uri)
	}
	return []byte(uri)
}

// unparsed is the client's URI, as it came where it was not changed.
func (x *exchange) unparsed() []byte {
	r := x.r
	if r.ValidURI && r == r.Main && len(r.Unparsed) > 0 && r.Unparsed[0] == '/' {
		return r.Unparsed
	}
	out := append([]byte(nil), http.EscapeURI(r.URI)...)
	if len(r.Args) > 0 {
		out = append(append(out, '?'), r.Args...)
	}
	return out
}

// dropped are fields of the client that are never passed.
func dropped(name []byte) bool {
	switch len(name) {
	case 2:
		return head.EqualFold(name, "te")
	case 6:
		return head.EqualFold(name, "expect")
	case 7:
		return head.EqualFold(name, "upgrade")
	case 10:
		return head.EqualFold(name, "keep-alive") || head.EqualFold(name, "connection")
	case 14:
		return head.EqualFold(name, "content-length")
	case 17:
		return head.EqualFold(name, "transfer-encoding")
	}
	return false
}

// makeHead writes the head of the passed request.
func (x *exchange) makeHead(body []byte, length int64, chunked bool) []byte {
	r, s := x.r, x.s
	b := x.request[:0]
	method := r.MethodName
	if s.method.V != nil {
		method = bytes.TrimSpace(s.method.V.Eval(r))
	}
	b = append(append(b, method...), ' ')
	b = append(b, x.uri()...)
	if s.version.V == 1001 {
		b = append(b, " HTTP/1.1\r\n"...)
	} else {
		b = append(b, " HTTP/1.0\r\n"...)
	}
	lengthSet := false
	for i := range s.headers {
		h := &s.headers[i]
		v := h.value.Eval(r)
		if len(h.name) == 14 && head.EqualFold([]byte(h.name), "content-length") {
			lengthSet = true
		}
		if len(v) == 0 {
			continue
		}
		b = append(append(append(append(b, h.name...), ": "...), v...), "\r\n"...)
	}
	if !lengthSet {
		switch {
		case chunked:
			b = append(b, "Transfer-Encoding: chunked\r\n"...)
		case length >= 0:
			b = append(b, "Content-Length: "...)
			b = strconv.AppendInt(b, length, 10)
			b = append(b, "\r\n"...)
		}
	}
	if s.passHeaders.V {
		for i := range r.Fields {
			f := &r.Fields[i]
			if f.Hidden || dropped(f.Name) || x.replaced(f.Name) {
				continue
			}
			b = append(append(append(append(b, f.Name...), ": "...), f.Value...), "\r\n"...)
		}
	}
	b = append(b, "\r\n"...)
	x.request = append(b, body...)
	return x.request
}

// sent is the path in the request that was made, nil before: the location may
// have changed since.
func (x *exchange) sent() []byte {
	_, rest, _ := bytes.Cut(x.request, []byte(" "))
	uri, _, found := bytes.Cut(rest, []byte(" "))
	if !found {
		return nil
	}
	return uri
}

// replaced reports whether proxy_set_header sets a field.
func (x *exchange) replaced(name []byte) bool {
	for i := range x.s.headers {
		if n := x.s.headers[i].name; len(n) == len(name) && bytes.EqualFold([]byte(n), name) {
			return true
		}
	}
	return false
}

// send sends the request's head and body.
func (x *exchange) send() (int64, error) {
	r, s := x.r, x.s
	c := x.conn
	d := x.wait.send
	b := r.Body()
	switch {
	case s.body.V != nil:
		body := s.body.V.Eval(r)
		return x.write(x.makeHead(body, int64(len(body)), false))
	case !s.passBody.V:
		return x.write(x.makeHead(nil, -1, false))
	case b.Read() || !r.HasBody():
		length := int64(-1)
		if r.HasLength() || b.Size() > 0 || r.HasOwnBody() {
			length = b.Size()
		}
		if f := b.File(); f != nil {
			n, err := x.write(x.makeHead(nil, length, false))
			if err != nil {
				return n, err
			}
			return x.sendFile(n, b, d)
		}
		return x.write(x.makeHead(b.Bytes(), length, false))
	}
	return x.stream(c)
}

func (x *exchange) write(p []byte) (int64, error) {
	n, err := x.conn.Write(p, x.wait.send)
	return int64(n), err
}

func (x *exchange) sendFile(n int64, b *http.Body, d time.Duration) (int64, error) {
	for off := int64(0); off < b.Size(); {
		k, err := x.conn.TrySendfile(int(b.File().Fd()), off, int(min(b.Size()-off, 1<<20)))
		off += int64(k)
		n += int64(k)
		if err == event.ErrAgain {
			err = x.conn.WaitWrite(d)
		}
		if err != nil {
			return n, err
		}
	}
	return n, nil
}

// stream passes the client's body on as it comes.
func (x *exchange) stream(c *upstream.Conn) (int64, error) {
	r := x.r
	if r.BodyDone() && !x.bodySent {
		return x.write(x.makeHead(x.early, int64(len(x.early)), false))
	}
	chunked := r.ChunkedBody
	sent, err := x.write(x.makeHead(frame(x.early, chunked), r.ContentLength, chunked))
	for err == nil {
		part, rc := r.NextBody(true)
		if rc != http.OK {
			return sent, clientError(rc)
		}
		x.bodySent = true
		if len(part) == 0 {
			if chunked {
				_, err = x.write([]byte("0\r\n\r\n"))
			}
			return sent, err
		}
		var n int64
		n, err = x.write(frame(part, chunked))
		sent += n
	}
	return sent, err
}

// readEarly takes the part of the client's body that has come already, before a
// server is asked to connect.
func (x *exchange) readEarly() http.Status {
	for len(x.early) < 64<<10 {
		part, rc := x.r.NextBody(false)
		if rc == http.Declined || rc == http.OK && len(part) == 0 {
			return http.OK
		}
		if rc != http.OK {
			return rc
		}
		x.early = append(x.early, part...)
	}
	return http.OK
}

// frame makes a chunk of a part.
func frame(part []byte, chunked bool) []byte {
	if !chunked || len(part) == 0 {
		return part
	}
	out := strconv.AppendInt(nil, int64(len(part)), 16)
	return append(append(append(out, "\r\n"...), part...), "\r\n"...)
}
