package process

import (
	"encoding/json"
	"os"
	"time"

	"github.com/perigee-server/perigee/cbpf"
	"github.com/perigee-server/perigee/server/cycle"
	"github.com/perigee-server/perigee/server/log"
	"golang.org/x/sys/unix"
)

// steerEnv hands the steering programs to the new binary of an upgrade: a JSON
// object, address → the descriptors of the program and its maps.
const steerEnv = "PERIGEE_INHERIT_STEERING"

// partingTime is how long sockets that nobody listens on any more stay open
// after the last connection was steered to one of them, for handshakes under way.
const partingTime = time.Second

// balanceTime is how often weights follow the connections of the workers.
const balanceTime = 200 * time.Millisecond

// steering is single_listener and reuseport_balance in the master.
//
// With single_listener one worker of the of the generation that serves, the listener, has the
// office of accepting; the kernel steers all connections to its socket, and it
// also accepts what waits on the other sockets of the groups. With
// reuseport_balance least_conn every worker accepts, and the shares of the
// sockets follow how many connections their workers serve.
//
// While a group is steered none of its sockets is closed, those of workers that
// a reload has saved included, so no connection can be lost on one, and the
// order that classic BPF goes by does not change.
type steering struct {
	groups    map[string]*steered
	parting   []*steered
	inherited map[string][4]int
	at        int          // the listener's slot
	balancing *time.Ticker // nil while no group has weights
}

// steered is one reuseport group.
type steered struct {
	addr  string
	how   cycle.Steer
	fds   []int
	group *cbpf.Group // nil where the kernel has no way of steering
	extra []int       // of a group that is parting: sockets to close
}

// directive is the group's in the log.
func (g *steered) directive() string {
	if g.how == cycle.SteerLeastConn {
		return "reuseport_balance least_conn"
	}
	return "single_listener"
}

// inheritedSteering takes what the binary before has handed over.
func inheritedSteering(l *log.Logger) map[string][4]int {
	text, ok := os.LookupEnv(steerEnv)
	if !ok {
		return nil
	}
	os.Unsetenv(steerEnv)
	var in map[string][4]int
	if err := json.Unmarshal([]byte(text), &in); err != nil {
		l.Printf(log.Emerg, "invalid %s environment variable, ignored: %s", steerEnv, err)
		return nil
	}
	for _, fds := range in {
		for _, fd := range fds {
			unix.CloseOnExec(fd)
		}
	}
	return in
}

// take makes the groups of a cycle, whose sockets are open, those that are
// steered, and points them to the worker in slot 0. It returns the sockets in
// use before without those that must stay open for a while.
func (s *steering) take(c *cycle.Cycle, before sockets) sockets {
	s.part()
	if s.groups == nil {
		s.groups = map[string]*steered{}
	}
	now := map[string]*cycle.Listening{}
	for _, ln := range c.Listening {
		now[ln.Addr] = ln
		if ln.Steer != cycle.SteerKernel {
			s.group(c, ln)
		}
	}
	s.discard()
	s.point(c.Log, 0)
	s.share(c.Log, make([]int64, c.Core.Workers))
	rest := sockets{}
	for addr, fds := range before {
		rest[addr] = fds
	}
	for addr, g := range s.groups {
		ln := now[addr]
		if ln != nil && ln.Steer != cycle.SteerKernel {
			continue
		}
		delete(s.groups, addr)
		if ln == nil || len(ln.FDs) >= len(g.fds) {
			g.close()
			continue
		}
		g.extra = g.fds[len(ln.FDs):]
		rest[addr] = ln.FDs
		s.parting = append(s.parting, g)
	}
	return rest
}

// group brings the group of a Listening up to date.
func (s *steering) group(c *cycle.Cycle, ln *cycle.Listening) {
	g := s.groups[ln.Addr]
	if g == nil {
		g = &steered{addr: ln.Addr, fds: ln.FDs, how: ln.Steer}
		s.groups[ln.Addr] = g
		s.begin(c, g)
		return
	}
	for _, fd := range ln.FDs[len(g.fds):] {
		if g.group == nil {
			break
		}
		if _, err := g.group.Add(fd); err != nil {
			c.Log.Printf(log.Alert, "%s on %s: %s", g.directive(), g.addr, err)
			break
		}
	}
	g.fds = ln.FDs
	if g.how == ln.Steer {
		return
	}
	g.how = ln.Steer
	if g.group == nil || g.group.Kind() == cbpf.Classic {
		g.close()
		s.begin(c, g)
		return
	}
	c.Log.Printf(log.Notice, "%s on %s: steering by %s", g.directive(), g.addr, g.group)
}

// begin starts the steering of a group and says in the log how.
func (s *steering) begin(c *cycle.Cycle, g *steered) {
	var err error
	if in, ok := s.inherited[g.addr]; ok {
		delete(s.inherited, g.addr)
		if g.group, err = cbpf.InheritGroup(g.fds, in); err == nil {
			c.Log.Printf(log.Notice, "%s on %s: steering by %s, inherited", g.directive(), g.addr, g.group)
			return
		}
		c.Log.Printf(log.Warn, "%s on %s: %s", g.directive(), g.addr, err)
	}
	g.group, err = cbpf.NewGroup(g.fds)
	if g.how == cycle.SteerLeastConn {
		s.needWeights(c, g, err)
		return
	}
	if err == nil {
		c.Log.Printf(log.Notice, "%s on %s: steering by %s", g.directive(), g.addr, g.group)
		return
	}
	g.group = nil
	c.Log.Printf(log.Warn, "%s on %s: the kernel can not steer, one worker accepts from all sockets: %s", g.directive(), g.addr, err)
}

// needWeights lets go of a group that can not be steered by weights.
func (s *steering) needWeights(c *cycle.Cycle, g *steered, err error) {
	switch {
	case err != nil:
		g.group = nil
		c.Log.Printf(log.Warn, "%s on %s: the kernel can not steer and chooses by a hash: %s", g.directive(), g.addr, err)
	case g.group.Kind() == cbpf.Classic:
		c.Log.Printf(log.Warn, "%s on %s: the kernel chooses by a hash, weights are beyond %s", g.directive(), g.addr, g.group)
		g.close()
		g.group = nil
	default:
		c.Log.Printf(log.Notice, "%s on %s: steering by %s", g.directive(), g.addr, g.group)
	}
}

// discard ends the steering that was inherited and that nobody wants.
func (s *steering) discard() {
	for addr, in := range s.inherited {
		if st, err := cbpf.Inherit(in); err == nil {
			st.Free()
			st.Close()
		}
		delete(s.inherited, addr)
	}
}

// point steers all connections to the worker in a slot.
func (s *steering) point(l *log.Logger, slot int) {
	s.at = slot
	for _, g := range s.groups {
		if g.group == nil || g.how != cycle.SteerSingle {
			continue
		}
		if err := g.group.Point(slot); err != nil {
			l.Printf(log.Alert, "%s on %s: %s", g.directive(), g.addr, err)
		}
	}
}

// share spreads connections by how many each worker serves, -1 for one that
// accepts none.
func (s *steering) share(l *log.Logger, connections []int64) {
	any := false
	for _, g := range s.groups {
		if g.group == nil || g.how != cycle.SteerLeastConn {
			continue
		}
		any = true
		if err := g.group.Share(cbpf.LeastBusy(connections)); err != nil {
			l.Printf(log.Alert, "%s on %s: %s", g.directive(), g.addr, err)
		}
	}
	switch {
	case any && s.balancing == nil:
		s.balancing = time.NewTicker(balanceTime)
	case !any && s.balancing != nil:
		s.balancing.Stop()
		s.balancing = nil
	}
}

// tick is when the weights are due, never while no group has any.
func (s *steering) tick() <-chan time.Time {
	if s.balancing == nil {
		return nil
	}
	return s.balancing.C
}

// part closes the groups that are parting for good.
func (s *steering) part() {
	for _, g := range s.parting {
		retire(g.extra)
		g.close()
	}
	s.parting = nil
}

func (g *steered) close() {
	if g.group != nil {
		g.group.Close()
	}
}

// retire closes listening sockets from the last one on, in all processes that
// have them.
func retire(fds []int) {
	for i := len(fds) - 1; i >= 0; i-- {
		unix.Shutdown(fds[i], unix.SHUT_RDWR)
		unix.Close(fds[i])
	}
}

// hand gives the groups' maps to an upgrade: it appends to fds what the new
// binary inherits, names them, and returns what must be closed afterwards.
func (s *steering) hand(fds []uintptr) (all []uintptr, env string, done func()) {
	pass := map[string][4]int{}
	var files []*os.File
	for addr, g := range s.groups {
		if g.group == nil || g.group.Steering() == nil {
			continue
		}
		fs, err := g.group.Steering().Files()
		if err != nil {
			continue // the new binary attaches a program of its own
		}
		var at [4]int
		for i, f := range fs {
			at[i] = len(fds)
			fds = append(fds, rawFD(f))
		}
		pass[addr] = at
		files = append(files, fs...)
	}
	done = func() {
		for _, f := range files {
			f.Close()
		}
	}
	if len(pass) == 0 {
		return fds, "", done
	}
	text, _ := json.Marshal(pass)
	return fds, steerEnv + "=" + string(text), done
}

// steer takes the groups of the cycle that serves from now on.
func (m *master) steer(before sockets) sockets {
	rest := m.steering.take(m.cycle, before)
	if len(m.steering.parting) > 0 {
		parting := m.steering.parting
		time.AfterFunc(partingTime, func() { m.later <- func() { m.parted(parting) } })
	}
	return rest
}

// parted closes what has been parting for long enough, unless a reload has done
// so meanwhile.
func (m *master) parted(gs []*steered) {
	if len(m.steering.parting) > 0 && m.steering.parting[0] == gs[0] {
		m.steering.part()
	}
}

// appoint tells the listener to accept; with nobody in office who serves, it
// finds another worker first.
func (m *master) appoint() {
	s := &m.steering
	if len(s.groups) == 0 || m.gen == nil {
		return
	}
	n := len(m.gen.workers)
	for i := range n {
		w := m.gen.workers[(s.at+i)%n]
		if !m.serves(w) {
			continue
		}
		if i > 0 {
			s.point(m.cycle.Log, w.slot)
		}
		m.gen.listens = true
		w.send(cmdListen)
		return
	}
}

// arrived appoints a listener when a worker has become ready. At the start of a
// generation that waits for the worker in slot 0; later any will do.
func (m *master) arrived(w *worker) {
	if w.gen != m.gen {
		return
	}
	m.balance()
	first := m.gen.workers[m.steering.at]
	if !m.gen.listens && w != first && m.workers[first.pid] == first && !first.told {
		return
	}
	m.appoint()
}

// serves reports whether a worker is there to accept connections.
func (m *master) serves(w *worker) bool {
	return w != nil && m.workers[w.pid] == w && w.ready && !w.told && !w.left
}

// balance brings the weights up to date. While no worker serves they stay.
func (m *master) balance() {
	if m.steering.balancing == nil || m.gen == nil || m.quitting || m.stopping || m.resting {
		return
	}
	connections := make([]int64, len(m.gen.workers))
	serving := false
	for i, w := range m.gen.workers {
		connections[i] = -1
		if m.serves(w) {
			connections[i] = int64(m.gen.page.connections[i].Load())
			serving = true
		}
	}
	if serving {
		m.steering.share(m.cycle.Log, connections)
	}
}

// deposed takes a worker that has gone out of the shares, and finds a successor
// when it was the listener.
func (m *master) deposed(w *worker) {
	m.balance()
	if w.gen == m.gen && w.slot == m.steering.at && !m.quitting && !m.stopping && !m.resting {
		m.appoint()
	}
}
