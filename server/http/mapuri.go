package http

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"net/netip"
	"strings"
	"syscall"

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
			return t
		}
	}
	return c.defaultText
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
	text, ok := DecodeBase64(bytes.TrimLeft(v[6:], " "), false)
	if !ok {
		return nil, nil, false
	}
	user, password, ok = bytes.Cut(text, []byte(":"))
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

// AioThreads reports whether files are opened and read beside the event loop.
func (l *Location) AioThreads() bool { return strings.HasPrefix(l.core.aio.V, "threads") }

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

// FileError is the status for a file that could not be opened or examined.
func (r *Request) FileError(err error) Status {
	var e syscall.Errno
	if !errors.As(err, &e) {
		return statusInternalServerError
	}
	switch e {
	case syscall.ENOENT, syscall.ENOTDIR, syscall.ENAMETOOLONG:
		return statusNotFound
	case syscall.EACCES, syscall.ELOOP, syscall.EMLINK:
		return statusForbidden
	}
	return statusInternalServerError
}

// LogNotFound logs that a file does not exist, where log_not_found is on.
func (r *Request) LogNotFound(path []byte, err error) {
	if r.loc.core.logNotFound.V {
		r.Logf(log.Error, "%s", log.Errno(sprintf("%q is not found", path), err))
	}
}

// EscapeURI escapes a path for a redirect (NGX_ESCAPE_URI).
func EscapeURI(b []byte) []byte { return escapeURI(b) }

// ParseCIDR reads an address or a network; low tells that bits behind the
// prefix were set.
func ParseCIDR(s string) (p netip.Prefix, low bool, err error) {
	if a, err := netip.ParseAddr(s); err == nil {
		return netip.PrefixFrom(a, a.BitLen()), false, nil
	}
	p, err = netip.ParsePrefix(s)
	if err != nil {
		a, m, ok := strings.Cut(s, "/")
		mask, merr := netip.ParseAddr(m)
		addr, aerr := netip.ParseAddr(a)
		if !ok || merr != nil || aerr != nil || !mask.Is4() || !addr.Is4() {
			return p, false, err
		}
		ones := 0
		v := mask.As4()
		for _, b := range v {
			for b&0x80 != 0 {
				ones++
				b <<= 1
			}
		}
		p = netip.PrefixFrom(addr, ones)
	}
	return p.Masked(), p.Masked() != p, nil
}

// SatisfyAny is satisfy of the location.
func (l *Location) SatisfyAny() bool { return l.core.satisfyAny.V }

// BodyBytesSent is how many bytes of the body were sent.
func (r *Request) BodyBytesSent() int64 { return max(r.Main.bytesSent-r.Main.headerSize, 0) }
