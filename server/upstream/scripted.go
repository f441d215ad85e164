package upstream

import (
	"time"

	"github.com/perigee-server/perigee/server/http"
	"golang.org/x/sys/unix"
)

// Scripted is a balancer that a script is: it is asked before every attempt and
// may decide more than the peer (balancer_by_lua).
type Scripted interface {
	// Choose fills in what it decides of a. A status other than http.OK ends the
	// request with it.
	Choose(r *http.Request, a *Attempts) http.Status
}

// Attempts is what a scripted balancer knows and decides of the attempts to pass
// a request on.
type Attempts struct {
	Group *Group
	Left  int // attempts that may be made, with the present one
	Total int // those that were made
	Limit int // proxy_next_upstream_tries; 0: none

	// Failure is why the last attempt has failed: "next" for a response that
	// the next server is asked after, "failed" for anything else, "" at first.
	Failure string
	Status  int // of that attempt

	// What the script decides anew for each attempt.
	Peer                *Peer // nil: as the group would choose
	More                int   // further attempts
	Connect, Send, Read time.Duration
	Local               unix.Sockaddr
	Idle                time.Duration // how long the connection is kept; 0: as configured
	Uses                int           // how many requests it may serve; 0: as configured
}

// Begin prepares the first attempt; limit is proxy_next_upstream_tries.
func (a *Attempts) Begin(g *Group, limit int) {
	*a = Attempts{Group: g, Left: max(len(g.Peers), 1), Limit: limit}
	if limit > 0 {
		a.Left = min(a.Left, limit)
	}
}

// Next asks the script about an attempt. A nil peer comes with a status, or
// means that no server is left.
func (a *Attempts) Next(r *http.Request, tried []*Peer) (*Peer, http.Status) {
	a.Peer, a.More = nil, 0
	if rc := a.Group.Script.Choose(r, a); rc != http.OK {
		return nil, rc
	}
	a.Left += a.More
	a.Total++
	if a.Peer != nil {
		return a.Peer, http.OK
	}
	if len(tried) >= len(a.Group.Peers) { // the script has allowed more than there are
		tried = nil
	}
	return a.Group.Pick(r, tried), http.OK
}

// Failed notes that the present attempt has failed and reports whether another
// one may be made.
func (a *Attempts) Failed(response bool, status int) bool {
	a.Failure, a.Status = "failed", status
	if response {
		a.Failure = "next"
	}
	a.Left--
	return a.Left > 0
}

// NewPeer makes a peer that is in no group, for a script. key tells connections
// to it from those to other peers.
func NewPeer(a Addr, key string) *Peer {
	return &Peer{Name: a.Name, Server: a.Name, Addr: a.Addr, Weight: 1, effective: 1, MaxFails: 1, key: key}
}

// same reports whether a connection to p serves for q.
func (p *Peer) same(q *Peer) bool { return p == q || p.key != "" && p.key == q.key }
