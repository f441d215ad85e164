package cosocket_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// certificate writes a self-signed certificate and its key for a name.
func certificate(t *testing.T, dir, name string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	kb, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for file, block := range map[string]*pem.Block{name + ".crt": {Type: "CERTIFICATE", Bytes: der}, name + ".key": {Type: "PRIVATE KEY", Bytes: kb}} {
		if err := os.WriteFile(filepath.Join(dir, file), pem.EncodeToMemory(block), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// TestTLS has a script speak TLS with the server itself: what it verifies,
// sessions, kept connections, and a certificate that another script has chosen.
func TestTLS(t *testing.T) {
	dir := t.TempDir()
	certificate(t, dir, "a.test")
	certificate(t, dir, "b.test")
	peer := ports(t, 1)[0]
	http := fmt.Sprintf(`lua_ssl_trusted_certificate %[1]s/a.test.crt; lua_socket_log_errors off;
	server { listen 127.0.0.1:%[2]d ssl; server_name a.test; ssl_certificate %[1]s/a.test.crt; ssl_certificate_key %[1]s/a.test.key;
		ssl_client_hello_by_lua_block {
			local hello = require "ngx.ssl.clienthello"
			local ciphers, named = assert(hello.get_client_hello_ciphers()), false
			for _, extension in ipairs(hello.get_client_hello_ext_present()) do
				named = named or extension == 0
			end
			assert(#ciphers > 2 and ciphers[1] > 255)
			assert(named == (hello.get_client_hello_server_name() ~= nil))
		}
		ssl_certificate_by_lua_block {
			local ssl = require "ngx.ssl"
			if ssl.server_name() ~= "b.test" then return end
			local function text(name)
				local f = assert(io.open("%[1]s/" .. name))
				local all = f:read("*a")
				f:close()
				return all
			end
			ngx.sleep(0.01)
			assert(ssl.clear_certs())
			assert(ssl.set_der_cert(assert(ssl.cert_pem_to_der(text("b.test.crt")))))
			assert(ssl.set_priv_key(assert(ssl.parse_pem_priv_key(text("b.test.key")))))
		}
		location / { return 200 "$ssl_server_name $ssl_session_reused"; } }`, dir, peer)
	s := startWith(t, peer, http, map[string]string{
		"verify": `
			local function try(name, verify)
				local s = ngx.socket.tcp()
				s:settimeout(5000)
				assert(s:connect("127.0.0.1", PEER))
				local session, err = s:sslhandshake(nil, name, verify)
				ngx.say(name, " ", verify, ": ", session and type(session) or err)
				if session then s:close() else ngx.say(select(2, s:send("x"))) end
			end
			try("a.test", true)
			try("b.test", false)
			try("b.test", true)
			try("c.test", true)`,
		"sessions": `
			local session
			for i = 1, 3 do
				local s = ngx.socket.tcp()
				s:settimeout(5000)
				assert(s:connect("127.0.0.1", PEER, {pool = "p" .. i}))
				session = assert(s:sslhandshake(session, "a.test", true))
				assert(s:send("GET / HTTP/1.1\r\nHost: a.test\r\n\r\n"))
				s:receiveuntil("\r\n\r\n")()
				ngx.say(s:receive(8), " ", s:setkeepalive())
			end
			local s = ngx.socket.tcp()
			assert(s:connect("127.0.0.1", PEER, {pool = "p3"}))
			ngx.say(s:getreusedtimes(), " ", s:sslhandshake(false, "a.test", true))
			assert(s:send("GET / HTTP/1.0\r\nHost: a.test\r\n\r\n"))
			ngx.say(#s:receive("*a") > 100)`,
		"plain": `
			local s = ngx.socket.tcp()
			s:settimeout(5000)
			assert(s:connect("127.0.0.1", ngx.var.server_port))
			ngx.say(select(2, s:sslhandshake(nil, "a.test")))`,
	})
	expect(t, s.get(t, "verify"), strings.Join([]string{
		"a.test true: cdata",
		"b.test false: cdata",
		"b.test true: 18: self-signed certificate", "closed",
		"c.test true: certificate host mismatch", "closed", "",
	}, "\n"))
	expect(t, s.get(t, "sessions"), "a.test . 1\na.test r 1\na.test r 1\n1 true\ntrue\n")
	expect(t, s.get(t, "plain"), "handshake failed\n")
}
