package lua

import (
	"github.com/perigee-server/perigee/lua/api"
	"github.com/perigee-server/perigee/server/cycle"
	"github.com/perigee-server/perigee/server/http"
	"github.com/perigee-server/perigee/server/upstream"
)

// balancer asks a script for the peers of a group.
type balancer struct{ code *api.Code }

// Choose runs the script before an attempt.
func (b *balancer) Choose(r *http.Request, a *upstream.Attempts) http.Status {
	return ctxOf(r).Balance(b.code, a)
}

// balancing are the directives of upstream blocks.
func balancing() []cycle.Directive {
	return []cycle.Directive{
		{Name: "balancer_by_lua_block", In: cycle.HTTPUpstream, Args: "0 raw", Set: setBalancer(fromBlock), Doc: "Runs Lua to choose the server before each attempt to pass a request on."},
		{Name: "balancer_by_lua_file", In: cycle.HTTPUpstream, Args: "1", Set: setBalancer((&row{}).fromFile), Doc: "Runs a file of Lua to choose the server before each attempt to pass a request on."},
		{Name: "balancer_keepalive", In: cycle.HTTPUpstream, Args: "1", Set: setBalancerKeepalive, Doc: "How many idle connections a worker keeps to the servers that the script of the group has chosen."},
	}
}

func groupAt(c *cycle.Conf) *upstream.Group { return http.ScopeOf(c).Upstream.(*upstream.Group) }

func setBalancer(read func(c *cycle.Conf, phase string) (*api.Code, error)) cycle.Setter {
	return func(c *cycle.Conf) error {
		g := groupAt(c)
		if g.Script != nil {
			return c.Wrong("is duplicate")
		}
		code, err := read(c, "balancer_by_lua")
		if err != nil {
			return err
		}
		use(c, code)
		g.Script = &balancer{code}
		return nil
	}
}

func setBalancerKeepalive(c *cycle.Conf) error {
	n, ok := cycle.Number(c.Arg(0))
	if !ok || n == 0 {
		return c.Errorf("invalid value %q in %q directive", c.Arg(0), c.Dir.Name)
	}
	groupAt(c).SetKeepalive(n)
	return nil
}
