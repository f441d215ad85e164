package gzip

import (
	"bytes"

	"github.com/perigee-server/perigee/server/http"
)

// accepted reports whether the client, and what is between, gets a compressed
// response (ngx_http_gzip_ok).
func accepted(r *http.Request, s *settings) bool {
	if r.IsSub() {
		return false
	}
	accept, ok := r.Field("accept-encoding")
	if !ok || !acceptsGzip(accept) || r.Version < s.version.V {
		return false
	}
	if _, via := r.Field("via"); via && !proxied(r, s.proxied.V) {
		return false
	}
	return !s.disable.is(r)
}

// acceptsGzip reads Accept-Encoding: gzip must stand in it, with a weight that
// is not 0.
func acceptsGzip(v []byte) bool {
	if bytes.HasPrefix(v, []byte("gzip,")) {
		return true
	}
	for off := 0; ; {
		i := indexFold(v[off:], "gzip")
		if i < 0 {
			return false
		}
		from := off + i
		off = from + len("gzip")
		if from > 0 && v[from-1] != ',' && v[from-1] != ' ' {
			continue
		}
		return weight(v[off:])
	}
}

// weight reads what follows the name of a coding: false for q=0 and for what is
// malformed.
func weight(v []byte) bool {
	v = bytes.TrimLeft(v, " ")
	if len(v) == 0 || v[0] == ',' {
		return true
	}
	if v[0] != ';' {
		return false
	}
	v = bytes.TrimLeft(v[1:], " ")
	if len(v) < 2 || v[0]|0x20 != 'q' || v[1] != '=' {
		return false
	}
	q, _, _ := bytes.Cut(v[2:], []byte(","))
	q, _, _ = bytes.Cut(q, []byte(" "))
	return positive(q)
}

// positive reads 0, 1, 0.ddd or 1.000: false for 0 and for anything else.
func positive(q []byte) bool {
	if len(q) == 0 || len(q) > 5 || q[0] != '0' && q[0] != '1' || len(q) > 1 && q[1] != '.' {
		return false
	}
	some := false
	for _, c := range q[min(2, len(q)):] {
		if c < '0' || c > '9' {
			return false
		}
		some = some || c != '0'
	}
	return some != (q[0] == '1')
}

func indexFold(b []byte, lower string) int {
	for i := 0; i+len(lower) <= len(b); i++ {
		if bytes.EqualFold(b[i:i+len(lower)], []byte(lower)) {
			return i
		}
	}
	return -1
}

// proxied reports whether a proxy gets the response compressed.
func proxied(r *http.Request, p uint) bool {
	if p&proxiedOff != 0 {
		return false
	}
	if p&proxiedAny != 0 {
		return true
	}
	if _, ok := r.Field("authorization"); ok && p&proxiedAuth != 0 {
		return true
	}
	o := &r.Out
	if v := o.OutHeader("expires"); v != nil {
		if p&proxiedExpired == 0 {
			return false
		}
		at, ok := http.ParseTime(v)
		now := r.Loop().Now()
		if d, fine := http.ParseTime(o.Date); fine {
			now = d
		}
		return ok && at.Unix() < now.Unix()
	}
	if o.OutHeader("cache-control") != nil {
		return p&proxiedNoCache != 0 && controls(o, "no-cache") ||
			p&proxiedNoStore != 0 && controls(o, "no-store") ||
			p&proxiedPrivate != 0 && controls(o, "private")
	}
	modified := !o.LastModified.IsZero() || o.LastModifiedText != nil
	if p&proxiedNoLastModified != 0 && modified {
		return false
	}
	return p&proxiedNoETag == 0 || len(o.ETag) == 0
}

// controls looks for a word in the fields Cache-Control.
func controls(o *http.Response, word string) bool {
	for i := range o.Fields {
		f := &o.Fields[i]
		if f.Hidden || !bytes.EqualFold(f.Name, []byte("cache-control")) {
			continue
		}
		for part := range bytes.SplitSeq(f.Value, []byte(",")) {
			name, _, _ := bytes.Cut(bytes.TrimLeft(part, " "), []byte("="))
			if bytes.EqualFold(bytes.TrimRight(name, " "), []byte(word)) {
				return true
			}
		}
	}
	return false
}
