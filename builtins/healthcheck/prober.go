package healthcheck

import (
	"math/rand/v2"
	"time"

	"github.com/perigee-server/perigee/server/cycle"
	"github.com/perigee-server/perigee/server/event"
	"github.com/perigee-server/perigee/server/log"
	"github.com/perigee-server/perigee/server/upstream"
	"github.com/perigee-server/perigee/shm"
)

// prober makes the probes of a group, in the worker that has the lease.
type prober struct {
	k       *check
	work    *cycle.Work
	lease   *shm.Counter
	timer   event.Timer
	running map[string]bool // peers whose probe is under way
}

// A lease is a number: the owner's slot in the zone in the low bits, above it
// the time at which the lease ends, in milliseconds since 1970.
const slotBits = 10

// start has the prober look every interval whether it shall probe.
func (p *prober) start(w *cycle.Work, k *check, lease *shm.Counter) {
	p.k, p.work, p.lease, p.running = k, w, lease, map[string]bool{}
	p.timer.Init(w.Loop, p.tick)
	p.timer.Reset(0)
	w.OnQuit(p.stop)
}

// stop gives the lease to a worker that stays.
func (p *prober) stop() {
	p.timer.Stop()
	if old := p.lease.Load(); p.mine(old) {
		p.lease.CompareAndSwap(old, 0)
	}
}

func (p *prober) mine(lease int64) bool {
	return lease != 0 && int(lease&(1<<slotBits-1)) == p.k.zone.shared.Slot()
}

// hold takes the lease, or makes it last longer. Only a worker that has ended, or
// that has not renewed it for two intervals, loses it to another one.
func (p *prober) hold(now time.Time) bool {
	old := p.lease.Load()
	if old != 0 && !p.mine(old) && old>>slotBits > now.UnixMilli() && p.k.zone.shared.SlotAlive(int(old&(1<<slotBits-1))) {
		return false
	}
	end := now.Add(2*p.k.interval + p.k.jitter + time.Second).UnixMilli()
	return p.lease.CompareAndSwap(old, end<<slotBits|int64(p.k.zone.shared.Slot()))
}

// tick probes all peers.
func (p *prober) tick() {
	if p.work.Quitting || p.work.Exiting {
		return
	}
	p.timer.Reset(p.k.interval)
	if !p.hold(time.Now()) {
		return
	}
	for _, peer := range p.k.group.Peers {
		if peer.Down || p.running[peer.Name] {
			continue
		}
		p.running[peer.Name] = true
		p.work.Loop.Go(func() { p.probe(peer) })
	}
}

// probe asks one peer and notes the outcome.
func (p *prober) probe(peer *upstream.Peer) {
	defer delete(p.running, peer.Name)
	k := p.k
	if k.jitter > 0 && p.work.Loop.Sleep(rand.N(k.jitter)) != nil {
		return
	}
	reason := k.ask(p.work.Loop, peer)
	if p.work.Quitting || p.work.Exiting || p.work.Loop.Current().Cause() != nil {
		return
	}
	rec := k.record(peer)
	_, known := k.zone.load(k.group.Name, peer.Name)
	changed := rec.take(reason, k.fails, k.passes)
	if changed && rec.Healthy {
		p.work.Cycle.Log.Printf(log.Notice, "peer is healthy, health check of peer %s in upstream %q", peer.Name, k.group.Name)
	}
	if changed && !rec.Healthy {
		p.work.Cycle.Log.Printf(log.Error, "peer is unhealthy while %s, health check of peer %s in upstream %q", reason, peer.Name, k.group.Name)
	}
	life := max(10*k.interval, time.Minute) + k.timeout
	if err := k.zone.store(k.group.Name, peer.Name, rec, life, changed || !known); err != nil {
		p.work.Cycle.Log.Printf(log.Error, "the outcome of a health check of peer %s in upstream %q is lost: %s", peer.Name, k.group.Name, err)
	}
}
