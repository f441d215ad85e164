package api

import "runtime"

// lease is the hold of a cosocket on its connection where no request ends soon:
// in timers and workers. It ends with the script, or when the garbage collector
// finds that the script knows the socket no more, as __gc does in ngx_lua.
type lease struct {
	own  *Ctx
	peer *peerConn
	pool *socketPool
}

// hold notes the connection that the socket has just got.
func (s *tcpSocket) hold() {
	c := s.own
	if c.R != nil {
		return
	}
	l := &lease{own: c, peer: s.peer, pool: s.pool}
	s.lease = l
	if c.leases == nil {
		c.leases = map[*lease]struct{}{}
		c.atEnd(func() {
			for l := range c.leases {
				l.drop()
			}
		})
	}
	c.leases[l] = struct{}{}
	loop := c.E.Loop
	runtime.AddCleanup(s, func(l *lease) { loop.Post(l.drop) }, l)
}

// release ends the lease; the connection is somebody else's, or closed.
func (l *lease) release() {
	delete(l.own.leases, l)
	l.peer, l.pool = nil, nil
}

// drop closes the connection, unless the lease has ended.
func (l *lease) drop() {
	if l.peer == nil {
		return
	}
	peer, pool := l.peer, l.pool
	l.release()
	peer.close()
	if pool != nil {
		pool.release()
	}
}
