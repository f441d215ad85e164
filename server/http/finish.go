package http

import "github.com/perigee-server/perigee/server/event"

// finish ends a request whose response was written: log phase, then the next
// request, or the end of the connection. It returns true when the connection
// may read the next head now.
func (c *Conn) finish(r *Request) bool {
	c.timer.Stop()
	if !r.terminated {
		r.runPostAction()
	}
	r.logPhase()
	if r.terminated || c.state == stateClosed {
		reset := r.timedOut && r.loc.core.resetTimedout.V
		c.free(r)
		if reset {
			c.reset()
		} else {
			c.close()
		}
		return false
	}
	if !r.lastSent && !r.headOnly {
		r.KeepAlive = false // the handler has sent less than it had announced
	}
	if b := &r.body; b.started && !b.discard && !b.read && !b.done { // a handler has read some of it
		r.KeepAlive = false
		c.endAfter(r)
		return false
	}
	r.discardBody()
	if r.body.taken && !r.body.done {
		r.KeepAlive, r.lingering = false, true
		return c.afterRequest(r)
	}
	if r.body.started && !r.body.done || !r.body.started && r.HasBody() {
		return c.beginDiscard(r)
	}
	return c.afterRequest(r)
}

// afterRequest goes on with the connection after a request.
func (c *Conn) afterRequest(r *Request) bool {
	l := r.loc
	keep := r.KeepAlive && !c.work.Exiting && l.core.keepaliveTimeout.V > 0
	if c.work.Quitting {
		keep = keep && c.from < c.to
	}
	if !keep {
		c.endAfter(r)
		return false
	}
	c.free(r)
	c.state = stateIdle
	c.timer.Reset(l.core.keepaliveTimeout.V)
	c.tcpNodelay(l)
	if c.from == c.to {
		c.idleSince()
	}
	return true
}

// tcpNodelay sets TCP_NODELAY once a connection is kept.
func (c *Conn) tcpNodelay(l *Location) {
	if c.nodelay || !l.core.tcpNodelay.V || c.IsUnix() {
		return
	}
	c.nodelay = true
	c.ev.NoDelay()
}

// IsUnix reports whether the client came through a Unix-domain socket.
func (c *Conn) IsUnix() bool { return c.addr.port == "" }

// endAfter closes the connection after a request, lingering where the client
// may still be sending: its data would make the kernel reset the connection
// and the client lose the response.
func (c *Conn) endAfter(r *Request) {
	l := r.loc.core
	linger := l.lingeringClose.V == lingeringAlways ||
		l.lingeringClose.V == lingeringOn && (r.lingering && !r.body.done || c.from < c.to || c.ev.Readable() && !c.ev.Hangup())
	timeout, total := l.lingeringTimeout.V, l.lingeringTime.V
	c.free(r)
	if !linger {
		c.close()
		return
	}
	c.state = stateLingering
	c.from, c.to = 0, 0
	c.lingerTill = c.work.Loop.Now().Add(total)
	c.lingerTimeout = timeout
	if c.tls != nil {
		c.tls.close()
	}
	c.ev.EndWrite()
	c.timer.Reset(c.lingerLeft(timeout))
	c.linger()
}

// linger reads and drops what still comes.
func (c *Conn) linger() {
	for {
		n, err := c.ev.TryRead(c.work.scratch())
		if n > 0 {
			if left := c.lingerLeft(c.lingerTimeout); left > 0 {
				c.timer.Reset(left)
				continue
			}
		} else if err == event.ErrAgain {
			return
		}
		c.close()
		return
	}
}

// beginDiscard reads the rest of a request's body after the response.
func (c *Conn) beginDiscard(r *Request) bool {
	l := r.loc.core
	c.state = stateDiscard
	c.lingerTill = c.work.Loop.Now().Add(l.lingeringTime.V)
	c.lingerTimeout = l.lingeringTimeout.V
	c.timer.Reset(c.lingerLeft(c.lingerTimeout))
	return false
}

// discardMore goes on with beginDiscard.
func (c *Conn) discardMore() {
	r := c.req
	if r.discardBody() != OK {
		c.endAfter(r)
		return
	}
	if !r.body.done {
		left := c.lingerLeft(c.lingerTimeout)
		if left <= 0 {
			c.close()
			return
		}
		c.timer.Reset(left)
		return
	}
	c.timer.Stop()
	if c.afterRequest(r) {
		c.serve()
	}
}

// logPhase runs the log phase, once.
func (r *Request) logPhase() {
	if r.logged {
		return
	}
	r.logged = true
	for _, f := range r.loc.phases[Log] {
		f(r)
	}
}

// runPostAction runs the location of post_action after the response.
func (r *Request) runPostAction() {
	uri := r.loc.core.postAction.V
	if uri == "" || r.postActions {
		return
	}
	r.postActions = true
	r.headOnly = true
	r.finalized = false
	r.headerSent = false
	r.internal = true
	var rc Status
	if uri[0] == '/' {
		rc = r.InternalRedirect([]byte(uri), nil)
	} else {
		rc = r.NamedLocation(uri)
	}
	if rc == Redirected {
		r.loop()
	}
	r.finalized = true
}
