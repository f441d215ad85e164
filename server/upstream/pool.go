package upstream

import (
	"errors"
	"net/netip"
	"os"
	"time"

	"github.com/perigee-server/perigee/server/event"
	"github.com/perigee-server/perigee/server/log"
	"golang.org/x/sys/unix"
)

// Conn is a connection to a peer.
type Conn struct {
	*event.Conn
	Peer     *Peer
	Requests int // served, with the present one
	Reused   bool
	Idle     time.Duration // how long it is kept; 0: as the group says
	Uses     int           // how many requests it may serve; 0: as the group says
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
		if c.Peer.same(p) {
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

// RefusedError is a connection that the kernel has not even begun to make.
type RefusedError struct {
	Name  string // of the peer
	Local unix.Sockaddr
	Err   error
}

// Bind reports whether it is the local address that can not be had, and gives
// it.
func (e *RefusedError) Bind() (string, bool) {
	var call *os.SyscallError
	if !errors.As(e.Err, &call) || call.Syscall != "bind" {
		return "", false
	}
	switch a := e.Local.(type) {
	case *unix.SockaddrInet4:
		return localName(netip.AddrFrom4(a.Addr), a.Port), true
	case *unix.SockaddrInet6:
		return localName(netip.AddrFrom16(a.Addr), a.Port), true
	}
	return "", true
}

func (e *RefusedError) Error() string { return "connect() to " + e.Name + ": " + e.Err.Error() }

// localName is an address, with its port where that is given.
func localName(a netip.Addr, port int) string {
	if port == 0 {
		return a.String()
	}
	return netip.AddrPortFrom(a, uint16(port)).String()
}

// Unwrap is the system's error.
func (e *RefusedError) Unwrap() error { return e.Err }

// Level is crit for what should not happen, as nginx has it.
func (e *RefusedError) Level() log.Level {
	for _, usual := range []error{unix.ECONNREFUSED, unix.EAGAIN, unix.ECONNRESET, unix.ENETDOWN, unix.ENETUNREACH, unix.EHOSTDOWN, unix.EHOSTUNREACH} {
		if errors.Is(e.Err, usual) {
			return log.Error
		}
	}
	return log.Crit
}

// Dial connects to the peer, from a local address where that is not nil.
func Dial(l *event.Loop, p *Peer, local unix.Sockaddr, timeout time.Duration) (*Conn, error) {
	ec, err := l.StartDial(p.Addr, local)
	if err != nil {
		return nil, &RefusedError{p.Name, local, err}
	}
	if err = ec.WaitWrite(timeout); err == nil {
		err = ec.SocketError()
	}
	if err != nil {
		ec.Close()
		return nil, err
	}
	return &Conn{Conn: ec, Peer: p, Requests: 1, started: l.Now()}, nil
}

// SetKeepalive sets how many idle connections the group keeps, where the
// configuration has not (balancer_keepalive).
func (g *Group) SetKeepalive(n int) { g.keepalive = n }

// Keeps reports whether the group keeps idle connections.
func (g *Group) Keeps() bool { return g.keepalive > 0 }

// Put keeps a connection that is idle, or closes it.
func (g *Group) Put(c *Conn) {
	l := c.Loop()
	idle, uses := g.keepaliveTimeout, g.keepaliveRequests
	if c.Idle > 0 {
		idle = c.Idle
	}
	if c.Uses > 0 {
		uses = c.Uses
	}
	if g.keepalive == 0 || c.Peer.gone || c.Requests >= uses || l.Now().Sub(c.started) > g.keepaliveTime || c.Hangup() {
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
	c.timer.Reset(idle)
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
