package http

import (
	"errors"
	"io"
	"syscall"
	"time"

	"github.com/perigee-server/perigee/server/event"
	"github.com/perigee-server/perigee/server/log"
	"golang.org/x/sys/unix"
)

// Buf is a part of a response's body: memory, a part of a file, or just flags.
type Buf struct {
	Mem  []byte
	File Source // with Off and N, instead of Mem
	Off  int64
	N    int64
	// Stable memory is not changed any more, so it need not be copied when the
	// client does not take it at once.
	Stable bool
	Flush  bool // what has come so far shall go out
	Last   bool // the end of the response
}

// Source is a file that parts of a body come from: an *os.File, or a file.File.
type Source interface {
	io.ReaderAt
	Name() string
	Fd() uintptr
}

// Size is the number of bytes of the part.
func (b *Buf) Size() int64 {
	if b.File != nil {
		return b.N
	}
	return int64(len(b.Mem))
}

// chain is a connection's output that the client has not taken yet.
type chain struct {
	segs []seg
	at   int   // the first segment that is not yet sent
	size int64 // bytes not yet sent
	done func()
	wake []*event.Task // tasks that wait for room
	held bool          // by limit_rate, or because others have their turn
}

// seg is one piece of output.
type seg struct {
	b    []byte
	file Source
	off  int64
	n    int64
	own  bool // b is ours: more may be appended
	from int  // how much of b is sent
}

func (o *chain) empty() bool { return o.size == 0 }

// unsent reports whether output waits for the client.
func (c *Conn) unsent() bool {
	return !c.out.empty() || c.tls != nil && len(c.tls.out) > 0
}

// add appends memory; what is not stable is copied.
func (o *chain) add(b []byte, stable bool, w *work) {
	if len(b) == 0 {
		return
	}
	o.size += int64(len(b))
	if n := len(o.segs); n > o.at && o.segs[n-1].own {
		s := &o.segs[n-1]
		if len(b) <= cap(s.b)-len(s.b) {
			s.b = append(s.b, b...)
			return
		}
	}
	if stable && len(b) > 512 {
		o.segs = append(o.segs, seg{b: b})
		return
	}
	own := w.outBuffer(len(b))
	o.segs = append(o.segs, seg{b: append(own, b...), own: true})
}

// addFile appends a part of a file.
func (o *chain) addFile(f Source, off, n int64) {
	if n <= 0 {
		return
	}
	o.size += n
	if k := len(o.segs); k > o.at && o.segs[k-1].file == f && o.segs[k-1].off+o.segs[k-1].n == off {
		o.segs[k-1].n += n
		return
	}
	o.segs = append(o.segs, seg{file: f, off: off, n: n})
}

// The sizes of pooled output buffers: for most responses, and for parts of
// large ones.
const (
	outSize   = 4096
	largeSize = 16 << 10
)

// outBuffer returns an empty buffer with room for n bytes at least.
func (w *work) outBuffer(n int) []byte {
	pool, size := &w.outs, outSize
	switch {
	case n > largeSize:
		return make([]byte, 0, n)
	case n > outSize:
		pool, size = &w.larges, largeSize
	}
	if k := len(*pool); k > 0 {
		b := (*pool)[k-1]
		*pool = (*pool)[:k-1]
		return b
	}
	return make([]byte, 0, size)
}

func (w *work) giveOut(b []byte) {
	switch {
	case cap(b) == outSize && len(w.outs) < 256:
		w.outs = append(w.outs, b[:0])
	case cap(b) == largeSize && len(w.larges) < 32:
		w.larges = append(w.larges, b[:0])
	}
}

// drop forgets all output.
func (o *chain) drop() {
	clear(o.segs)
	o.segs, o.at, o.size = o.segs[:0], 0, 0
}

// reset keeps the memory of an emptied chain.
func (o *chain) reset(w *work) {
	for i := range o.segs {
		if o.segs[i].own {
			w.giveOut(o.segs[i].b)
		}
		o.segs[i] = seg{}
	}
	o.segs, o.at, o.size = o.segs[:0], 0, 0
}

// write sends what the socket takes. It returns event.ErrAgain when something
// is left, which goes on by itself.
func (c *Conn) write() error {
	turn := int64(0)
	for !c.out.empty() {
		if c.out.held {
			return event.ErrAgain
		}
		if turn > maxTurn { // others first, however fast this client is
			c.out.held = true
			c.work.Loop.Go(c.resume)
			return event.ErrAgain
		}
		limit := c.allowance()
		if limit == 0 {
			return event.ErrAgain
		}
		n, err := c.send(limit)
		if n > 0 {
			c.sent(n)
			turn += n
		}
		if err == nil {
			continue
		}
		if err == event.ErrAgain {
			c.armSend()
			return err
		}
		c.sendFailed(err)
		return err
	}
	c.out.reset(c.work)
	if c.tls != nil {
		if err := c.tls.flush(); err != nil {
			if err == event.ErrAgain {
				c.armSend()
				return err
			}
			c.sendFailed(err)
			return err
		}
	}
	c.timer.Stop()
	return nil
}

// sent counts bytes out of the chain.
func (c *Conn) sent(n int64) {
	o := &c.out
	o.size -= n
	if r := c.req; r != nil {
		r.bytesSent += n
	}
	for n > 0 {
		s := &o.segs[o.at]
		if s.file != nil {
			k := min(n, s.n)
			s.off += k
			s.n -= k
			n -= k
			if s.n > 0 {
				return
			}
		} else {
			k := min(n, int64(len(s.b)-s.from))
			n -= k
			s.from += int(k)
			if s.from < len(s.b) {
				return
			}
			if s.own {
				c.work.giveOut(s.b)
			}
		}
		*s = seg{}
		o.at++
	}
}

// send makes one system call.
func (c *Conn) send(limit int64) (int64, error) {
	o := &c.out
	s := &o.segs[o.at]
	if s.file != nil {
		return c.sendFile(s, limit)
	}
	if c.tls != nil {
		return c.tls.write(clip(s.b[s.from:], limit))
	}
	if o.at == len(o.segs)-1 {
		n, err := c.ev.TryWrite(clip(s.b[s.from:], limit))
		return int64(n), err
	}
	var bufs [64][]byte
	k := 0
	left := limit
	for i := o.at; i < len(o.segs) && k < len(bufs) && o.segs[i].file == nil && left > 0; i++ {
		b := clip(o.segs[i].b[o.segs[i].from:], left)
		left -= int64(len(b))
		bufs[k] = b
		k++
	}
	n, err := c.ev.TryWritev(bufs[:k])
	return int64(n), err
}

// clip is the part of b that limit allows.
func clip(b []byte, limit int64) []byte { return b[:min(int64(len(b)), limit)] }

// sendFile sends from a file, with sendfile(2) where that is on.
func (c *Conn) sendFile(s *seg, limit int64) (int64, error) {
	n := min(s.n, limit)
	if c.tls == nil && c.req != nil && c.req.loc.core.sendfile.V {
		if m := c.req.loc.core.sendfileMax.V; m > 0 {
			n = min(n, m)
		}
		k, err := c.ev.TrySendfile(int(s.file.Fd()), s.off, int(min(n, 1<<30)))
		return int64(k), err
	}
	b := c.work.scratch()
	k, err := s.file.ReadAt(b[:min(n, int64(len(b)))], s.off)
	if k == 0 {
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return 0, err
	}
	if c.tls != nil {
		return c.tls.write(b[:k])
	}
	w, err := c.ev.TryWrite(b[:k])
	return int64(w), err
}

// scratch is a buffer that is free between two system calls.
func (w *work) scratch() []byte {
	if w.big == nil {
		w.big = make([]byte, 64<<10)
	}
	return w.big
}

// allowance is how many bytes limit_rate allows now; 0 when it has to wait.
func (c *Conn) allowance() int64 {
	const all = 1 << 62
	r := c.req
	if r == nil {
		return all
	}
	rate, after := r.rate()
	if rate == 0 {
		return all
	}
	seconds := int64(c.work.Loop.Now().Sub(r.Start)/time.Second) + 1
	limit := rate*seconds - (r.bytesSent - after)
	if limit > 0 {
		return limit
	}
	c.delay(time.Duration(-limit*1000/rate+1) * time.Millisecond)
	return 0
}

// delay holds output back for a time.
func (c *Conn) delay(d time.Duration) {
	c.out.held = true
	c.work.Loop.NewTimer(c.resume).Reset(d)
}

// resume goes on with output that was held back.
func (c *Conn) resume() {
	c.out.held = false
	if c.state == stateBusy || c.state == stateWriting {
		c.onWrite()
	}
}

// maxTurn is how many bytes a connection writes before others get their turn.
const maxTurn = 64 << 10

// rate is the request's limit_rate and limit_rate_after.
func (r *Request) rate() (rate, after int64) {
	l := r.loc.core
	if !r.limitSet {
		r.limitSet = true
		if l.limitRate.V != nil {
			r.limitRate = sizeOf(l.limitRate.V.Eval(r))
		}
	}
	if r.limitRate == 0 {
		return 0, 0
	}
	if !r.limitAfterSet {
		r.limitAfterSet = true
		if l.limitRateAfter.V != nil {
			r.limitAfter = sizeOf(l.limitRateAfter.V.Eval(r))
		}
	}
	return r.limitRate, r.limitAfter
}

// armSend begins send_timeout.
func (c *Conn) armSend() {
	if c.req != nil {
		c.timer.Reset(c.req.loc.core.sendTimeout.V)
	}
}

// sendFailed ends a connection whose client does not take the response.
func (c *Conn) sendFailed(err error) {
	r := c.req
	level := log.Info
	var e syscall.Errno
	if errors.As(err, &e) && e != unix.EPIPE && e != unix.ECONNRESET && e != unix.ENOTCONN {
		level = log.Alert
	}
	if errors.Is(err, io.ErrUnexpectedEOF) {
		level = log.Alert
	}
	if r != nil {
		r.Logf(level, "%s", log.Errno("send() failed", err)+" while sending response to client")
	}
	c.broken()
}

// broken notes that nothing more can be sent.
func (c *Conn) broken() {
	c.out.drop()
	if r := c.req; r != nil {
		r.terminated = true
		r.KeepAlive = false
		r.broken = true
	}
	c.wakeWriters()
	if c.state == stateWriting && c.out.done != nil {
		done := c.out.done
		c.out.done = nil
		done()
	}
}

func (c *Conn) wakeWriters() {
	for _, t := range c.out.wake {
		c.work.Loop.Wake(t)
	}
	c.out.wake = c.out.wake[:0]
}

// onWrite goes on writing when the socket has room again.
func (c *Conn) onWrite() {
	if c.state == stateHandshake || !c.unsent() {
		return
	}
	err := c.write()
	if err != nil && err != event.ErrAgain {
		return
	}
	c.wakeWriters()
	if !c.unsent() && c.state == stateWriting && c.out.done != nil {
		done := c.out.done
		c.out.done = nil
		done()
	}
}

// sendTimedOut is send_timeout.
func (c *Conn) sendTimedOut() {
	r := c.req
	r.Logf(log.Info, "client timed out (110: Connection timed out) while sending response to client")
	r.timedOut = true
	if r.Out.Status == 0 {
		r.Out.Status = int(statusRequestTimeout)
	}
	c.broken()
}

// Pending is how many bytes of output the client has not taken yet.
func (r *Request) Pending() int64 { return r.conn.out.size }

// WaitDrain parks the current task until at most max bytes of output are left.
// The error tells that the connection is broken, or the task's cancellation.
func (r *Request) WaitDrain(max int64) error {
	c := r.conn
	for c.out.size > max {
		if r.Main.broken || c.state == stateClosed {
			return event.ErrClosed
		}
		c.out.wake = append(c.out.wake, r.Loop().Current())
		if err := r.Loop().Park(); err != nil {
			return err
		}
	}
	if r.Main.broken {
		return event.ErrClosed
	}
	return nil
}
