package vm

import (
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// openPattern replaces the functions that match patterns.
func openPattern(L *lua.LState) {
	register(L, library(L, "string"), map[string]lua.LGFunction{
		"find":   func(L *lua.LState) int { return search(L, true) },
		"match":  func(L *lua.LState) int { return search(L, false) },
		"gmatch": gmatch,
		"gsub":   gsub,
	})
}

// next searches from s on and gives the bounds of the first match; anchored
// looks at s only.
func (m *matcher) next(L *lua.LState, s int, anchored bool) (start, end int, ok bool) {
	for ; s <= len(m.source); s++ {
		m.level = 0
		end := m.match(s, 0)
		if m.err != "" {
			L.RaiseError("%s", m.err)
		}
		if end >= 0 {
			return s, end, true
		}
		if anchored {
			break
		}
	}
	return 0, 0, false
}

// capture gives the capture l, or the whole match where there is none.
func (m *matcher) capture(L *lua.LState, l, start, end int) lua.LValue {
	if l >= m.level {
		if l > 0 {
			L.RaiseError("invalid capture index")
		}
		return lua.LString(m.source[start:end])
	}
	switch m.length[l] {
	case capturing:
		L.RaiseError("unfinished capture")
	case position:
		return lua.LNumber(m.start[l] + 1)
	}
	return lua.LString(m.source[m.start[l] : m.start[l]+m.length[l]])
}

// push puts all captures on the stack; whole asks for the match itself where
// the pattern has no captures.
func (m *matcher) push(L *lua.LState, start, end int, whole bool) int {
	count := m.level
	if count == 0 && whole {
		count = 1
	}
	for l := range count {
		L.Push(m.capture(L, l, start, end))
	}
	return count
}

func search(L *lua.LState, find bool) int {
	source, pattern := CheckText(L, 1), CheckText(L, 2)
	init := 1
	if L.Get(3) != lua.LNil {
		init = int(CheckNumber(L, 3))
	}
	if init < 0 {
		init = max(init+len(source)+1, 1)
	}
	from := min(max(init-1, 0), len(source))
	if find && (lua.LVAsBool(L.Get(4)) || !strings.ContainsAny(pattern, "^$*+?.([%-")) {
		at := strings.Index(source[from:], pattern)
		if at < 0 {
			L.Push(lua.LNil)
			return 1
		}
		L.Push(lua.LNumber(from + at + 1))
		L.Push(lua.LNumber(from + at + len(pattern)))
		return 2
	}
	rest, anchored := strings.CutPrefix(pattern, "^")
	m := matcher{source: source, pattern: rest}
	start, end, ok := m.next(L, from, anchored)
	if !ok {
		L.Push(lua.LNil)
		return 1
	}
	if !find {
		return m.push(L, start, end, true)
	}
	L.Push(lua.LNumber(start + 1))
	L.Push(lua.LNumber(end))
	return 2 + m.push(L, start, end, false)
}

func gmatch(L *lua.LState) int {
	m := &matcher{source: CheckText(L, 1), pattern: CheckText(L, 2)}
	at := 0
	L.Push(L.NewFunction(func(L *lua.LState) int {
		start, end, ok := m.next(L, at, false)
		if !ok {
			at = len(m.source) + 1
			L.Push(lua.LNil)
			return 1
		}
		at = end
		if end == start {
			at++
		}
		return m.push(L, start, end, true)
	}))
	return 1
}

func gsub(L *lua.LState) int {
	source, pattern := CheckText(L, 1), CheckText(L, 2)
	by := L.Get(3)
	switch by.(type) {
	case lua.LString, lua.LNumber, *lua.LTable, *lua.LFunction:
	default:
		L.ArgError(3, "string/function/table expected")
	}
	limit := len(source) + 1
	if L.Get(4) != lua.LNil {
		limit = int(CheckNumber(L, 4))
	}
	rest, anchored := strings.CutPrefix(pattern, "^")
	m := matcher{source: source, pattern: rest}
	var b strings.Builder
	at, count := 0, 0
	for count < limit {
		start, end, ok := m.next(L, at, anchored)
		if !ok {
			break
		}
		count++
		b.WriteString(source[at:start])
		m.replace(L, &b, by, start, end)
		at = end
		if end == start {
			if at < len(source) {
				b.WriteByte(source[at])
			}
			at++
		}
		if at > len(source) || anchored {
			break
		}
	}
	if at < len(source) {
		b.WriteString(source[at:])
	}
	L.Push(lua.LString(b.String()))
	L.Push(lua.LNumber(count))
	return 2
}

// replace writes what stands for one match.
func (m *matcher) replace(L *lua.LState, b *strings.Builder, by lua.LValue, start, end int) {
	var value lua.LValue
	switch by := by.(type) {
	case *lua.LTable:
		value = L.GetTable(by, m.capture(L, 0, start, end))
	case *lua.LFunction:
		L.Push(by)
		L.Call(m.push(L, start, end, true), 1)
		value = L.Get(-1)
		L.Pop(1)
	default:
		m.expand(L, b, text(by), start, end)
		return
	}
	switch {
	case !lua.LVAsBool(value):
		b.WriteString(m.source[start:end])
	case joins(value):
		b.WriteString(text(value))
	default:
		L.RaiseError("invalid replacement value (a %s)", value.Type().String())
	}
}

// expand writes a replacement text: %0 is the match, %1 to %9 are captures.
func (m *matcher) expand(L *lua.LState, b *strings.Builder, word string, start, end int) {
	for i := 0; i < len(word); i++ {
		if word[i] != '%' || i+1 >= len(word) {
			b.WriteByte(word[i])
			continue
		}
		i++
		switch c := word[i]; {
		case !isDigit(c):
			b.WriteByte(c)
		case c == '0':
			b.WriteString(m.source[start:end])
		default:
			b.WriteString(text(m.capture(L, int(c-'1'), start, end)))
		}
	}
}
