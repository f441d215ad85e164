package api

import (
	lua "github.com/yuin/gopher-lua"

	"github.com/perigee-server/perigee/lua/vm"
)

// untilPattern is a reader made by receiveuntil. It matches as the text comes,
// with what it has seen of the pattern as its state.
type untilPattern struct {
	s         *tcpSocket
	pattern   string
	inclusive bool
	state     int   // how much of the pattern has matched; ended after the last chunk
	back      []int // for each length that matched, the longest shorter one
}

// ended is the state after the pattern was found by a reader of chunks: the next
// call gives three nils.
const ended = -1

func init() { tcpMethods["receiveuntil"] = receiveUntil }

func receiveUntil(e *Engine, c *Ctx, L *lua.LState) int {
	n := L.GetTop()
	if n != 2 && n != 3 {
		L.RaiseError("expecting 2 or 3 arguments (including the object), but got %d", n)
	}
	u := &untilPattern{}
	if n == 3 {
		switch v := vm.CheckTable(L, 3).RawGetString("inclusive").(type) {
		case lua.LBool:
			u.inclusive = bool(v)
		case *lua.LNilType:
		default:
			L.RaiseError("bad \"inclusive\" option value type: %s", v.Type().String())
		}
	}
	u.s = socketOf(L)
	u.pattern = vm.CheckText(L, 2)
	if u.pattern == "" {
		return fail(L, "pattern is empty")
	}
	u.compile()
	L.Push(e.bind(anyPhase, u.next))
	return 1
}

// compile computes where matching goes on after a mismatch (Knuth, Morris, Pratt).
func (u *untilPattern) compile() {
	u.back = make([]int, len(u.pattern)+1)
	k := 0
	for i := 1; i < len(u.pattern); i++ {
		for k > 0 && u.pattern[i] != u.pattern[k] {
			k = u.back[k]
		}
		if u.pattern[i] == u.pattern[k] {
			k++
		}
		u.back[i+1] = k
	}
}

// next is the iterator: it reads up to the pattern, or, with a size, a part.
func (u *untilPattern) next(e *Engine, c *Ctx, L *lua.LState) int {
	n := L.GetTop()
	if n > 1 {
		L.RaiseError("expecting 0 or 1 argument, but seen %d", n)
	}
	size := 0
	if n == 1 {
		size = max(int(vm.CheckNumber(L, 1)), 0)
	}
	s := u.s
	if s != nil {
		s.reap()
	}
	if s == nil || s.wire == nil || s.readClosed {
		return fail(L, "closed")
	}
	if busy := s.check(c, L, true, false); busy != "" {
		return fail(L, busy)
	}
	if u.state == ended {
		u.state = 0
		L.Push(lua.LNil)
		L.Push(lua.LNil)
		L.Push(lua.LNil)
		return 3
	}
	s.prepare(u)
	s.rest = size
	return s.read(c, L, readUntil, size)
}

// take gives text to the pattern. s.rest is what is left of a chunk's size, 0
// without one.
func (u *untilPattern) take(s *tcpSocket, b []byte) (n int, done bool) {
	sized := s.rest > 0
	// full counts text that is given out against the size.
	full := func(k int) bool {
		if !sized {
			return false
		}
		s.rest = max(s.rest-k, 0)
		return s.rest == 0
	}
	plain := 0 // b[plain:i] is text that is not written yet
	state := u.state
	i := 0
	for i < len(b) {
		ch := b[i]
		if ch == u.pattern[state] {
			if state == 0 {
				s.acc.Write(b[plain:i])
			}
			i++
			state++
			plain = i
			if state < len(u.pattern) {
				continue
			}
			u.state = 0
			if sized {
				u.state = ended
			}
			if u.inclusive {
				s.acc.WriteString(u.pattern)
			}
			return i, true
		}
		if state == 0 {
			i++
			if full(1) {
				s.acc.Write(b[plain:i])
				u.state = 0
				return i, true
			}
			continue
		}
		shorter := u.back[state]
		for shorter > 0 && u.pattern[shorter] != ch {
			shorter = u.back[shorter]
		}
		if shorter > 0 {
			given := state - shorter
			s.acc.WriteString(u.pattern[:given])
			state = shorter + 1
			i++
			plain = i
			if full(given) {
				u.state = state
				return i, true
			}
			continue
		}
		s.acc.WriteString(u.pattern[:state])
		given := state
		state = 0
		plain = i
		if full(given) {
			u.state = 0
			return i, true
		}
	}
	if state == 0 {
		s.acc.Write(b[plain:i])
	}
	u.state = state
	return i, false
}
