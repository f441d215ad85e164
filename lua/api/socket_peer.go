package api

import (
	"time"

	"github.com/perigee-server/perigee/server/event"
)

// peerConn is a connection to a peer, from connecting to closing: cosockets use
// it one after another.
type peerConn struct {
	ev     *event.Conn
	tls    *tlsLink // nil without
	addr   string   // of the peer, for the log
	unix   bool
	delay  bool // TCP_NODELAY was looked at
	reused int

	// While it is idle in a pool.
	pool  *socketPool
	timer event.Timer
}

func (p *peerConn) tryRead(b []byte) (int, error) {
	if p.tls != nil {
		return p.tls.read(b)
	}
	if !p.ev.Readable() {
		return 0, event.ErrAgain
	}
	return p.ev.TryRead(b)
}

func (p *peerConn) tryWrite(b []byte) (int, error) {
	if p.tls != nil {
		return p.tls.write(b)
	}
	return p.ev.TryWrite(b)
}

func (p *peerConn) waitRead(d time.Duration) error  { return p.ev.WaitRead(d) }
func (p *peerConn) waitWrite(d time.Duration) error { return p.ev.WaitWrite(d) }

// readable reports whether reading would tell something: data, or the end.
func (p *peerConn) readable() bool { return p.tls != nil || p.ev.Readable() }

func (p *peerConn) close() {
	if p.timer.Ready() {
		p.timer.Remove()
	}
	if p.tls != nil {
		p.tls.close()
	}
	p.ev.Close()
}
