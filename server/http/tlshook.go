package http

import (
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"slices"
)

// Handshaker is what a module does in the TLS handshakes of a server. Its
// methods run under the event loop, on a task that may wait; the handshake
// waits for them.
type Handshaker interface {
	// Hello runs for the address's default server before a server is chosen
	// (ssl_client_hello_by_lua).
	Hello(h *Handshake) error
	// Certificate runs once the server is known (ssl_certificate_by_lua).
	Certificate(h *Handshake) error
	// Sessions reports whether sessions are kept by Store and Fetch.
	Sessions() bool
	// Store keeps h.Session under h.SessionID.
	Store(h *Handshake)
	// Fetch puts what was kept under h.SessionID into h.Session.
	Fetch(h *Handshake) error
}

// Handshake is a TLS handshake under way.
type Handshake struct {
	Conn   *Conn
	Server *Server // the default one until a name has chosen another
	Hello  *tls.ClientHelloInfo

	// Protocols, when not 0, are the versions that are spoken (TLS12, …).
	Protocols uint
	// Certificates are used instead of the configured ones, which Cleared drops.
	Certificates []tls.Certificate
	Cleared      bool
	// Staple, when not nil, is the OCSP response that goes with them.
	Staple []byte
	// VerifyClient, when not nil, has the client asked for a certificate, by
	// the authorities that Authorities names. It gives $ssl_client_verify:
	// the handshake goes on whatever it says.
	VerifyClient func(chain []*x509.Certificate) string
	Authorities  *x509.CertPool

	SessionID []byte
	Session   []byte
}

// SetHandshaker makes the server's handshakes go through h.
func (s *Server) SetHandshaker(h Handshaker) { s.handshaker = h }

// Handshaker is what SetHandshaker was given, nil without.
func (s *Server) Handshaker() Handshaker { return s.handshaker }

// underLoop runs f with the baton on a task of its own, for the goroutine of a
// handshake.
func (s *tlsSession) underLoop(f func() error) error {
	done := make(chan error, 1)
	loop := s.c.work.Loop
	loop.Post(func() { loop.Go(func() { done <- f() }) })
	select {
	case err := <-done:
		return err
	case <-s.gone:
		return net.ErrClosed
	}
}

// sayHello lets the default server's handshaker see the client's hello.
func (s *tlsSession) sayHello(h *Handshake) error {
	if hs := h.Server.handshaker; hs != nil {
		return s.underLoop(func() error { return hs.Hello(h) })
	}
	return nil
}

// configure gives the configuration of a handshake with a server: cfg as the
// handshaker changes it.
func (s *tlsSession) configure(cfg *tls.Config, hs Handshaker, h *Handshake) (*tls.Config, error) {
	if hs != nil {
		if err := s.underLoop(func() error { return hs.Certificate(h) }); err != nil {
			return nil, err
		}
	}
	store := hs != nil && hs.Sessions() && cfg.SessionTicketsDisabled
	if h.Protocols == 0 && !h.Cleared && len(h.Certificates) == 0 && h.Staple == nil && h.VerifyClient == nil && !store {
		return cfg, nil
	}
	cfg = cfg.Clone()
	if h.Protocols != 0 {
		cfg.MinVersion, cfg.MaxVersion = TLSVersions(h.Protocols)
	}
	if h.Cleared || len(h.Certificates) > 0 {
		cfg.Certificates = h.Certificates
	}
	if h.Staple != nil {
		cfg.Certificates = slices.Clone(cfg.Certificates)
		for i := range cfg.Certificates {
			cfg.Certificates[i].OCSPStaple = h.Staple
		}
	}
	if h.VerifyClient != nil {
		cfg.ClientAuth, cfg.ClientCAs = tls.RequestClientCert, h.Authorities
		cfg.VerifyConnection = func(state tls.ConnectionState) error {
			s.verdict = h.VerifyClient(state.PeerCertificates)
			return nil
		}
	}
	if store {
		s.keepSessions(cfg, hs, h)
	}
	return cfg, nil
}

// sessionIDSize is the length of the name that a kept session has.
const sessionIDSize = 32

// keepSessions has sessions kept by the handshaker: what the client gets as its
// ticket is only their name.
func (s *tlsSession) keepSessions(cfg *tls.Config, hs Handshaker, h *Handshake) {
	cfg.SessionTicketsDisabled = false
	cfg.WrapSession = func(_ tls.ConnectionState, state *tls.SessionState) ([]byte, error) {
		session, err := state.Bytes()
		if err != nil {
			return nil, err
		}
		id := make([]byte, sessionIDSize)
		rand.Read(id)
		err = s.underLoop(func() error {
			h.SessionID, h.Session = id, session
			hs.Store(h)
			return nil
		})
		return id, err
	}
	cfg.UnwrapSession = func(id []byte, _ tls.ConnectionState) (*tls.SessionState, error) {
		if len(id) != sessionIDSize {
			return nil, nil
		}
		err := s.underLoop(func() error {
			h.SessionID, h.Session = id, nil
			return hs.Fetch(h)
		})
		if errors.Is(err, net.ErrClosed) {
			return nil, err
		}
		if err != nil || h.Session == nil {
			return nil, nil // a whole handshake, as when a script of nginx fails
		}
		state, err := tls.ParseSessionState(h.Session)
		if err != nil {
			return nil, nil // as good as none
		}
		return state, nil
	}
}

// Default is the default server of the address that the client has connected
// to.
func (c *Conn) Default() *Server { return c.addr.def }
