package http

import (
	"bytes"

	"github.com/perigee-server/perigee/server/log"
)

// InternalRedirect makes the phases run again for another URI
// (ngx_http_internal_redirect). A handler returns what it returns.
func (r *Request) InternalRedirect(uri, args []byte) Status {
	r.uriChanges--
	if r.uriChanges == 0 {
		r.Logf(log.Error, "rewrite or internal redirection cycle while internally redirecting to %q", uri)
		return statusInternalServerError
	}
	r.URI = uri
	r.Args = args
	r.HasArgs = len(args) > 0
	if r.Debugging() {
		r.Logf(log.Debug, "internal redirect: %q?%q", uri, args)
	}
	clear(r.ctx)
	r.loc = r.server.Root
	r.internal = true
	r.ValidURI = false
	r.phase = ServerRewrite
	return Redirected
}

// NamedLocation goes on in a named location (ngx_http_named_location).
func (r *Request) NamedLocation(name string) Status {
	r.uriChanges--
	if r.uriChanges == 0 {
		r.Logf(log.Error, "rewrite or internal redirection cycle while redirect to named location %q", name)
		return statusInternalServerError
	}
	if len(r.URI) == 0 {
		r.Logf(log.Error, "empty URI in redirect to named location %q", name)
		return statusInternalServerError
	}
	l := r.server.named[name]
	if l == nil {
		r.Logf(log.Error, "could not find named location %q", name)
		return statusInternalServerError
	}
	if r.Debugging() {
		r.Logf(log.Debug, "using location: %s %q?%q", name, r.URI, r.Args)
	}
	clear(r.ctx)
	r.internal = true
	r.ValidURI = false
	r.loc = l
	r.handler = nil
	r.applyLocation()
	r.phase = Rewrite
	return Redirected
}

// SetURI changes the URI in a rewrite phase: the location is searched again
// when jump is set.
func (r *Request) SetURI(uri []byte, jump bool) {
	r.URI = uri
	r.ValidURI = false
	r.uriChanged = r.uriChanged || jump
}

// ResetURIChanges allows as many internal redirects as a new request has.
func (r *Request) ResetURIChanges() { r.uriChanges = maxURIChanges }

// QuotedURI reports whether the client's URI has escapes or "+".
func (r *Request) QuotedURI() bool { return r.Main.quoted }

// StopURIChange takes back a jump (break).
func (r *Request) StopURIChange() { r.uriChanged = false }

// SplitURI cuts a URI at its "?".
func SplitURI(uri []byte) (path, args []byte) {
	if i := bytes.IndexByte(uri, '?'); i >= 0 {
		return uri[:i], uri[i+1:]
	}
	return uri, nil
}
