package http

import (
	"time"

	"github.com/perigee-server/perigee/server/event"
)

// CanTunnel reports whether the client has asked for another protocol.
func (r *Request) CanTunnel() bool { return r == r.Main && len(r.Upgrade) > 0 && r.Version > 1000 }

// Tunnel passes bytes between the client and another connection until one side
// ends; early is what has come from there already. The times limit how long
// both may be silent. It returns how much went there and came from there.
func (r *Request) Tunnel(peer *event.Conn, early []byte, read, write time.Duration) (sent, received int64) {
	c := r.conn
	r.KeepAlive = false
	r.lastSent = true
	over := false
	me := r.Loop().Current()
	there := r.Loop().Go(func() {
		buf := make([]byte, 16<<10)
		if c.from < c.to {
			n, err := peer.Write(c.buf[c.from:c.to], write)
			sent += int64(n)
			c.from = c.to
			over = over || err != nil
		}
		for !over {
			n, err := c.recv(buf)
			if err == event.ErrAgain {
				if err = c.ev.WaitRead(read); err == nil {
					continue
				}
			}
			if n > 0 {
				var k int
				k, err = peer.Write(buf[:n], write)
				sent += int64(k)
			}
			if err != nil {
				break
			}
		}
		over = true
		r.Loop().Wake(me)
		peer.Interrupt()
	})
	buf := make([]byte, 16<<10)
	n := copy(buf, early)
	for !over {
		if n > 0 {
			received += int64(n)
			c.out.add(buf[:n], false, c.work)
			if err := c.write(); err == event.ErrAgain {
				err = r.WaitDrain(0)
				if err != nil {
					break
				}
			} else if err != nil {
				break
			}
		}
		var err error
		n, err = peer.Read(buf, read)
		if err != nil {
			break
		}
	}
	over = true
	there.Cancel(event.ErrClosed)
	for !there.Done() {
		c.ev.Interrupt()
		r.Loop().Yield()
	}
	return sent, received
}

// MemoryPending is how many bytes of output wait in memory.
func (r *Request) MemoryPending() int64 {
	o := &r.conn.out
	var n int64
	for i := o.at; i < len(o.segs); i++ {
		n += int64(len(o.segs[i].b) - o.segs[i].from)
	}
	return n
}

// ReadBodyStarted reports whether reading the body has begun.
func (r *Request) ReadBodyStarted() bool { return r.Main.body.started }

// HasErrorPage reports whether error_page names a status.
func (r *Request) HasErrorPage(code Status) bool {
	for i := range r.loc.core.errorPages {
		if r.loc.core.errorPages[i].status == code {
			return true
		}
	}
	return false
}

// SetLimitRate sets limit_rate for the request.
func (r *Request) SetLimitRate(n int64) { r.Main.limitRate, r.Main.limitSet = n, true }

// SafeURI reports whether a URI made at run time stays inside of the root.
func (r *Request) SafeURI(uri []byte) bool {
	if len(uri) == 0 || uri[0] == '?' {
		return false
	}
	for i := 0; i+1 < len(uri); i++ {
		if uri[i] == '.' && uri[i+1] == '.' && (i == 0 || uri[i-1] == '/') && (i+2 == len(uri) || uri[i+2] == '/') {
			return false
		}
	}
	return true
}
