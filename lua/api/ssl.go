package api

import (
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"net/netip"
	"slices"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"github.com/perigee-server/perigee/lua/vm"
	"github.com/perigee-server/perigee/server/http"
	"github.com/perigee-server/perigee/server/log"
)

var errHandshake = errors.New("the script has refused the handshake")

// Handshake runs a script in a TLS handshake. An error ends the handshake,
// except where sessions are stored.
func (e *Engine) Handshake(phase Phase, code *Code, h *http.Handshake) error {
	c := &Ctx{E: e, Phase: phase, hand: h}
	fn, failed := c.load(code)
	if failed != 0 {
		return errHandshake
	}
	result, err := c.execute(phase, fn)
	c.end()
	if err != nil {
		what := "lua entry thread aborted: runtime error: "
		if phase == PhaseSSLSessionStore {
			what = "failed to run session_store_by_lua*: "
		}
		c.Phase = phase
		c.report(what, err)
		return errHandshake
	}
	if result.end == exited && result.code != http.OK {
		return errHandshake
	}
	return nil
}

// NoCertificateCode refuses a handshake whose default server runs
// ssl_certificate_by_lua, while the chosen one has neither that nor a
// certificate.
func (e *Engine) NoCertificateCode(h *http.Handshake) error {
	c := &Ctx{E: e, Phase: PhaseSSLCertificate, hand: h}
	name := ""
	if len(h.Server.Names) > 0 {
		name = h.Server.Names[0].Name
	}
	c.logLine(log.Alert, "no ssl_certificate_by_lua* defined in server "+name)
	return errHandshake
}

// sslFunction is a function of ngx.ssl that needs a handshake.
type sslFunction func(c *Ctx, h *http.Handshake, L *lua.LState) int

func (f sslFunction) call(e *Engine, c *Ctx, L *lua.LState) int {
	if c.hand == nil {
		if c.R == nil {
			L.RaiseError("no request found")
		}
		if c.R.Conn().TLS() == nil {
			return fail(L, "bad request")
		}
		return fail(L, "API disabled in the current context")
	}
	return f(c, c.hand, L)
}

func init() {
	family(func(e *Engine) {
		module := e.L.NewTable()
		for name, f := range map[string]sslFunction{
			"clear_certs":      clearCerts,
			"set_der_cert":     setDERCert,
			"set_der_priv_key": setDERKey,
			"set_cert":         setCert,
			"set_priv_key":     setKey,
		} {
			module.RawSetString(name, e.bind(anyPhase, f.call))
		}
		e.set(module, anyPhase, map[string]function{
			"verify_client": verifyClient,
			"server_name":   serverName, "server_port": serverPort, "raw_server_addr": rawServerAddr, "raw_client_addr": rawClientAddr,
			"get_tls1_version": tlsVersion, "get_tls1_version_str": tlsVersionText,
			"cert_pem_to_der": certToDER, "priv_key_pem_to_der": keyToDER,
			"parse_pem_cert": parsePEMCert, "parse_pem_priv_key": parsePEMKey, "parse_der_cert": parseDERCert, "parse_der_priv_key": parseDERKey,
		})
		e.set(module, anyPhase, secrets)
		module.RawSetString("version", lua.LString("0.1.25"))
		for name, v := range map[string]int{"SSL3_VERSION": 0x300, "TLS1_VERSION": 0x301, "TLS1_1_VERSION": 0x302, "TLS1_2_VERSION": 0x303, "TLS1_3_VERSION": 0x304} {
			module.RawSetString(name, lua.LNumber(v))
		}
		e.preloaded("ngx.ssl", module)

		hello := e.L.NewTable()
		for name, f := range map[string]sslFunction{
			"get_client_hello_server_name": helloName, "get_client_hello_ext": helloExtension,
			"get_supported_versions": helloVersions, "set_protocols": setProtocols,
			"get_client_hello_ciphers": helloCiphers, "get_client_hello_ext_present": helloExtensions,
		} {
			hello.RawSetString(name, e.bind(anyPhase, f.call))
		}
		e.preloaded("ngx.ssl.clienthello", hello)

		session := e.L.NewTable()
		for name, f := range map[string]sslFunction{
			"get_session_id": sessionID, "get_serialized_session": serializedSession, "set_serialized_session": setSerializedSession,
		} {
			session.RawSetString(name, e.bind(anyPhase, f.call))
		}
		e.preloaded("ngx.ssl.session", session)
		e.nameHandles()
	})
}

// handle is a Go value that scripts of OpenResty know as a pointer: its type is
// "cdata" to them.
type handle interface{ cdata() }

func (*tlsSessions) cdata() {}
func (*certChain) cdata()   {}
func (*privateKey) cdata()  {}
func (*tlsLink) cdata()     {}

// nameHandles makes type give "cdata" for handles.
func (e *Engine) nameHandles() {
	e.L.SetGlobal("type", e.L.NewFunction(func(L *lua.LState) int {
		v := L.CheckAny(1)
		if u, ok := v.(*lua.LUserData); ok {
			if _, ok := u.Value.(handle); ok {
				L.Push(lua.LString("cdata"))
				return 1
			}
		}
		L.Push(lua.LString(v.Type().String()))
		return 1
	}))
}

func clearCerts(c *Ctx, h *http.Handshake, L *lua.LState) int {
	h.Cleared, h.Certificates = true, nil
	return yes(L)
}

// addChain adds a certificate that has no key yet.
func addChain(h *http.Handshake, chain [][]byte) {
	h.Certificates = append(h.Certificates, tls.Certificate{Certificate: chain})
}

// addKey gives the latest certificate its key.
func addKey(h *http.Handshake, key any) bool {
	for i := len(h.Certificates) - 1; i >= 0; i-- {
		if h.Certificates[i].PrivateKey == nil {
			h.Certificates[i].PrivateKey = key
			return true
		}
	}
	return false
}

func setDERCert(c *Ctx, h *http.Handshake, L *lua.LState) int {
	chain, err := chainOf([]byte(vm.CheckText(L, 1)))
	if err != nil {
		return fail(L, "d2i_X509_bio() failed")
	}
	addChain(h, chain)
	return yes(L)
}

func setDERKey(c *Ctx, h *http.Handshake, L *lua.LState) int {
	key, err := parseKey([]byte(vm.CheckText(L, 1)))
	if err != nil {
		return fail(L, "d2i_PrivateKey_bio() failed")
	}
	if !addKey(h, key) {
		return fail(L, "SSL_use_PrivateKey() failed")
	}
	return yes(L)
}

func setCert(c *Ctx, h *http.Handshake, L *lua.LState) int {
	chain, ok := handleOf[*certChain](L.Get(1))
	if !ok {
		return fail(L, "bad cert arg: cdata expected, got "+L.Get(1).Type().String())
	}
	addChain(h, chain.raw)
	return yes(L)
}

func setKey(c *Ctx, h *http.Handshake, L *lua.LState) int {
	key, ok := handleOf[*privateKey](L.Get(1))
	if !ok {
		return fail(L, "bad pkey arg: cdata expected, got "+L.Get(1).Type().String())
	}
	if !addKey(h, key.key) {
		return fail(L, "SSL_use_PrivateKey() failed")
	}
	return yes(L)
}

// chainOf takes concatenated certificates in DER apart.
func chainOf(der []byte) ([][]byte, error) {
	certs, err := x509.ParseCertificates(der)
	if err != nil || len(certs) == 0 {
		return nil, errors.New("no certificate")
	}
	var chain [][]byte
	for _, cert := range certs {
		chain = append(chain, cert.Raw)
	}
	return chain, nil
}

// pemChain gives the certificates of a PEM text.
func pemChain(text []byte) [][]byte {
	var chain [][]byte
	for {
		block, rest := pem.Decode(text)
		if block == nil {
			return chain
		}
		text = rest
		if block.Type == "CERTIFICATE" || block.Type == "TRUSTED CERTIFICATE" || block.Type == "X509 CERTIFICATE" {
			chain = append(chain, block.Bytes)
		}
	}
}

// pemKey gives the first private key of a PEM text in DER.
func pemKey(text []byte, password string) []byte {
	for {
		block, rest := pem.Decode(text)
		if block == nil {
			return nil
		}
		text = rest
		if !strings.HasSuffix(block.Type, "PRIVATE KEY") {
			continue
		}
		if x509.IsEncryptedPEMBlock(block) { //nolint:staticcheck // old keys are encrypted so
			der, err := x509.DecryptPEMBlock(block, []byte(password)) //nolint:staticcheck // as above
			if err != nil {
				return nil
			}
			return der
		}
		return block.Bytes
	}
}

func parseKey(der []byte) (crypto.PrivateKey, error) {
	if key, err := x509.ParsePKCS8PrivateKey(der); err == nil {
		return key, nil
	}
	if key, err := x509.ParsePKCS1PrivateKey(der); err == nil {
		return key, nil
	}
	return x509.ParseECPrivateKey(der)
}

func certToDER(e *Engine, c *Ctx, L *lua.LState) int {
	chain := pemChain([]byte(vm.CheckText(L, 1)))
	if len(chain) == 0 {
		return fail(L, "PEM_read_bio_X509_AUX() failed")
	}
	L.Push(lua.LString(slices.Concat(chain...)))
	return 1
}

func keyToDER(e *Engine, c *Ctx, L *lua.LState) int {
	password, _ := L.Get(2).(lua.LString)
	der := pemKey([]byte(vm.CheckText(L, 1)), string(password))
	if der == nil {
		return fail(L, "PEM_read_bio_PrivateKey() failed")
	}
	L.Push(lua.LString(der))
	return 1
}

func pushHandle(L *lua.LState, value handle) int {
	L.Push(&lua.LUserData{Value: value})
	return 1
}

func parsePEMCert(e *Engine, c *Ctx, L *lua.LState) int {
	chain := pemChain([]byte(vm.CheckText(L, 1)))
	if len(chain) == 0 {
		return fail(L, "PEM_read_bio_X509() failed")
	}
	for _, raw := range chain {
		if _, err := x509.ParseCertificate(raw); err != nil {
			return fail(L, "PEM_read_bio_X509() failed")
		}
	}
	return pushHandle(L, &certChain{chain})
}

func parseDERCert(e *Engine, c *Ctx, L *lua.LState) int {
	chain, err := chainOf([]byte(vm.CheckText(L, 1)))
	if err != nil {
		return fail(L, "d2i_X509_bio() failed")
	}
	return pushHandle(L, &certChain{chain})
}

func parsePEMKey(e *Engine, c *Ctx, L *lua.LState) int {
	password, _ := L.Get(2).(lua.LString)
	der := pemKey([]byte(vm.CheckText(L, 1)), string(password))
	key, err := parseKey(der)
	if der == nil || err != nil {
		return fail(L, "PEM_read_bio_PrivateKey() failed")
	}
	return pushHandle(L, &privateKey{key})
}

func parseDERKey(e *Engine, c *Ctx, L *lua.LState) int {
	key, err := parseKey([]byte(vm.CheckText(L, 1)))
	if err != nil {
		return fail(L, "d2i_PrivateKey_bio() failed")
	}
	return pushHandle(L, &privateKey{key})
}

// connection is the client's connection of a request or a handshake.
func (c *Ctx) connection(L *lua.LState) *http.Conn {
	switch {
	case c.hand != nil:
		return c.hand.Conn
	case c.R != nil:
		return c.R.Conn()
	}
	L.RaiseError("no request found")
	return nil
}

func serverName(e *Engine, c *Ctx, L *lua.LState) int {
	conn := c.connection(L)
	name := ""
	if c.hand != nil {
		name = c.hand.Hello.ServerName
	} else if state := conn.TLS(); state != nil {
		name = state.ServerName
	}
	if name == "" {
		L.Push(lua.LNil)
	} else {
		L.Push(lua.LString(name))
	}
	return 1
}

func serverPort(e *Engine, c *Ctx, L *lua.LState) int {
	local := c.connection(L).Local()
	if !local.IsValid() {
		return fail(L, "unsupported address type: unix")
	}
	L.Push(lua.LNumber(local.Port()))
	return 1
}

// pushAddr pushes an address as bytes with its kind.
func pushAddr(L *lua.LState, a netip.Addr) int {
	L.Push(lua.LString(a.AsSlice()))
	if a.Is4() {
		L.Push(lua.LString("inet"))
	} else {
		L.Push(lua.LString("inet6"))
	}
	return 2
}

func rawServerAddr(e *Engine, c *Ctx, L *lua.LState) int {
	conn := c.connection(L)
	if local := conn.Local(); local.IsValid() {
		return pushAddr(L, local.Addr())
	}
	L.Push(lua.LString(strings.TrimPrefix(conn.ListenName(), "unix:")))
	L.Push(lua.LString("unix"))
	return 2
}

func rawClientAddr(e *Engine, c *Ctx, L *lua.LState) int {
	if a, err := netip.ParseAddr(string(c.connection(L).RemoteAddr())); err == nil {
		return pushAddr(L, a)
	}
	L.Push(lua.LString(""))
	L.Push(lua.LString("unix"))
	return 2
}

// version is the TLS version of the connection, or the highest that its client
// and the server are going to speak.
func (c *Ctx) version(L *lua.LState) uint16 {
	conn := c.connection(L)
	if c.hand == nil {
		if state := conn.TLS(); state != nil {
			return state.Version
		}
		return 0
	}
	return slices.Max(append([]uint16{0}, c.hand.Hello.SupportedVersions...))
}

func tlsVersion(e *Engine, c *Ctx, L *lua.LState) int {
	v := c.version(L)
	if v == 0 {
		return fail(L, "bad ssl conn")
	}
	L.Push(lua.LNumber(v))
	return 1
}

// versionText is a version as nginx has it: TLSv1.2.
func versionText(v uint16) string {
	text := strings.Replace(tls.VersionName(v), "TLS ", "TLSv", 1)
	return strings.TrimSuffix(text, ".0")
}

func tlsVersionText(e *Engine, c *Ctx, L *lua.LState) int {
	v := c.version(L)
	if v == 0 {
		return fail(L, "bad ssl conn")
	}
	L.Push(lua.LString(versionText(v)))
	return 1
}

// inHello refuses what only ssl_client_hello_by_lua may do.
func inHello(c *Ctx) bool { return c.Phase == PhaseSSLClientHello }

func helloName(c *Ctx, h *http.Handshake, L *lua.LState) int {
	if !inHello(c) {
		L.RaiseError("API disabled in the current context")
	}
	if h.Hello.ServerName == "" {
		L.Push(lua.LNil)
		return 1
	}
	L.Push(lua.LString(h.Hello.ServerName))
	return 1
}

// helloExtension is get_client_hello_ext: the extension as the client has sent it.
func helloExtension(c *Ctx, h *http.Handshake, L *lua.LState) int {
	if !inHello(c) {
		L.RaiseError("API disabled in the current context")
	}
	kind := int(vm.CheckNumber(L, 1))
	if text, ok := h.Extension(uint16(kind)); ok && kind >= 0 && kind < 1<<16 {
		L.Push(lua.LString(text))
		return 1
	}
	L.Push(lua.LNil)
	return 1
}

func helloVersions(c *Ctx, h *http.Handshake, L *lua.LState) int {
	if !inHello(c) {
		L.RaiseError("API disabled in the current context")
	}
	t := L.NewTable()
	for _, v := range h.Hello.SupportedVersions {
		t.Append(lua.LString(versionText(v)))
	}
	L.Push(t)
	return 1
}

func setProtocols(c *Ctx, h *http.Handshake, L *lua.LState) int {
	if !inHello(c) {
		L.RaiseError("API disabled in the current context")
	}
	bits := uint(0)
	list := vm.CheckTable(L, 1)
	for i := 1; i <= list.Len(); i++ {
		name, _ := list.RawGetInt(i).(lua.LString)
		bit, ok := http.TLSProtocols[string(name)]
		if !ok {
			return fail(L, "invalid protocols failed")
		}
		bits |= bit
	}
	if lowest, _ := http.TLSVersions(bits); lowest == 0 {
		return fail(L, "invalid protocols failed")
	}
	h.Protocols = bits
	return yes(L)
}

func sessionID(c *Ctx, h *http.Handshake, L *lua.LState) int {
	if c.Phase&(PhaseSSLSessionFetch|PhaseSSLSessionStore) == 0 {
		return fail(L, "bad session")
	}
	L.Push(lua.LString(hex.EncodeToString(h.SessionID)))
	return 1
}

func serializedSession(c *Ctx, h *http.Handshake, L *lua.LState) int {
	if c.Phase != PhaseSSLSessionStore {
		return fail(L, "bad session in lua context")
	}
	L.Push(lua.LString(h.Session))
	return 1
}

func setSerializedSession(c *Ctx, h *http.Handshake, L *lua.LState) int {
	text := []byte(vm.CheckText(L, 1))
	if c.Phase != PhaseSSLSessionFetch {
		return fail(L, "bad session in lua context")
	}
	if _, err := tls.ParseSessionState(text); err != nil {
		return fail(L, "failed to de-serialize session")
	}
	h.Session = text
	return yes(L)
}
