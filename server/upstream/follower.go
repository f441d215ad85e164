package upstream

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/perigee-server/perigee/server/cycle"
	"github.com/perigee-server/perigee/server/event"
	"github.com/perigee-server/perigee/server/http"
	"github.com/perigee-server/perigee/server/log"
	"github.com/perigee-server/perigee/server/resolver"
)

// Names are asked for again when their answers end, but no more often than
// minRefresh; after a failure at first when that has passed, then after twice as
// long each time, up to maxRetry.
const (
	minRefresh = time.Second
	maxRetry   = time.Minute
)

// follower keeps the peers of a server directive with the parameter resolve: they
// are what its name stands for at the time. Each worker has its own.
type follower struct {
	g        *Group
	template Peer
	resolve  bool
	service  string // the whole name of the SRV records; "" for addresses
	host     string
	port     int
	weighted bool // weight= was given: it holds instead of those of the records

	loop     *event.Loop
	timer    event.Timer
	log      *log.Logger
	lookup   *resolver.Resolver
	settled  bool
	failures int                     // in a row
	targets  map[string][]netip.Addr // of SRV records: the last addresses that were known
}

// found is an address that a name stands for.
type found struct {
	addr   Addr
	weight int
	backup bool
}

// prepare checks the parameters of a server; follows is false for one that has
// its addresses for good.
func (f *follower) prepare(g *Group, p *Peer) (follows bool, err error) {
	if f.service != "" && !f.resolve {
		return false, Error("service upstream server \"" + p.Server + "\" requires \"resolve\" parameter")
	}
	if !f.resolve || strings.HasPrefix(p.Server, "unix:") {
		return false, nil
	}
	f.host, f.port, err = SplitHostPort(p.Server, 80)
	if err != nil {
		return false, Error(err.Error() + " in upstream \"" + p.Server + "\"")
	}
	if f.service != "" && f.host != p.Server {
		return false, Error("service upstream server \"" + p.Server + "\" may not have port")
	}
	if _, err := netip.ParseAddr(f.host); err == nil {
		return false, nil
	}
	switch {
	case f.service == "":
	case strings.Contains(f.service, "."):
		f.service += "." + f.host
	default:
		f.service = "_" + f.service + "._tcp." + f.host
	}
	f.g, f.template, f.targets = g, *p, map[string][]netip.Addr{}
	return true, nil
}

func setResolver(c *cycle.Conf) error {
	g := place{}.At(c)
	if g.resolver != nil {
		return c.Wrong("is duplicate")
	}
	r, err := http.ReadResolver(c)
	g.resolver = r
	return err
}

// findResolvers gives groups that have none the resolver of http.
func findResolvers(c *cycle.Conf, m *http.Main) error {
	set, timeout := m.Root().ResolverSet()
	for _, g := range Groups(m) {
		g.resolverTimeout.Merge(&cycle.Opt[time.Duration]{}, timeout)
		if g.resolver == nil {
			g.resolver = set
		}
		if g.resolver == nil && len(g.followers) > 0 {
			return c.ErrorAt(g.dir, "no resolver defined to resolve names at run time in upstream %q", g.Name)
		}
	}
	return nil
}

// follow begins to resolve the names of all groups.
func follow(w *cycle.Work, m *http.Main) error {
	for _, g := range Groups(m) {
		g.unsettled = len(g.followers)
		for _, f := range g.followers {
			f.loop, f.log, f.lookup = w.Loop, w.Cycle.Log, g.resolver.Quiet(m)
			f.timer.Init(w.Loop, f.refresh)
			f.timer.Reset(0)
		}
	}
	return nil
}

// refresh asks for the name and takes what it stands for now. When that fails,
// whatever the reason, the peers stay as they are.
func (f *follower) refresh() {
	list, until, err := f.ask()
	wait := minRefresh
	if err != nil {
		wait = min(minRefresh<<min(f.failures, 10), maxRetry)
		if f.failures == 0 {
			f.log.Printf(log.Error, "%s, upstream %q goes on with the %d addresses that are known", err, f.g.Name, f.count())
		}
		f.failures++
	} else {
		if f.failures > 0 {
			f.log.Printf(log.Notice, "%s is resolved again for upstream %q, after %d failures", f.name(), f.g.Name, f.failures)
		}
		f.failures = 0
		f.take(list)
		wait = max(until.Sub(f.loop.Now()), wait)
	}
	f.timer.Reset(wait)
	if !f.settled {
		f.settled = true
		f.g.settle(f.loop)
	}
}

// name is what is asked for.
func (f *follower) name() string {
	if f.service != "" {
		return f.service
	}
	return f.host
}

// ask gives the addresses that the name stands for, and until when.
func (f *follower) ask() (list []found, until time.Time, err error) {
	timeout := f.g.resolverTimeout.V
	if f.service == "" {
		addrs, until, err := f.lookup.Addresses(f.host, timeout)
		for _, a := range addrs {
			list = append(list, found{FromIP(a, f.port), f.template.Weight, f.template.Backup})
		}
		return list, until, err
	}
	services, until, err := f.lookup.Services(f.service, timeout)
	if err != nil {
		return nil, until, err
	}
	return f.records(services), until, nil
}

// records are the addresses of SRV records, which are in the order of their
// priority: those of the first priority are primary servers, the others backup
// servers, and left out where the directive says backup. A target without an
// address keeps those that it had.
func (f *follower) records(services []resolver.Service) (list []found) {
	known := map[string][]netip.Addr{}
	for _, s := range services {
		later := s.Priority != services[0].Priority
		if later && f.template.Backup {
			break
		}
		addrs := s.Addrs
		if len(addrs) == 0 {
			addrs = f.targets[s.Target]
		}
		known[s.Target] = addrs
		weight := max(int(s.Weight), 1)
		if f.weighted {
			weight = f.template.Weight
		}
		for _, a := range addrs {
			list = append(list, found{FromIP(a, int(s.Port)), weight, later || f.template.Backup})
		}
	}
	f.targets = known
	return list
}

// count is how many peers the directive has now.
func (f *follower) count() (n int) {
	for _, p := range f.g.Peers {
		if p.entry == f.template.entry {
			n++
		}
	}
	return n
}

// take makes the directive's peers those of the list. A peer that remains keeps
// its state and its connections; those of one that goes are closed once they are
// idle.
func (f *follower) take(list []found) {
	g, entry := f.g, f.template.entry
	old := map[string]*Peer{}
	var peers []*Peer
	for _, p := range g.Peers {
		if p.entry == entry {
			old[p.Name] = p
			continue
		}
		peers = append(peers, p)
	}
	seen := map[string]bool{}
	for _, a := range list {
		if seen[a.addr.Name] {
			continue
		}
		seen[a.addr.Name] = true
		p := old[a.addr.Name]
		delete(old, a.addr.Name)
		if p == nil {
			fresh := f.template
			p = &fresh
			p.Name, p.Addr, p.effective = a.addr.Name, a.addr.Addr, a.weight
			f.log.Printf(log.Info, "upstream %q has the server %s now, of %s", g.Name, p.Name, f.name())
		}
		p.Weight, p.Backup = a.weight, a.backup
		p.effective = min(p.effective, p.Weight)
		peers = append(peers, p)
	}
	slices.SortStableFunc(peers, func(a, b *Peer) int { return cmp.Compare(a.entry, b.entry) })
	g.Peers = peers
	g.Version++
	for _, p := range old {
		p.gone = true
		f.log.Printf(log.Info, "upstream %q has the server %s no more, of %s", g.Name, p.Name, f.name())
	}
	g.closeGone()
}

// closeGone closes the idle connections to peers that are gone.
func (g *Group) closeGone() {
	for c := g.pool.head; c != nil; {
		next := c.next
		if c.Peer.gone {
			g.pool.remove(c)
			c.drop()
		}
		c = next
	}
}

// settle notes that a follower has its first answer, or none.
func (g *Group) settle(l *event.Loop) {
	g.unsettled--
	for _, t := range g.waiting {
		l.Wake(t)
	}
	g.waiting = nil
}

// await waits until the group has a peer or nothing can be expected; false means
// that the task was cancelled.
func (g *Group) await(l *event.Loop) bool {
	for g.unsettled > 0 && len(g.Peers) == 0 {
		t := l.Current()
		g.waiting = append(g.waiting, t)
		if l.Park() != nil {
			g.waiting = slices.DeleteFunc(g.waiting, func(w *event.Task) bool { return w == t })
			return false
		}
	}
	return true
}
