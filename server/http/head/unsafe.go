package head

import (
	"bytes"
	"errors"
)

// ErrUnsafeURI is returned for a URI that leaves the root.
var ErrUnsafeURI = errors.New("unsafe URI")

// UnsafeURI takes a URI that did not come from the client, for an internal
// redirect or a subrequest: it is cut at "?", decoded, and refused when it
// leaves the root (ngx_http_parse_unsafe_uri). The results are new memory where
// the URI has escapes, else parts of uri.
func UnsafeURI(uri []byte) (path, args []byte, err error) {
	if len(uri) == 0 || uri[0] == '?' {
		return nil, nil, ErrUnsafeURI
	}
	path = uri
	if i := bytes.IndexByte(uri, '?'); i >= 0 {
		path, args = uri[:i], uri[i+1:]
	}
	if bytes.IndexByte(path, '%') >= 0 {
		path = unescapePath(path)
	}
	if climbs(path) || bytes.IndexByte(path, 0) >= 0 {
		return nil, nil, ErrUnsafeURI
	}
	return path, args, nil
}

// climbs reports whether a path has a segment "..".
func climbs(path []byte) bool {
	for len(path) > 0 {
		i := bytes.IndexByte(path, '/')
		if i < 0 {
			i = len(path)
		}
		if string(path[:i]) == ".." {
			return true
		}
		path = path[min(i+1, len(path)):]
	}
	return false
}

// unescapePath decodes %XX; what is no escape stays.
func unescapePath(path []byte) []byte {
	out := make([]byte, 0, len(path))
	for i := 0; i < len(path); i++ {
		if path[i] == '%' && i+2 < len(path) && hexDigit(path[i+1]) >= 0 && hexDigit(path[i+2]) >= 0 {
			out = append(out, byte(hexDigit(path[i+1])<<4|hexDigit(path[i+2])))
			i += 2
			continue
		}
		out = append(out, path[i])
	}
	return out
}

func hexDigit(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c|0x20 >= 'a' && c|0x20 <= 'f':
		return int(c|0x20-'a') + 10
	}
	return -1
}
