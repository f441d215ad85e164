package http

import (
	"github.com/perigee-server/perigee/conf"
	"github.com/perigee-server/perigee/server/cycle"
)

// steeredServer holds single_listener of nginx-haskell-module and
// reuseport_balance for a server.
type steeredServer struct {
	single  cycle.Opt[bool]
	balance cycle.Opt[cycle.Steer]
	dir     *conf.Directive // where the last of them stands
}

var steeredServers = NewServer(func() *steeredServer { return &steeredServer{} }, func(_ *cycle.Conf, _, own *steeredServer) error {
	own.single.Merge(nil, false)
	own.balance.Merge(nil, cycle.SteerKernel)
	return nil
})

func init() {
	Register(&Module{Name: "single_listener", Directives: []cycle.Directive{
		{Name: "single_listener", In: cycle.HTTPServer, Args: "flag", Set: steers(
			cycle.SetFlag(steeredServers, func(s *steeredServer) *cycle.Opt[bool] { return &s.single })),
			Doc: "Whether one worker takes all connections of the server's addresses, which must use reuseport; another one takes its place at once when it ends. The default server of an address decides."},
		{Name: "reuseport_balance", In: cycle.HTTPServer, Args: "1", Set: steers(
			cycle.SetEnum(steeredServers, func(s *steeredServer) *cycle.Opt[cycle.Steer] { return &s.balance },
				map[string]cycle.Steer{"hash": cycle.SteerKernel, "least_conn": cycle.SteerLeastConn})),
			Doc: "Which worker gets a connection to the server's addresses, which must use reuseport: the one that the kernel's hash names, or, with least_conn, rather one that serves fewer connections than others; that needs eBPF, and thus a master with the rights of root. The default server of an address decides."},
	}})
}

// steers notes where a directive stands.
func steers(set cycle.Setter) cycle.Setter {
	return func(c *cycle.Conf) error {
		steeredServers.At(c).dir = c.Dir
		return set(c)
	}
}

// steer is which worker shall get connections to the address: its default server
// decides.
func (a *address) steer(c *cycle.Conf) (cycle.Steer, error) {
	s := steeredServers.In(a.def)
	switch {
	case s.single.V && s.balance.V != cycle.SteerKernel:
		return 0, c.ErrorAt(s.dir, "single_listener and reuseport_balance exclude each other")
	case s.single.V && !a.opt.ReusePort:
		return 0, c.ErrorAt(s.dir, "single listener %q must use reuseport", a.addr)
	case s.single.V:
		return cycle.SteerSingle, nil
	case s.balance.V != cycle.SteerKernel && !a.opt.ReusePort:
		return 0, c.ErrorAt(s.dir, "reuseport_balance of %q must use reuseport", a.addr)
	}
	return s.balance.V, nil
}
