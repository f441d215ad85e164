// Package realip is ngx_http_realip_module: the client's address from a field
// that a trusted proxy has set, or from the PROXY protocol.
package realip

import (
	"net"
	"net/netip"
	"strconv"
	"strings"

	"github.com/perigee-server/perigee/server/cycle"
	"github.com/perigee-server/perigee/server/http"
)

// settings are the module's of a location.
type settings struct {
	from      *trusted
	source    cycle.Opt[string] // the field's name in lower case, or proxyProtocol
	recursive cycle.Opt[bool]
}

// trusted is whose word is taken.
type trusted struct {
	unix     bool
	networks []netip.Prefix
}

const (
	proxyProtocol = "proxy_protocol"
	forwardedFor  = "x-forwarded-for"
)

var confs = http.NewLocation(func() *settings { return &settings{} }, func(_ *cycle.Conf, outer, own *settings) error {
	if own.from == nil {
		own.from = outer.from
	}
	own.source.Merge(&outer.source, "x-real-ip")
	own.recursive.Merge(&outer.recursive, false)
	return nil
})

func init() {
	const in = cycle.HTTPAll
	http.Register(&http.Module{Name: "ngx_http_realip_module", Directives: []cycle.Directive{
		{Name: "set_real_ip_from", In: in, Args: "1", Set: setFrom, Doc: "An address, a network, a host or unix: whose word on the client's address is taken."},
		{Name: "real_ip_header", In: in, Args: "1", Set: setHeader, Doc: "The field that has the client's address, or proxy_protocol."},
		{Name: "real_ip_recursive", In: in, Args: "flag", Set: cycle.SetFlag(confs, func(s *settings) *cycle.Opt[bool] { return &s.recursive }), Doc: "Takes the last address that is not trusted instead of the last one."},
	}, Variables: []http.Variable{
		{Name: "realip_remote_addr", Get: func(r *http.Request) ([]byte, bool) {
			text, _ := r.Conn().Peer()
			return text, true
		}},
		{Name: "realip_remote_port", Get: func(r *http.Request) ([]byte, bool) {
			_, port := r.Conn().Peer()
			if port == 0 {
				return nil, true
			}
			return strconv.AppendInt(nil, int64(port), 10), true
		}},
	}, Init: func(_ *cycle.Conf, m *http.Main) error {
		applies := func(l *http.Location) bool { return confs.In(l).from != nil }
		m.AddPhase(http.PhaseHandler{Name: "realip", Phase: http.PostRead, Order: 10, Applies: applies, Run: handle})
		m.AddPhase(http.PhaseHandler{Name: "realip", Phase: http.PreAccess, Order: 10, Applies: applies, Run: handle})
		return nil
	}})
}

func setFrom(c *cycle.Conf) error {
	s := confs.At(c)
	if s.from == nil {
		s.from = &trusted{}
	}
	a := c.Arg(0)
	if a == "unix:" {
		s.from.unix = true
		return nil
	}
	p, low, err := http.ParseCIDR(a)
	if err == nil {
		if low {
			c.Warnf("low address bits of %s are meaningless", a)
		}
		s.from.networks = append(s.from.networks, p)
		return nil
	}
	if strings.Contains(a, "/") {
		return c.Errorf("invalid parameter %q", a)
	}
	ips, err := net.LookupIP(a)
	if err != nil || len(ips) == 0 {
		return c.Errorf("host not found in set_real_ip_from %q", a)
	}
	for _, ip := range ips {
		if addr, ok := netip.AddrFromSlice(ip); ok {
			addr = addr.Unmap()
			s.from.networks = append(s.from.networks, netip.PrefixFrom(addr, addr.BitLen()))
		}
	}
	return nil
}

func setHeader(c *cycle.Conf) error {
	o := &confs.At(c).source
	if o.Set {
		return c.Wrong("is duplicate")
	}
	o.Put(strings.ToLower(c.Arg(0)))
	return nil
}

// has tells whether an address is trusted; an invalid one is a Unix-domain
// socket's.
func (t *trusted) has(a netip.Addr) bool {
	if !a.IsValid() {
		return t.unix
	}
	a = a.Unmap().WithZone("")
	for _, p := range t.networks {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

// handle replaces the client's address, once for a request.
func handle(r *http.Request) http.Status {
	c := r.Conn()
	if c.RemoteReplaced() {
		return http.Declined
	}
	s := confs.Of(r)
	peer, _ := netip.ParseAddr(string(c.RemoteAddr()))
	var to netip.AddrPort
	var ok bool
	switch s.source.V {
	case proxyProtocol:
		if to, ok = c.ProxyProtocol(); ok {
			ok = s.from.has(peer)
		}
	case forwardedFor:
		to, ok = s.from.walk(peer, values(r, forwardedFor), s.recursive.V)
	default:
		v, found := r.Field(s.source.V)
		if !found {
			return http.Declined
		}
		to, ok = s.from.walk(peer, [][]byte{v}, s.recursive.V)
	}
	if !ok {
		return http.Declined
	}
	c.SetRemote(to, to.Addr().Unmap().AppendTo(nil))
	r.Main.AtEnd(c.RestoreRemote)
	return http.Declined
}
