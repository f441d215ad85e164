package upstream

import (
	"time"

	"github.com/perigee-server/perigee/server/http"
)

// Pick chooses the peer for an attempt; nil when none is left. Where all names of
// a group are being resolved for the first time it waits for the first answer;
// nil may then mean that the task was cancelled.
func (g *Group) Pick(r *http.Request, tried []*Peer) *Peer {
	if g.unsettled > 0 && !g.await(r.Loop()) {
		return nil
	}
	if g.Refresh != nil {
		g.Refresh()
	}
	if g.Balancer != nil {
		return g.Balancer.Pick(r, g, tried)
	}
	return g.RoundRobin(r, tried)
}

// RoundRobin is nginx's smooth weighted round robin, backup servers last.
func (g *Group) RoundRobin(r *http.Request, tried []*Peer) *Peer {
	now := r.Loop().Now()
	if p := g.smooth(now, tried, false); p != nil {
		return p
	}
	if p := g.smooth(now, tried, true); p != nil {
		return p
	}
	if len(tried) == 0 { // every server is down: all get another chance
		for _, p := range g.Peers {
			p.fails = 0
		}
	}
	return nil
}

func (g *Group) smooth(now time.Time, tried []*Peer, backup bool) *Peer {
	var best *Peer
	total := 0
	single := len(g.Peers) == 1
	for _, p := range g.Peers {
		if p.Backup != backup || p.Down || p.Unhealthy || Tried(p, tried) {
			continue
		}
		if !single && !p.Usable(now) {
			continue
		}
		p.current += p.effective
		total += p.effective
		if p.effective < p.Weight {
			p.effective++
		}
		if best == nil || p.current > best.current {
			best = p
		}
	}
	if best == nil {
		return nil
	}
	best.current -= total
	if now.Sub(best.checked) > best.FailTimeout {
		best.checked = now
	}
	return best
}

// Tried reports whether a peer is among those that were tried.
func Tried(p *Peer, tried []*Peer) bool {
	for _, t := range tried {
		if t == p {
			return true
		}
	}
	return false
}

// Usable reports whether a peer is neither failed nor full.
func (p *Peer) Usable(now time.Time) bool {
	if p.MaxFails > 0 && p.fails >= p.MaxFails && now.Sub(p.checked) <= p.FailTimeout {
		return false
	}
	return p.MaxConns == 0 || p.conns < p.MaxConns
}

// Failed notes that an attempt failed.
func (p *Peer) Failed(now time.Time) {
	p.fails++
	p.accessed, p.checked = now, now
	if p.MaxFails > 0 {
		p.effective -= p.Weight / p.MaxFails
	}
	p.effective = max(p.effective, 0)
}

// Worked notes that an attempt succeeded.
func (p *Peer) Worked() {
	if p.accessed.Before(p.checked) {
		p.fails = 0
	}
}

// Acquire and Release count connections for max_conns.
func (p *Peer) Acquire() { p.conns++ }

// Release is the counterpart of Acquire.
func (p *Peer) Release() { p.conns-- }
