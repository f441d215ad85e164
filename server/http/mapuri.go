package http

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"net/netip"
	"strings"

	"github.com/perigee-server/perigee/server/cycle"
	"github.com/perigee-server/perigee/server/http/head"
	"github.com/perigee-server/perigee/server/log"
)

// Root is the folder that URIs are appended to; with alias the folder itself.
func (r *Request) Root() []byte {
	root := r.loc.core.root.V.Eval(r)
	return r.full(root)
}

func (r *Request) full(path []byte) []byte {
	if len(path) > 0 && path[0] == '/' {
		return path
	}
	prefix := r.conn.work.Cycle.Prefix
	out := r.Scratch(len(prefix) + len(path))[:0]
	return append(append(out, prefix...), path...)
}

// MapURI returns the path of the URI in the file system
// (ngx_http_map_uri_to_path).
func (r *Request) MapURI() ([]byte, bool) { return r.MapPath(r.URI) }

// MapPath returns the path of another URI.
func (r *Request) MapPath(uri []byte) ([]byte, bool) {
	c := r.loc.core
	root := r.Root()
	if !c.alias {
		out := r.Scratch(len(root) + len(uri))[:0]
		return append(append(out, root...), uri...), true
	}
	if r.loc.Regex != nil {
		return root, true
	}
	n := len(r.loc.Name)
	if n > len(uri) || r.loc.Kind == Named {
		r.Logf(log.Alert, "could not use \"alias\" in location %q where URI was rewritten", r.loc.Name)
		return nil, false
	}
	rest := uri[n:]
	out := r.Scratch(len(root) + len(rest))[:0]
	return append(append(out, root...), rest...), true
}

// RootLength is how much of a mapped path is the folder rather than the URI.
func (r *Request) RootLength() int { return len(r.Root()) }

// Alias reports whether the location maps with alias.
func (r *Request) Alias() bool { return r.loc.core.alias }

// SetContentType chooses the media type by the extension of the URI
// (ngx_http_set_content_type), unless the response has one.
func (r *Request) SetContentType() {
	if len(r.Out.ContentType) > 0 {
		return
	}
	r.Out.ContentType = r.loc.core.typeOf(Extension(r.URI))
}

// typeOf is the media type of an extension, or the default type.
func (c *coreLocation) typeOf(ext []byte) []byte {
	if len(ext) > 0 {
		t, ok := c.types[string(ext)]
		if !ok {
			t, ok = c.types[strings.ToLower(string(ext))]
		}
		if ok {
			return []byte(t)
		}
	}
	return []byte(c.defaultType.V)
}

// Extension is what follows the last dot of the URI's last segment.
func Extension(uri []byte) []byte {
	for i := len(uri) - 1; i > 0; i-- {
		switch uri[i] {
		case '.':
			if uri[i-1] != '/' {
				return uri[i+1:]
			}
			return nil
		case '/':
			return nil
		}
	}
	return nil
}

// BasicAuth is user and password of the Authorization field.
func (r *Request) BasicAuth() (user, password []byte, ok bool) {
	v := r.fieldValue(r.in.authorization)
	if len(v) < 6 || !head.EqualFold(v[:6], "basic ") {
		return nil, nil, false
	}
	text := bytes.Trim(v[6:], " ")
	out := make([]byte, base64.StdEncoding.DecodedLen(len(text)))
	n, err := base64.StdEncoding.Decode(out, text)
	if err != nil {
		n, err = base64.RawStdEncoding.Decode(out, text)
	}
	if err != nil {
		return nil, nil, false
	}
	user, password, ok = bytes.Cut(out[:n], []byte(":"))
	if !ok || len(user) == 0 {
		return nil, nil, false
	}
	return user, password, true
}

// Settings that modules of the distribution look at.

// Internal reports whether the location is marked internal.
func (l *Location) Internal() bool { return l.core.internal }

// LogNotFound is log_not_found of the location.
func (l *Location) LogNotFound() bool { return l.core.logNotFound.V }

// ETags is etag of the location.
func (l *Location) ETags() bool { return l.core.etag.V }

// Outer is the level around the location, nil for a server's own.
func (l *Location) Outer() *Location { return l.outer }

// DefaultType is default_type of the location.
func (l *Location) DefaultType() string { return l.core.defaultType.V }

// BodyMax is client_max_body_size of the location.
func (l *Location) BodyMax() int64 { return l.core.bodyMax.V }

// DisableSymlinks is disable_symlinks of the location.
func (l *Location) DisableSymlinks() string { return l.core.disableSymlinks.V }

func randomHex(n int) []byte {
	b := make([]byte, n)
	rand.Read(b)
	return hex.AppendEncode(nil, b)
}

func parseIP(text []byte) ([]byte, bool) {
	a, err := netip.ParseAddr(string(text))
	if err != nil {
		return nil, false
	}
	return a.Unmap().AsSlice(), true
}

func escapeHTML(b []byte) []byte {
	b = bytes.ReplaceAll(b, []byte("&"), []byte("&amp;"))
	b = bytes.ReplaceAll(b, []byte("<"), []byte("&lt;"))
	b = bytes.ReplaceAll(b, []byte(">"), []byte("&gt;"))
	return bytes.ReplaceAll(b, []byte("\""), []byte("&quot;"))
}

var methods = map[string]head.Method{
	"GET": head.MethodGet | head.MethodHead, "HEAD": head.MethodHead, "POST": head.MethodPost, "PUT": head.MethodPut,
	"DELETE": head.MethodDelete, "MKCOL": head.MethodMkcol, "COPY": head.MethodCopy, "MOVE": head.MethodMove,
	"OPTIONS": head.MethodOptions, "PROPFIND": head.MethodPropfind, "PROPPATCH": head.MethodProppatch,
	"LOCK": head.MethodLock, "UNLOCK": head.MethodUnlock, "PATCH": head.MethodPatch,
}

// setLimitExcept reads a limit_except block.
func setLimitExcept(c *cycle.Conf) error {
	sc := scope(c)
	outer := sc.Location
	if outer.limits != nil {
		return c.Wrong("is duplicate")
	}
	for _, a := range c.Args() {
		m, ok := methods[strings.ToUpper(a)]
		if !ok {
			return c.Errorf("invalid method %q", a)
		}
		outer.except |= uint32(m)
	}
	l := newLocation()
	l.Name, l.Nameless, l.Server, l.outer = outer.Name, true, outer.Server, outer
	l.Kind, l.Regex = outer.Kind, outer.Regex
	outer.limits = l
	outer.children = append(outer.children, l)
	return c.Block(cycle.HTTPLimitExcept, &Scope{Main: sc.Main, Server: sc.Server, Location: l})
}
