package lua

import (
	"errors"

	"github.com/perigee-server/perigee/lua/api"
	"github.com/perigee-server/perigee/server/cycle"
	"github.com/perigee-server/perigee/server/http"
)

func atServer(f func(*api.Server) **api.Code) func(*cycle.Conf) **api.Code {
	return func(c *cycle.Conf) **api.Code { return f(api.Servers.At(c)) }
}

// handshakeRows are the directives that run scripts in TLS handshakes.
var handshakeRows = []row{
	{"ssl_client_hello", cycle.HTTP | cycle.HTTPServer, atServer(func(s *api.Server) **api.Code { return &s.ClientHello }), false, false, "when a TLS client has said hello"},
	{"ssl_certificate", cycle.HTTP | cycle.HTTPServer, atServer(func(s *api.Server) **api.Code { return &s.Certificate }), false, false, "before the server's certificate is sent"},
	{"ssl_session_fetch", cycle.HTTP, atServer(func(s *api.Server) **api.Code { return &s.SessionFetch }), false, false, "to find the TLS session that a client resumes"},
	{"ssl_session_store", cycle.HTTP, atServer(func(s *api.Server) **api.Code { return &s.SessionStore }), false, false, "to keep a new TLS session"},
}

// handshaker runs a server's scripts in its TLS handshakes.
type handshaker struct{ m *http.Main }

// shakeHands gives a handshaker to the servers that have scripts for it.
func shakeHands(m *http.Main) {
	for _, s := range m.Servers {
		conf := api.Servers.In(s)
		if conf.ClientHello != nil || conf.Certificate != nil || conf.SessionFetch != nil || conf.SessionStore != nil {
			s.SetHandshaker(&handshaker{m})
		}
	}
}

var errNoEngine = errors.New("no Lua VM")

func (a *handshaker) run(phase api.Phase, code *api.Code, h *http.Handshake) error {
	e := engines.In(a.m).e
	if e == nil {
		return errNoEngine
	}
	return e.Handshake(phase, code, h)
}

// Hello runs ssl_client_hello_by_lua.
func (a *handshaker) Hello(h *http.Handshake) error {
	code := api.Servers.In(h.Server).ClientHello
	if code == nil {
		return nil
	}
	return a.run(api.PhaseSSLClientHello, code, h)
}

// Certificate runs ssl_certificate_by_lua.
func (a *handshaker) Certificate(h *http.Handshake) error {
	code := api.Servers.In(h.Server).Certificate
	if code != nil {
		return a.run(api.PhaseSSLCertificate, code, h)
	}
	if own := h.Server.Handshaker(); own == a || !a.certifies(h) {
		return nil
	}
	return engines.In(a.m).e.NoCertificateCode(h)
}

// certifies reports whether the default server of a handshake, whose
// certificate a server without one has, runs a script for it.
func (a *handshaker) certifies(h *http.Handshake) bool {
	return api.Servers.In(h.Conn.Default()).Certificate != nil
}

// Sessions reports whether scripts keep sessions.
func (a *handshaker) Sessions() bool {
	for _, s := range a.m.Servers {
		conf := api.Servers.In(s)
		return conf.SessionFetch != nil || conf.SessionStore != nil
	}
	return false
}

// Store runs ssl_session_store_by_lua.
func (a *handshaker) Store(h *http.Handshake) {
	if code := api.Servers.In(h.Server).SessionStore; code != nil {
		a.run(api.PhaseSSLSessionStore, code, h)
	}
}

// Fetch runs ssl_session_fetch_by_lua.
func (a *handshaker) Fetch(h *http.Handshake) error {
	code := api.Servers.In(h.Server).SessionFetch
	if code == nil {
		return nil
	}
	return a.run(api.PhaseSSLSessionFetch, code, h)
}
