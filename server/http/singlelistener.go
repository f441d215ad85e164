package http

import (
	"github.com/perigee-server/perigee/conf"
	"github.com/perigee-server/perigee/server/cycle"
)

// singleServer holds single_listener of nginx-haskell-module for a server.
type singleServer struct {
	on  cycle.Opt[bool]
	dir *conf.Directive // where it stands
}

var singleServers = NewServer(func() *singleServer { return &singleServer{} }, func(_ *cycle.Conf, _, own *singleServer) error {
	own.on.Merge(nil, false)
	return nil
})

func init() {
	Register(&Module{Name: "single_listener", Directives: []cycle.Directive{
		{Name: "single_listener", In: cycle.HTTPServer, Args: "flag", Set: setSingleListener,
			Doc: "Whether one worker takes all connections of the server's addresses, which must use reuseport; another one takes its place at once when it ends. The default server of an address decides."},
	}})
}

func setSingleListener(c *cycle.Conf) error {
	s := singleServers.At(c)
	s.dir = c.Dir
	return cycle.SetFlag(singleServers, func(s *singleServer) *cycle.Opt[bool] { return &s.on })(c)
}

// singleListener reports whether one worker shall take all connections of the
// address: its default server decides.
func (a *address) singleListener(c *cycle.Conf) (bool, error) {
	s := singleServers.In(a.def)
	if !s.on.V {
		return false, nil
	}
	if !a.opt.ReusePort {
		return false, c.ErrorAt(s.dir, "single listener %q must use reuseport", a.addr)
	}
	return true, nil
}
