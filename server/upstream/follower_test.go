package upstream

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/perigee-server/perigee/server/log"
	"github.com/perigee-server/perigee/server/resolver"
)

// newFollower makes a group with a server before and one behind the one that
// follows a name.
func newFollower(text ...string) *follower {
	g := &Group{Name: "up"}
	fixed := func(name string, entry int) *Peer {
		return &Peer{Name: name, Weight: 1, effective: 1, MaxFails: 1, FailTimeout: time.Second, entry: entry}
	}
	g.Peers = []*Peer{fixed("before", 0), fixed("behind", 2)}
	f := &follower{resolve: true, log: &log.Logger{}}
	p := Peer{Server: "app.test:8080", Weight: 1, MaxFails: 3, FailTimeout: time.Second, entry: 1}
	if len(text) > 0 {
		p.Server, f.service = "app.test", "http"
		p.Backup = text[0] == "backup"
	}
	if follows, err := f.prepare(g, &p); err != nil || !follows {
		panic(fmt.Sprint(follows, err))
	}
	return f
}

func at(ips ...string) (list []found) {
	for _, ip := range ips {
		list = append(list, found{FromIP(netip.MustParseAddr(ip), 80), 1, false})
	}
	return list
}

func (g *Group) names() string {
	var names []string
	for _, p := range g.Peers {
		names = append(names, strings.TrimSuffix(p.Name, ":80"))
	}
	return strings.Join(names, " ")
}

// TestTake: addresses stand where their directive does, those that remain are the
// same peers with all that is known of them, and those that go are marked.
func TestTake(t *testing.T) {
	f := newFollower()
	g := f.g
	f.take(at("10.0.0.1", "10.0.0.2", "10.0.0.1"))
	if got := g.names(); got != "before 10.0.0.1 10.0.0.2 behind" {
		t.Fatal(got)
	}
	one, two := g.Peers[1], g.Peers[2]
	if one.MaxFails != 3 || one.effective != 1 || f.count() != 2 || g.Version != 1 {
		t.Errorf("%+v, %d, version %d", one, f.count(), g.Version)
	}
	now := time.Now()
	two.Failed(now)
	two.Acquire()
	two.Down, two.Unhealthy = true, true
	before := *two
	f.take(at("10.0.0.3", "10.0.0.2"))
	if got := g.names(); got != "before 10.0.0.3 10.0.0.2 behind" || g.Peers[2] != two || *two != before {
		t.Errorf("%s, %+v", got, *two)
	}
	if !one.gone || two.gone || g.Peers[1].gone {
		t.Error("the wrong ones are gone")
	}
	f.take([]found{{at("10.0.0.2")[0].addr, 5, true}})
	if two.Weight != 5 || !two.Backup || two.conns != 1 || two.fails != 1 {
		t.Errorf("%+v", *two)
	}
	f.take([]found{{at("10.0.0.2")[0].addr, 1, false}})
	if two.effective > 1 {
		t.Errorf("the effective weight %d is more than the weight", two.effective)
	}
	f.take(nil)
	if got := g.names(); got != "before behind" {
		t.Error(got)
	}
}

// TestRecords: priorities, weights, and targets without addresses.
func TestRecords(t *testing.T) {
	service := func(target string, priority, weight uint16, ips ...string) resolver.Service {
		s := resolver.Service{Target: target, Priority: priority, Weight: weight, Port: 80}
		for _, ip := range ips {
			s.Addrs = append(s.Addrs, netip.MustParseAddr(ip))
		}
		return s
	}
	text := func(list []found) string {
		var b strings.Builder
		for _, a := range list {
			fmt.Fprintf(&b, "%s*%d", strings.TrimSuffix(a.addr.Name, ":80"), a.weight)
			if a.backup {
				b.WriteString("b")
			}
			b.WriteByte(' ')
		}
		return strings.TrimSpace(b.String())
	}
	f := newFollower("")
	if f.name() != "_http._tcp.app.test" {
		t.Errorf("it asks for %s", f.name())
	}
	answer := []resolver.Service{service("a", 1, 0, "10.0.0.1"), service("b", 1, 7, "10.0.0.2", "10.0.0.3"), service("c", 2, 3, "10.0.0.4")}
	if got := text(f.records(answer)); got != "10.0.0.1*1 10.0.0.2*7 10.0.0.3*7 10.0.0.4*3b" {
		t.Error(got)
	}
	answer[1].Addrs = nil
	if got := text(f.records(answer)); got != "10.0.0.1*1 10.0.0.2*7 10.0.0.3*7 10.0.0.4*3b" {
		t.Errorf("without addresses of b: %s", got)
	}
	if got := text(f.records(answer[:1])); got != "10.0.0.1*1" {
		t.Errorf("without b: %s", got)
	}
	if got := text(f.records(answer)); got != "10.0.0.1*1 10.0.0.4*3b" {
		t.Errorf("b is there again, and without addresses: %s", got)
	}
	f.weighted, f.template.Weight = true, 9
	if got := text(f.records(answer)); got != "10.0.0.1*9 10.0.0.4*9b" {
		t.Errorf("weight=9: %s", got)
	}
	if got := text(newFollower("backup").records(answer)); got != "10.0.0.1*1b" {
		t.Errorf("backup: %s", got)
	}
}

// FuzzPrepare: whatever a server's name and service are, what is asked for is
// made of them, and nothing is followed that is no name.
func FuzzPrepare(f *testing.F) {
	for _, s := range []string{"app.test", "app.test:80", "[::1]:80", "127.0.0.1", "unix:/x", "", ":80", "a:b", "a.test:65536"} {
		f.Add(s, "")
		f.Add(s, "http")
		f.Add(s, "_x._tcp")
	}
	f.Fuzz(func(t *testing.T, server, service string) {
		w := &follower{resolve: true, service: service}
		follows, err := w.prepare(&Group{}, &Peer{Server: server})
		if err != nil || !follows {
			return
		}
		if _, err := netip.ParseAddr(w.host); err == nil || w.host == "" || strings.HasPrefix(server, "unix:") {
			t.Errorf("%q is followed", server)
		}
		if service == "" && (w.name() != w.host || w.port < 1 || w.port > 65535) {
			t.Errorf("%q: %q, port %d", server, w.name(), w.port)
		}
		if service != "" && (!strings.HasSuffix(w.name(), "."+server) || w.host != server) {
			t.Errorf("%q %q: %q", server, service, w.name())
		}
	})
}
