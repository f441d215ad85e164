package dav

import (
	"bytes"

	"github.com/perigee-server/perigee/server/http"
	"github.com/perigee-server/perigee/server/http/head"
	"github.com/perigee-server/perigee/server/log"
)

// infinity is the depth that includes everything.
const infinity = -1

// depthOf reads the field Depth: 0, 1 or infinity; absent is what it means
// where it is missing.
func depthOf(r *http.Request, absent int) (depth int, ok bool) {
	v, there := r.Field("depth")
	if !there {
		return absent, true
	}
	switch string(v) {
	case "0":
		return 0, true
	case "1":
		return 1, true
	case "infinity":
		return infinity, true
	}
	r.Logf(log.Error, "client sent invalid \"Depth\" header: \"%s\"", v)
	return 0, false
}

// overwrites reads the field Overwrite: T, which is the rule, or F.
func overwrites(r *http.Request) (yes, ok bool) {
	v, there := r.Field("overwrite")
	switch {
	case !there, len(v) == 1 && v[0]|0x20 == 't':
		return true, true
	case len(v) == 1 && v[0]|0x20 == 'f':
		return false, true
	}
	r.Logf(log.Error, "client sent invalid \"Overwrite\" header: \"%s\"", v)
	return false, false
}

// destination reads the field Destination: a path, or a URL of this host.
func destination(r *http.Request) (uri []byte, rc http.Status) {
	v, ok := r.Field("destination")
	if !ok {
		r.Logf(log.Error, "client sent no \"Destination\" header")
		return nil, 400
	}
	place := v
	if len(v) == 0 || v[0] != '/' {
		if len(r.Host) == 0 {
			r.Logf(log.Error, "client sent no \"Host\" header")
			return nil, 400
		}
		scheme := "http://"
		if r.Conn().TLS() != nil {
			scheme = "https://"
		}
		rest, fine := bytes.CutPrefix(v, []byte(scheme))
		if !fine {
			return nil, invalidDestination(r, v)
		}
		rest, fine = bytes.CutPrefix(rest, r.Host)
		if !fine {
			r.Logf(log.Error, "\"Destination\" URI \"%s\" is handled by different repository than the source URI", v)
			return nil, 400
		}
		slash := bytes.IndexByte(rest, '/')
		if slash < 0 {
			return nil, invalidDestination(r, v)
		}
		place = rest[slash:]
	}
	uri, _, err := head.UnsafeURI(place)
	if err != nil {
		return nil, invalidDestination(r, v)
	}
	return bytes.Clone(uri), http.OK
}

func invalidDestination(r *http.Request, v []byte) http.Status {
	r.Logf(log.Error, "client sent invalid \"Destination\" header: \"%s\"", v)
	return 400
}
