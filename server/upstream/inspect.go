package upstream

import (
	"slices"
	"time"

	"github.com/perigee-server/perigee/server/http"
)

// Groups gives the upstream blocks of an http block in the order of the
// configuration.
func Groups(m *http.Main) []*Group { return mains.In(m).inOrder }

// Kind gives the peers of a group that are backup servers, or those that are not.
func (g *Group) Kind(backup bool) []*Peer {
	return slices.DeleteFunc(slices.Clone(g.Peers), func(p *Peer) bool { return p.Backup != backup })
}

// SameServer reports whether two peers come from one server directive, whose
// name has several addresses.
func (p *Peer) SameServer(q *Peer) bool { return p.entry == q.entry }

// State is what a worker knows of a peer.
type State struct {
	Current, Effective int // weights of the round robin
	Conns, Fails       int
	Accessed, Checked  time.Time // when it failed last, and was given another chance; zero: never
}

// State tells what the worker knows of the peer.
func (p *Peer) State() State {
	return State{p.current, p.effective, p.conns, p.fails, p.accessed, p.checked}
}

var passed = http.NewContext[Group]()

// Note keeps to which group a request is passed.
func Note(r *http.Request, g *Group) { passed.Set(r, g) }

// Of gives the group that a request was passed to last, nil without.
func Of(r *http.Request) *Group { return passed.Of(r) }
