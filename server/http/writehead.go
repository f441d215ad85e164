package http

import (
	"bytes"
	"strconv"
	"time"

	"github.com/perigee-server/perigee/server/http/head"
)

// dateCache is the text of the Date field for the present second.
type dateCache struct {
	unix int64
	text []byte
}

// HTTPTime is the form of times in fields.
const HTTPTime = "Mon, 02 Jan 2006 15:04:05 GMT"

func (w *work) dateText(now time.Time) []byte {
	d := &w.date
	if u := now.Unix(); u != d.unix {
		d.unix = u
		d.text = appendTime(nil, now)
	}
	return d.text
}

// ClearModified takes the modification time out of the response.
func (o *Response) ClearModified() { o.LastModified, o.LastModifiedText = time.Time{}, nil }

// ClearLength makes the length of the body unknown.
func (o *Response) ClearLength() { o.ContentLength = -1 }

// SetServer replaces the Server field; empty for none.
func (o *Response) SetServer(v []byte, hide bool) { o.Server, o.hideServer = v, hide }

// ServerHidden reports whether the Server field is left out.
func (o *Response) ServerHidden() bool { return o.hideServer }

// writeHead puts the response's head into the chain
// (ngx_http_header_filter).
func (r *Request) writeHead() {
	o := &r.Out
	switch o.Status {
	case 204, 304:
		r.headOnly = true
	}
	if r.Version < 1000 {
		return
	}
	if o.Status != 200 && o.Status != 206 && o.Status != 304 && !o.KeepModified {
		o.ClearModified()
	}
	c := r.conn
	b := c.work.headScratch[:0]
	b = append(b, "HTTP/1.1 "...)
	b = appendStatusLine(b, r)
	b = append(b, "\r\n"...)
	if !o.hideServer {
		b = append(b, "Server: "...)
		if o.Server != nil {
			b = append(b, o.Server...)
		} else {
			b = append(b, r.serverHeader()...)
		}
		b = append(b, "\r\n"...)
	}
	if !o.hideDate {
		b = append(b, "Date: "...)
		if o.Date != nil {
			b = append(b, o.Date...)
		} else {
			b = append(b, c.work.dateText(c.work.Loop.Now())...)
		}
		b = append(b, "\r\n"...)
	}
	b = r.appendContent(b)
	if len(o.Location) > 0 {
		b = r.appendLocation(b)
	}
	if o.chunked {
		b = append(b, "Transfer-Encoding: chunked\r\n"...)
	}
	b = r.appendConnection(b)
	if o.GzipVary {
		b = append(b, "Vary: Accept-Encoding\r\n"...)
	}
	if len(o.ETag) > 0 {
		b = append(append(append(b, "ETag: "...), o.ETag...), "\r\n"...)
	}
	if len(o.ContentRange) > 0 {
		b = append(append(append(b, "Content-Range: "...), o.ContentRange...), "\r\n"...)
	}
	if r.acceptRanges {
		b = append(b, "Accept-Ranges: bytes\r\n"...)
	}
	for i := range o.Fields {
		f := &o.Fields[i]
		if f.Hidden {
			continue
		}
		b = append(b, f.Name...)
		b = append(b, ": "...)
		b = appendFieldValue(b, f.Value)
		b = append(b, "\r\n"...)
	}
	b = append(b, "\r\n"...)
	c.work.headScratch = b
	r.headerSize += int64(len(b))
	c.out.add(b, false, c.work)
	if r.headOnly {
		r.lastSent = true
		c.write()
	}
}

// appendFieldValue appends a field's value; bytes that would end the line are
// never sent, whoever put them there.
func appendFieldValue(b, v []byte) []byte {
	if bytes.IndexByte(v, '\n') < 0 && bytes.IndexByte(v, '\r') < 0 && bytes.IndexByte(v, 0) < 0 {
		return append(b, v...)
	}
	for _, ch := range v {
		if ch != '\n' && ch != '\r' && ch != 0 {
			b = append(b, ch)
		}
	}
	return b
}

func (r *Request) serverHeader() string {
	w := r.conn.work
	if r.loc.core.serverTokens.V == tokensOff {
		return w.Cycle.Identity.Name
	}
	return w.serverName
}

// appendContent appends what says something about the body.
func (r *Request) appendContent(b []byte) []byte {
	o := &r.Out
	if len(o.ContentType) > 0 && o.Status != 304 && (o.Status != 204 || o.KeepModified) {
		b = append(append(b, "Content-Type: "...), o.ContentType...)
		if len(o.Charset) > 0 && !bytes.Contains(o.ContentType, []byte("charset=")) {
			b = append(append(b, "; charset="...), o.Charset...)
		}
		b = append(b, "\r\n"...)
	}
	if o.ContentLength >= 0 && o.Status != 204 && o.Status != 304 {
		b = append(b, "Content-Length: "...)
		b = strconv.AppendInt(b, o.ContentLength, 10)
		b = append(b, "\r\n"...)
	}
	switch {
	case o.LastModifiedText != nil:
		b = append(append(append(b, "Last-Modified: "...), o.LastModifiedText...), "\r\n"...)
	case !o.LastModified.IsZero():
		b = append(b, "Last-Modified: "...)
		b = appendTime(b, o.LastModified)
		b = append(b, "\r\n"...)
	}
	return b
}

// appendLocation appends Location, made absolute where asked for.
func (r *Request) appendLocation(b []byte) []byte {
	o := &r.Out
	b = append(b, "Location: "...)
	if o.Location[0] == '/' && r.loc.core.absoluteRedirect.V {
		b = r.appendBase(b)
	}
	b = appendFieldValue(b, o.Location)
	return append(b, "\r\n"...)
}

// appendBase appends scheme, host and port as redirects name them.
func (r *Request) appendBase(b []byte) []byte {
	scheme, standard := "http", 80
	if r.conn.tls != nil {
		scheme, standard = "https", 443
	}
	b = append(append(b, scheme...), "://"...)
	host := r.Host
	if r.loc.core.serverNameInRedirect.V {
		host = []byte(r.server.core.name)
	}
	local := r.conn.Local()
	if len(host) == 0 && local.IsValid() {
		host = local.Addr().AppendTo(nil)
		if local.Addr().Is6() {
			host = append(append([]byte("["), host...), ']')
		}
	}
	b = append(b, host...)
	if port := int(local.Port()); r.loc.core.portInRedirect.V && local.IsValid() && port != standard {
		b = append(b, ':')
		b = strconv.AppendInt(b, int64(port), 10)
	}
	return b
}

// appendConnection appends Connection and Keep-Alive.
func (r *Request) appendConnection(b []byte) []byte {
	switch {
	case r.Out.Status == 101:
		return append(b, "Connection: upgrade\r\n"...)
	case !r.KeepAlive:
		return append(b, "Connection: close\r\n"...)
	}
	b = append(b, "Connection: keep-alive\r\n"...)
	if h := r.loc.core.keepaliveHeader.V; h > 0 {
		b = append(b, "Keep-Alive: timeout="...)
		b = strconv.AppendInt(b, int64(h/time.Second), 10)
		b = append(b, "\r\n"...)
	}
	return b
}

// HideField takes every custom field of a name out of the response.
func (o *Response) HideField(lower string) {
	for i := range o.Fields {
		if head.EqualFold(o.Fields[i].Name, lower) {
			o.Fields[i].Hidden = true
		}
	}
}

// appendTime appends a time in the form of HTTPTime.
func appendTime(b []byte, t time.Time) []byte {
	t = t.UTC()
	year, month, day := t.Date()
	hour, minute, second := t.Clock()
	two := func(n int) (byte, byte) { return byte('0' + n/10), byte('0' + n%10) }
	d1, d2 := two(day)
	h1, h2 := two(hour)
	m1, m2 := two(minute)
	s1, s2 := two(second)
	b = append(b, "SunMonTueWedThuFriSat"[3*t.Weekday():3*t.Weekday()+3]...)
	b = append(b, ',', ' ', d1, d2, ' ')
	b = append(b, "JanFebMarAprMayJunJulAugSepOctNovDec"[3*month-3:3*month]...)
	b = append(b, ' ')
	if year < 1000 || year > 9999 {
		b = t.AppendFormat(b, "2006")
	} else {
		b = strconv.AppendInt(b, int64(year), 10)
	}
	return append(b, ' ', h1, h2, ':', m1, m2, ':', s1, s2, ' ', 'G', 'M', 'T')
}
