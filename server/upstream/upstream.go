// Package upstream has groups of servers that requests are passed to: the
// upstream block, the choice of a peer, and the pools of kept connections.
package upstream

import (
	"net"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/perigee-server/perigee/conf"
	"github.com/perigee-server/perigee/server/cycle"
	"github.com/perigee-server/perigee/server/event"
	"github.com/perigee-server/perigee/server/http"
	"golang.org/x/sys/unix"
)

// Group is an upstream block, or the one server that a URL names.
type Group struct {
	Name string
	// Port is that of the URL, for a group made by one.
	Port  int
	Peers []*Peer
	// Balancer chooses among the peers; round robin unless a module sets it.
	Balancer Balancer
	// Script, when set, is asked before the balancer.
	Script Scripted
	// Refresh, when set, is called before a peer is chosen: it brings what others
	// know of the peers (Peer.Unhealthy) up to date.
	Refresh func()
	// Version changes whenever Peers does.
	Version int

	keepalive         int
	keepaliveTimeout  time.Duration
	keepaliveRequests int
	keepaliveTime     time.Duration

	dir  *conf.Directive
	pool pool

	entries         int // server directives so far
	followers       []*follower
	resolver        *http.Resolver // of the block; that of http unless set
	resolverTimeout cycle.Opt[time.Duration]
	unsettled       int           // followers whose first answer is not there yet
	waiting         []*event.Task // requests that wait for it
}

// Peer is one address of a server of a group.
type Peer struct {
	Name   string // as the log shows it: address and port, or unix:path
	Server string // as the configuration has it
	Addr   unix.Sockaddr

	Weight      int
	MaxFails    int
	FailTimeout time.Duration
	MaxConns    int
	Backup      bool
	Down        bool
	// Unhealthy is the outcome of health checks; such a peer gets no requests.
	Unhealthy bool

	entry              int // which server directive it is of
	current, effective int
	conns              int
	key                string // of a peer that a script has made
	fails              int
	accessed, checked  time.Time
	gone               bool // its name does not have the address any more
}

// Balancer chooses the peer of an attempt; nil when none is left. tried are the
// peers of earlier attempts for the request.
type Balancer interface {
	Pick(r *http.Request, g *Group, tried []*Peer) *Peer
}

// groups are the upstreams of an http block.
type groups struct {
	byName  map[string]*Group
	inOrder []*Group
}

var mains = http.NewMain(func() *groups { return &groups{byName: map[string]*Group{}} }, nil)

type place struct{}

// At finds the group for the directive that is being set.
func (place) At(c *cycle.Conf) *Group { return http.ScopeOf(c).Upstream.(*Group) }

func init() {
	http.Register(&http.Module{Name: "ngx_http_upstream_module", Init: findResolvers, Start: follow, Directives: []cycle.Directive{
		{Name: "upstream", In: cycle.HTTP, Args: "1 block", Set: setUpstream, Doc: "A named group of servers."},
		{Name: "server", In: cycle.HTTPUpstream, Args: "1+", Set: setServer, Doc: "A server of the group. With `resolve` its addresses follow the name, with `service=` they are those of its SRV records."},
		{Name: "resolver", In: cycle.HTTPUpstream, Args: "1+", Set: setResolver, Doc: "Name servers for `server … resolve`, instead of those of http."},
		{Name: "resolver_timeout", In: cycle.HTTPUpstream, Args: "1", Set: cycle.SetMsec(place{}, func(g *Group) *cycle.Opt[time.Duration] { return &g.resolverTimeout }), Doc: "How long resolving such a name may take."},
		{Name: "keepalive", In: cycle.HTTPUpstream, Args: "1", Set: setKeepalive, Doc: "How many idle connections a worker keeps to the group."},
		{Name: "keepalive_timeout", In: cycle.HTTPUpstream, Args: "1", Set: setDuration(func(g *Group) *time.Duration { return &g.keepaliveTimeout }), Doc: "How long an idle connection is kept."},
		{Name: "keepalive_time", In: cycle.HTTPUpstream, Args: "1", Set: setDuration(func(g *Group) *time.Duration { return &g.keepaliveTime }), Doc: "How long a connection may be used."},
		{Name: "keepalive_requests", In: cycle.HTTPUpstream, Args: "1", Set: setRequests, Doc: "How many requests a connection may serve."},
		{Name: "zone", In: cycle.HTTPUpstream, Args: "1-2", Set: setZone, Doc: "Accepted: each worker counts for itself."},
	}})
}

func setUpstream(c *cycle.Conf) error {
	m := mains.At(c)
	name := c.Arg(0)
	if m.byName[name] != nil {
		return c.Errorf("duplicate upstream %q", name)
	}
	g := &Group{Name: name, keepaliveTimeout: time.Minute, keepaliveRequests: 1000, keepaliveTime: time.Hour, dir: c.Dir}
	m.byName[name] = g
	m.inOrder = append(m.inOrder, g)
	sc := *http.ScopeOf(c)
	sc.Upstream = g
	dir := c.Dir
	if err := c.Block(cycle.HTTPUpstream, &sc); err != nil {
		return err
	}
	c.Dir = dir
	if len(g.Peers) == 0 && len(g.followers) == 0 {
		return c.Errorf("no servers are inside upstream")
	}
	return nil
}

func setServer(c *cycle.Conf) error {
	g := place{}.At(c)
	p := Peer{Server: c.Arg(0), Weight: 1, MaxFails: 1, FailTimeout: 10 * time.Second, entry: g.entries}
	g.entries++
	var f follower
	for _, a := range c.Args()[1:] {
		key, v, _ := strings.Cut(a, "=")
		n, ok := cycle.Number(v)
		switch key {
		case "weight":
			if !ok || n == 0 {
				return c.Errorf("invalid parameter %q", a)
			}
			p.Weight, f.weighted = n, true
		case "max_conns":
			if !ok {
				return c.Errorf("invalid parameter %q", a)
			}
			p.MaxConns = n
		case "max_fails":
			if !ok {
				return c.Errorf("invalid parameter %q", a)
			}
			p.MaxFails = n
		case "fail_timeout":
			s, ok := conf.Sec(v)
			if !ok {
				return c.Errorf("invalid parameter %q", a)
			}
			p.FailTimeout = conf.Span(s, time.Second)
		case "backup":
			p.Backup = true
		case "down":
			p.Down = true
		case "resolve":
			f.resolve = true
		case "service":
			if v == "" {
				return c.Errorf("empty service name in upstream %q", p.Server)
			}
			f.service = v
		default:
			return c.Errorf("invalid parameter %q", a)
		}
	}
	if follows, err := f.prepare(g, &p); err != nil {
		return c.Errorf("%s", err)
	} else if follows {
		g.followers = append(g.followers, &f)
		return nil
	}
	addrs, err := Resolve(p.Server, 80)
	if err != nil {
		return c.Errorf("%s in upstream %q", err, p.Server)
	}
	for _, a := range addrs {
		one := p
		one.Name, one.Addr = a.Name, a.Addr
		one.effective = one.Weight
		g.Peers = append(g.Peers, &one)
	}
	return nil
}

func setKeepalive(c *cycle.Conf) error {
	g := place{}.At(c)
	if g.keepalive != 0 {
		return c.Wrong("is duplicate")
	}
	n, ok := cycle.Number(c.Arg(0))
	if !ok || n == 0 {
		return c.Errorf("invalid value %q in \"keepalive\" directive", c.Arg(0))
	}
	g.keepalive = n
	return nil
}

func setRequests(c *cycle.Conf) error {
	n, ok := cycle.Number(c.Arg(0))
	if !ok {
		return c.Wrong("invalid number")
	}
	place{}.At(c).keepaliveRequests = n
	return nil
}

func setDuration(field func(*Group) *time.Duration) cycle.Setter {
	return func(c *cycle.Conf) error {
		ms, ok := conf.Msec(c.Arg(0))
		if !ok {
			return c.Wrong("invalid value")
		}
		*field(place{}.At(c)) = conf.Span(ms, time.Millisecond)
		return nil
	}
}

func setZone(c *cycle.Conf) error {
	if len(c.Args()) == 2 {
		if _, ok := conf.Size(c.Arg(1)); !ok {
			return c.Errorf("invalid zone size %q", c.Arg(1))
		}
	}
	return nil
}

// Addr is an address that a name stands for.
type Addr struct {
	Name string
	Addr unix.Sockaddr
}

// Error is what is wrong with an address, in nginx's words.
type Error string

func (e Error) Error() string { return string(e) }

// Resolve turns host:port, an address or unix:path into addresses, asking the
// system where it is a name. It blocks: it is for configuration time.
func Resolve(s string, port int) ([]Addr, error) {
	if path, ok := strings.CutPrefix(s, "unix:"); ok {
		return []Addr{{"unix:" + path, &unix.SockaddrUnix{Name: path}}}, nil
	}
	host, p, err := SplitHostPort(s, port)
	if err != nil {
		return nil, err
	}
	if a, err := netip.ParseAddr(host); err == nil {
		return []Addr{FromIP(a, p)}, nil
	}
	ips, err := net.LookupHost(host)
	if err != nil || len(ips) == 0 {
		return nil, Error("host not found")
	}
	var out []Addr
	for _, ip := range ips {
		if a, err := netip.ParseAddr(ip); err == nil {
			out = append(out, FromIP(a.Unmap(), p))
		}
	}
	return out, nil
}

// SplitHostPort cuts host:port; an IPv6 address is in brackets.
func SplitHostPort(s string, port int) (host string, p int, err error) {
	host = s
	rest := ""
	if strings.HasPrefix(s, "[") {
		i := strings.IndexByte(s, ']')
		if i < 0 {
			return "", 0, Error("invalid host")
		}
		host, rest = s[1:i], s[i+1:]
	} else if i := strings.LastIndexByte(s, ':'); i >= 0 {
		host, rest = s[:i], s[i:]
	}
	if host == "" {
		return "", 0, Error("no host")
	}
	if rest != "" {
		if port, err = strconv.Atoi(rest[1:]); rest[0] != ':' || err != nil || port < 1 || port > 65535 {
			return "", 0, Error("invalid port")
		}
	}
	return host, port, nil
}

// FromIP is the address of an IP address and port.
func FromIP(a netip.Addr, port int) Addr {
	name := netip.AddrPortFrom(a, uint16(port)).String()
	if a.Is4() {
		return Addr{name, &unix.SockaddrInet4{Port: port, Addr: a.As4()}}
	}
	return Addr{name, &unix.SockaddrInet6{Port: port, Addr: a.As16()}}
}

// Find returns the upstream block of a name, nil without.
func Find(m *http.Main, name string) *Group { return mains.In(m).byName[name] }

// At returns the upstream block of a name while the configuration is read; it
// may stand behind the place that names it, so call it from Module.Init.
func At(c *cycle.Conf, name string) *Group { return mains.At(c).byName[name] }

// Single makes the group of a URL that names a server.
func Single(name string, addrs []Addr) *Group {
	g := &Group{Name: name}
	for _, a := range addrs {
		g.Peers = append(g.Peers, &Peer{Name: a.Name, Server: name, Addr: a.Addr, Weight: 1, effective: 1, MaxFails: 1, FailTimeout: 10 * time.Second})
	}
	return g
}
