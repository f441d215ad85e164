package http

import (
	"bytes"
	"fmt"
	"net"
	"net/netip"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/perigee-server/perigee/conf"
	"github.com/perigee-server/perigee/server/cycle"
	"github.com/perigee-server/perigee/server/log"
	"golang.org/x/sys/unix"
)

// ServerName is one name of a virtual server.
type ServerName struct {
	Name  string // in lower case, as written
	regex *Regex
}

// address is one address of listen directives with the servers behind it.
type address struct {
	addr     string // canonical
	wildcard bool   // 0.0.0.0 or [::]
	port     string
	opt      listenOptions
	def      *Server // nil until default_server or the first one
	explicit bool    // default_server was given
	servers  []*Server
	names    names
}

// listenOptions are those of a listen directive; sockets' and http's own.
type listenOptions struct {
	cycle.SocketOptions
	ssl           bool
	http2         bool
	proxyProtocol bool
	def           bool
}

// names finds a virtual server by the Host field.
type names struct {
	exact   map[string]*Server
	heads   []wildcard // *.example.org, longest first
	tails   []wildcard // www.example.*, longest first
	regexes []nameRegex
}

type wildcard struct {
	part string // ".example.org" or "www.example."
	bare bool   // ".example.org" matches example.org too
	s    *Server
}

type nameRegex struct {
	rx *Regex
	s  *Server
}

func defaultListen() string { return "*:80" }

// canonical turns the address of a listen directive into Listening.Addr forms;
// a host name may have several.
func canonical(s string) ([]string, error) {
	if path, ok := strings.CutPrefix(s, "unix:"); ok {
		if path == "" {
			return nil, fmt.Errorf("no host")
		}
		return []string{"unix:" + path}, nil
	}
	host, port := s, "80"
	if strings.HasPrefix(s, "[") {
		i := strings.IndexByte(s, ']')
		if i < 0 {
			return nil, fmt.Errorf("invalid host")
		}
		host = s[1:i]
		if rest := s[i+1:]; rest != "" {
			if rest[0] != ':' {
				return nil, fmt.Errorf("invalid host")
			}
			port = rest[1:]
		}
		a, err := netip.ParseAddr(host)
		if err != nil {
			return nil, fmt.Errorf("invalid IPv6 address")
		}
		n, err := parsePort(port)
		if err != nil {
			return nil, err
		}
		return []string{netip.AddrPortFrom(a, n).String()}, nil
	}
	if i := strings.LastIndexByte(s, ':'); i >= 0 {
		host, port = s[:i], s[i+1:]
	} else if n, err := strconv.Atoi(s); err == nil {
		if n < 1 || n > 65535 {
			return nil, fmt.Errorf("invalid port")
		}
		host, port = "*", s
	}
	n, err := parsePort(port)
	if err != nil {
		return nil, err
	}
	if host == "*" || host == "" {
		if host == "" {
			return nil, fmt.Errorf("no host")
		}
		return []string{"0.0.0.0:" + strconv.Itoa(int(n))}, nil
	}
	if a, err := netip.ParseAddr(host); err == nil {
		return []string{netip.AddrPortFrom(a, n).String()}, nil
	}
	ips, err := net.LookupHost(host)
	if err != nil || len(ips) == 0 {
		return nil, fmt.Errorf("host not found")
	}
	var out []string
	for _, ip := range ips {
		if a, err := netip.ParseAddr(ip); err == nil {
			out = append(out, netip.AddrPortFrom(a.Unmap(), n).String())
		}
	}
	return out, nil
}

func parsePort(s string) (uint16, error) {
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 || n > 65535 {
		return 0, fmt.Errorf("invalid port")
	}
	return uint16(n), nil
}

// setListen reads a listen directive.
func setListen(c *cycle.Conf) error {
	sc := scope(c)
	sc.Server.listens = true
	var o listenOptions
	o.IPv6Only = true
	for _, a := range c.Args()[1:] {
		if err := o.parse(c, a); err != nil {
			return err
		}
	}
	return addListen(c, sc.Main, sc.Server, c.Arg(0), o)
}

func (o *listenOptions) parse(c *cycle.Conf, a string) error {
	key, v, _ := strings.Cut(a, "=")
	size := func(dst *int) error {
		n, ok := conf.Size(v)
		if !ok || n == 0 {
			return c.Errorf("invalid %s %q", key, v)
		}
		*dst, o.AnySet = int(n), true
		return nil
	}
	switch key {
	case "default_server", "default":
		o.def = true
	case "bind":
		o.AnySet, o.Bind = true, true
	case "setfib":
		return c.Errorf("setfib is not supported on this platform, %q", a)
	case "fastopen", "backlog":
		n, ok := cycle.Number(v)
		if !ok || n == 0 && key == "backlog" {
			return c.Errorf("invalid %s %q", key, v)
		}
		o.AnySet = true
		if key == "backlog" {
			o.Backlog = n
		} else {
			o.FastOpen = n
		}
	case "rcvbuf":
		return size(&o.Rcvbuf)
	case "sndbuf":
		return size(&o.Sndbuf)
	case "accept_filter":
		return c.Errorf("accept filters %q are not supported on this platform, ignored", v)
	case "deferred":
		o.AnySet, o.Deferred = true, true
	case "ipv6only":
		o.AnySet = true
		switch v {
		case "on":
			o.IPv6Only = true
		case "off":
			o.IPv6Only = false
		default:
			return c.Errorf("invalid ipv6only flags %q", v)
		}
	case "reuseport":
		o.AnySet, o.ReusePort = true, true
	case "so_keepalive":
		return o.keepalive(c, v)
	case "ssl":
		o.ssl = true
	case "http2", "spdy":
		c.Warnf("the %q parameter is accepted, but connections are served as HTTP/1.1", key)
		o.http2 = true
	case "proxy_protocol":
		o.proxyProtocol = true
	case "quic":
		return c.Errorf("the \"quic\" parameter is not supported by this server")
	default:
		return c.Errorf("invalid parameter %q", a)
	}
	return nil
}

// keepalive reads so_keepalive=on|off|[keepidle]:[keepintvl]:[keepcnt].
func (o *listenOptions) keepalive(c *cycle.Conf, v string) error {
	o.AnySet = true
	switch v {
	case "on":
		o.KeepAlive = 1
		return nil
	case "off":
		o.KeepAlive = -1
		return nil
	}
	parts := strings.Split(v, ":")
	if len(parts) > 3 {
		return c.Errorf("invalid so_keepalive value: %q", v)
	}
	parts = append(parts, "", "")
	any := false
	for i, dst := range []*time.Duration{&o.KeepIdle, &o.KeepIntvl} {
		if parts[i] == "" {
			continue
		}
		s, ok := conf.Sec(parts[i])
		if !ok {
			return c.Errorf("invalid so_keepalive value: %q", v)
		}
		*dst, any = conf.Span(s, time.Second), true
	}
	if parts[2] != "" {
		n, ok := cycle.Number(parts[2])
		if !ok {
			return c.Errorf("invalid so_keepalive value: %q", v)
		}
		o.KeepCount, any = n, true
	}
	if !any {
		return c.Errorf("invalid so_keepalive value: %q", v)
	}
	o.KeepAlive = 1
	return nil
}

// addListen adds a server to the addresses that its listen names.
func addListen(c *cycle.Conf, m *Main, s *Server, text string, o listenOptions) error {
	addrs, err := canonical(text)
	if err != nil {
		return c.Errorf("%s in %q of the \"listen\" directive", err, text)
	}
	for _, addr := range addrs {
		if err := m.addAddress(c, s, addr, o); err != nil {
			return err
		}
	}
	return nil
}

func (m *Main) addAddress(c *cycle.Conf, s *Server, addr string, o listenOptions) error {
	for _, a := range m.addresses {
		if a.addr != addr {
			continue
		}
		for _, other := range a.servers {
			if other == s {
				return c.Errorf("a duplicate listen %s", addr)
			}
		}
		if o.AnySet {
			if a.opt.AnySet {
				return c.Errorf("duplicate listen options for %s", addr)
			}
			ssl, h2, pp := a.opt.ssl, a.opt.http2, a.opt.proxyProtocol
			a.opt = o
			a.opt.ssl, a.opt.http2, a.opt.proxyProtocol = ssl || o.ssl, h2 || o.http2, pp || o.proxyProtocol
		} else {
			a.opt.ssl = a.opt.ssl || o.ssl
			a.opt.http2 = a.opt.http2 || o.http2
			a.opt.proxyProtocol = a.opt.proxyProtocol || o.proxyProtocol
		}
		if o.def {
			if a.explicit {
				return c.Errorf("a duplicate default server for %s", addr)
			}
			a.def, a.explicit = s, true
		}
		a.servers = append(a.servers, s)
		return nil
	}
	a := &address{addr: addr, opt: o, def: s, explicit: o.def, servers: []*Server{s}}
	if ap, err := netip.ParseAddrPort(addr); err == nil {
		a.wildcard = ap.Addr().IsUnspecified()
		a.port = strconv.Itoa(int(ap.Port()))
	}
	m.addresses = append(m.addresses, a)
	return nil
}

// setServerName reads a server_name directive.
func setServerName(c *cycle.Conf) error {
	s := scope(c).Server
	for _, n := range c.Args() {
		if n == "." || strings.HasPrefix(n, "/") {
			return c.Errorf("invalid server name %q", n)
		}
		if strings.Contains(n, "/") && !strings.HasPrefix(n, "~") {
			c.Warnf("server name %q has suspicious symbols", n)
		}
		name := ServerName{Name: strings.ToLower(n)}
		switch {
		case n == "$hostname":
			name.Name = cycle.Hostname
		case strings.HasPrefix(n, "~"):
			if len(n) == 1 {
				return c.Errorf("empty regex in server name %q", n)
			}
			rx, err := CompileRegex(c, n[1:], true)
			if err != nil {
				return err
			}
			name = ServerName{Name: n, regex: rx}
		case !validWildcard(name.Name):
			return c.Errorf("invalid server name or wildcard %q on %s", n, firstAddr(scope(c).Main, s))
		}
		if len(s.Names) == 0 {
			s.core.name = strings.TrimPrefix(name.Name, ".")
			if name.regex != nil {
				s.core.name = n
			}
		}
		s.Names = append(s.Names, name)
	}
	return nil
}

func firstAddr(m *Main, s *Server) string {
	for _, a := range m.addresses {
		for _, x := range a.servers {
			if x == s {
				return a.addr
			}
		}
	}
	return "0.0.0.0:80"
}

// validWildcard allows one * as the first or last label.
func validWildcard(n string) bool {
	stars := strings.Count(n, "*")
	if strings.Contains(n, "..") {
		return false
	}
	if stars == 0 {
		return true
	}
	return stars == 1 && (strings.HasPrefix(n, "*.") && len(n) > 2 || strings.HasSuffix(n, ".*") && len(n) > 2 && n[0] != '.')
}

// build fills the lookup tables of an address.
func (a *address) build(c *cycle.Conf) {
	t := &a.names
	t.exact = map[string]*Server{}
	for _, s := range a.servers {
		list := s.Names
		if len(list) == 0 {
			list = []ServerName{{}}
		}
		for _, n := range list {
			t.add(c, n, s, a.addr)
		}
	}
	longer := func(w []wildcard) func(i, j int) bool {
		return func(i, j int) bool { return len(w[i].part) > len(w[j].part) }
	}
	sort.SliceStable(t.heads, longer(t.heads))
	sort.SliceStable(t.tails, longer(t.tails))
}

func (t *names) add(c *cycle.Conf, n ServerName, s *Server, addr string) {
	conflict := func() {
		c.Cycle.Log.Printf(log.Warn, "conflicting server name %q on %s, ignored", n.Name, addr)
	}
	switch {
	case n.regex != nil:
		t.regexes = append(t.regexes, nameRegex{n.regex, s})
	case strings.HasPrefix(n.Name, "*."), strings.HasPrefix(n.Name, "."):
		part := strings.TrimPrefix(n.Name, "*")
		for _, w := range t.heads {
			if w.part == part {
				conflict()
				return
			}
		}
		t.heads = append(t.heads, wildcard{part, n.Name[0] == '.', s})
	case strings.HasSuffix(n.Name, ".*"):
		part := strings.TrimSuffix(n.Name, "*")
		for _, w := range t.tails {
			if w.part == part {
				conflict()
				return
			}
		}
		t.tails = append(t.tails, wildcard{part, false, s})
	default:
		if t.exact[n.Name] != nil {
			conflict()
			return
		}
		t.exact[n.Name] = s
	}
}

// find returns the server for a host in lower case, nil for the default one.
func (t *names) find(r *Request, host []byte) *Server {
	if s := t.exact[string(host)]; s != nil {
		return s
	}
	for i := range t.heads {
		w := &t.heads[i]
		if w.bare && string(host) == w.part[1:] {
			return w.s
		}
		if len(host) > len(w.part) && string(host[len(host)-len(w.part):]) == w.part {
			return w.s
		}
	}
	for i := range t.tails {
		w := &t.tails[i]
		if len(host) > len(w.part) && bytes.HasPrefix(host, []byte(w.part)) {
			return w.s
		}
	}
	for i := range t.regexes {
		if r.Match(t.regexes[i].rx, host) {
			return t.regexes[i].s
		}
	}
	return nil
}

// single reports whether the address has one server, so that no Host decides.
func (a *address) single() bool {
	return len(a.servers) == 1 && len(a.names.regexes) == 0
}

// listen notes the listening sockets. Addresses of a port that also has a
// wildcard socket share that one, unless they ask for their own.
func (m *Main) listen(c *cycle.Conf) error {
	for _, a := range m.addresses {
		a.build(c)
	}
	for _, a := range m.addresses {
		if a.opt.ssl {
			for _, s := range a.servers {
				if s != a.def && len(tlsServers.In(s).certs) == 0 {
					continue // that of the default server will do
				}
				if err := checkTLS(c, s); err != nil {
					return err
				}
			}
		}
	}
	for _, a := range m.addresses {
		steer, err := a.steer(c)
		if err != nil {
			return err
		}
		if !a.wildcard && !a.opt.AnySet && m.wildcardOf(a) != nil {
			continue
		}
		group := m.group(a)
		o := a.opt.SocketOptions
		c.Cycle.Listen(&cycle.Listening{
			Addr: a.addr, SocketOptions: o, Owner: "http", Steer: steer,
			Accept: func(w *cycle.Work, fd int, peer unix.Sockaddr) { m.accept(w, group, fd, peer) },
		})
	}
	return nil
}

// wildcardOf returns the wildcard address of the same port and family.
func (m *Main) wildcardOf(a *address) *address {
	if a.port == "" {
		return nil
	}
	v6 := strings.HasPrefix(a.addr, "[")
	for _, w := range m.addresses {
		if w.wildcard && w.port == a.port && strings.HasPrefix(w.addr, "[") == v6 {
			return w
		}
	}
	return nil
}

// group lists the addresses that one socket serves, itself last.
func (m *Main) group(a *address) []*address {
	var g []*address
	if a.wildcard {
		for _, o := range m.addresses {
			if o != a && !o.wildcard && !o.opt.AnySet && m.wildcardOf(o) == a {
				g = append(g, o)
			}
		}
	}
	return append(g, a)
}
