// Package healthcheck is health_check of nginx Plus
// (ngx_http_upstream_hc_module): periodic probes of the servers of upstream
// blocks. One worker makes them, all workers know their outcome.
package healthcheck

import (
	"strconv"
	"strings"
	"time"

	"github.com/perigee-server/perigee/conf"
	"github.com/perigee-server/perigee/server/cycle"
	"github.com/perigee-server/perigee/server/http"
	"github.com/perigee-server/perigee/server/upstream"
	"github.com/perigee-server/perigee/shm"
)

func init() {
	http.Register(&http.Module{Name: "ngx_http_upstream_hc_module", Init: initialise, Start: start, Directives: []cycle.Directive{
		{Name: "health_check", In: cycle.HTTPLocation | cycle.HTTPUpstream, Args: "0+", Set: setCheck, Doc: "Probes the servers of the upstream block, or of the one that the location passes requests to: `interval=`, `jitter=`, `timeout=`, `fails=`, `passes=`, `uri=`, `port=`, `type=http` or `tcp`, `mandatory`."},
		{Name: "health_check_status", In: cycle.HTTPLocation, Args: "0", Set: setStatus, Doc: "Answers with the state of the servers of all upstream blocks that are checked, as JSON."},
	}})
}

// check is the health check of a group.
type check struct {
	interval, jitter, timeout time.Duration
	fails, passes             int
	uri                       string
	port                      int // 0: that of the server
	tcp                       bool
	mandatory                 bool

	dir   *conf.Directive
	group *upstream.Group
	zone  *zone

	seen    int64 // changes of the zone, and version of the group, that the peers show
	version int
	prober  prober
}

// mainConf is the module's settings of the http block.
type mainConf struct {
	checks []*check // in the order of the groups
	zone   zone
}

// locationConf is the module's settings of a location.
type locationConf struct{ check *check }

var (
	mains     = http.NewMain(func() *mainConf { return &mainConf{} }, nil)
	locations = http.NewLocation(func() *locationConf { return &locationConf{} }, func(*cycle.Conf, *locationConf, *locationConf) error { return nil })
)

// setCheck is health_check.
func setCheck(c *cycle.Conf) error {
	k := &check{interval: 5 * time.Second, fails: 1, passes: 1, uri: "/", dir: c.Dir}
	for _, a := range c.Args() {
		if !k.set(a) {
			return c.Errorf("invalid parameter %q", a)
		}
	}
	if k.timeout == 0 {
		k.timeout = k.interval
	}
	if g, ok := http.ScopeOf(c).Upstream.(*upstream.Group); ok {
		return mains.At(c).add(c, k, g)
	}
	l := locations.At(c)
	if l.check != nil {
		return c.Wrong("is duplicate")
	}
	l.check = k
	return nil
}

// set reads a parameter.
func (k *check) set(a string) bool {
	key, v, _ := strings.Cut(a, "=")
	switch key {
	case "interval":
		return duration(&k.interval, v) && k.interval > 0
	case "jitter":
		return duration(&k.jitter, v)
	case "timeout":
		return duration(&k.timeout, v) && k.timeout > 0
	case "fails":
		return positive(&k.fails, v)
	case "passes":
		return positive(&k.passes, v)
	case "port":
		return positive(&k.port, v) && k.port < 1<<16
	case "uri":
		k.uri = v
		return strings.HasPrefix(v, "/") && !strings.ContainsFunc(v, func(c rune) bool { return c <= ' ' || c == 0x7f })
	case "type":
		k.tcp = v == "tcp"
		return k.tcp || v == "http"
	}
	k.mandatory = true
	return a == "mandatory"
}

func duration(d *time.Duration, s string) bool {
	ms, ok := conf.Msec(s)
	*d = conf.Span(ms, time.Millisecond)
	return ok
}

func positive(n *int, s string) (ok bool) {
	*n, ok = cycle.Number(s)
	return ok && *n > 0
}

// add makes the check that of a group.
func (m *mainConf) add(c *cycle.Conf, k *check, g *upstream.Group) error {
	for _, other := range m.checks {
		if other.group == g {
			return c.ErrorAt(k.dir, "upstream %q has a health check already, in %s:%d", g.Name, other.dir.File, other.dir.Line)
		}
	}
	k.group, k.zone, k.seen = g, &m.zone, -1
	m.checks = append(m.checks, k)
	return nil
}

// initialise finds the groups of locations and declares the zone.
func initialise(c *cycle.Conf, m *http.Main) error {
	mc := mains.In(m)
	var failed error
	m.Each(func(l *http.Location) {
		k := locations.In(l).check
		if k == nil || failed != nil {
			return
		}
		g := upstream.PassedTo(m, l)
		if g == nil {
			failed = c.ErrorAt(k.dir, "\"health_check\" needs a location whose \"proxy_pass\" names an upstream block")
			return
		}
		failed = mc.add(c, k, g)
	})
	if failed != nil || len(mc.checks) == 0 {
		return failed
	}
	return c.Cycle.DeclareZone(cycle.Zone{Name: zoneName, Tag: zoneName, Size: zoneSize, Dict: true, Init: func(z *shm.Zone) (err error) {
		mc.zone.changes, err = z.Counter("changes")
		return err
	}})
}

// start begins to probe and to heed the outcome.
func start(w *cycle.Work, m *http.Main) error {
	mc := mains.In(m)
	if len(mc.checks) == 0 {
		return nil
	}
	mc.zone.dict, mc.zone.shared = w.Dict(zoneName), w.Zone(zoneName)
	for i, k := range mc.checks {
		lease, err := mc.zone.shared.Counter("lease " + strconv.Itoa(i))
		if err != nil {
			return err
		}
		k.group.Refresh = k.refresh
		k.prober.start(w, k, lease)
	}
	return nil
}

// refresh shows the peers what the zone knows of them, when that has changed.
func (k *check) refresh() {
	n := k.zone.changes.Load()
	if n == k.seen && k.group.Version == k.version {
		return
	}
	k.seen, k.version = n, k.group.Version
	for _, p := range k.group.Peers {
		p.Unhealthy = !k.record(p).Healthy
	}
}

// record is what is known of a peer.
func (k *check) record(p *upstream.Peer) record {
	rec, ok := k.zone.load(k.group.Name, p.Name)
	if !ok {
		return record{Healthy: !k.mandatory}
	}
	return rec
}
