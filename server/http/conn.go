package http

import (
	"io"
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/perigee-server/perigee/server/cycle"
	"github.com/perigee-server/perigee/server/event"
	"github.com/perigee-server/perigee/server/http/head"
	"github.com/perigee-server/perigee/server/log"
	"golang.org/x/sys/unix"
)

// firstBuffer is the size of a connection's buffer while a head fits in it.
const firstBuffer = 2048

// maxInline is how many requests of one connection are served in one go before
// others get their turn.
const maxInline = 64

// connState says what a connection does when no request runs.
type connState uint8

const (
	stateIdle      connState = iota // waits for a request's first byte
	stateHead                       // has read a part of a head
	stateBusy                       // a request runs
	stateWriting                    // a response is being written
	stateDiscard                    // the rest of a request body is read and dropped
	stateLingering                  // closing; what still comes is dropped
	stateHandshake
	stateClosed
)

// Conn is a client's connection.
type Conn struct {
	ev   event.Conn
	work *work
	main *Main
	addr *address
	ID   uint64

	peer     unix.Sockaddr
	remote   []byte // the peer's address as text
	port     int
	realip   bool
	local    netip.AddrPort
	started  time.Time
	requests int
	state    connState
	timer    event.Timer

	buf           []byte // unread bytes are buf[from:to]
	from, to      int
	line          head.RequestLine
	field         head.Field
	lineDone      bool
	headAt        int // where the present head begins in buf
	server        *Server
	req           *Request
	out           chain
	tls           *tlsSession
	lingerTill    time.Time
	lingerTimeout time.Duration
	nodelay       bool
	proxied       *proxyProtocol
	prev, next    *Conn // the list of idle connections
	listed        bool
	reading       bool
}

// work is http in one serving process.
type work struct {
	*cycle.Work
	main     *Main
	log      *log.Logger
	bufs     [][]byte
	requests []*Request
	idle     Conn // head of the list of idle connections, longest idle first
	date     dateCache
	outs     [][]byte // pooled output buffers
	larges   [][]byte
	big      []byte // see scratch
	stats    *stats

	headScratch []byte
	serverName  string
}

// lastConnection numbers connections for the log. It is atomic because with
// master_process off two loops are at work for a while after a reload.
var lastConnection atomic.Uint64

func start(w *cycle.Work) error {
	m, _ := w.Cycle.Protocol("http").(*Main)
	if m == nil {
		return nil
	}
	wk := &work{Work: w, main: m, log: w.Cycle.Log, serverName: w.Cycle.Identity.Full()}
	wk.idle.prev, wk.idle.next = &wk.idle, &wk.idle
	m.work = wk
	var err error
	if wk.stats, err = openStats(w); err != nil {
		return err
	}
	w.OnQuit(wk.closeIdle)
	for _, mod := range modules {
		if mod.Start != nil {
			if err := mod.Start(w, m); err != nil {
				return err
			}
		}
	}
	return nil
}

// Work is the process that serves.
func (m *Main) Work() *cycle.Work { return m.work.Work }

// accept takes a new connection.
func (m *Main) accept(w *cycle.Work, group []*address, fd int, peer unix.Sockaddr) {
	wk := m.work
	wk.stats.accepted.Add(1)
	if w.Connections >= w.Cycle.Core.WorkerConnections.V && !wk.dropIdle() {
		wk.log.Printf(log.Alert, "%d worker_connections are not enough", w.Cycle.Core.WorkerConnections.V)
		event.Drop(fd)
		return
	}
	c := &Conn{work: wk, main: m, peer: peer}
	c.ID = lastConnection.Add(1)
	c.addr = group[len(group)-1]
	if err := c.ev.Init(w.Loop, fd, c.addr.opt.Deferred); err != nil {
		wk.log.Print(log.Alert, c.ID, err.Error(), "")
		event.Drop(fd)
		return
	}
	wk.stats.handled.Add(1)
	wk.stats.active.Add(1)
	w.Connections++
	w.Enter()
	if len(group) > 1 {
		c.chooseAddress(group)
	}
	c.started = w.Loop.Now()
	c.timer.Init(w.Loop, c.onTimer)
	c.ev.OnRead = c.onRead
	c.ev.OnWrite = c.onWrite
	c.server = c.addr.def
	if c.log().Enabled(log.Debug) {
		c.logf(log.Debug, "accept: %s fd:%d", c.RemoteAddr(), fd)
	}
	c.timer.Reset(c.server.core.headerTimeout.V)
	if c.addr.opt.proxyProtocol {
		c.proxied = &proxyProtocol{}
	}
	if c.addr.opt.ssl {
		c.beginTLS()
	}
	c.idleSince()
	if c.addr.opt.Deferred {
		c.onRead()
	}
}

// chooseAddress finds the listen address behind a wildcard socket.
func (c *Conn) chooseAddress(group []*address) {
	local := c.Local().String()
	for _, a := range group[:len(group)-1] {
		if a.addr == local {
			c.addr = a
			return
		}
	}
}

// Local is the address that the client has connected to.
func (c *Conn) Local() netip.AddrPort {
	if !c.local.IsValid() && c.ev.FD() >= 0 {
		if sa, err := c.ev.LocalAddr(); err == nil {
			c.local = addrPort(sa)
		}
	}
	return c.local
}

func addrPort(sa unix.Sockaddr) netip.AddrPort {
	switch a := sa.(type) {
	case *unix.SockaddrInet4:
		return netip.AddrPortFrom(netip.AddrFrom4(a.Addr), uint16(a.Port))
	case *unix.SockaddrInet6:
		return netip.AddrPortFrom(netip.AddrFrom16(a.Addr), uint16(a.Port))
	}
	return netip.AddrPort{}
}

// RemoteAddr is the client's address as text: an IP address, or "unix:".
func (c *Conn) RemoteAddr() []byte {
	if c.remote == nil {
		if ap := addrPort(c.peer); ap.IsValid() {
			c.remote = ap.Addr().AppendTo(nil)
			c.port = int(ap.Port())
		} else {
			c.remote = []byte("unix:")
		}
	}
	return c.remote
}

// RemotePort is the client's port, 0 for a Unix-domain socket.
func (c *Conn) RemotePort() int {
	c.RemoteAddr()
	return c.port
}

// SetRemote replaces the client's address (realip, the PROXY protocol).
func (c *Conn) SetRemote(a netip.AddrPort, text []byte) {
	c.remote, c.port, c.realip = text, int(a.Port()), true
}

// Loop is the worker's event loop.
func (c *Conn) Loop() *event.Loop { return c.work.Loop }

// Event is the socket below, for modules that wait on it.
func (c *Conn) Event() *event.Conn { return &c.ev }

// onRead is called when bytes have come and no task waits for them.
func (c *Conn) onRead() {
	switch c.state {
	case stateIdle, stateHead:
		c.serve()
	case stateBusy, stateWriting:
		if c.ev.Hangup() && c.req != nil {
			c.req.hungUp()
		}
	case stateDiscard:
		c.discardMore()
	case stateLingering:
		c.linger()
	case stateHandshake:
	}
}

// serve reads and runs requests until there is nothing to read or a response
// has to wait for its client.
func (c *Conn) serve() {
	for range maxInline {
		if !c.readHead() {
			return
		}
		if !c.run() {
			return
		}
	}
	c.work.Loop.Go(func() {
		if c.state == stateIdle || c.state == stateHead {
			c.serve()
		}
	})
}

// run serves the request whose head was read; false when the connection does
// not go on now.
func (c *Conn) run() bool {
	c.state = stateBusy
	c.timer.Stop()
	c.setReading(false)
	c.unlist()
	r := c.req
	r.handle()
	return c.ended(r)
}

// ended goes on after a request's handler has returned: the response may not be
// written yet.
func (c *Conn) ended(r *Request) bool {
	if c.state == stateClosed {
		return false
	}
	if c.unsent() {
		c.state = stateWriting
		c.out.done = func() {
			if c.finish(r) {
				c.serve()
			}
		}
		return false
	}
	return c.finish(r)
}

// onTimer ends what took too long.
func (c *Conn) onTimer() {
	switch c.state {
	case stateIdle:
		if c.requests == 0 {
			c.logf(log.Info, "client timed out (110: Connection timed out) while waiting for request")
		}
		c.close()
	case stateHead:
		c.headTimedOut()
	case stateHandshake:
		c.close()
	case stateBusy, stateWriting:
		c.sendTimedOut()
	case stateDiscard, stateLingering:
		c.close()
	}
}

// fill reads more bytes into the buffer. It returns false when there are none
// now, or the connection was closed.
func (c *Conn) fill() bool {
	if c.to == len(c.buf) && !c.grow() {
		return false
	}
	n, err := c.recv(c.buf[c.to:])
	if n > 0 {
		c.to += n
		return true
	}
	switch err {
	case event.ErrAgain:
		return false
	case io.EOF:
		c.peerClosed()
	default:
		c.logf(log.Info, "%s while %s", log.Errno("recv() failed", err), c.doing())
		c.close()
	}
	return false
}

// peerClosed handles the end of the client's bytes between or in heads.
func (c *Conn) peerClosed() {
	if c.partial() {
		c.logf(log.Info, "client prematurely closed connection while %s", c.doing())
		c.abortHead(statusBadRequest, "")
		return
	}
	if c.requests == 0 {
		c.logf(log.Info, "client closed connection while waiting for request")
	} else {
		c.logf(log.Info, "client closed keepalive connection")
	}
	c.close()
}

// partial reports whether a part of a head has come.
func (c *Conn) partial() bool { return c.lineDone || c.from < c.to }

// doing says what a message belongs to.
func (c *Conn) doing() string {
	switch {
	case !c.partial() && c.requests == 0:
		return "waiting for request"
	case !c.partial():
		return "keepalive"
	case c.lineDone:
		return "reading client request headers"
	}
	return "reading client request line"
}

// grow makes room behind the unread bytes. The head stays in one piece; tooLong
// has seen to it that it is not larger than the configuration allows.
func (c *Conn) grow() bool {
	if c.buf == nil {
		c.buf = c.work.buffer()
		c.from, c.to = 0, 0
		return true
	}
	if c.from > 0 && c.req == nil { // a new head begins inside of the buffer
		if c.from == c.to {
			c.from, c.to = 0, 0
			return true
		}
	}
	from := c.from
	if c.lineDone {
		from = c.headAt
	}
	buf := make([]byte, max(len(c.buf)*2, int(c.server.core.largeBuffers.V.Size)))
	n := copy(buf, c.buf[from:c.to])
	if c.req == nil {
		c.work.giveBuffer(c.buf)
	}
	c.buf, c.from, c.to, c.headAt = buf, c.from-from, n, 0
	return true
}

// idleSince begins to wait for the next request.
func (c *Conn) idleSince() {
	if c.state != stateHandshake {
		c.state = stateIdle
	}
	if c.from == c.to && c.buf != nil {
		c.work.giveBuffer(c.buf)
		c.buf, c.from, c.to = nil, 0, 0
	}
	c.list()
}

// list puts the connection at the end of the idle ones.
func (c *Conn) list() {
	if c.listed {
		return
	}
	h := &c.work.idle
	c.prev, c.next = h.prev, h
	h.prev.next, h.prev = c, c
	c.listed = true
	c.setReading(false)
	c.work.stats.waiting.Add(1)
}

func (c *Conn) unlist() {
	if c.listed {
		c.prev.next, c.next.prev = c.next, c.prev
		c.prev, c.next, c.listed = nil, nil, false
		c.work.stats.waiting.Add(-1)
	}
}

// dropIdle closes the connection that has been idle longest
// (ngx_drain_connections); false when none is.
func (w *work) dropIdle() bool {
	c := w.idle.next
	if c == &w.idle || c.state != stateIdle {
		return false
	}
	w.log.Printf(log.Warn, "%d worker_connections are not enough, reusing connections", w.Cycle.Core.WorkerConnections.V)
	c.close()
	return true
}

// closeIdle closes kept connections that wait for another request, as the worker
// quits. A new connection may still make its first one: a client would not know
// that it can ask again.
func (w *work) closeIdle() {
	for c := w.idle.next; c != &w.idle; {
		next := c.next
		if c.state == stateIdle && c.requests > 0 && !c.ev.Readable() {
			c.close()
		}
		c = next
	}
}

// close ends the connection.
func (c *Conn) close() {
	if c.state == stateClosed {
		return
	}
	c.state = stateClosed
	c.setReading(false)
	c.unlist()
	c.timer.Remove()
	c.out.drop()
	if c.tls != nil {
		c.tls.close()
	}
	c.ev.Close()
	if c.buf != nil && c.req == nil {
		c.work.giveBuffer(c.buf)
	}
	c.buf = nil
	c.work.Connections--
	c.work.stats.active.Add(-1)
	c.work.Leave()
}

// reset is close with a RST, as reset_timedout_connection asks for.
func (c *Conn) reset() {
	if c.state != stateClosed && c.tls == nil {
		c.ev.Reset()
	}
	c.close()
}

// buffer takes a read buffer from the pool.
func (w *work) buffer() []byte {
	if n := len(w.bufs); n > 0 {
		b := w.bufs[n-1]
		w.bufs = w.bufs[:n-1]
		return b
	}
	return make([]byte, firstBuffer)
}

func (w *work) giveBuffer(b []byte) {
	if len(b) == firstBuffer && len(w.bufs) < 128 {
		w.bufs = append(w.bufs, b)
	}
}

// log is the logger for messages outside of requests.
func (c *Conn) log() *log.Logger { return c.server.Root.core.log }

// logf logs a message about the connection.
func (c *Conn) logf(level log.Level, format string, args ...any) {
	if l := c.log(); l.Enabled(level) {
		l.Print(level, c.ID, sprintf(format, args...), ", client: "+string(c.RemoteAddr())+", server: "+c.ListenName())
	}
}

// ListenName is the listening address as the log suffix has it.
func (c *Conn) ListenName() string {
	if len(c.addr.addr) > 5 && c.addr.addr[:5] == "unix:" {
		return c.addr.addr
	}
	if l := c.Local(); l.IsValid() && !c.addr.wildcard {
		return l.String()
	}
	return c.addr.addr
}

// Requests is how many requests the connection has served, with this one.
func (c *Conn) Requests() int { return c.requests }

// Started is when the connection was accepted.
func (c *Conn) Started() time.Time { return c.started }
