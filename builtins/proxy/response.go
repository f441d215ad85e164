package proxy

import (
	"bytes"
	"strconv"

	"github.com/perigee-server/perigee/conf"
	"github.com/perigee-server/perigee/server/http"
	"github.com/perigee-server/perigee/server/http/head"
	"github.com/perigee-server/perigee/server/log"
)

// response is the head of a server's response.
type response struct {
	status     int
	statusLine []byte // "200 OK"
	fields     []http.Header
	length     int64 // -1: unknown
	chunked    bool
	keep       bool // the connection can be used again
	upgrade    bool
	noBody     bool
	accelURI   []byte
	buffering  int // of X-Accel-Buffering: 1 yes, -1 no
}

// readHead reads the head of the response. A status other than OK means that it
// is invalid.
func (x *exchange) readHead(a *attempt) (http.Status, error) {
	for {
		if int64(len(x.buf)) < x.s.bufferSize.V {
			x.buf = make([]byte, x.s.bufferSize.V)
		}
		n, err := x.conn.Read(x.buf[x.to:x.s.bufferSize.V], x.wait.read)
		if n > 0 {
			x.to += n
			a.received += int64(n)
			rc, done := x.parseHead()
			if rc != http.OK || done {
				if x.resp.status != 101 && x.resp.status < 200 && rc == http.OK && x.resp.status >= 100 {
					continue // an interim response
				}
				return rc, nil
			}
			if int64(x.to) == x.s.bufferSize.V {
				x.r.Logf(log.Error, "upstream sent too big header while reading response header from upstream")
				return 502, nil
			}
			continue
		}
		if err != nil {
			return http.OK, err
		}
	}
}

// parseHead tries to read the whole head out of the buffer.
func (x *exchange) parseHead() (rc http.Status, done bool) {
	for {
		rc, done = x.parseOne()
		if done && rc == http.OK && x.resp.status >= 100 && x.resp.status < 200 && x.resp.status != 101 {
			if x.resp.status == 103 {
				x.r.EarlyHints(x.resp.fields)
			}
			if x.from == x.to {
				x.from, x.to = 0, 0
				return http.OK, false
			}
			continue
		}
		return rc, done
	}
}

func (x *exchange) parseOne() (rc http.Status, done bool) {
	b := x.buf[x.from:x.to]
	line, rest, ok := bytes.Cut(b, []byte("\n"))
	if !ok {
		if !couldBeStatus(b) {
			return x.version09()
		}
		return http.OK, false
	}
	p := &x.resp
	*p = response{length: -1, fields: p.fields[:0]}
	version, ok := p.statusText(bytes.TrimSuffix(line, []byte("\r")))
	if !ok {
		return x.version09()
	}
	p.keep = version >= 1001
	off := x.from + len(line) + 1
	for {
		var f head.Field
		n, err := f.Parse(rest, true)
		switch err {
		case nil:
			p.fields = append(p.fields, http.Header{Name: f.Name, Value: f.Value})
			rest = rest[n:]
			off += n
			continue
		case head.ErrIncomplete:
			return http.OK, false
		case head.ErrDone:
			off += n
			x.from = off
			return x.checkHead(), true
		}
		x.r.Logf(log.Error, "upstream sent invalid header: \"%s\\x%02x...\" while reading response header from upstream", f.Bad, f.BadByte)
		return 502, true
	}
}

func couldBeStatus(b []byte) bool {
	const w = "HTTP/"
	n := min(len(b), len(w))
	return string(b[:n]) == w[:n]
}

// version09 takes a response without a head, as nginx does.
func (x *exchange) version09() (http.Status, bool) {
	x.r.Logf(log.Error, "upstream sent no valid HTTP/1.0 header while reading response header from upstream")
	x.resp = response{status: 200, length: -1}
	x.r.Version = 9 // the client gets it as it is
	return http.OK, true
}

// statusText reads "HTTP/1.1 200 OK".
func (p *response) statusText(line []byte) (version int, ok bool) {
	rest, ok := bytes.CutPrefix(line, []byte("HTTP/"))
	if !ok {
		return 0, false
	}
	v, rest, ok := bytes.Cut(rest, []byte(" "))
	major, minor, dot := bytes.Cut(v, []byte("."))
	if !ok || !dot || len(major) != 1 || major[0] < '1' || major[0] > '9' || len(minor) < 1 || len(minor) > 2 {
		return 0, false
	}
	rest = bytes.TrimLeft(rest, " ")
	if len(rest) < 3 || len(rest) > 3 && rest[3] != ' ' && rest[3] != '.' {
		return 0, false
	}
	code, err := strconv.ParseUint(string(rest[:3]), 10, 16)
	if err != nil || code < 100 {
		return 0, false
	}
	m, err := strconv.ParseUint(string(minor), 10, 16)
	if err != nil {
		return 0, false
	}
	p.status = int(code)
	p.statusLine = rest
	return int(major[0]-'0')*1000 + int(m), true
}

// checkHead looks at the fields that say how the body is framed.
func (x *exchange) checkHead() http.Status {
	p := &x.resp
	lengths := 0
	for i := range p.fields {
		f := &p.fields[i]
		switch {
		case head.EqualFold(f.Name, "content-length"):
			n, ok := head.ParseContentLength(f.Value)
			if lengths++; !ok || lengths > 1 {
				what := "invalid \"Content-Length\" header"
				if lengths > 1 {
					what = "duplicate header line: \"Content-Length: " + string(f.Value) + "\""
				}
				x.r.Logf(log.Error, "upstream sent %s while reading response header from upstream", what)
				return 502
			}
			p.length = n
		case head.EqualFold(f.Name, "transfer-encoding"):
			if !head.EqualFold(f.Value, "chunked") {
				x.r.Logf(log.Error, "upstream sent unknown \"Transfer-Encoding\": %q while reading response header from upstream", f.Value)
				return 502
			}
			p.chunked = true
		case head.EqualFold(f.Name, "connection"):
			switch {
			case bytes.Contains(bytes.ToLower(f.Value), []byte("close")):
				p.keep = false
			case bytes.Contains(bytes.ToLower(f.Value), []byte("keep-alive")):
				p.keep = true
			}
		}
	}
	if p.chunked && lengths > 0 {
		x.r.Logf(log.Error, "upstream sent \"Content-Length\" and \"Transfer-Encoding\" headers at the same time while reading response header from upstream")
		return 502
	}
	if p.chunked {
		p.length = -1
	}
	p.upgrade = p.status == 101
	p.noBody = p.status == 204 || p.status == 304 || x.r.Method == head.MethodHead && x.s.method.V == nil
	return http.OK
}

// respond sends the response to the client.
func (x *exchange) respond(a *attempt) http.Status {
	r, p, s := x.r, &x.resp, x.s
	if rc, handled := x.intercept(a); handled {
		return rc
	}
	x.copyFields()
	if p.accelURI != nil && s.ignore.V&ignoreRedirect == 0 {
		x.release(false)
		return x.accelRedirect()
	}
	r.Out.Status = p.status
	r.Out.StatusLine = p.statusLine
	r.Out.ContentLength = p.length
	if s.forceRanges.V {
		r.AllowRanges()
	}
	if !r.ReadBodyStarted() {
		r.DiscardBody()
	}
	if p.upgrade {
		return x.tunnel(a)
	}
	if rc := r.SendHeader(); rc != http.OK {
		x.release(false)
		return rc
	}
	if r.HeadOnly() || p.noBody {
		x.release(p.keep && (p.noBody || r.Method == head.MethodHead) && x.from == x.to)
		if r.HeadOnly() {
			return http.OK
		}
		return r.SendLast()
	}
	return x.pump(a)
}

// intercept hands a response to error_page where the configuration says so.
func (x *exchange) intercept(*attempt) (http.Status, bool) {
	r, p := x.r, &x.resp
	if !x.s.interceptErrors.V || p.status < 300 || !r.HasErrorPage(http.Status(p.status)) {
		return 0, false
	}
	if p.status == 401 {
		for _, f := range p.fields {
			if head.EqualFold(f.Name, "www-authenticate") {
				r.Out.Add(f.Name, f.Value)
			}
		}
	}
	x.release(false)
	return http.Status(p.status), true
}

// copyFields takes the fields of the response over.
func (x *exchange) copyFields() {
	r, p, s := x.r, &x.resp, x.s
	o := &r.Out
	for i := range p.fields {
		f := &p.fields[i]
		n := f.Name
		lower := string(bytes.ToLower(n))
		switch lower {
		case "content-length", "transfer-encoding", "connection", "keep-alive":
			continue
		case "x-accel-redirect":
			p.accelURI = f.Value
		case "x-accel-buffering":
			if s.ignore.V&ignoreBuffering == 0 {
				switch {
				case bytes.EqualFold(f.Value, []byte("no")):
					p.buffering = -1
				case bytes.EqualFold(f.Value, []byte("yes")):
					p.buffering = 1
				}
			}
		case "x-accel-limit-rate":
			if n, ok := conf.Size(string(f.Value)); ok && s.ignore.V&ignoreLimitRate == 0 {
				r.SetLimitRate(n)
			}
		case "x-accel-charset":
			if s.ignore.V&ignoreCharset == 0 {
				o.Charset = f.Value
			}
		}
		if s.hidden[lower] {
			continue
		}
		switch lower {
		case "content-type":
			o.ContentType = f.Value
		case "last-modified":
			o.LastModifiedText = f.Value
			if t, ok := http.ParseTime(f.Value); ok {
				o.LastModified = t
			}
			o.KeepModified = true
		case "etag":
			o.ETag = f.Value
		case "location":
			o.Location = s.location(r, x.t, f.Value)
		case "refresh":
			o.Add(n, x.refresh(f.Value))
		case "set-cookie":
			o.Add(n, s.cookie(r, f.Value))
		case "date":
			o.Date = f.Value
		case "server":
			o.SetServer(f.Value, false)
		case "accept-ranges":
			if s.forceRanges.V {
				continue
			}
			o.Add(n, f.Value)
		default:
			o.Add(n, f.Value)
		}
	}
}

// refresh changes the URL of a Refresh field.
func (x *exchange) refresh(v []byte) []byte {
	i := bytes.Index(bytes.ToLower(v), []byte("url="))
	if i < 0 {
		return v
	}
	return append(append([]byte(nil), v[:i+4]...), x.s.location(x.r, x.t, v[i+4:])...)
}

// accelRedirect follows X-Accel-Redirect.
func (x *exchange) accelRedirect() http.Status {
	r, p := x.r, &x.resp
	r.Out.ContentLength = -1
	r.Out.StatusLine = nil
	kept := r.Out.Fields[:0]
	for _, f := range r.Out.Fields {
		switch string(bytes.ToLower(f.Name)) {
		case "set-cookie", "content-disposition", "cache-control", "expires", "accept-ranges", "content-language":
			kept = append(kept, f)
		}
	}
	r.Out.Fields = kept
	r.Out.ClearModified()
	r.Out.ETag = nil
	if p.accelURI[0] == '@' {
		return r.NamedLocation(string(p.accelURI))
	}
	uri, args := http.SplitURI(append([]byte(nil), p.accelURI...))
	path, _, _, err := head.NormalizeURI(nil, uri, true)
	if err != nil || !r.SafeURI(path) {
		r.Logf(log.Error, "unsafe URI %q was detected", uri)
		return 404
	}
	if r.Method != head.MethodHead {
		r.Method, r.MethodName = head.MethodGet, []byte("GET")
	}
	return r.InternalRedirect(path, args)
}

// release keeps the connection for other requests, or closes it.
func (x *exchange) release(keep bool) {
	if x.conn == nil {
		return
	}
	if keep {
		x.conn.OnRead = nil
		x.group.Put(x.conn)
	} else {
		x.conn.Discard()
	}
	x.conn = nil
}
