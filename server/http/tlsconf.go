package http

import (
	"cmp"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/perigee-server/perigee/server/cycle"
	"github.com/perigee-server/perigee/server/log"
)

// tlsServer holds the settings of ngx_http_ssl_module for a server.
type tlsServer struct {
	certs      []string
	keys       []string
	protocols  cycle.Opt[uint]
	ciphers    cycle.Opt[string]
	curves     cycle.Opt[string]
	prefer     cycle.Opt[bool]
	tickets    cycle.Opt[bool]
	ticketKeys []string
	timeout    cycle.Opt[time.Duration]
	cache      cycle.Opt[string]
	bufferSize cycle.Opt[int64]
	reject     cycle.Opt[bool]

	config *tls.Config
}

var tlsServers = NewServer(func() *tlsServer { return &tlsServer{} }, mergeTLS)

const (
	protoSSL2 = 1 << iota
	protoSSL3
	protoTLS10
	protoTLS11
	protoTLS12
	protoTLS13
)

var protocols = map[string]uint{"SSLv2": protoSSL2, "SSLv3": protoSSL3, "TLSv1": protoTLS10, "TLSv1.1": protoTLS11, "TLSv1.2": protoTLS12, "TLSv1.3": protoTLS13}

func init() {
	const srv = cycle.HTTP | cycle.HTTPServer
	type S = tlsServer
	Register(&Module{Name: "ngx_http_ssl_module", Variables: tlsVariables, Directives: []cycle.Directive{
		{Name: "ssl_certificate", In: srv, Args: "1", Set: cycle.SetList(tlsServers, func(s *S) *[]string { return &s.certs }), Doc: "A file with the server's certificate chain; several for several key types."},
		{Name: "ssl_certificate_key", In: srv, Args: "1", Set: cycle.SetList(tlsServers, func(s *S) *[]string { return &s.keys }), Doc: "The file with the key of the certificate."},
		{Name: "ssl_password_file", In: srv, Args: "1", Set: refusePasswords, Doc: "Refused: encrypted keys are not read."},
		{Name: "ssl_protocols", In: srv, Args: "1+", Set: cycle.SetBits(tlsServers, func(s *S) *cycle.Opt[uint] { return &s.protocols }, protocols), Doc: "The versions of TLS; SSLv2 and SSLv3 are accepted and not served."},
		{Name: "ssl_ciphers", In: srv, Args: "1", Set: cycle.SetString(tlsServers, func(s *S) *cycle.Opt[string] { return &s.ciphers }), Doc: "Cipher suites of TLS 1.2 and older, in OpenSSL's words."},
		{Name: "ssl_ecdh_curve", In: srv, Args: "1", Set: cycle.SetString(tlsServers, func(s *S) *cycle.Opt[string] { return &s.curves }), Doc: "Curves for the key exchange."},
		{Name: "ssl_early_data", In: srv, Args: "flag", Set: cycle.Ignore, Doc: "No effect: crypto/tls takes no early data."},
		{Name: "ssl_dhparam", In: srv, Args: "1", Set: cycle.Ignore, Doc: "No effect: crypto/tls has no finite-field key exchange."},
		{Name: "ssl_prefer_server_ciphers", In: srv, Args: "flag", Set: cycle.SetFlag(tlsServers, func(s *S) *cycle.Opt[bool] { return &s.prefer }), Doc: "No effect: crypto/tls orders suites by what the hardware does well."},
		{Name: "ssl_session_cache", In: srv, Args: "1-2", Set: setSessionCache, Doc: "Accepted: sessions are resumed by tickets, which need no cache."},
		{Name: "ssl_session_tickets", In: srv, Args: "flag", Set: cycle.SetFlag(tlsServers, func(s *S) *cycle.Opt[bool] { return &s.tickets }), Doc: "Whether sessions can be resumed by tickets."},
		{Name: "ssl_session_ticket_key", In: srv, Args: "1", Set: cycle.SetList(tlsServers, func(s *S) *[]string { return &s.ticketKeys }), Doc: "A file with a key for tickets (48 or 80 bytes); the first one encrypts."},
		{Name: "ssl_session_timeout", In: srv, Args: "1", Set: cycle.SetSec(tlsServers, func(s *S) *cycle.Opt[time.Duration] { return &s.timeout }), Doc: "No effect: crypto/tls lets tickets live for a week."},
		{Name: "ssl_buffer_size", In: srv, Args: "1", Set: cycle.SetSize(tlsServers, func(s *S) *cycle.Opt[int64] { return &s.bufferSize }), Doc: "No effect: crypto/tls grows its records with the response."},
		{Name: "ssl_reject_handshake", In: srv, Args: "flag", Set: cycle.SetFlag(tlsServers, func(s *S) *cycle.Opt[bool] { return &s.reject }), Doc: "Whether handshakes for the server are refused."},
	}})
}

func refusePasswords(c *cycle.Conf) error {
	return c.Errorf("%q is not supported: encrypted keys are not read", c.Dir.Name)
}

func setSessionCache(c *cycle.Conf) error {
	o := &tlsServers.At(c).cache
	if o.Set {
		return c.Wrong("is duplicate")
	}
	for _, a := range c.Args() {
		kind, _, _ := strings.Cut(a, ":")
		switch kind {
		case "off", "none", "builtin", "shared":
		default:
			return c.Errorf("invalid session cache %q", a)
		}
	}
	o.Put(strings.Join(c.Args(), " "))
	return nil
}

func mergeTLS(_ *cycle.Conf, outer, own *tlsServer) error {
	if own.certs == nil {
		own.certs = outer.certs
	}
	if own.keys == nil {
		own.keys = outer.keys
	}
	if own.ticketKeys == nil {
		own.ticketKeys = outer.ticketKeys
	}
	own.protocols.Merge(&outer.protocols, protoTLS10|protoTLS11|protoTLS12|protoTLS13)
	own.ciphers.Merge(&outer.ciphers, "HIGH:!aNULL:!MD5")
	own.curves.Merge(&outer.curves, "auto")
	own.prefer.Merge(&outer.prefer, false)
	own.tickets.Merge(&outer.tickets, true)
	own.timeout.Merge(&outer.timeout, 5*time.Minute)
	own.cache.Merge(&outer.cache, "none")
	own.bufferSize.Merge(&outer.bufferSize, 16<<10)
	own.reject.Merge(&outer.reject, false)
	return nil
}

// checkTLS loads what a server behind `listen … ssl` needs.
func checkTLS(c *cycle.Conf, s *Server) error {
	t := tlsServers.In(s)
	if t.config != nil {
		return nil
	}
	where := func(format string, args ...any) error {
		d := *c.Dir
		d.File, d.Line = s.file, s.line
		return c.ErrorAt(&d, format, args...)
	}
	if len(t.certs) == 0 && !t.reject.V {
		return where("no \"ssl_certificate\" is defined for the \"listen ... ssl\" directive")
	}
	if len(t.keys) < len(t.certs) {
		return where("no \"ssl_certificate_key\" is defined for certificate %q", t.certs[len(t.keys)])
	}
	cfg := &tls.Config{NextProtos: []string{"http/1.1"}}
	for i := range t.certs {
		cert, err := loadPair(c, t.certs[i], t.keys[i])
		if err != nil {
			return err
		}
		cfg.Certificates = append(cfg.Certificates, cert)
	}
	for bit, v := range map[uint]uint16{protoTLS10: tls.VersionTLS10, protoTLS11: tls.VersionTLS11, protoTLS12: tls.VersionTLS12, protoTLS13: tls.VersionTLS13} {
		if t.protocols.V&bit == 0 {
			continue
		}
		if cfg.MinVersion == 0 || v < cfg.MinVersion {
			cfg.MinVersion = v
		}
		cfg.MaxVersion = max(cfg.MaxVersion, v)
	}
	if cfg.MinVersion == 0 {
		return where("no supported protocol in \"ssl_protocols\"")
	}
	suites, err := cipherSuites(t.ciphers.V)
	if err != nil {
		return where("%s", err)
	}
	cfg.CipherSuites = suites
	if cfg.CurvePreferences, err = curves(t.curves.V); err != nil {
		return where("%s", err)
	}
	cfg.SessionTicketsDisabled = !t.tickets.V
	if t.tickets.V {
		keys, err := ticketKeys(c, t)
		if err != nil {
			return err
		}
		cfg.SetSessionTicketKeys(keys)
	}
	t.config = cfg
	return nil
}

func loadPair(c *cycle.Conf, certPath, keyPath string) (tls.Certificate, error) {
	certPath, keyPath = c.Cycle.ConfName(certPath), c.Cycle.ConfName(keyPath)
	read := func(path, what string) ([]byte, error) {
		b, err := c.Cycle.ReadFile(path)
		if err != nil {
			return nil, errors.New(log.Errno(fmt.Sprintf("cannot load %s %q: BIO_new_file() failed", what, path), err))
		}
		return b, nil
	}
	cert, err := read(certPath, "certificate")
	if err != nil {
		return tls.Certificate{}, err
	}
	key, err := read(keyPath, "certificate key")
	if err != nil {
		return tls.Certificate{}, err
	}
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		return pair, fmt.Errorf("cannot load certificate %q with key %q: %w", certPath, keyPath, err)
	}
	if pair.Leaf == nil {
		pair.Leaf, _ = x509.ParseCertificate(pair.Certificate[0])
	}
	return pair, nil
}

// ticketName is the entry of the snapshot that holds the generation's key for
// tickets, so that a session is resumed by any worker.
const ticketName = "/dev/null/perigee-ticket-key"

func ticketKeys(c *cycle.Conf, t *tlsServer) ([][32]byte, error) {
	var keys [][32]byte
	for _, name := range t.ticketKeys {
		path := c.Cycle.ConfName(name)
		b, err := c.Cycle.ReadFile(path)
		if err != nil {
			return nil, errors.New(log.Errno(fmt.Sprintf("open() %q failed", path), err))
		}
		if len(b) != 48 && len(b) != 80 {
			return nil, fmt.Errorf("%q must be 48 or 80 bytes", path)
		}
		keys = append(keys, [32]byte(b[16:48]))
	}
	if len(keys) > 0 {
		return keys, nil
	}
	snap := c.Cycle.Snapshot
	f, ok := snap.Files[ticketName]
	if !ok {
		f.Text = make([]byte, 32)
		rand.Read(f.Text)
		snap.Files[ticketName] = f
	}
	return [][32]byte{[32]byte(f.Text)}, nil
}

// cipherSuites reads an OpenSSL cipher list as far as crypto/tls has suites.
func cipherSuites(list string) ([]uint16, error) {
	var chosen []uint16
	banned := map[uint16]bool{}
	matched := false
	for _, word := range strings.FieldsFunc(list, func(r rune) bool { return r == ':' || r == ',' || r == ' ' }) {
		if strings.HasPrefix(word, "@") || strings.HasPrefix(word, "+") {
			continue
		}
		not := strings.TrimLeft(word, "!-")
		for _, s := range append(tls.CipherSuites(), tls.InsecureCipherSuites()...) {
			if !suiteIs(s, not) {
				continue
			}
			if not != word {
				banned[s.ID] = true
				continue
			}
			matched = true
			chosen = append(chosen, s.ID)
		}
	}
	if !matched {
		return nil, fmt.Errorf("SSL_CTX_set_cipher_list(%q) failed (no cipher match)", list)
	}
	var out []uint16
	seen := map[uint16]bool{}
	for _, id := range chosen {
		if !banned[id] && !seen[id] {
			seen[id] = true
			out = append(out, id)
		}
	}
	return out, nil
}

// suiteIs reports whether a word of a cipher list stands for a suite.
func suiteIs(s *tls.CipherSuite, word string) bool {
	name := strings.TrimPrefix(s.Name, "TLS_")
	openssl := opensslName(s.ID)
	if word == openssl || word == s.Name {
		return true
	}
	for _, part := range strings.Split(word, "+") {
		ok := false
		switch part {
		case "ALL", "DEFAULT", "COMPLEMENTOFDEFAULT":
			ok = true
		case "HIGH":
			ok = !strings.Contains(name, "RC4") && !strings.Contains(name, "3DES")
		case "MEDIUM":
			ok = strings.Contains(name, "RC4")
		case "EECDH", "ECDHE", "kEECDH":
			ok = strings.HasPrefix(name, "ECDHE")
		case "AESGCM":
			ok = strings.Contains(name, "GCM")
		case "CHACHA20":
			ok = strings.Contains(name, "CHACHA20")
		case "AES", "AES128", "AES256", "RC4", "3DES":
			ok = strings.Contains(strings.ReplaceAll(name, "AES_", "AES"), part)
		case "ECDSA", "aECDSA":
			ok = strings.Contains(name, "ECDSA")
		case "RSA", "aRSA":
			ok = strings.Contains(name, "RSA") && !strings.Contains(name, "ECDSA")
		case "kRSA":
			ok = strings.HasPrefix(name, "RSA")
		case "SHA", "SHA1":
			ok = strings.HasSuffix(name, "_SHA")
		case "SHA256", "SHA384":
			ok = strings.HasSuffix(name, part)
		}
		if !ok {
			return false
		}
	}
	return true
}

func curves(list string) ([]tls.CurveID, error) {
	if list == "auto" {
		return nil, nil
	}
	var out []tls.CurveID
	for _, n := range strings.Split(list, ":") {
		switch n {
		case "prime256v1", "P-256", "secp256r1":
			out = append(out, tls.CurveP256)
		case "secp384r1", "P-384":
			out = append(out, tls.CurveP384)
		case "secp521r1", "P-521":
			out = append(out, tls.CurveP521)
		case "X25519", "x25519":
			out = append(out, tls.X25519)
		default:
			return nil, fmt.Errorf("SSL_CTX_set1_curves_list(%q) failed (unknown curve %q)", list, n)
		}
	}
	return out, nil
}

// tlsConfig chooses the configuration of a handshake by the name that the
// client asks for.
func (m *Main) tlsConfig(c *Conn, s *tlsSession) *tls.Config {
	def := tlsServers.In(c.addr.def)
	choose := &tls.Config{GetConfigForClient: func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
		s.name = hello.ServerName
		t, srv := def, c.addr.def
		s.offered, s.config = hello.CipherSuites, def.config
		h := &Handshake{Conn: c, Server: srv, Hello: hello}
		if err := s.sayHello(h); err != nil {
			return nil, err
		}
		if hello.ServerName != "" {
			if found := c.addr.names.byName(strings.ToLower(hello.ServerName)); found != nil {
				t, srv = tlsServers.In(found), found
			}
		}
		cfg, hs := t.config, srv.handshaker
		if cfg == nil { // a server without a certificate has that of the default one
			cfg, hs = def.config, c.addr.def.handshaker
		}
		if t.reject.V || cfg == nil {
			return nil, errors.New("handshake rejected")
		}
		s.server, h.Server, s.config = srv, srv, cfg
		return s.configure(cfg, hs, h)
	}}
	return choose
}

// byName finds a server for a name without a request; regular expressions that
// would set captures are tried as well.
func (t *names) byName(host string) *Server {
	if s := t.exact[host]; s != nil {
		return s
	}
	for i := range t.heads {
		w := &t.heads[i]
		if w.bare && host == w.part[1:] || strings.HasSuffix(host, w.part) && len(host) > len(w.part) {
			return w.s
		}
	}
	for i := range t.tails {
		if w := &t.tails[i]; strings.HasPrefix(host, w.part) && len(host) > len(w.part) {
			return w.s
		}
	}
	for i := range t.regexes {
		if t.regexes[i].rx.Test([]byte(host)) {
			return t.regexes[i].s
		}
	}
	return nil
}

func tlsVar(f func(s *tls.ConnectionState) string) func(r *Request) ([]byte, bool) {
	return func(r *Request) ([]byte, bool) {
		s := r.conn.TLS()
		if s == nil {
			return nil, false
		}
		v := f(s)
		return []byte(v), v != ""
	}
}

// tlsVariables are those of ngx_http_ssl_module that crypto/tls can tell.
var tlsVariables = []Variable{
	{Name: "ssl_protocol", Get: tlsVar(func(s *tls.ConnectionState) string {
		return strings.Replace(strings.Replace(tls.VersionName(s.Version), "TLS ", "TLSv", 1), "TLSv1.0", "TLSv1", 1)
	})},
	{Name: "ssl_cipher", Get: tlsVar(func(s *tls.ConnectionState) string { return opensslName(s.CipherSuite) })},
	{Name: "ssl_curve", Get: tlsVar(func(s *tls.ConnectionState) string { return s.CurveID.String() })},
	{Name: "ssl_server_name", Get: tlsVar(func(s *tls.ConnectionState) string { return s.ServerName })},
	{Name: "ssl_session_reused", Get: tlsVar(func(s *tls.ConnectionState) string {
		if s.DidResume {
			return "r"
		}
		return "."
	})},
	{Name: "ssl_alpn_protocol", Get: tlsVar(func(s *tls.ConnectionState) string { return s.NegotiatedProtocol })},
	{Name: "ssl_early_data", Get: tlsVar(func(*tls.ConnectionState) string { return "" })},
	{Name: "ssl_session_id", Get: tlsVar(func(*tls.ConnectionState) string { return "" })},
	{Name: "ssl_client_verify", Get: func(r *Request) ([]byte, bool) {
		if r.conn.tls == nil {
			return nil, false
		}
		return []byte(cmp.Or(r.conn.tls.verdict, "NONE")), true
	}},
}

// opensslName is a suite's name as OpenSSL has it.
func opensslName(id uint16) string {
	name := tls.CipherSuiteName(id)
	if strings.HasPrefix(name, "TLS_AES") || strings.HasPrefix(name, "TLS_CHACHA") {
		return name
	}
	name = strings.TrimPrefix(name, "TLS_")
	name = strings.NewReplacer("_WITH_", "-", "_CBC_", "-", "AES_128", "AES128", "AES_256", "AES256").Replace(name)
	name = strings.TrimSuffix(strings.ReplaceAll(name, "_", "-"), "-POLY1305-SHA256") + map[bool]string{true: "-POLY1305"}[strings.HasSuffix(name, "POLY1305_SHA256")]
	return strings.TrimPrefix(name, "RSA-")
}
