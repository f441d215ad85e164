package process_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// certificate writes a key pair for localhost into conf.
func (s *site) certificate() {
	s.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		s.t.Fatal(err)
	}
	about := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "localhost"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), DNSNames: []string{"localhost"}}
	cert, err := x509.CreateCertificate(rand.Reader, about, about, &key.PublicKey, key)
	if err != nil {
		s.t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		s.t.Fatal(err)
	}
	s.write("conf/cert.pem", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert})))
	s.write("conf/key.pem", string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})))
}

// TestReloadThatFails: whatever is wrong, the same workers go on with the
// configuration they have, and the next correct one is taken.
func TestReloadThatFails(t *testing.T) {
	t.Parallel()
	good := strings.Replace(plain, "server {", `include part.conf;
    server {
        listen 127.0.0.1:{port2} ssl;
        ssl_certificate cert.pem;
        ssl_certificate_key key.pem;
    }
    server {`, 1)
	s := newSite(t, program(t), good)
	s.certificate()
	s.write("conf/part.conf", "# nothing\n")
	s.start()
	s.excuse(`.`) // every case brings about an [emerg]
	old := s.settled(2)
	busy, err := net.Listen("tcp", "127.0.0.1:"+itoa(s.ports[2]))
	if err != nil {
		t.Fatal(err)
	}
	defer busy.Close()
	fds := descriptors(s.pid())

	for _, c := range []struct {
		name string
		do   func()
		says string
	}{
		{"broken", func() { s.configure("http {") }, "unexpected end of file, expecting \"}\""},
		{"unknown directive", func() { s.configure(good + "nonsense;") }, `unknown directive "nonsense"`},
		{"no configuration", func() { os.Remove(s.path("conf/nginx.conf")) }, "nginx.conf\" failed (2: No such file or directory)"},
		{"removed include", func() { s.configure(good); os.Remove(s.path("conf/part.conf")) }, "part.conf\" failed (2: No such file or directory)"},
		{"busy port", func() {
			s.write("conf/part.conf", "server { listen 127.0.0.1:{port3}; }")
		}, "still could not bind()"},
		{"a certificate that is gone", func() {
			s.write("conf/part.conf", "# nothing\n")
			os.Remove(s.path("conf/cert.pem"))
		}, "cert.pem"},
		{"a certificate that is none", func() { s.write("conf/cert.pem", "nonsense") }, "cert.pem"},
		{"workers that can not start", func() {
			s.certificate()
			s.configure("working_directory {root}/absent;" + good)
		}, "the new configuration is not used"},
	} {
		c.do()
		before := len(s.errorLog())
		s.signal(syscall.SIGHUP)
		if !eventually(func() bool { return strings.Contains(s.errorLog()[before:], c.says) }) {
			t.Fatalf("%s: %q is not in\n%s", c.name, c.says, s.errorLog()[before:])
		}
		s.settled(2)
		if now := s.workers(); !overlap(now, old) || now[0] != old[0] || now[1] != old[1] {
			t.Errorf("%s: the workers were %v and are %v", c.name, old, now)
		}
		s.get("/who")
		conn, err := tls.Dial("tcp", "127.0.0.1:"+itoa(s.ports[1]), &tls.Config{InsecureSkipVerify: true})
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		conn.Close()
	}
	if !eventually(func() bool { return descriptors(s.pid()) <= fds }) {
		t.Errorf("the master had %d descriptors and has %d", fds, descriptors(s.pid()))
	}
	s.configure(good)
	s.signal(syscall.SIGHUP)
	s.settled(2, old...)
	s.get("/who")
}

// TestReloadUnderLoad: no request is lost.
func TestReloadUnderLoad(t *testing.T) {
	t.Parallel()
	s := newSite(t, program(t), plain).start()
	s.settled(2)
	l := startLoad(s.addr(), 8)
	for range 10 {
		l.more(50)
		old := s.workers()
		s.signal(syscall.SIGHUP)
		s.settled(2, old...)
	}
	l.end(t)
}

// TestReloadMovesListeners: an address that is new is served, one that is gone
// is closed, one that changes its options is kept.
func TestReloadMovesListeners(t *testing.T) {
	t.Parallel()
	s := newSite(t, program(t), plain).start()
	old := s.settled(2)
	s.configure(strings.Replace(plain, "listen 127.0.0.1:{port};", "listen 127.0.0.1:{port2}; listen unix:{root}/socket;", 1))
	s.signal(syscall.SIGHUP)
	old = s.settled(2, old...)
	for _, c := range [][2]string{{"tcp", "127.0.0.1:" + itoa(s.ports[1])}, {"unix", s.path("socket")}} {
		if code, _, err := get(c[0], c[1], "/who"); err != nil || code != 200 {
			t.Errorf("%v: %d %v", c, code, err)
		}
	}
	if conn, err := net.Dial("tcp", s.addr()); err == nil {
		conn.Close()
		t.Error("the address of before is still served")
	}
	s.configure(plain)
	s.signal(syscall.SIGHUP)
	s.settled(2, old...)
	s.get("/who")
	if _, err := os.Stat(s.path("socket")); err == nil {
		t.Error("the socket's file is left")
	}
}

// TestReloadsLeakNothing: many reloads leave descriptors, processes and memory
// of the master as they were after the first.
func TestReloadsLeakNothing(t *testing.T) {
	t.Parallel()
	n := 50
	if v, err := strconv.Atoi(os.Getenv("PERIGEE_T_RELOADS")); err == nil && v > 10 {
		n = v
	}
	s := newSite(t, program(t), strings.Replace(plain, "access_log off", "access_log logs/access.log", 1)).start()
	old := s.settled(2)
	var fds, mem [2]int
	begin := time.Now()
	for i := range n {
		s.signal(syscall.SIGHUP)
		old = s.settled(2, old...)
		if i == 9 || i == n-1 {
			eventually(func() bool { return len(zombies(s.pid())) == 0 }) // and their channels are closed
			fds[b2i(i > 9)], mem[b2i(i > 9)] = descriptors(s.pid()), pss(s.pid())
		}
	}
	t.Logf("%d reloads in %v: master's descriptors %d → %d, memory %d → %d KB, worker's descriptors %d, memory %d KB", n,
		time.Since(begin).Round(time.Millisecond), fds[0], fds[1], mem[0]>>10, mem[1]>>10, descriptors(old[0]), pss(old[0])>>10)
	if fds[1] > fds[0] && !eventually(func() bool { return descriptors(s.pid()) <= fds[0] }) {
		t.Errorf("the master had %d descriptors after ten reloads and has %d after %d", fds[0], fds[1], n)
	}
	if mem[0] > 0 && mem[1] > mem[0]+8<<20 {
		t.Errorf("the master had %d KB after ten reloads and has %d KB after %d", mem[0]>>10, mem[1]>>10, n)
	}
	if all := groupOf(s.group); len(all) != 3 {
		t.Errorf("there are processes %v, a master and two workers were expected", all)
	}
	if kids := zombies(s.pid()); len(kids) != 0 {
		t.Errorf("the master has not waited for %v", kids)
	}
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

// TestReloadsInHaste: a HUP that comes while another is being obeyed wins, and
// nothing is lost or left.
func TestReloadsInHaste(t *testing.T) {
	t.Parallel()
	s := newSite(t, program(t), plain).start()
	old := s.settled(2)
	l := startLoad(s.addr(), 4)
	for i := range 30 {
		s.signal(syscall.SIGHUP)
		time.Sleep(time.Duration(i) * time.Millisecond)
	}
	s.configure(strings.Replace(plain, `"$pid\n"`, `"last\n"`, 1))
	s.signal(syscall.SIGHUP)
	if !eventually(func() bool { return s.get("/who") == "last\n" }) {
		t.Error("the last configuration is not served")
	}
	s.settled(2, old...)
	l.more(20)
	l.end(t)
	if fds := descriptors(s.pid()); fds > 25 {
		t.Errorf("the master has %d descriptors", fds)
	}
}
