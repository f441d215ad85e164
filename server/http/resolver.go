package http

import (
	"errors"
	"net/netip"
	"strings"
	"syscall"
	"time"

	"github.com/perigee-server/perigee/conf"
	"github.com/perigee-server/perigee/server/cycle"
	"github.com/perigee-server/perigee/server/event"
	"github.com/perigee-server/perigee/server/log"
	"github.com/perigee-server/perigee/server/resolver"
	"github.com/perigee-server/perigee/server/resolver/wire"
	"golang.org/x/sys/unix"
)

// Resolver is the value of a resolver directive.
type Resolver struct {
	o     resolver.Options
	r     *resolver.Resolver // made by the worker at first use
	quiet *resolver.Resolver // the same for those who report failures themselves
}

func setResolver(c *cycle.Conf) error {
	o := &coreLocations.At(c).resolver
	if o.Set {
		return c.Wrong("is duplicate")
	}
	r, err := ReadResolver(c)
	if err == nil {
		o.Put(r)
	}
	return err
}

// ReadResolver reads the arguments of a resolver directive.
func ReadResolver(c *cycle.Conf) (*Resolver, error) {
	r := &Resolver{}
	for _, a := range c.Args() {
		key, v, ok := strings.Cut(a, "=")
		if !ok {
			addrs, err := canonicalPort(a, "53")
			if err != nil {
				return nil, c.Errorf("%s in resolver %q", err, a)
			}
			r.o.Servers = append(r.o.Servers, addrs...)
			continue
		}
		on := v == "on"
		switch key {
		case "valid":
			s, ok := conf.Sec(v)
			if !ok {
				return nil, c.Errorf("invalid parameter: %s", a)
			}
			r.o.Valid = conf.Span(s, time.Second)
			continue
		case "ipv4":
			r.o.IPv4Off = !on
		case "ipv6":
			r.o.IPv6Off = !on
		default:
			return nil, c.Errorf("invalid parameter: %s", a)
		}
		if !on && v != "off" {
			return nil, c.Errorf("invalid parameter: %s", a)
		}
	}
	if len(r.o.Servers) == 0 {
		return nil, c.Errorf("no name servers defined")
	}
	return r, nil
}

// canonicalPort is canonical with another port where none is given.
func canonicalPort(s, port string) ([]string, error) {
	if !strings.Contains(s, ":") || strings.HasPrefix(s, "[") && strings.HasSuffix(s, "]") {
		s += ":" + port
	}
	return canonical(s)
}

// Resolver is the resolver that holds for the request, nil without one, and
// resolver_timeout.
func (r *Request) Resolver() (*resolver.Resolver, time.Duration) { return r.loc.Resolver(r.conn.main) }

// Resolver is the location's resolver in the worker of m, nil without one, and
// resolver_timeout.
func (l *Location) Resolver(m *Main) (*resolver.Resolver, time.Duration) {
	rs := l.core.resolver.V
	if rs == nil {
		return nil, 0
	}
	if rs.r == nil {
		rs.r = rs.make(m, func(server string, err error) {
			var e syscall.Errno
			if errors.As(err, &e) {
				m.work.log.Printf(log.Error, "recv() failed (%s) while resolving, resolver: %s", log.Cause(e), server)
				return
			}
			m.work.log.Printf(log.Error, "no answer from the name server %s: %s", server, err)
		})
	}
	return rs.r, l.core.resolverTimeout.V
}

// ResolverSet is the location's resolver directive, nil without one, and
// resolver_timeout.
func (l *Location) ResolverSet() (*Resolver, time.Duration) {
	return l.core.resolver.V, l.core.resolverTimeout.V
}

// Quiet is the resolver in the worker of m for a caller that reports failures
// itself: attempts without an answer are not logged.
func (rs *Resolver) Quiet(m *Main) *resolver.Resolver {
	if rs.quiet == nil {
		rs.quiet = rs.make(m, nil)
	}
	return rs.quiet
}

func (rs *Resolver) make(m *Main, report func(server string, err error)) *resolver.Resolver {
	o := rs.o
	o.Transport, o.Runtime, o.Report = dnsTransport{m.work.Loop}, loopRuntime{m.work.Loop}, report
	return resolver.New(o)
}

// Resolve asks the resolver of the location for the addresses of a name.
func (r *Request) Resolve(host string) ([]netip.Addr, error) {
	rs, timeout := r.Resolver()
	if rs == nil {
		return nil, errors.New("no resolver defined to resolve " + host)
	}
	return rs.Resolve(host, timeout)
}

// loopRuntime runs a resolver under the event loop.
type loopRuntime struct{ l *event.Loop }

func (r loopRuntime) Go(f func())            { r.l.Go(f) }
func (r loopRuntime) Sleep(d time.Duration)  { r.l.Sleep(d) }
func (r loopRuntime) Now() time.Time         { return r.l.Now() }
func (r loopRuntime) NewGate() resolver.Gate { return &loopGate{l: r.l} }

// loopGate lets tasks through once it is open.
type loopGate struct {
	l     *event.Loop
	open  bool
	tasks []*event.Task
}

func (g *loopGate) Open() {
	g.open = true
	for _, t := range g.tasks {
		g.l.Wake(t)
	}
	g.tasks = nil
}

func (g *loopGate) Wait(timeout time.Duration) error {
	t := g.l.Current()
	late := false
	tm := g.l.NewTimer(func() { late = true; g.l.Wake(t) })
	tm.Reset(timeout)
	defer tm.Remove()
	for !g.open {
		g.tasks = append(g.tasks, t)
		if err := g.l.Park(); err != nil {
			return err
		}
		if late && !g.open {
			return resolver.ErrTimeout
		}
	}
	return nil
}

// dnsTransport carries queries over sockets of the event loop.
type dnsTransport struct{ l *event.Loop }

func (d dnsTransport) Query(server string, msg []byte, tcp bool, timeout time.Duration) ([]byte, error) {
	ap, err := netip.ParseAddrPort(server)
	if err != nil {
		return nil, err
	}
	sa := sockaddrOf(ap)
	if tcp {
		return d.overTCP(sa, msg, timeout)
	}
	c, err := d.l.DialUDP(sa)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	if _, err := c.Write(msg, timeout); err != nil {
		return nil, err
	}
	until := time.Now().Add(timeout)
	buf := make([]byte, 4096)
	for {
		left := time.Until(until)
		if left <= 0 {
			return nil, resolver.ErrTimeout
		}
		n, err := c.Read(buf, left)
		if err == event.ErrTimeout {
			return nil, resolver.ErrTimeout
		}
		if err != nil {
			return nil, err
		}
		if wire.Matches(msg, buf[:n]) {
			return buf[:n], nil
		}
	}
}

func (d dnsTransport) overTCP(sa unix.Sockaddr, msg []byte, timeout time.Duration) ([]byte, error) {
	c, err := d.l.Dial(sa, nil, timeout)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	framed := append([]byte{byte(len(msg) >> 8), byte(len(msg))}, msg...)
	if _, err := c.Write(framed, timeout); err != nil {
		return nil, err
	}
	var size [2]byte
	if err := readFull(c, size[:], timeout); err != nil {
		return nil, err
	}
	answer := make([]byte, int(size[0])<<8|int(size[1]))
	return answer, readFull(c, answer, timeout)
}

func readFull(c *event.Conn, p []byte, timeout time.Duration) error {
	for len(p) > 0 {
		n, err := c.Read(p, timeout)
		if err != nil {
			return err
		}
		p = p[n:]
	}
	return nil
}

func sockaddrOf(ap netip.AddrPort) unix.Sockaddr {
	if ap.Addr().Is4() {
		return &unix.SockaddrInet4{Port: int(ap.Port()), Addr: ap.Addr().As4()}
	}
	return &unix.SockaddrInet6{Port: int(ap.Port()), Addr: ap.Addr().As16()}
}
