package vm

import "strings"

const (
	maxCaptures = 32  // captures of one pattern, as in Lua
	maxNesting  = 200 // nested match calls, as in Lua ("pattern too complex")

	// patternSteps is how many steps one search may take before it fails, far
	// more than a useful pattern needs.
	patternSteps = 100_000_000

	capturing = -1 // length of a capture that is open
	position  = -2 // length of a position capture
)

// matcher matches one Lua pattern against one subject. Its first failure is
// kept in err and ends the search.
type matcher struct {
	source, pattern string
	level           int
	start, length   [maxCaptures]int
	nesting, steps  int
	err             string
}

func (m *matcher) fail(message string) int {
	if m.err == "" {
		m.err = message
	}
	return -1
}

// match gives where the match of the pattern from p on ends that begins at s,
// or -1.
func (m *matcher) match(s, p int) int {
	m.nesting++
	defer func() { m.nesting-- }()
	if m.nesting > maxNesting {
		return m.fail("pattern too complex")
	}
	for p < len(m.pattern) {
		if m.steps++; m.steps > patternSteps {
			return m.fail("pattern takes too many steps")
		}
		switch c := m.pattern[p]; {
		case c == '(':
			return m.open(s, p+1)
		case c == ')':
			return m.close(s, p+1)
		case c == '$' && p+1 == len(m.pattern):
			if s == len(m.source) {
				return s
			}
			return -1
		case c == '%' && p+1 < len(m.pattern) && m.pattern[p+1] == 'b':
			if s = m.balance(s, p+2); s < 0 {
				return -1
			}
			p += 4
			continue
		case c == '%' && p+1 < len(m.pattern) && m.pattern[p+1] == 'f':
			end, ok := m.frontier(s, p+2)
			if !ok {
				return -1
			}
			p = end
			continue
		case c == '%' && p+1 < len(m.pattern) && isDigit(m.pattern[p+1]):
			if s = m.back(s, m.pattern[p+1]); s < 0 {
				return -1
			}
			p += 2
			continue
		}
		end := m.classEnd(p)
		if end < 0 {
			return -1
		}
		suffix := byte(0)
		if end < len(m.pattern) {
			suffix = m.pattern[end]
		}
		switch suffix {
		case '?':
			if m.single(s, p, end) {
				if r := m.match(s+1, end+1); r >= 0 || m.err != "" {
					return r
				}
			}
			p = end + 1
		case '*':
			return m.greedy(s, s, p, end)
		case '+':
			if !m.single(s, p, end) {
				return -1
			}
			return m.greedy(s, s+1, p, end)
		case '-':
			return m.lazy(s, p, end)
		default:
			if !m.single(s, p, end) {
				return -1
			}
			s, p = s+1, end
		}
	}
	return s
}

// greedy repeats the class at p as often as it can, from s on, and gives back
// until the rest matches, not before low.
func (m *matcher) greedy(first, low, p, end int) int {
	s := low
	for m.single(s, p, end) {
		s++
	}
	m.steps += s - first
	for ; s >= low && m.err == ""; s-- {
		if r := m.match(s, end+1); r >= 0 {
			return r
		}
	}
	return -1
}

func (m *matcher) lazy(s, p, end int) int {
	for m.err == "" {
		if r := m.match(s, end+1); r >= 0 {
			return r
		}
		if !m.single(s, p, end) {
			return -1
		}
		s++
	}
	return -1
}

func (m *matcher) open(s, p int) int {
	if m.level >= maxCaptures {
		return m.fail("too many captures")
	}
	kind := capturing
	if p < len(m.pattern) && m.pattern[p] == ')' {
		kind = position
		p++
	}
	m.start[m.level], m.length[m.level] = s, kind
	m.level++
	r := m.match(s, p)
	if r < 0 {
		m.level--
	}
	return r
}

func (m *matcher) close(s, p int) int {
	for l := m.level - 1; l >= 0; l-- {
		if m.length[l] != capturing {
			continue
		}
		m.length[l] = s - m.start[l]
		r := m.match(s, p)
		if r < 0 {
			m.length[l] = capturing
		}
		return r
	}
	return m.fail("invalid pattern capture")
}

// balance is %bxy: the end of the balanced text at s.
func (m *matcher) balance(s, p int) int {
	if p+1 >= len(m.pattern) {
		return m.fail("unbalanced pattern")
	}
	if s >= len(m.source) || m.source[s] != m.pattern[p] {
		return -1
	}
	first, last, depth := m.pattern[p], m.pattern[p+1], 1
	for i := s + 1; i < len(m.source); i++ {
		m.steps++
		switch m.source[i] {
		case last:
			if depth--; depth == 0 {
				return i + 1
			}
		case first:
			depth++
		}
	}
	return -1
}

// frontier is %f[set]: whether a run of the set begins at s, and where the
// pattern goes on.
func (m *matcher) frontier(s, p int) (int, bool) {
	if p >= len(m.pattern) || m.pattern[p] != '[' {
		m.fail("missing '[' after '%f' in pattern")
		return 0, false
	}
	end := m.classEnd(p)
	if end < 0 {
		return 0, false
	}
	before, here := byte(0), byte(0)
	if s > 0 {
		before = m.source[s-1]
	}
	if s < len(m.source) {
		here = m.source[s]
	}
	return end, !m.inSet(before, p, end-1) && m.inSet(here, p, end-1)
}

// back is %1 to %9: the end of the text of a capture repeated at s.
func (m *matcher) back(s int, digit byte) int {
	l := int(digit) - '1'
	if l < 0 || l >= m.level || m.length[l] == capturing {
		return m.fail("invalid capture index")
	}
	word := m.source[m.start[l] : m.start[l]+max(m.length[l], 0)]
	if !strings.HasPrefix(m.source[s:], word) {
		return -1
	}
	return s + len(word)
}

// classEnd gives where the class that begins at p ends, or -1.
func (m *matcher) classEnd(p int) int {
	c := m.pattern[p]
	p++
	if c == '%' {
		if p >= len(m.pattern) {
			return m.fail("malformed pattern (ends with '%')")
		}
		return p + 1
	}
	if c != '[' {
		return p
	}
	if p < len(m.pattern) && m.pattern[p] == '^' {
		p++
	}
	for first := true; ; first = false {
		if p >= len(m.pattern) {
			return m.fail("malformed pattern (missing ']')")
		}
		c := m.pattern[p]
		p++
		if c == ']' && !first {
			return p
		}
		if c == '%' {
			p++
		}
	}
}

// single tells whether the class from p to end admits the byte at s.
func (m *matcher) single(s, p, end int) bool {
	if s >= len(m.source) {
		return false
	}
	c := m.source[s]
	switch m.pattern[p] {
	case '.':
		return true
	case '%':
		return inClass(c, m.pattern[p+1])
	case '[':
		return m.inSet(c, p, end-1)
	}
	return m.pattern[p] == c
}

// inSet tells whether the set whose brackets stand at p and last admits c.
func (m *matcher) inSet(c byte, p, last int) bool {
	found := true
	p++
	if m.pattern[p] == '^' {
		found = false
		p++
	}
	for p < last {
		switch {
		case m.pattern[p] == '%':
			if inClass(c, m.pattern[p+1]) {
				return found
			}
			p += 2
		case p+2 < last && m.pattern[p+1] == '-':
			if m.pattern[p] <= c && c <= m.pattern[p+2] {
				return found
			}
			p += 3
		default:
			if m.pattern[p] == c {
				return found
			}
			p++
		}
	}
	return !found
}

// inClass is %a, %d and so on in the C locale; a capital turns it round.
func inClass(c, class byte) bool {
	var in bool
	letter := c|0x20 >= 'a' && c|0x20 <= 'z'
	switch class | 0x20 {
	case 'a':
		in = letter
	case 'c':
		in = c < ' ' || c == 0x7f
	case 'd':
		in = isDigit(c)
	case 'g':
		in = c > ' ' && c < 0x7f
	case 'l':
		in = letter && c >= 'a'
	case 'p':
		in = c > ' ' && c < 0x7f && !letter && !isDigit(c)
	case 's':
		in = isSpace(c)
	case 'u':
		in = letter && c < 'a'
	case 'w':
		in = letter || isDigit(c)
	case 'x':
		in = hexValue(c) >= 0
	case 'z':
		in = c == 0
	default:
		return class == c
	}
	if class >= 'a' {
		return in
	}
	return class >= 'A' && class <= 'Z' && !in || class < 'A' && class == c
}
