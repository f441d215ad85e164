package api

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"strconv"

	lua "github.com/yuin/gopher-lua"

	"github.com/perigee-server/perigee/lua/vm"
	"github.com/perigee-server/perigee/server/event"
	"github.com/perigee-server/perigee/server/log"
)

// clientCert is what setclientcert was given.
type clientCert struct {
	chain [][]byte
	key   any
}

// trustedStore is what settrustedstore was given.
type trustedStore struct{ roots *x509.CertPool }

func init() {
	tcpMethods["sslhandshake"] = sslHandshake
	tcpMethods["setclientcert"] = setClientCert
	tcpMethods["settrustedstore"] = setTrustedStore
	tcpMethods["getsslsession"] = getSession
	tcpMethods["getsslpointer"] = func(e *Engine, c *Ctx, L *lua.LState) int { return sslHandle(e, L, "no ssl connection") }
	tcpMethods["getsslctx"] = func(e *Engine, c *Ctx, L *lua.LState) int { return sslHandle(e, L, "no ssl context") }
}

func sslHandshake(e *Engine, c *Ctx, L *lua.LState) int {
	if n := L.GetTop(); n < 1 || n > 6 {
		L.RaiseError("ngx.socket sslhandshake: expecting 1 ~ 5 arguments (including the object), but seen %d", n)
	}
	s := usedSocket(L)
	var reused *tlsSessions
	if u, ok := L.Get(2).(*lua.LUserData); ok {
		reused, _ = u.Value.(*tlsSessions)
	}
	noSession := L.Get(2) == lua.LFalse
	name := ""
	if lua.LVAsBool(L.Get(3)) {
		name = vm.CheckText(L, 3)
	}
	verify := lua.LVAsBool(L.Get(4))
	if s.wire == nil || s.readClosed || s.writeClosed {
		return fail(L, "closed")
	}
	if s.own != c {
		return fail(L, "bad request")
	}
	if busy := s.busy(true, true); busy != "" {
		return fail(L, busy)
	}
	if s.kind != upstreamSocket {
		return fail(L, "not supported for downstream sockets")
	}
	if s.peer.tls != nil {
		if reused != nil {
			L.Push(L.Get(2))
			return 1
		}
		return s.pushSession(L, noSession)
	}
	conf := SSLs.In(c.location())
	link := s.newLink(conf, reused, name, L.Get(6))
	c.mayWait(L)
	me := s.waits(c, &s.connecting)
	err := link.handshake(s.connectTimeout())
	s.waited(L, &s.connecting, me)
	if err != nil {
		return s.handshakeFailed(c, L, err)
	}
	state := link.conn.ConnectionState()
	if verify {
		if code, text := conf.verify(state.PeerCertificates, s.pem, e.Loop.Now()); code != 0 {
			c.complain(fmt.Sprintf("lua ssl certificate verify error: (%d: %s)", code, text))
			s.finalize()
			return fail(L, strconv.Itoa(code)+": "+text)
		}
		if name != "" && !matchesHost(state.PeerCertificates[0], name) {
			c.complain(fmt.Sprintf("lua ssl certificate does not match host \"%s\"", name))
			s.finalize()
			return fail(L, "certificate host mismatch")
		}
	}
	s.pem = nil
	s.peer.tls = link
	return s.pushSession(L, noSession)
}

// newLink prepares the handshake.
func (s *tcpSocket) newLink(conf *SSL, reused *tlsSessions, name string, protocols lua.LValue) *tlsLink {
	cfg := conf.config.Clone()
	sessions := &tlsSessions{}
	if reused != nil {
		sessions.state = reused.state
	}
	cfg.ClientSessionCache = sessions
	cfg.ServerName = name
	if s.cert != nil {
		cfg.Certificates = []tls.Certificate{{Certificate: s.cert.chain, PrivateKey: s.cert.key}}
	}
	if list, ok := protocols.(*lua.LTable); ok {
		for i := 1; i <= list.Len(); i++ {
			if text, ok := list.RawGetInt(i).(lua.LString); ok {
				cfg.NextProtos = append(cfg.NextProtos, string(text))
			}
		}
	}
	if conf.keyLogPath != "" {
		cfg.KeyLogWriter = keyLog(conf.keyLogPath)
	}
	return newTLSLink(s.peer.ev, cfg, sessions)
}

// sslWords says what has gone wrong in a handshake, with OpenSSL's words where
// log readers look for them.
func sslWords(err error) string {
	if errors.As(err, new(tls.RecordHeaderError)) {
		return "error:0A00010B:SSL routines::wrong version number"
	}
	return err.Error()
}

// handshakeFailed answers a handshake that has failed; the socket is closed.
func (s *tcpSocket) handshakeFailed(c *Ctx, L *lua.LState, err error) int {
	if !isFault(err) {
		s.cancelled(L)
	}
	var fault *tlsFault
	switch {
	case errors.As(err, &fault):
		if fault.cause != nil {
			c.logLine(log.Error, "SSL_do_handshake() failed (SSL: "+sslWords(fault.cause)+")")
		} else {
			c.logLine(log.Error, "peer closed connection in SSL handshake")
		}
		s.finalize()
		return fail(L, fault.text)
	case err == event.ErrTimeout:
		s.finalize()
		return fail(L, "timeout")
	}
	s.finalize()
	return fail(L, "handshake failed")
}

// pushSession pushes the session for a later handshake, or true where the
// script wants none.
func (s *tcpSocket) pushSession(L *lua.LState, none bool) int {
	if none {
		L.Push(lua.LTrue)
		return 1
	}
	L.Push(&lua.LUserData{Value: s.peer.tls.session})
	return 1
}

func setClientCert(e *Engine, c *Ctx, L *lua.LState) int {
	s := socketOf(L)
	cert, key := L.Get(2), L.Get(3)
	hasCert, hasKey := lua.LVAsBool(cert), lua.LVAsBool(key)
	if !hasCert && !hasKey {
		if s != nil {
			s.cert = nil
		}
		L.Push(lua.LTrue)
		return 1
	}
	if !hasCert || !hasKey {
		return fail(L, "client certificate must be supplied with corresponding private key")
	}
	chain, ok := handleOf[*certChain](cert)
	if !ok {
		return fail(L, "bad cert arg: cdata expected, got "+cert.Type().String())
	}
	private, ok := handleOf[*privateKey](key)
	if !ok {
		return fail(L, "bad pkey arg: cdata expected, got "+key.Type().String())
	}
	if s != nil {
		s.cert = &clientCert{chain.raw, private.key}
	}
	L.Push(lua.LTrue)
	return 1
}

func setTrustedStore(e *Engine, c *Ctx, L *lua.LState) int {
	s := usedSocket(L)
	chain, ok := handleOf[*certChain](L.Get(2))
	if !ok {
		return fail(L, "bad store arg: cdata expected, got "+L.Get(2).Type().String())
	}
	if s.wire == nil || s.readClosed || s.writeClosed {
		return fail(L, "closed")
	}
	if s.own != c {
		return fail(L, "bad request")
	}
	if s.peer != nil && s.peer.tls != nil {
		return fail(L, "ssl handshake already done; trusted store cannot be changed on an established TLS connection")
	}
	store := &trustedStore{x509.NewCertPool()}
	for _, raw := range chain.raw {
		if cert, err := x509.ParseCertificate(raw); err == nil {
			store.roots.AddCert(cert)
		}
	}
	s.pem = store
	L.Push(lua.LTrue)
	return 1
}

func getSession(e *Engine, c *Ctx, L *lua.LState) int {
	s := socketOf(L)
	if s == nil || s.closed() {
		return fail(L, "closed")
	}
	if s.peer.tls == nil {
		return fail(L, "no session")
	}
	return s.pushSession(L, false)
}

// sslHandle gives an opaque value in place of a pointer of OpenSSL.
func sslHandle(e *Engine, L *lua.LState, missing string) int {
	s := socketOf(L)
	if s == nil || s.closed() {
		return fail(L, "closed")
	}
	if s.peer.tls == nil {
		return fail(L, missing)
	}
	L.Push(&lua.LUserData{Value: s.peer.tls})
	return 1
}

// handleOf is the Go value of a userdata.
func handleOf[T any](v lua.LValue) (T, bool) {
	var none T
	u, ok := v.(*lua.LUserData)
	if !ok {
		return none, false
	}
	value, ok := u.Value.(T)
	return value, ok
}

// certChain is what ngx.ssl.parse_pem_cert gives: certificates in DER, the
// leaf first.
type certChain struct{ raw [][]byte }

// privateKey is what ngx.ssl.parse_pem_priv_key gives.
type privateKey struct{ key any }

// parseCRLs reads revocation lists in PEM.
func parseCRLs(text []byte) ([]*x509.RevocationList, error) {
	var lists []*x509.RevocationList
	for {
		block, rest := pem.Decode(text)
		if block == nil {
			break
		}
		text = rest
		if block.Type != "X509 CRL" {
			continue
		}
		list, err := x509.ParseRevocationList(block.Bytes)
		if err != nil {
			return nil, err
		}
		lists = append(lists, list)
	}
	if len(lists) == 0 {
		return nil, errors.New("no CRL found")
	}
	return lists, nil
}

// keyLog is a file that secrets are appended to, line by line.
type keyLog string

func (path keyLog) Write(line []byte) (int, error) {
	f, err := os.OpenFile(string(path), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	return f.Write(line)
}
