// Package access is ngx_http_access_module: allow and deny.
package access

import (
	"net/netip"

	"github.com/perigee-server/perigee/server/cycle"
	"github.com/perigee-server/perigee/server/http"
	"github.com/perigee-server/perigee/server/log"
)

// rule is one allow or deny.
type rule struct {
	deny   bool
	all    bool
	unix   bool
	prefix netip.Prefix
}

type conf struct{ rules []rule }

var confs = http.NewLocation(func() *conf { return &conf{} }, func(_ *cycle.Conf, outer, own *conf) error {
	if own.rules == nil {
		own.rules = outer.rules
	}
	return nil
})

func init() {
	const in = cycle.HTTPAll | cycle.HTTPLimitExcept
	http.Register(&http.Module{Name: "ngx_http_access_module", Directives: []cycle.Directive{
		{Name: "allow", In: in, Args: "1", Set: set, Doc: "Allows access from an address, a network, unix: or all."},
		{Name: "deny", In: in, Args: "1", Set: set, Doc: "Denies access from an address, a network, unix: or all."},
	}, Init: func(_ *cycle.Conf, m *http.Main) error {
		m.AddPhase(http.PhaseHandler{Name: "access", Phase: http.Access, Order: 10, Run: handle,
			Applies: func(l *http.Location) bool { return confs.In(l).rules != nil }})
		return nil
	}})
}

func set(c *cycle.Conf) error {
	r := rule{deny: c.Dir.Name == "deny"}
	switch a := c.Arg(0); a {
	case "all":
		r.all = true
	case "unix:":
		r.unix = true
	default:
		p, low, err := http.ParseCIDR(a)
		if err != nil {
			return c.Errorf("invalid parameter %q", a)
		}
		if low {
			c.Warnf("low address bits of %s are meaningless", a)
		}
		r.prefix = p
	}
	l := confs.At(c)
	l.rules = append(l.rules, r)
	return nil
}

func handle(r *http.Request) http.Status {
	addr, err := netip.ParseAddr(string(r.Conn().RemoteAddr()))
	isUnix := err != nil
	addr = addr.Unmap()
	for i := range confs.Of(r).rules {
		x := &confs.Of(r).rules[i]
		if !(x.all || x.unix && isUnix || !isUnix && x.prefix.IsValid() && x.prefix.Contains(addr)) {
			continue
		}
		if x.deny {
			if !r.Location().SatisfyAny() {
				r.Logf(log.Error, "access forbidden by rule")
			}
			return 403
		}
		return http.OK
	}
	return http.Declined
}
