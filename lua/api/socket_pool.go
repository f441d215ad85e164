package api

import (
	"strconv"

	lua "github.com/yuin/gopher-lua"

	"github.com/perigee-server/perigee/lua/vm"
	"github.com/perigee-server/perigee/server/event"
)

// socketPool keeps idle connections of a worker under a name, and counts those
// in use where connect was given a size or found the pool
// (ngx_http_lua_socket_pool_t).
type socketPool struct {
	sh          *shared
	key         string
	size        int
	backlog     int // how many may wait to connect; -1: connecting is not limited
	connections int
	idle        []*peerConn // the latest last
	waiting     []*poolWaiter
}

// poolWaiter is a script that waits until it may connect.
type poolWaiter struct {
	task *event.Task
	turn bool
}

func init() { tcpMethods["setkeepalive"] = setKeepalive }

func (sh *shared) pool(key string) *socketPool {
	p, _ := sh.pools[key].(*socketPool)
	return p
}

func (sh *shared) newPool(key string, size, backlog int) *socketPool {
	p := &socketPool{sh: sh, key: key, size: size, backlog: backlog}
	if sh.pools == nil {
		sh.pools = map[string]any{}
	}
	sh.pools[key] = p
	return p
}

// take gives the connection that was used last, nil without.
func (p *socketPool) take() *peerConn {
	last := len(p.idle) - 1
	if last < 0 {
		return nil
	}
	conn := p.idle[last]
	p.idle[last] = nil
	p.idle = p.idle[:last]
	conn.pool = nil
	conn.ev.OnRead = nil
	if conn.timer.Ready() {
		conn.timer.Stop()
	}
	conn.reused++
	return conn
}

// release counts a connection off: the next script that waits may connect.
func (p *socketPool) release() {
	p.connections--
	p.next()
	if p.connections == 0 && len(p.waiting) == 0 && p.sh.pools[p.key] == p {
		delete(p.sh.pools, p.key)
	}
}

// next lets the script that has waited longest have a connection.
func (p *socketPool) next() {
	if len(p.waiting) == 0 {
		return
	}
	w := p.waiting[0]
	p.waiting = p.waiting[1:]
	w.turn = true
	p.sh.loop.Wake(w.task)
}

// wait waits for a turn to connect; the error is event.ErrTimeout or the
// cancellation of the task. The waiting script counts as a connection.
func (p *socketPool) wait(s *tcpSocket) error {
	loop := p.sh.loop
	w := &poolWaiter{task: loop.Current()}
	p.waiting = append(p.waiting, w)
	late := false
	timer := loop.NewTimer(func() { late = true; loop.Wake(w.task) })
	timer.Reset(s.connectTimeout())
	defer timer.Remove()
	for {
		err := loop.Park()
		if err == nil && !w.turn && !late {
			continue
		}
		switch {
		case w.turn && err == nil:
			return nil
		case w.turn: // its turn goes to the next
			p.release()
			return err
		}
		p.leave(w)
		p.connections--
		if err == nil {
			err = event.ErrTimeout
		}
		return err
	}
}

func (p *socketPool) leave(w *poolWaiter) {
	for i, other := range p.waiting {
		if other == w {
			p.waiting = append(p.waiting[:i], p.waiting[i+1:]...)
			return
		}
	}
}

// drop closes an idle connection.
func (p *socketPool) drop(conn *peerConn) {
	for i, other := range p.idle {
		if other == conn {
			p.idle = append(p.idle[:i], p.idle[i+1:]...)
			conn.close()
			p.release()
			return
		}
	}
}

// idleEvent looks at an idle connection that has become readable.
func (p *peerConn) idleEvent() {
	var b [1]byte
	if _, err := p.tryRead(b[:]); err == event.ErrAgain {
		return
	}
	p.pool.drop(p)
}

func setKeepalive(e *Engine, c *Ctx, L *lua.LState) int {
	n := L.GetTop()
	if n < 1 || n > 3 {
		L.RaiseError("expecting 1 to 3 arguments (including the object), but got %d", n)
	}
	s := socketOf(L)
	idle, size := c.settings().KeepaliveTimeout.V, c.settings().PoolSize.V
	if n >= 2 && L.Get(2) != lua.LNil {
		idle = milliseconds(vm.CheckNumber(L, 2))
	}
	if n >= 3 && L.Get(3) != lua.LNil {
		size = int(vm.CheckNumber(L, 3))
	}
	if s == nil || s.wire == nil || s.readClosed || s.writeClosed || s.eof || s.peer != nil && s.peer.ev.Hangup() {
		return fail(L, "closed")
	}
	if busy := s.check(c, L, true, true); busy != "" {
		return fail(L, busy)
	}
	s.prepare(nil)
	if s.from < s.to {
		return fail(L, "unread data in buffer")
	}
	if e.Work.Quitting {
		s.finalize()
		return one(L)
	}
	pool := e.shared.pool(s.key)
	if pool == nil {
		if size <= 0 {
			L.ArgError(n, "bad \"pool_size\" option value: "+strconv.Itoa(size))
		}
		pool = e.shared.newPool(s.key, size, -1)
	}
	conn := s.peer
	if conn.readable() {
		var b [1]byte
		if _, err := conn.tryRead(b[:]); err != event.ErrAgain {
			if s.pool == nil {
				s.pool = pool
				pool.connections++
			}
			s.finalize()
			return fail(L, "connection in dubious state")
		}
	}
	if len(pool.idle) >= pool.size {
		oldest := pool.idle[0]
		pool.idle = append(pool.idle[:0], pool.idle[1:]...)
		oldest.close()
		if s.pool != nil {
			s.pool.connections--
		}
	} else if s.pool == nil {
		pool.connections++
	}
	pool.idle = append(pool.idle, conn)
	s.peer, s.wire, s.pool = nil, nil, nil
	s.finalize()
	conn.pool = pool
	conn.ev.OnRead = conn.idleEvent
	if idle > 0 {
		if !conn.timer.Ready() {
			conn.timer.Init(e.Loop, func() { conn.pool.drop(conn) })
		}
		conn.timer.Reset(idle)
	}
	pool.next()
	return one(L)
}
