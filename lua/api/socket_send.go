package api

import (
	lua "github.com/yuin/gopher-lua"

	"github.com/perigee-server/perigee/lua/vm"
	"github.com/perigee-server/perigee/server/event"
)

func init() { tcpMethods["send"] = send }

func send(e *Engine, c *Ctx, L *lua.LState) int {
	if n := L.GetTop(); n != 2 {
		L.RaiseError("expecting 2 arguments (including the object), but got %d", n)
	}
	s := socketOf(L)
	if s == nil || s.wire == nil || s.writeClosed {
		return s.closedError(c, L, "send")
	}
	if busy := s.check(c, L, false, true); busy != "" {
		return fail(L, busy)
	}
	if s.kind == bodySocket {
		L.RaiseError("attempt to write to request sockets")
	}
	text := e.sendText(L, L.Get(2))
	if len(text) == 0 {
		L.Push(lua.LNumber(0))
		return 1
	}
	if p := s.peer; p != nil && !p.delay {
		p.delay = true
		if !p.unix && c.location().NoDelay() {
			p.ev.NoDelay()
		}
	}
	if err := s.sendAll(c, L, text); err != nil {
		s.writeClosed = true
		return fail(L, reason(err))
	}
	L.Push(lua.LNumber(len(text)))
	return 1
}

// sendText is what a value that a script sends stands for. It is memory of the
// worker, to be used before anybody waits.
func (e *Engine) sendText(L *lua.LState, v lua.LValue) []byte {
	buf := e.shared.sending[:0]
	switch v := v.(type) {
	case lua.LString:
		buf = append(buf, v...)
	case lua.LNumber, lua.LBool:
		buf = e.appendValue(L, buf, v, 2)
	case *lua.LTable:
		buf = appendPieces(L, buf, v)
	case *lua.LNilType:
		buf = append(buf, "nil"...)
	default:
		L.ArgError(2, "string, number, boolean, nil, or array table expected, got "+v.Type().String())
	}
	if cap(buf) <= largeRead {
		e.shared.sending = buf[:0]
	}
	return buf
}

// sendAll sends text, which it copies when it has to wait. The error is the
// socket's.
func (s *tcpSocket) sendAll(c *Ctx, L *lua.LState, text []byte) error {
	n, err := s.wire.tryWrite(text)
	if err == nil && n == len(text) {
		return nil
	}
	rest := append([]byte(nil), text[n:]...)
	for {
		if err == event.ErrAgain {
			c.mayWait(L)
			me := s.waits(c, &s.writing)
			err = s.wire.waitWrite(s.sendTimeout())
			s.waited(L, &s.writing, me)
		} else if err != nil {
			if s.kind != pipeStream {
				c.connectionError("send()", err)
			}
			return err
		}
		if err == event.ErrTimeout {
			s.complain(c, "lua tcp socket write timed out")
		}
		if err != nil {
			if !isFault(err) {
				s.cancelled(L)
			}
			return err
		}
		n, err = s.wire.tryWrite(rest)
		rest = rest[n:]
		if err == nil && len(rest) == 0 {
			return nil
		}
	}
}

// appendPieces appends the strings and numbers of an array, which may hold
// arrays.
func appendPieces(L *lua.LState, b []byte, t *lua.LTable) []byte {
	n := t.Len()
	var end lua.LValue = lua.LNil
	if n > 0 {
		end = lua.LNumber(n)
	}
	if key, _ := t.Next(end); key != lua.LNil { // more than an array without holes
		n = lastIndex(L, t)
	}
	for i := 1; i <= n; i++ {
		switch v := t.RawGetInt(i).(type) {
		case lua.LString:
			b = append(b, v...)
		case lua.LNumber:
			b = vm.AppendNumber(b, float64(v))
		case *lua.LTable:
			b = appendPieces(L, b, v)
		default:
			L.ArgError(2, "bad data type "+v.Type().String()+" found")
		}
	}
	return b
}

// lastIndex is the largest key of a table whose keys must be positive integers.
func lastIndex(L *lua.LState, t *lua.LTable) int {
	last := 0
	for k, _ := t.Next(lua.LNil); k != lua.LNil; k, _ = t.Next(k) {
		n, ok := k.(lua.LNumber)
		if !ok || n < 1 || n != lua.LNumber(int(n)) {
			L.ArgError(2, "non-array table found")
		}
		last = max(last, int(n))
	}
	return last
}
