package api

import (
	"bytes"
	"io"

	lua "github.com/yuin/gopher-lua"

	"github.com/perigee-server/perigee/lua/vm"
	"github.com/perigee-server/perigee/server/event"
)

// readMode is what a read waits for.
type readMode uint8

const (
	readLine readMode = iota
	readAll
	readChunk
	readAny
	readUntil
)

// largeRead is how much one read of a long answer takes at most.
const largeRead = 64 << 10

func init() {
	tcpMethods["receive"] = receive
	tcpMethods["receiveany"] = receiveAny
}

func receive(e *Engine, c *Ctx, L *lua.LState) int {
	n := L.GetTop()
	if n != 1 && n != 2 {
		L.RaiseError("expecting 1 or 2 arguments (including the object), but got %d", n)
	}
	s := socketOf(L)
	if s == nil || s.wire == nil || s.readClosed {
		return s.closedError(c, L, "receive")
	}
	if busy := s.check(c, L, true, false); busy != "" {
		return fail(L, busy)
	}
	mode, rest := readLine, 0
	if n == 2 {
		switch v := L.Get(2).(type) {
		case lua.LNumber:
			mode, rest = readChunk, int(v)
		case lua.LString:
			if number, ok := vm.ParseNumber(string(v)); ok {
				mode, rest = readChunk, int(number)
				break
			}
			switch v {
			case "*l":
			case "*a":
				mode = readAll
			default:
				if len(v) == 2 && v[0] == '*' {
					L.ArgError(2, "bad pattern argument")
				}
				L.ArgError(2, "bad pattern argument: "+string(v))
			}
		default:
			L.ArgError(2, "bad pattern argument")
		}
	}
	if mode == readChunk && rest < 0 {
		L.ArgError(2, "bad pattern argument")
	}
	if mode == readChunk && rest == 0 {
		L.Push(lua.LString(""))
		return 1
	}
	s.prepare(nil)
	return s.read(c, L, mode, rest)
}

func receiveAny(e *Engine, c *Ctx, L *lua.LState) int {
	if n := L.GetTop(); n != 2 {
		L.RaiseError("expecting 2 arguments (including the object), but got %d", n)
	}
	s := socketOf(L)
	if s == nil || s.wire == nil || s.readClosed {
		return s.closedError(c, L, "receive")
	}
	if busy := s.check(c, L, true, false); busy != "" {
		return fail(L, busy)
	}
	most, ok := toInt(L.Get(2))
	if !ok || most <= 0 {
		L.ArgError(2, "bad max argument")
	}
	s.prepare(nil)
	return s.read(c, L, readAny, most)
}

// prepare puts back what another pattern reader has taken of its pattern
// without an end.
func (s *tcpSocket) prepare(next *untilPattern) {
	u := s.until
	s.until = next
	if u == nil || u == next || u.state <= 0 {
		return
	}
	s.unread(u.pattern[:u.state])
	u.state = 0
}

// unread puts text in front of the unread bytes.
func (s *tcpSocket) unread(text string) {
	if len(text) <= s.from {
		s.from -= len(text)
		copy(s.buf[s.from:], text)
		return
	}
	fresh := make([]byte, max(len(s.buf), len(text)+s.to-s.from))
	n := copy(fresh, text)
	n += copy(fresh[n:], s.buf[s.from:s.to])
	s.buf, s.from, s.to = fresh, 0, n
}

// read carries a read out and pushes what the script gets.
func (s *tcpSocket) read(c *Ctx, L *lua.LState, mode readMode, rest int) int {
	s.mode, s.rest = mode, rest
	s.acc.Reset()
	s.piece = nil
	err := s.readMore(c, L)
	if err == nil {
		L.Push(s.result())
		return 1
	}
	partial := s.result()
	if err != event.ErrTimeout {
		s.readClosed = true
		s.dropBuffer()
	}
	fail(L, reason(err))
	L.Push(partial)
	return 3
}

// result is what a read has taken.
func (s *tcpSocket) result() lua.LString {
	if s.piece != nil {
		text := lua.LString(s.piece)
		s.piece = nil
		return text
	}
	text := s.acc.String()
	s.acc.Reset()
	return lua.LString(text)
}

// readMore reads until the mode is content; the error is the socket's.
func (s *tcpSocket) readMore(c *Ctx, L *lua.LState) error {
	if s.buf == nil {
		s.buf = c.E.shared.buffer(int(s.conf.BufferSize.V))
	}
	for {
		if s.from < s.to {
			n, done := s.take(s.buf[s.from:s.to])
			s.from += n
			if s.from == s.to {
				s.from, s.to = 0, 0
			}
			if done {
				return nil
			}
			continue
		}
		if s.eof {
			if s.mode == readAll {
				return nil
			}
			return io.EOF
		}
		done, err := s.fill(c)
		if done {
			return nil
		}
		switch err {
		case nil:
			continue
		case io.EOF:
			s.eof = true
			continue
		case event.ErrAgain:
			if err = s.waitRead(c, L); err == nil {
				continue
			}
		default:
			if s.kind == upstreamSocket && err != errClientAborted {
				c.connectionError("recv()", err)
			}
		}
		if err == event.ErrTimeout {
			s.complain(c, "lua tcp socket read timed out")
		}
		return err
	}
}

// fill reads into the buffer or, where much more is wanted than it holds, past
// it. It reports whether the mode is content.
func (s *tcpSocket) fill(c *Ctx) (done bool, err error) {
	if s.mode == readAll || s.mode == readChunk && s.rest > len(s.buf) {
		large := c.E.shared.scratch()
		if s.mode == readChunk && s.rest < len(large) {
			large = large[:s.rest]
		}
		n, err := s.wire.tryRead(large)
		if n > 0 {
			_, done = s.take(large[:n]) // the script gets it before anybody waits
			return done, nil
		}
		return false, err
	}
	n, err := s.wire.tryRead(s.buf)
	if n > 0 {
		s.from, s.to = 0, n
		return false, nil
	}
	return false, err
}

// scratch is memory of the worker that nobody keeps over a wait.
func (sh *shared) scratch() []byte {
	if sh.large == nil {
		sh.large = make([]byte, largeRead)
	}
	return sh.large
}

// waitRead parks the script until there is something to read.
func (s *tcpSocket) waitRead(c *Ctx, L *lua.LState) error {
	c.mayWait(L)
	me := s.waits(c, &s.reading)
	err := s.wire.waitRead(s.readTimeout())
	s.waited(L, &s.reading, me)
	if err != nil && !isFault(err) {
		s.cancelled(L)
	}
	return err
}

// take takes what it wants of b and reports whether that was all.
func (s *tcpSocket) take(b []byte) (n int, done bool) {
	switch s.mode {
	case readLine:
		return s.takeLine(b)
	case readAll:
		s.acc.Write(b)
		return len(b), false
	case readUntil:
		return s.until.take(s, b)
	}
	n = min(len(b), s.rest)
	if s.mode == readAny || n == s.rest {
		s.last(b[:n])
		return n, true
	}
	if s.acc.Len() == 0 {
		s.acc.Grow(min(s.rest, 1<<20))
	}
	s.acc.Write(b[:n])
	s.rest -= n
	return n, false
}

// last ends a read with its last piece, which stays in the buffer until the
// script gets it when it is the only one.
func (s *tcpSocket) last(b []byte) {
	if s.acc.Len() == 0 && len(b) > 0 {
		s.piece = b
		return
	}
	s.acc.Write(b)
}

// takeLine takes up to a line feed, which is dropped with all carriage returns.
func (s *tcpSocket) takeLine(b []byte) (n int, done bool) {
	i := bytes.IndexByte(b, '\n')
	line := b
	n = len(b)
	if i >= 0 {
		line, n, done = b[:i], i+1, true
	}
	if done && len(line) > 0 && line[len(line)-1] == '\r' {
		line = line[:len(line)-1]
	}
	for {
		k := bytes.IndexByte(line, '\r')
		if k < 0 {
			break
		}
		s.acc.Write(line[:k])
		line = line[k+1:]
	}
	if done {
		s.last(line)
	} else {
		s.acc.Write(line)
	}
	return n, done
}
