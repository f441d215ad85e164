package handlers_test

import (
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// backend is a server on a loopback address that answers with its address.
type backend struct {
	addr     string
	accepted atomic.Int64 // connections so far
	open     atomic.Int64 // connections now
	ill      atomic.Bool  // /health answers 500
	probes   atomic.Int64 // requests of /health
}

// newBackends starts a server with one port at each address.
func newBackends(t *testing.T, ips ...string) (port int, all []*backend) {
	t.Helper()
	var listeners []net.Listener
	for range 50 {
		for _, l := range listeners {
			l.Close()
		}
		listeners, port = nil, freePort(t)
		for _, ip := range ips {
			if l, err := net.Listen("tcp", fmt.Sprintf("%s:%d", ip, port)); err == nil {
				listeners = append(listeners, l)
			}
		}
		if len(listeners) == len(ips) {
			break
		}
	}
	if len(listeners) != len(ips) {
		t.Fatal("no port is free at all addresses")
	}
	for _, l := range listeners {
		b := &backend{addr: l.Addr().String()}
		srv := &http.Server{
			Handler: http.HandlerFunc(b.serve),
			ConnState: func(_ net.Conn, s http.ConnState) {
				switch s {
				case http.StateNew:
					b.accepted.Add(1)
					b.open.Add(1)
				case http.StateClosed:
					b.open.Add(-1)
				}
			},
		}
		t.Cleanup(func() { srv.Close() })
		go srv.Serve(l)
		all = append(all, b)
	}
	return port, all
}

func (b *backend) serve(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/health" {
		b.probes.Add(1)
		if b.ill.Load() {
			w.WriteHeader(500)
		}
		return
	}
	fmt.Fprint(w, b.addr)
}

const passing = `location / { proxy_pass http://up; proxy_http_version 1.1; proxy_set_header Connection ""; }`

// load requests / all the time and counts what fails.
func (s *site) load() (end func()) {
	stop, done := make(chan struct{}), make(chan struct{})
	failed, made := 0, 0
	go func() {
		defer close(done)
		for {
			select {
			case <-stop:
				return
			default:
			}
			made++
			if _, err := s.try("/"); err != nil {
				if failed++; failed < 4 {
					s.t.Log(err)
				}
			}
			time.Sleep(2 * time.Millisecond)
		}
	}()
	return func() {
		close(stop)
		<-done
		if failed > 0 || made == 0 {
			s.t.Errorf("%d of %d requests failed", failed, made)
		}
	}
}

// answers are how often each address answers in n requests.
func (s *site) answers(n int) map[string]int {
	m := map[string]int{}
	for range n {
		b, err := s.try("/")
		if err != nil {
			b = err.Error()
		}
		m[b]++
	}
	return m
}

// TestServersFollowTheirName: the peers of `server … resolve` are what the name
// stands for; no request fails while they change; those that remain keep their
// connections, those that go have theirs closed; and failures of any kind leave
// them as they are, with one line in the log.
func TestServersFollowTheirName(t *testing.T) {
	dns := newNameServer(t)
	port, b := newBackends(t, "127.0.0.2", "127.0.0.3", "127.0.0.4")
	dns.set(func() { dns.records["app.test A"] = []string{"127.0.0.2"} })
	s := newSite(t)
	s.write(1, fmt.Sprintf("resolver 127.0.0.1:%d ipv6=off; resolver_timeout 1s; upstream up { zone z 64k; server app.test:%d resolve; keepalive 8; }", dns.port, port), passing)
	s.start()
	if got := s.answers(4); got[b[0].addr] != 4 {
		t.Fatalf("at first %v", got)
	}
	end := s.load()
	dns.set(func() { dns.records["app.test A"] = []string{"127.0.0.2", "127.0.0.3"} })
	dns.set(func() { dns.cut = true })
	s.until("the second address is used", func() bool { return s.answers(2)[b[1].addr] > 0 })
	if n := b[0].accepted.Load(); n > 3 {
		t.Errorf("the server that remains has seen %d connections", n)
	}

	dns.set(func() { dns.records["app.test A"] = []string{"127.0.0.3", "127.0.0.4"} })
	s.until("the first address is not used any more", func() bool { m := s.answers(4); return m[b[0].addr] == 0 && m[b[2].addr] > 0 })
	s.until("its connections are closed", func() bool { return b[0].open.Load() == 0 })

	for _, fail := range []func(){func() { dns.rcode = 2 }, func() { dns.rcode = 3 }, func() { dns.rcode, dns.mute = 0, true }} {
		before := dns.questions()
		dns.set(fail)
		s.until("it was asked for", func() bool { return dns.questions() > before })
		time.Sleep(50 * time.Millisecond)
		if m := s.answers(6); m[b[1].addr]+m[b[2].addr] != 6 || m[b[1].addr] == 0 || m[b[2].addr] == 0 {
			t.Errorf("while resolving fails: %v", m)
		}
	}
	if n := s.count("could not be resolved"); n != 1 {
		t.Errorf("%d lines about one failure", n)
	}
	dns.set(func() { dns.mute = false })
	s.until("it is resolved again", func() bool { return s.count("is resolved again") == 1 })
	end()
	dns.set(func() {
		if dns.overTCP == 0 {
			t.Error("answers that were cut off were not asked for over TCP")
		}
	})
	if n := s.count(`\[(alert|crit|emerg)\]|no live upstreams`); n > 0 {
		t.Errorf("%d bad lines", n)
	}
}

// TestServiceRecords: SRV records give ports, weights and, by their priority,
// backup servers.
func TestServiceRecords(t *testing.T) {
	dns := newNameServer(t)
	port, b := newBackends(t, "127.0.0.2", "127.0.0.3", "127.0.0.4")
	dns.set(func() {
		dns.records["_http._tcp.app.test SRV"] = []string{fmt.Sprintf("20 1 %d c.test", port), fmt.Sprintf("10 3 %d a.test", port), fmt.Sprintf("10 1 %d b.test", port)}
		dns.records["a.test A"], dns.records["b.test A"], dns.records["c.test A"] = []string{"127.0.0.2"}, []string{"127.0.0.3"}, []string{"127.0.0.4"}
	})
	s := newSite(t)
	s.write(1, fmt.Sprintf("upstream up { zone z 64k; resolver 127.0.0.1:%d ipv6=off; resolver_timeout 1s; server app.test resolve service=http; }", dns.port), passing)
	s.start()
	if m := s.answers(40); m[b[0].addr] != 30 || m[b[1].addr] != 10 {
		t.Errorf("by weights: %v", m)
	}
	// a target that can not be resolved keeps its address
	dns.set(func() { delete(dns.records, "a.test A") })
	before := dns.questions()
	s.until("it was asked for", func() bool { return dns.questions() >= before+8 })
	if m := s.answers(40); m[b[0].addr] != 30 {
		t.Errorf("without an address of one target: %v", m)
	}
	dns.set(func() {
		dns.records["_http._tcp.app.test SRV"] = []string{"10 1 1 a.test", fmt.Sprintf("20 1 %d c.test", port)}
	})
	s.until("the backup server is used", func() bool { return s.answers(1)[b[2].addr] == 1 })
}

// TestFirstAnswerIsAwaited: requests that come before the first answer wait for
// it, so that a start and a reload lose none.
func TestFirstAnswerIsAwaited(t *testing.T) {
	dns := newNameServer(t)
	port, b := newBackends(t, "127.0.0.2")
	dns.set(func() { dns.records["app.test A"], dns.delay = []string{"127.0.0.2"}, 300*time.Millisecond })
	s := newSite(t)
	s.write(2, fmt.Sprintf("resolver 127.0.0.1:%d ipv6=off; resolver_timeout 2s; upstream up { server app.test:%d resolve; }", dns.port, port), passing)
	s.start()
	end := s.load()
	for range 2 {
		old := s.workers()
		s.reload()
		s.until("there are new workers", func() bool {
			now := s.workers()
			return len(now) == 2 && now[0] != old[0] && now[1] != old[1] && now[0] != old[1] && now[1] != old[0]
		})
	}
	if m := s.answers(20); m[b[0].addr] != 20 {
		t.Errorf("%v", m)
	}
	end()
	// a name that does not exist yet
	dns.set(func() { dns.rcode, dns.delay = 3, 0 })
	s.reload()
	s.until("there is no server", func() bool {
		for range 8 {
			if _, err := s.try("/"); err == nil || !strings.HasPrefix(err.Error(), "status 502") {
				return false
			}
		}
		return true
	})
	dns.set(func() { dns.rcode = 0 })
	s.until("the name exists in both workers", func() bool { return s.answers(10)[b[0].addr] == 10 })
}

// TestHealthIsShared: one worker probes for all; what it finds holds for all of
// them, also for those of a reload and after the death of the one that probes.
func TestHealthIsShared(t *testing.T) {
	port, b := newBackends(t, "127.0.0.2", "127.0.0.3")
	s := newSite(t)
	s.write(3, fmt.Sprintf("upstream up { server 127.0.0.2:%d; server 127.0.0.3:%d; health_check interval=100ms timeout=5s fails=2 uri=/health; }", port, port), passing+" location /status { health_check_status; }")
	s.start()
	time.Sleep(300 * time.Millisecond)
	before := b[0].probes.Load()
	time.Sleep(time.Second)
	if n := b[0].probes.Load() - before; n < 5 || n > 12 {
		t.Errorf("%d probes in a second, at an interval of a tenth", n)
	}
	end := s.load()
	avoided := func() bool { return s.answers(20)[b[0].addr] == 0 }
	b[0].ill.Store(true)
	s.until("no worker uses the server", avoided)
	if n := s.count("peer is unhealthy"); n != 1 {
		t.Errorf("%d lines about one server", n)
	}
	s.reload()
	s.until("the new workers serve", func() bool { return s.count("exited with code 0") >= 3 })
	if m := s.answers(20); m[b[0].addr] != 0 {
		t.Errorf("after the reload %v", m)
	}
	before = b[0].probes.Load()
	s.until("the new workers probe", func() bool { return b[0].probes.Load() > before+3 })
	end()

	// whoever dies, the probes go on
	for _, pid := range s.workers()[:2] {
		s.kill(pid, syscall.SIGKILL)
	}
	before = b[0].probes.Load()
	s.until("others probe", func() bool { return b[0].probes.Load() > before+3 })
	b[0].ill.Store(false)
	s.until("all workers use the server again", func() bool { return s.answers(20)[b[0].addr] >= 5 })

	// nor does a worker that is stopped keep the others from it
	pids := s.workers()
	for _, stop := range pids {
		s.kill(stop, syscall.SIGSTOP)
		before = b[0].probes.Load()
		s.until("the others probe", func() bool { return b[0].probes.Load() > before+3 })
		s.kill(stop, syscall.SIGCONT)
	}
}

// TestHealthOfServersThatFollow: servers are checked as they come, and what is
// known of one that stays is kept.
func TestHealthOfServersThatFollow(t *testing.T) {
	dns := newNameServer(t)
	port, b := newBackends(t, "127.0.0.2", "127.0.0.3", "127.0.0.4")
	dns.set(func() { dns.records["app.test A"] = []string{"127.0.0.2", "127.0.0.3"} })
	b[0].ill.Store(true)
	s := newSite(t)
	s.write(2, fmt.Sprintf("resolver 127.0.0.1:%d ipv6=off; upstream up { server app.test:%d resolve; health_check interval=50ms timeout=5s uri=/health mandatory; }", dns.port, port), passing)
	s.start()
	s.until("only the healthy server is used", func() bool { return s.answers(12)[b[1].addr] == 12 })
	b[2].ill.Store(true)
	dns.set(func() { dns.records["app.test A"] = []string{"127.0.0.2", "127.0.0.3", "127.0.0.4"} })
	s.until("the new server is checked", func() bool { return b[2].probes.Load() > 2 })
	if m := s.answers(12); m[b[1].addr] != 12 {
		t.Errorf("with a new server that is not healthy: %v", m)
	}
	b[2].ill.Store(false)
	s.until("it is used", func() bool { m := s.answers(12); return m[b[2].addr] > 0 && m[b[0].addr] == 0 })
	dns.set(func() { dns.records["app.test A"] = []string{"127.0.0.4"} })
	s.until("the old ones are not checked any more", func() bool {
		before := b[0].probes.Load() + b[1].probes.Load()
		time.Sleep(200 * time.Millisecond)
		return b[0].probes.Load()+b[1].probes.Load() == before
	})
	if m := s.answers(12); m[b[2].addr] != 12 {
		t.Errorf("in the end %v", m)
	}
}
