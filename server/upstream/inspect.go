package upstream

import (
	"slices"
	"time"

	"github.com/perigee-server/perigee/server/cycle"
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

// pass is the host of a location's proxy_pass, which may name a group.
type pass struct{ host string }

var passes = http.NewLocation(func() *pass { return &pass{} }, func(*cycle.Conf, *pass, *pass) error { return nil })

// NotePass keeps to which host the location of the directive that is being set
// passes its requests.
func NotePass(c *cycle.Conf, host string) { passes.At(c).host = host }

// PassedTo gives the upstream block that the location itself passes requests to,
// nil without one. It is for Module.Init.
func PassedTo(m *http.Main, l *http.Location) *Group { return Find(m, passes.In(l).host) }
