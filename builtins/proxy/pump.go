package proxy

import (
	"context"
	"errors"
	"io"
	"os"
	"syscall"
	"time"

	"github.com/perigee-server/perigee/server/event"
	"github.com/perigee-server/perigee/server/http"
	"github.com/perigee-server/perigee/server/http/head"
	"github.com/perigee-server/perigee/server/log"
)

// bodyBuffer is the size of the buffer for the body of responses.
const bodyBuffer = 16 << 10

// spill is the part of a response that waits in a temporary file.
type spill struct {
	f    *os.File
	size int64
}

// pump passes the body to the client. With buffering it reads ahead of a slow
// client, into memory and then a file; without, it waits for the client.
func (x *exchange) pump(a *attempt) http.Status {
	r, p, s := x.r, &x.resp, x.s
	buffering := s.buffering.V && p.buffering >= 0 || p.buffering > 0
	limit := int64(s.buffers.V.Num)*s.buffers.V.Size + s.bufferSize.V
	if !buffering {
		limit = s.bufferSize.V
	}
	x.doing = "reading upstream"
	var frame head.Chunked
	var file spill
	left := p.length
	began := time.Now()
	var inLimit int64
	in := x.buf // what has come with the head; the head's fields stay there
	gather := buffering && !p.chunked && !r.Live()
	var fault error // of the last read, which has left something to pass on
	for {
		if x.from < x.to && (!gather || fault != nil || int64(x.to-x.from) >= x.gathered(left)) {
			data := in[x.from:x.to]
			end := false
			if p.chunked {
				part, n, err := frame.Next(data)
				x.from += n
				switch err {
				case nil, head.ErrIncomplete:
				case io.EOF:
					end = true
				default:
					r.Logf(log.Error, "upstream sent invalid chunked response while reading upstream")
					return x.cut(a)
				}
				data = part
			} else if left >= 0 {
				n := min(int64(len(data)), left)
				if n < int64(len(data)) {
					r.Logf(log.Warn, "upstream sent more data than specified in \"Content-Length\" header while reading upstream")
					p.keep = false
				}
				data = data[:n]
				x.from = x.to
				left -= n
				end = left == 0
			} else {
				x.from = x.to
			}
			a.length += int64(len(data))
			if rc := x.pass(&file, data, limit, buffering, end); rc != http.OK {
				x.release(false)
				return rc
			}
			if end {
				x.release(p.keep && x.from == x.to)
				return r.SendLast()
			}
			continue
		}
		if left == 0 {
			x.release(p.keep)
			return r.SendLast()
		}
		if rate := s.limitRate.V; rate > 0 && inLimit > 0 {
			if d := time.Duration(inLimit*int64(time.Second)/rate) - time.Since(began); d > 0 {
				if err := r.Loop().Sleep(d); err != nil {
					return x.readFailed(a, err, left)
				}
			}
		}
		in = x.room(in)
		n, err := 0, fault
		if err == nil {
			n, err = x.conn.TryRead(in[x.to:])
		}
		if err == event.ErrAgain {
			if x.to == 0 {
				if rc := r.Flush(); rc != http.OK {
					x.release(false)
					return rc
				}
			}
			n, err = x.conn.Read(in[x.to:], x.wait.read)
		}
		if err != nil {
			if x.to > 0 && err != event.ErrTimeout && !errors.Is(err, errGone) {
				fault = err
				continue
			}
			if err == io.EOF && !p.chunked && left < 0 {
				x.release(false)
				return r.SendLast()
			}
			return x.readFailed(a, err, left)
		}
		x.to += n
		a.received += int64(n)
		inLimit += int64(n)
	}
}

// gathered is how much of the body must be there before it is passed on, with
// buffering: a buffer, or the rest (ngx_event_pipe).
func (x *exchange) gathered(left int64) int64 {
	size := min(x.s.buffers.V.Size, bodyBuffer)
	if left >= 0 {
		return min(size, left)
	}
	return size
}

// room gives the buffer to read into, with what was not passed on at its
// beginning.
func (x *exchange) room(in []byte) []byte {
	if x.body == nil {
		x.body = make([]byte, bodyBuffer)
	}
	x.to = copy(x.body, in[x.from:x.to])
	x.from = 0
	return x.body
}

// pass sends a part of the body on.
func (x *exchange) pass(file *spill, data []byte, limit int64, buffering, end bool) http.Status {
	r := x.r
	if len(data) == 0 {
		return http.OK
	}
	if r.IsSub() || r.MemoryPending()+int64(len(data)) <= limit {
		if rc := r.Write(data); rc != http.OK {
			return rc
		}
		if buffering {
			return http.OK
		}
		if rc := r.Flush(); rc != http.OK {
			return rc
		}
		return x.drain(limit)
	}
	if buffering && file.size < x.s.maxTemp.V {
		return x.toFile(file, data)
	}
	if rc := r.Write(data); rc != http.OK {
		return rc
	}
	return x.drain(limit / 2)
}

// drain waits for the client to take what waits.
func (x *exchange) drain(limit int64) http.Status {
	if x.r.Pending() <= limit {
		return http.OK
	}
	if err := x.r.WaitDrain(limit / 2); err != nil {
		if errors.Is(err, errGone) {
			return 499
		}
		return http.Error
	}
	return http.OK
}

// toFile keeps a part in the temporary file; the client gets it from there.
func (x *exchange) toFile(file *spill, data []byte) http.Status {
	r := x.r
	if file.f == nil {
		f, err := http.CreateTemp(x.s.tempPath.V)
		if err != nil {
			r.Logf(log.Crit, "%s", log.Errno("open() "+x.s.tempPath.V.Dir+" failed", err))
			return http.Error
		}
		os.Remove(f.Name())
		file.f = f
		r.Main.AtEnd(func() { f.Close() })
		r.Logf(log.Warn, "an upstream response is buffered to a temporary file %s while reading upstream", f.Name())
	}
	var err error
	if cerr := r.Loop().Block(func(context.Context) { _, err = file.f.WriteAt(data, file.size) }); cerr != nil {
		return 499
	}
	if err != nil {
		r.Logf(log.Crit, "%s", log.Errno("pwrite() "+file.f.Name()+" failed", err))
		return http.Error
	}
	rc := r.Output([]http.Buf{{File: file.f, Off: file.size, N: int64(len(data))}})
	file.size += int64(len(data))
	return rc
}

// readFailed ends a response whose rest does not come.
func (x *exchange) readFailed(a *attempt, err error, left int64) http.Status {
	r := x.r
	switch {
	case errors.Is(err, errGone):
		r.Logf(log.Info, "client prematurely closed connection while reading upstream")
		x.release(false)
		return 499
	case err == event.ErrTimeout:
		r.Logf(log.Error, "upstream timed out (110: Connection timed out) while reading upstream")
	case err == io.EOF:
		r.Logf(log.Error, "upstream prematurely closed connection while reading upstream")
	case errors.As(err, new(syscall.Errno)):
		r.Logf(log.Error, "%s while reading upstream", log.Errno("recv() failed", err))
	}
	return x.cut(a)
}

// cut ends a response that can not be completed: what has come goes out, then
// the connection is closed.
func (x *exchange) cut(*attempt) http.Status {
	x.release(false)
	x.r.Flush()
	x.r.KeepAlive = false
	x.r.Main.KeepAlive = false
	return http.Incomplete
}

// tunnel passes bytes both ways after 101.
func (x *exchange) tunnel(a *attempt) http.Status {
	r := x.r
	if !r.CanTunnel() {
		x.release(false)
		r.Logf(log.Error, "upstream switched protocols without being asked to")
		return 502
	}
	if rc := r.SendHeader(); rc != http.OK {
		x.release(false)
		return rc
	}
	if rc := r.Flush(); rc != http.OK {
		x.release(false)
		return rc
	}
	x.doing = "proxying upgraded connection"
	early := append([]byte(nil), x.buf[x.from:x.to]...)
	sent, received := r.Tunnel(x.conn.Conn, early, x.wait.read, x.wait.send)
	a.sent += sent
	a.received += received
	a.length += received
	x.release(false)
	return http.OK
}
