package http

import (
	"strings"
	"time"

	"github.com/perigee-server/perigee/conf"
	"github.com/perigee-server/perigee/server/cycle"
)

// Resolver is the value of a resolver directive.
type Resolver struct {
	Servers []string // address:port
	Valid   time.Duration
	IPv4    bool
	IPv6    bool
}

func setResolver(c *cycle.Conf) error {
	o := &coreLocations.At(c).resolver
	if o.Set {
		return c.Wrong("is duplicate")
	}
	r := &Resolver{IPv4: true, IPv6: true}
	for _, a := range c.Args() {
		key, v, ok := strings.Cut(a, "=")
		if !ok {
			addrs, err := canonicalPort(a, "53")
			if err != nil {
				return c.Errorf("%s in resolver %q", err, a)
			}
			r.Servers = append(r.Servers, addrs...)
			continue
		}
		switch key {
		case "valid":
			s, ok := conf.Sec(v)
			if !ok {
				return c.Errorf("invalid parameter: %s", a)
			}
			r.Valid = time.Duration(s) * time.Second
		case "ipv4", "ipv6":
			if v != "on" && v != "off" {
				return c.Errorf("invalid parameter: %s", a)
			}
			if key == "ipv4" {
				r.IPv4 = v == "on"
			} else {
				r.IPv6 = v == "on"
			}
		case "status_zone":
			return c.Errorf("invalid parameter: %s", a)
		default:
			return c.Errorf("invalid parameter: %s", a)
		}
	}
	if len(r.Servers) == 0 {
		return c.Errorf("no name servers defined")
	}
	o.Put(r)
	return nil
}

// canonicalPort is canonical with another port where none is given.
func canonicalPort(s, port string) ([]string, error) {
	if !strings.Contains(s, ":") || strings.HasPrefix(s, "[") && strings.HasSuffix(s, "]") {
		s += ":" + port
	}
	return canonical(s)
}

// Resolver is the resolver that holds for the request, nil without, and
// resolver_timeout.
func (r *Request) Resolver() (*Resolver, time.Duration) {
	return r.loc.core.resolver.V, r.loc.core.resolverTimeout.V
}
