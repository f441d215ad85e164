package tls_test

import (
	"crypto/ecdsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ocsp"

	"github.com/perigee-server/perigee/t/spec"
)

// luaSite is a server whose TLS scripts take part in.
type luaSite struct {
	*authority
	root, addr string
	port       int
	nginx      bool
}

// luaServer makes certificates ca, a.test, b.test and client, and serves http
// with what its PORT and DIR stand for, and files of scripts.
func luaServer(t *testing.T, conf string, files map[string]string) *luaSite {
	t.Helper()
	bin := spec.Require(t, binary, binaryErr)
	ports := &spec.Ports{}
	port, err := ports.Take()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(ports.Release)
	s := &luaSite{root: t.TempDir(), port: port, addr: fmt.Sprintf("127.0.0.1:%d", port), nginx: bin.IsNginx()}
	os.Chmod(s.root, 0o755)
	os.Chmod(filepath.Dir(s.root), 0o755)
	for _, d := range []string{"conf", "logs"} {
		os.Mkdir(filepath.Join(s.root, d), 0o777)
		os.Chmod(filepath.Join(s.root, d), 0o777)
	}
	dir := filepath.Join(s.root, "conf")
	s.authority = newAuthority(t, dir)
	s.leaf("a.test", x509.ExtKeyUsageServerAuth)
	b := s.leaf("b.test", x509.ExtKeyUsageServerAuth)
	s.leaf("client", x509.ExtKeyUsageClientAuth)
	s.revoke("revoked.crl", b)
	yield, newer := "ngx.sleep(0.001)", "; "
	if s.nginx { // Debian's can not wait for a script there, and lacks directives
		yield, newer = "", "; #"
	}
	replace := strings.NewReplacer("PORT", strconv.Itoa(port), "DIR", dir, "YIELD", yield, "; NEWER ", newer)
	text := bin.LoadLines() + `daemon off; worker_processes 1; error_log logs/error.log info; pid logs/nginx.pid; events { worker_connections 512; }
http { access_log off; lua_shared_dict kept 1m; lua_socket_log_errors off;
init_by_lua_block {
	function text(name) local f = assert(io.open("DIR/" .. name)) local all = f:read("*a") f:close() return all end
}
` + conf + "}"
	files["nginx.conf"] = text
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(replace.Replace(text)), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	srv, err := spec.Start(bin, s.root)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		srv.Stop()
		if log := s.log(); t.Failed() || strings.Contains(log, "[alert]") || strings.Contains(log, "panic") {
			t.Errorf("error log:\n%s", log)
		}
	})
	for range 300 {
		c, err := net.Dial("tcp", s.addr)
		if err == nil {
			c.Close()
			return s
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("the server does not listen: %s\n%s", srv.Output(), s.log())
	return nil
}

func (s *luaSite) log() string {
	text, _ := os.ReadFile(filepath.Join(s.root, "logs/error.log"))
	return string(text)
}

// get fetches a path over a new connection and gives the body and the state.
func (s *luaSite) get(path string, cfg *tls.Config) (string, tls.ConnectionState) {
	s.t.Helper()
	cfg.InsecureSkipVerify = true
	if cfg.ServerName == "" {
		cfg.ServerName = "a.test"
	}
	c, err := tls.Dial("tcp", s.addr, cfg)
	if err != nil {
		s.t.Fatal(err)
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(10 * time.Second))
	fmt.Fprintf(c, "GET %s HTTP/1.0\r\nHost: a.test\r\n\r\n", path)
	answer, err := io.ReadAll(c)
	if err != nil {
		s.t.Fatal(err)
	}
	_, body, _ := strings.Cut(string(answer), "\r\n\r\n")
	return body, c.ConnectionState()
}

func (s *luaSite) expect(got, want string) {
	s.t.Helper()
	if got != want {
		s.t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}

const oneServer = `server { listen 127.0.0.1:PORT ssl; server_name a.test; ssl_certificate a.test.crt; ssl_certificate_key a.test.key; ssl_protocols TLSv1.2 TLSv1.3; `

// TestHelloByLua: what a script sees of a client's hello, and the protocols
// that it chooses.
func TestHelloByLua(t *testing.T) {
	s := luaServer(t, oneServer+`ssl_client_hello_by_lua_file DIR/hello.lua;
		location / { return 200 "$ssl_protocol"; } }`, map[string]string{"hello.lua": `
		local hello = require "ngx.ssl.clienthello"
		local name = hello.get_client_hello_server_name()
		local ext = hello.get_client_hello_ext(0)
		local versions = hello.get_supported_versions()
		local protos = hello.get_client_hello_ext(16)
		ngx.log(ngx.NOTICE, "hello of ", name, " ", #ext, " ", ext:sub(-6), " ", table.concat(versions, ","), " ", protos and protos:sub(4), " ", hello.get_client_hello_ext(4660), " ",
			select(2, hello.set_protocols({"none"})))
		YIELD
		if name == "b.test" then assert(hello.set_protocols({"TLSv1.2"})) end
		if name == "c.test" then return ngx.exit(ngx.ERROR) end`})
	for name, want := range map[string]string{"a.test": "TLSv1.3", "b.test": "TLSv1.2"} {
		got, _ := s.get("/", &tls.Config{ServerName: name, NextProtos: []string{"http/1.1"}})
		s.expect(got, want)
	}
	if _, err := tls.Dial("tcp", s.addr, &tls.Config{ServerName: "c.test", InsecureSkipVerify: true}); err == nil {
		t.Error("the script can not refuse a handshake")
	}
	if !regexp.MustCompile(`hello of a\.test 11 a\.test TLSv1\.[23],TLSv1\.[23] http/1\.1 nil `).MatchString(s.log()) {
		t.Errorf("%s", s.log())
	}
}

// TestCertificateByLua: a certificate from a file's script, in both ways that a
// script may have it, and what the script knows of the connection.
func TestCertificateByLua(t *testing.T) {
	s := luaServer(t, oneServer+`ssl_certificate_by_lua_file DIR/cert.lua;
		location / { return 200 $ssl_server_name; } }`, map[string]string{"cert.lua": `
		local ssl = require "ngx.ssl"
		local name = ssl.server_name()
		local server, kind = ssl.raw_server_addr()
		local client, kind2 = ssl.raw_client_addr()
		ngx.log(ngx.NOTICE, "certificate for ", name, " at ", table.concat({server:byte(1, -1)}, "."), " ", kind, " from ", table.concat({client:byte(1, -1)}, "."), " ", kind2,
			" ", ssl.server_port(), " ", ssl.get_tls1_version() == ssl.TLS1_3_VERSION, " ", ssl.get_tls1_version_str())
		if name == "a.test" then return end
		ngx.sleep(0.001)
		assert(ssl.clear_certs())
		local der = assert(ssl.cert_pem_to_der(text("b.test.crt")))
		local key = assert(ssl.priv_key_pem_to_der(text("b.test.key")))
		if name == "b.test" then
			assert(ssl.set_der_cert(der))
			assert(ssl.set_der_priv_key(key))
		else
			assert(ssl.set_cert(assert(ssl.parse_der_cert and ssl.parse_der_cert(der) or ssl.parse_pem_cert(text("b.test.crt")))))
			assert(ssl.set_priv_key(assert(ssl.parse_der_priv_key and ssl.parse_der_priv_key(key) or ssl.parse_pem_priv_key(text("b.test.key")))))
		end`})
	for name, want := range map[string]string{"a.test": "a.test", "b.test": "b.test", "c.test": "b.test"} {
		got, state := s.get("/", &tls.Config{ServerName: name})
		s.expect(got+" "+state.PeerCertificates[0].Subject.CommonName, name+" "+want)
	}
	if want := fmt.Sprintf("certificate for a.test at 127.0.0.1 inet from 127.0.0.1 inet %d true TLSv1.3", s.port); !strings.Contains(s.log(), want) {
		t.Errorf("no %q", want)
	}
}

// TestSecretsInLua: the randoms, the exporter, the session and the ciphers of a
// request's connection are those that the client knows.
func TestSecretsInLua(t *testing.T) {
	s := luaServer(t, oneServer+`ssl_ciphers ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384;
		location / { content_by_lua_block {
			local ssl = require "ngx.ssl"
			local function hex(s) return (s:gsub(".", function(c) return string.format("%02x", c:byte()) end)) end
			ngx.say(hex(assert(ssl.export_keying_material(20, "EXPERIMENTAL test", "context"))))
			ngx.say(hex(ssl.get_client_random()), " ", ssl.get_client_random(0), " ", #ssl.get_client_random(8), " ", #ssl.get_server_random(), " ", ssl.get_server_random() ~= ssl.get_client_random())
			local pointer = assert(ssl.get_req_ssl_pointer())
			ngx.say(type(pointer), " ", ssl.ssl_session_reused(pointer), " ", ssl.ssl_session_reused(1))
			ngx.say(table.concat(ssl.get_req_shared_ssl_ciphers(), " "))
			ngx.say(select(2, ssl.get_session_master_key()), "; ", select(2, ssl.get_upstream_ssl_pointer()), "; ", select(2, ssl.export_keying_material_early(20, "x")))
			ngx.say(select(2, ssl.export_keying_material(0, "x")))
		} } }`, map[string]string{})
	if s.nginx {
		t.Skip("Debian's lua-resty-core is older than these functions")
	}
	random := &recorder{}
	cfg := &tls.Config{ClientSessionCache: tls.NewLRUClientSessionCache(2), KeyLogWriter: random}
	for _, reused := range []bool{false, true} {
		got, state := s.get("/", cfg)
		key, err := state.ExportKeyingMaterial("EXPERIMENTAL test", []byte("context"), 20)
		if err != nil {
			t.Fatal(err)
		}
		s.expect(got, fmt.Sprintf("%s\n%s 32 8 32 true\ncdata %v nilbad ssl arg: cdata expected, got number\n4866 4867 4865 49195 49196\n", hex.EncodeToString(key), random.client(), reused)+
			"the master key is not known to this server; TLS to upstreams is not supported by this server; SSL_export_keying_material_early() failed: this server takes no early data\n"+
			"SSL_export_keying_material() failed\n")
	}
}

// recorder keeps the last line of a log of keys, which names the client's random.
type recorder struct{ line string }

func (r *recorder) Write(p []byte) (int, error) {
	r.line = string(p)
	return len(p), nil
}

func (r *recorder) client() string { return strings.Fields(r.line)[1] }

// TestSessionsByLua: sessions that scripts keep in a dictionary are resumed.
func TestSessionsByLua(t *testing.T) {
	blocks := `ssl_session_store_by_lua_block { dofile("DIR/store.lua") } ssl_session_fetch_by_lua_block { dofile("DIR/fetch.lua") }`
	for name, scripts := range map[string]string{"blocks": blocks, "files": `ssl_session_store_by_lua_file DIR/store.lua; ssl_session_fetch_by_lua_file DIR/fetch.lua;`} {
		t.Run(name, func(t *testing.T) {
			s := luaServer(t, `ssl_session_tickets off; ssl_session_cache shared:s:1m; lua_ssl_protocols TLSv1.2; `+scripts+oneServer+`
			location = /reused { return 200 $ssl_session_reused; }
			location = /broken { rewrite_by_lua_block { ngx.shared.kept:set("broken", 0) } content_by_lua_file DIR/twice.lua; }
			location = /t { content_by_lua_file DIR/twice.lua; } }`, map[string]string{"twice.lua": `
				local session
				for i = 1, 2 do
					local s = ngx.socket.tcp()
					assert(s:connect("127.0.0.1", PORT, {pool = "p" .. i}))
					session = assert(s:sslhandshake(session, "a.test", false))
					ngx.ctx.same = s.getsslsession and type(s:getsslsession())
					assert(s:send("GET /reused HTTP/1.0\r\n\r\n"))
					s:receiveuntil("\r\n\r\n")()
					ngx.print(s:receive("*a"), " ")
					s:close()
				end
				local kept = ngx.shared.kept
				if kept:get("broken") then return ngx.say(kept:get("broken")) end
				ngx.say(kept:get("stored") >= 1, " ", kept:get("found") == 1, " ", kept:get("empty"))
			`, "store.lua": `
				local session = require "ngx.ssl.session"
				local id, data = assert(session.get_session_id()), assert(session.get_serialized_session())
				assert(id:find("^%x+$") and #id >= 32 and #data > 50)
				ngx.shared.kept:set(id, data)
				ngx.shared.kept:incr("stored", 1, 0)`, "fetch.lua": `
				local session = require "ngx.ssl.session"
				local data = ngx.shared.kept:get(assert(session.get_session_id()))
				if ngx.shared.kept:get("broken") then
					if data then ngx.shared.kept:incr("broken", 1) end
					error("no session for you")
				end
				ngx.shared.kept:set("empty", select(2, session.set_serialized_session("damaged")))
				if data then
					assert(session.set_serialized_session(data))
					ngx.shared.kept:incr("found", 1, 0)
				end`})
			got, _ := s.get("/t", &tls.Config{})
			s.expect(got, ". r true true failed to de-serialize session\n")
			got, _ = s.get("/broken", &tls.Config{})
			s.expect(got, ". . 1\n")
			if !strings.Contains(s.log(), "no session for you") {
				t.Error("the error of a script is not logged")
			}
		})
	}
}

// TestClientCertificatesByLua: a script has clients asked for a certificate,
// and cosockets have one to show.
func TestClientCertificatesByLua(t *testing.T) {
	s := luaServer(t, oneServer+`ssl_certificate_by_lua_block {
			local ssl = require "ngx.ssl"
			assert(ssl.verify_client(ssl.parse_pem_cert(text("ca.crt")), 1))
		}
		location = /verify { return 200 $ssl_client_verify; }
		location = /wrong { content_by_lua_block { ngx.say(select(2, require("ngx.ssl").verify_client())) } }
		location = /t { content_by_lua_file DIR/ask.lua; NEWER lua_ssl_certificate DIR/client.crt; lua_ssl_certificate_key DIR/client.key;
		}
		location = /plain { content_by_lua_file DIR/ask.lua; }
		location = /own { content_by_lua_block {
			own = function(s)
				local ssl = require "ngx.ssl"
				ngx.say(s:setclientcert(ssl.parse_pem_cert(text("client.crt")), ssl.parse_pem_priv_key(text("client.key"))))
			end
			loadstring(text("ask.lua"))()
			own = nil
		} } }`, map[string]string{"ask.lua": `
		local s = ngx.socket.tcp()
		assert(s:connect("127.0.0.1", PORT))
		if own then own(s) end
		assert(s:sslhandshake(nil, "a.test", false))
		assert(s:send("GET /verify HTTP/1.0\r\n\r\n"))
		s:receiveuntil("\r\n\r\n")()
		ngx.say(s:receive("*a"))`})
	stranger := newAuthority(t, t.TempDir())
	stranger.leaf("client", x509.ExtKeyUsageClientAuth)
	for _, c := range []struct{ path, want string }{{"/t", "SUCCESS\n"}, {"/plain", "NONE\n"}, {"/wrong", "API disabled in the current context\n"}} {
		if s.nginx && c.path == "/t" {
			c.want = "NONE\n"
		}
		got, _ := s.get(c.path, &tls.Config{})
		s.expect(got, c.want)
	}
	if !s.nginx { // Debian's lua-nginx-module has no setclientcert
		got, _ := s.get("/own", &tls.Config{})
		s.expect(got, "true\nSUCCESS\n")
	}
	for _, c := range []struct {
		pair tls.Certificate
		want string
	}{
		{s.pair("client"), "SUCCESS"}, {stranger.pair("client"), "FAILED:unable to verify the first certificate"},
		{s.pair("a.test"), "FAILED:unsuitable certificate purpose"}, {tls.Certificate{}, "NONE"},
	} {
		got, _ := s.get("/verify", &tls.Config{GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &c.pair, nil }})
		s.expect(got, c.want)
	}
}

// TestCosocketSettings: the lua_ssl_* directives, one location each.
func TestCosocketSettings(t *testing.T) {
	try := `content_by_lua_file DIR/try.lua; }
	`
	s := luaServer(t, `lua_ssl_trusted_certificate DIR/ca.crt; lua_ssl_protocols TLSv1.2 TLSv1.3;
	server { listen 127.0.0.1:PORT ssl; server_name b.test; ssl_certificate b.test.crt; ssl_certificate_key b.test.key;
		location / { return 200 "$ssl_protocol $ssl_cipher"; } }
	`+oneServer+`
		location / { return 200 "$ssl_protocol $ssl_cipher"; }
		location = /trust { `+try+`
		location = /depth { lua_ssl_verify_depth 0; `+try+`
		location = /protocol { lua_ssl_protocols TLSv1.2; lua_ssl_ciphers ECDHE-ECDSA-AES256-GCM-SHA384; `+try+`
		location = /command { content_by_lua_file DIR/try.lua; NEWER lua_ssl_conf_command MaxProtocol TLSv1.2; lua_ssl_conf_command CipherString ECDHE-ECDSA-AES128-GCM-SHA256;
		}
		location = /crl { lua_ssl_crl DIR/revoked.crl; `+try+`
		location = /log { content_by_lua_file DIR/try.lua; NEWER lua_ssl_key_log logs/keys;
		}
	}`, map[string]string{"try.lua": `
		for _, name in ipairs({"a.test", "b.test"}) do
			local s = ngx.socket.tcp()
			assert(s:connect("127.0.0.1", PORT))
			local ok, err = s:sslhandshake(nil, name, true)
			if ok then
				assert(s:send("GET / HTTP/1.0\r\nHost: " .. name .. "\r\n\r\n"))
				s:receiveuntil("\r\n\r\n")()
				ngx.say(name, " ", s:receive("*a"))
			else
				ngx.say(name, " ", err)
			end
			s:close()
		end`})
	modern := regexp.MustCompile(`(?m)TLSv1\.3 TLS_\w+$`)
	if s.nginx { // Debian's lua-nginx-module has no TLSv1.3 for cosockets
		modern = regexp.MustCompile(`(?m)TLSv1\.2 ECDHE-ECDSA-AES256-GCM-SHA384$`)
	}
	for _, c := range []struct{ path, want string }{
		{"/trust", "a.test MODERN\nb.test MODERN\n"},
		{"/depth", "a.test MODERN\nb.test MODERN\n"},
		{"/protocol", "a.test TLSv1.2 ECDHE-ECDSA-AES256-GCM-SHA384\nb.test TLSv1.2 ECDHE-ECDSA-AES256-GCM-SHA384\n"},
		{"/command", "a.test TLSv1.2 ECDHE-ECDSA-AES128-GCM-SHA256\nb.test TLSv1.2 ECDHE-ECDSA-AES128-GCM-SHA256\n"},
		{"/crl", "a.test MODERN\nb.test 23: certificate revoked\n"},
		{"/log", "a.test MODERN\nb.test MODERN\n"},
	} {
		if s.nginx && (c.path == "/log" || c.path == "/command") {
			continue
		}
		got, _ := s.get(c.path, &tls.Config{})
		if strings.Contains(c.want, "MODERN") {
			got = modern.ReplaceAllString(got, "MODERN")
		}
		s.expect(got, c.want)
	}
	if keys, err := os.ReadFile(filepath.Join(s.root, "logs/keys")); !s.nginx && (err != nil || !strings.Contains(string(keys), "CLIENT_TRAFFIC_SECRET_0 ")) {
		t.Errorf("keys: %v %s", err, keys)
	}
}

// TestTrustedStore: a socket of its own trust.
func TestTrustedStore(t *testing.T) {
	s := luaServer(t, oneServer+`location / { content_by_lua_block {
		local ssl = require "ngx.ssl"
		local s = ngx.socket.tcp()
		assert(s:connect("127.0.0.1", PORT))
		ngx.say(s:settrustedstore(assert(ssl.parse_pem_cert(text("ca.crt")))))
		ngx.say(type(s:sslhandshake(nil, "a.test", true)), " ", type(s:getsslpointer()), " ", type(s:getsslctx()))
	} } }`, map[string]string{})
	if s.nginx {
		t.Skip("Debian's lua-nginx-module is older than this method")
	}
	got, _ := s.get("/", &tls.Config{})
	s.expect(got, "true\ncdata cdata cdata\n")
}

// TestStaplingByLua: the responder, the request, what is wrong with responses,
// and the staple that the client gets.
func TestStaplingByLua(t *testing.T) {
	s := luaServer(t, oneServer+`ssl_certificate_by_lua_block {
			local ocsp = require "ngx.ocsp"
			local response = text("good.ocsp")
			ngx.log(ngx.NOTICE, "staple: ", ocsp.set_ocsp_status_resp(response))
		}
		location / { content_by_lua_block {
			local ssl, ocsp = require "ngx.ssl", require "ngx.ocsp"
			local leaf, issuer = ssl.cert_pem_to_der(text("a.test.crt")), ssl.cert_pem_to_der(text("ca.crt"))
			local chain = leaf .. issuer
			ngx.say(ocsp.get_ocsp_responder_from_der_chain(chain), " ", ocsp.get_ocsp_responder_from_der_chain(chain, 7))
			ngx.say(ocsp.get_ocsp_responder_from_der_chain(issuer .. issuer))
			ngx.say(ocsp.get_ocsp_responder_from_der_chain(leaf))
			ngx.say(ocsp.get_ocsp_responder_from_der_chain(leaf .. leaf))
			ngx.say(ocsp.get_ocsp_responder_from_der_chain("x"))
			local request = ocsp.create_ocsp_request(chain)
			ngx.say(select(2, ocsp.create_ocsp_request(chain, 5)) == "output buffer too small: " .. #request .. " > 5")
			ngx.say(select(2, ocsp.create_ocsp_request(leaf)))
			for _, name in ipairs({"good", "revoked", "unknown", "old", "other", "refused", "damaged", "forged"}) do
				ngx.say(name, ": ", ocsp.validate_ocsp_response(text(name .. ".ocsp"), chain))
			end
			ngx.say(ocsp.validate_ocsp_response(text("good.ocsp"), leaf))
			ngx.print(ngx.encode_base64(request))
		} } }`, map[string]string{"good.ocsp": ""})
	leaf, err := x509.ParseCertificate(s.pair("a.test").Certificate[0])
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	respond := func(name string, tmpl ocsp.Response, key *ecdsa.PrivateKey) []byte {
		if tmpl.SerialNumber == nil {
			tmpl.SerialNumber = leaf.SerialNumber
		}
		if tmpl.ThisUpdate.IsZero() {
			tmpl.ThisUpdate, tmpl.NextUpdate = now.Add(-time.Minute), now.Add(time.Hour)
		}
		der, err := ocsp.CreateResponse(s.cert, s.cert, tmpl, key)
		if err != nil {
			t.Fatal(err)
		}
		os.WriteFile(filepath.Join(s.dir, name+".ocsp"), der, 0o644)
		return der
	}
	good := respond("good", ocsp.Response{Status: ocsp.Good}, s.key)
	respond("revoked", ocsp.Response{Status: ocsp.Revoked, RevokedAt: now.Add(-time.Hour)}, s.key)
	respond("unknown", ocsp.Response{Status: ocsp.Unknown}, s.key)
	respond("old", ocsp.Response{Status: ocsp.Good, ThisUpdate: now.Add(-2 * time.Hour), NextUpdate: now.Add(-time.Hour)}, s.key)
	respond("other", ocsp.Response{Status: ocsp.Good, SerialNumber: s.pair("client").Leaf.SerialNumber}, s.key)
	respond("forged", ocsp.Response{Status: ocsp.Good}, newAuthority(t, t.TempDir()).key)
	os.WriteFile(filepath.Join(s.dir, "refused.ocsp"), ocsp.TryLaterErrorResponse, 0o644)
	os.WriteFile(filepath.Join(s.dir, "damaged.ocsp"), good[:len(good)-3], 0o644)

	got, state := s.get("/", &tls.Config{})
	if string(state.OCSPResponse) != string(good) {
		t.Errorf("the client has got a staple of %d bytes", len(state.OCSPResponse))
	}
	at := strings.LastIndexByte(got, '\n') + 1
	s.expect(got[:at], `http://ocsp.test/ http://truncated
nil
nilno issuer certificate in chain
nilissuer certificate not next to leaf
nild2i_X509_bio() failed
true
no issuer certificate in chain
good: true
revoked: nilcertificate status "revoked" in the OCSP response
unknown: nilcertificate status "unknown" in the OCSP response
old: nilOCSP_check_validity() failed
other: nilcertificate status not found in the OCSP response
refused: nilOCSP response not successful (3: trylater)
damaged: nild2i_OCSP_RESPONSE() failed
forged: nilOCSP_basic_verify() failed
nilno issuer certificate in chain
`)
	decoded, err := base64.StdEncoding.DecodeString(got[at:])
	if err != nil {
		t.Fatal(err)
	}
	request, err := ocsp.ParseRequest(decoded)
	if err != nil || request.SerialNumber.Cmp(leaf.SerialNumber) != 0 {
		t.Errorf("request: %v", err)
	}
}
