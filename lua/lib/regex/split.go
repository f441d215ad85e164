package regex

import (
	"math"

	lua "github.com/yuin/gopher-lua"
)

// splitting is one run of split.
type splitting struct {
	lib     *library
	p       *pattern
	subject string
	result  *lua.LTable
	count   int
	last    int // where the next piece begins; may be negative, as in string.sub
	pos     int // what the context gets
}

// split is split(subject, regex, options?, ctx?, max?, res?) of "ngx.re".
func (lib *library) split(L *lua.LState) int {
	p, failure := lib.compile(L, 2)
	if p == nil {
		return refuse(L, failure)
	}
	subject := textOf(L, 1)
	context, _ := startOf(L, 4)
	limit := 0
	switch v := L.Get(5).(type) {
	case *lua.LNilType:
	case lua.LNumber:
		limit = int(math.Ceil(float64(v)))
	default:
		L.RaiseError("attempt to compare number with %s", v.Type().String())
	}
	s := splitting{lib: lib, p: p, subject: subject}
	given := L.Get(6) != lua.LNil
	if s.result, _ = L.Get(6).(*lua.LTable); s.result == nil {
		if given {
			L.RaiseError("res is not a table")
		}
		s.result = L.CreateTable(4, 0)
	}
	if context != nil {
		if pos, ok := context.RawGetString("pos").(lua.LNumber); ok {
			s.last = int(pos) - 1
		}
	}
	if failure := s.run(limit); failure != "" {
		return refuse(L, failure)
	}
	if given {
		s.result.RawSetInt(s.count+1, lua.LNil)
	}
	if context != nil {
		context.RawSetString("pos", lua.LNumber(s.pos))
	}
	L.Push(s.result)
	return 1
}

// run splits into at most limit pieces, all when it is not positive.
func (s *splitting) run(limit int) string {
	s.pos = s.last
	from := max(s.last, 0)
	for pieces := 1; limit <= 0 || pieces < limit; {
		if from >= len(s.subject) {
			break
		}
		offsets, failure := s.lib.run(s.p, s.subject, from)
		if failure != "" {
			return failure
		}
		if offsets == nil {
			break
		}
		start, end := offsets[0], offsets[1]
		if start == end && start >= len(s.subject) {
			s.pos = end + 1
			break
		}
		if start == end && start == s.last {
			from = s.p.after(s.subject, from)
			continue
		}
		s.add(s.piece(start))
		for group := 1; 2*group < len(offsets); group++ {
			if value := capture(s.subject, offsets, group); value != lua.LFalse {
				s.add(value)
			}
		}
		s.last, s.pos, from = end, end, end
		pieces++
	}
	s.add(s.piece(len(s.subject)))
	if limit <= 0 {
		s.trim()
	}
	return ""
}

func (s *splitting) add(piece lua.LValue) {
	s.count++
	s.result.RawSetInt(s.count, piece)
}

// piece gives the text up to an offset.
func (s *splitting) piece(end int) lua.LValue {
	first := s.last
	if first < -1 { // counts from the end, as in string.sub
		first = max(first+1+len(s.subject), 0)
	}
	first = max(first, 0)
	if first >= end {
		return lua.LString("")
	}
	return lua.LString(s.subject[first:end])
}

// trim takes empty pieces off the end.
func (s *splitting) trim() {
	for s.count > 0 && s.result.RawGetInt(s.count) == lua.LString("") {
		s.result.RawSetInt(s.count, lua.LNil)
		s.count--
	}
}

// opt is opt(option, value) of "ngx.re": the size of the compiler's stack is
// accepted, as there is none.
func (lib *library) opt(L *lua.LState) int {
	if L.Get(1) != lua.LString("jit_stack_size") {
		L.RaiseError("unrecognized option name")
	}
	if len(lib.kept) > 0 {
		L.RaiseError("changing jit stack size is not allowed when some regexs have already been compiled and cached")
	}
	return 0
}
