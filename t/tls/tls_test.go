// Package tls_test speaks TLS with the real server: certificates chosen by name,
// sessions resumed by any worker, bodies both ways, and what is no TLS at all.
package tls_test

import (
	"bufio"
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/perigee-server/perigee/t/spec"
)

var (
	binary    *spec.Binary
	binaryErr error
)

func TestMain(m *testing.M) {
	spec.Main(m, func(b *spec.Binary, err error) { binary, binaryErr = b, err })
}

// certificate writes a self-signed certificate and key for a name.
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
	kb, _ := x509.MarshalPKCS8PrivateKey(key)
	write := func(file, kind string, b []byte) {
		os.WriteFile(filepath.Join(dir, file), pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: b}), 0o644)
	}
	write(name+".crt", "CERTIFICATE", der)
	write(name+".key", "PRIVATE KEY", kb)
}

// start serves two names over TLS with two workers.
func start(t *testing.T, more string) string {
	t.Helper()
	bin := spec.Require(t, binary, binaryErr)
	ports := &spec.Ports{}
	port, err := ports.Take()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(ports.Release)
	root := t.TempDir()
	os.Chmod(root, 0o755)
	os.Chmod(filepath.Dir(root), 0o755) // workers are another user
	for _, d := range []string{"conf", "logs", "html"} {
		os.Mkdir(filepath.Join(root, d), 0o777)
		os.Chmod(filepath.Join(root, d), 0o777)
	}
	certificate(t, root+"/conf", "a.test")
	certificate(t, root+"/conf", "b.test")
	text := bin.LoadLines() + `daemon off; worker_processes 2; error_log logs/error.log info; pid logs/nginx.pid; events { worker_connections 512; }
http { access_log off; client_max_body_size 0; client_body_temp_path logs/b;
  ` + more + `
  server { listen 127.0.0.1:PORT ssl; server_name a.test; ssl_certificate a.test.crt; ssl_certificate_key a.test.key;
    location / { return 200 "a $scheme $https $ssl_protocol $ssl_server_name $ssl_session_reused\n"; }
    location /echo { echo_read_request_body; echo_request_body; }
    location /big { root ` + root + `/html; } }
  server { listen 127.0.0.1:PORT ssl; server_name b.test; ssl_certificate b.test.crt; ssl_certificate_key b.test.key;
    location / { return 200 "b\n"; } } }`
	text = strings.ReplaceAll(text, "PORT", strconv.Itoa(port))
	os.WriteFile(root+"/conf/nginx.conf", []byte(text), 0o644)
	os.WriteFile(root+"/html/big", bytes.Repeat([]byte("0123456789abcdef"), 256<<10), 0o644)
	srv, err := spec.Start(bin, root)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		srv.Stop()
		if log, _ := os.ReadFile(root + "/logs/error.log"); bytes.Contains(log, []byte("[alert]")) || bytes.Contains(log, []byte("panic")) {
			t.Errorf("error log:\n%s", log)
		}
	})
	addr := fmt.Sprintf("127.0.0.1:%d", port)
	for range 300 {
		c, err := net.Dial("tcp", addr)
		if err == nil {
			c.Close()
			return addr
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("the server does not listen: %s", srv.Output())
	return ""
}

func client(name string, cfg *tls.Config) *http.Client {
	if cfg == nil {
		cfg = &tls.Config{}
	}
	cfg.ServerName, cfg.InsecureSkipVerify = name, true
	return &http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{TLSClientConfig: cfg}}
}

func fetch(t *testing.T, c *http.Client, url string) string {
	t.Helper()
	r, err := c.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestNamesAndVariables(t *testing.T) {
	addr := start(t, "")
	if got := fetch(t, client("a.test", nil), "https://"+addr+"/"); got != "a https on TLSv1.3 a.test .\n" {
		t.Errorf("got %q", got)
	}
	cb := client("b.test", nil)
	req, _ := http.NewRequest("GET", "https://"+addr+"/", nil)
	req.Host = "b.test"
	r, err := cb.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	if name := r.TLS.PeerCertificates[0].Subject.CommonName; name != "b.test" {
		t.Errorf("certificate of %s", name)
	}
	if b, _ := io.ReadAll(r.Body); string(b) != "b\n" {
		t.Errorf("got %q", b)
	}
	if got := fetch(t, client("a.test", &tls.Config{MaxVersion: tls.VersionTLS12}), "https://"+addr+"/"); !strings.Contains(got, "TLSv1.2") {
		t.Errorf("got %q", got)
	}
}

func TestLargeBodies(t *testing.T) {
	addr := start(t, "")
	c := client("a.test", nil)
	if got := fetch(t, c, "https://"+addr+"/big"); len(got) != 4<<20 || !strings.HasPrefix(got, "0123456789abcdef") {
		t.Errorf("%d bytes", len(got))
	}
	body := bytes.Repeat([]byte("0123456789"), 50_000)
	for range 3 {
		r, err := c.Post("https://"+addr+"/echo", "text/plain", bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(r.Body)
		r.Body.Close()
		if err != nil || !bytes.Equal(got, body) {
			t.Fatalf("%d of %d bytes came back, %v", len(got), len(body), err)
		}
	}
}

// TestResumption makes many connections with one session cache: whichever of
// the workers accepts, the ticket is good.
func TestResumption(t *testing.T) {
	addr := start(t, "")
	cfg := &tls.Config{ServerName: "a.test", InsecureSkipVerify: true, ClientSessionCache: tls.NewLRUClientSessionCache(4)}
	resumed := 0
	for range 20 {
		c, err := tls.Dial("tcp", addr, cfg)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(c, "GET / HTTP/1.0\r\n\r\n")
		io.Copy(io.Discard, c)
		if c.ConnectionState().DidResume {
			resumed++
		}
		c.Close()
	}
	if resumed < 18 {
		t.Errorf("%d of 20 sessions were resumed", resumed)
	}
}

func TestPlainRequestToTLSPort(t *testing.T) {
	addr := start(t, "")
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	fmt.Fprintf(c, "GET / HTTP/1.1\r\nHost: a.test\r\n\r\n")
	r, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatal(err)
	}
	b, _ := io.ReadAll(r.Body)
	if r.StatusCode != 400 || !strings.Contains(string(b), "The plain HTTP request was sent to HTTPS port") {
		t.Errorf("%d %q", r.StatusCode, b)
	}
}

// TestBrokenHandshakes sends what is no handshake; the workers go on.
func TestBrokenHandshakes(t *testing.T) {
	addr := start(t, "ssl_protocols TLSv1.2 TLSv1.3;")
	for _, text := range []string{"\x16\x03\x01\x00\x05hello", "\x16", "\x16\x03\x01\xff\xff", "\x80\x2e\x01\x00\x02"} {
		c, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		c.Write([]byte(text))
		c.(*net.TCPConn).CloseWrite()
		c.SetReadDeadline(time.Now().Add(5 * time.Second))
		io.Copy(io.Discard, c)
		c.Close()
	}
	if _, err := tls.Dial("tcp", addr, &tls.Config{InsecureSkipVerify: true, MaxVersion: tls.VersionTLS11}); err == nil {
		t.Error("TLS 1.1 was accepted")
	}
	if got := fetch(t, client("a.test", nil), "https://"+addr+"/"); !strings.HasPrefix(got, "a https") {
		t.Errorf("got %q", got)
	}
}

// TestTicketKeys: servers that share a key for tickets resume each other's
// sessions, others do not.
func TestTicketKeys(t *testing.T) {
	key := filepath.Join(t.TempDir(), "ticket.key")
	random := make([]byte, 80)
	rand.Read(random)
	if err := os.WriteFile(key, random, 0o644); err != nil {
		t.Fatal(err)
	}
	shared := "ssl_session_ticket_key " + key + ";"
	cfg := &tls.Config{ServerName: "a.test", InsecureSkipVerify: true, ClientSessionCache: tls.NewLRUClientSessionCache(4)}
	for _, c := range []struct {
		more    string
		resumed bool
	}{{shared, false}, {shared, true}, {"", false}} {
		conn, err := tls.Dial("tcp", start(t, c.more), cfg)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(conn, "GET / HTTP/1.0\r\n\r\n")
		io.Copy(io.Discard, conn)
		if got := conn.ConnectionState().DidResume; got != c.resumed {
			t.Errorf("with %q the session is resumed: %v", c.more, got)
		}
		conn.Close()
	}
}
