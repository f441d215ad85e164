package upstream

import (
	"time"

	"github.com/perigee-server/perigee/server/event"
	"golang.org/x/sys/unix"
)

// Conn is a connection to a peer.
type Conn struct {
	*event.Conn
	Peer     *Peer
	Requests int // served, with the present one
	Reused   bool
	started  time.Time
	timer    event.Timer
	pool     *pool
	prev     *Conn
	next     *Conn
}

// pool keeps idle connections of a group, the latest first.
type pool struct {
	head, tail *Conn
	n          int
}

// Get returns a kept connection to the peer, nil without.
func (g *Group) Get(p *Peer) *Conn {
	for c := g.pool.head; c != nil; c = c.next {
		if c.Peer == p {
			g.pool.remove(c)
			c.timer.Stop()
			c.OnRead = nil
			c.Reused = true
			c.Requests++
			return c
		}
	}
	return nil
}

// Dial connects to the peer, from a local address where that is not nil.
func Dial(l *event.Loop, p *Peer, local unix.Sockaddr, timeout time.Duration) (*Conn, error) {
	ec, err := l.Dial(p.Addr, local, timeout)
	if err != nil {
		return nil, err
	}
	return &Conn{Conn: ec, Peer: p, Requests: 1, started: l.Now()}, nil
}

// Keeps reports whether the group keeps idle connections.
func (g *Group) Keeps() bool { return g.keepalive > 0 }

// Put keeps a connection that is idle, or closes it.
func (g *Group) Put(c *Conn) {
	l := c.Loop()
	if g.keepalive == 0 || c.Requests >= g.keepaliveRequests || l.Now().Sub(c.started) > g.keepaliveTime || c.Hangup() {
		c.Close()
		return
	}
	if g.pool.n >= g.keepalive {
		last := g.pool.tail
		g.pool.remove(last)
		last.drop()
	}
	g.pool.push(c)
	c.pool = &g.pool
	c.OnRead = func() { // closed by the peer, or bytes that nobody asked for
		c.pool.remove(c)
		c.drop()
	}
	if !c.timer.Ready() {
		c.timer.Init(l, func() {
			c.pool.remove(c)
			c.drop()
		})
	}
	c.timer.Reset(g.keepaliveTimeout)
}

func (c *Conn) drop() {
	c.timer.Remove()
	c.Close()
}

// Discard closes a connection that is in use.
func (c *Conn) Discard() {
	if c.timer.Ready() {
		c.timer.Remove()
	}
	c.Close()
}

func (p *pool) push(c *Conn) {
	c.prev, c.next = nil, p.head
	if p.head != nil {
		p.head.prev = c
	} else {
		p.tail = c
	}
	p.head = c
	p.n++
}

func (p *pool) remove(c *Conn) {
	if c.prev != nil {
		c.prev.next = c.next
	} else {
		p.head = c.next
	}
	if c.next != nil {
		c.next.prev = c.prev
	} else {
		p.tail = c.prev
	}
	c.prev, c.next = nil, nil
	p.n--
}
