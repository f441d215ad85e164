package re

import "strings"

// node is a part of a pattern.
type node struct {
	kind     nodeKind
	set      byteSet   // kindSet
	assert   assertion // kindAssert
	group    int       // kindGroup
	min, max int       // kindRepeat; max < 0 is no bound
	lazy     bool      // kindRepeat
	subs     []*node   // kindCat, kindAlt; one for kindGroup, kindRepeat
}

type nodeKind uint8

const (
	kindCat    nodeKind = iota // an empty one matches nothing at all, successfully
	kindAlt                    // the first that leads to a match
	kindSet                    // one byte
	kindGroup                  // captures
	kindRepeat                 // {min,max}
	kindAssert
)

type assertion uint8

const (
	assertStart       assertion = iota // \A, ^
	assertLineStart                    // ^ with m
	assertEnd                          // \z, $ with DollarEndonly
	assertEndNewline                   // \Z, $
	assertLineEnd                      // $ with m
	assertBoundary                     // \b
	assertNotBoundary                  // \B
	assertFrom                         // where the search began: Anchored
)

// parser reads the part of PCRE's syntax that our own engine runs. Whatever it
// does not know for sure makes it give up, and PCRE takes the pattern or words
// the error; so it never accepts more than PCRE.
type parser struct {
	text   string
	pos    int
	o      Options
	groups int
	names  []Name
	depth  int
}

// giveUp is the panic value that leaves the parser; parse recovers it.
type giveUp struct{}

const (
	maxDepth  = 100  // of nested groups
	maxRepeat = 1000 // in {n,m}
	maxName   = 32   // bytes in a group's name
)

// parse returns nil for a pattern that PCRE has to see.
func (p *parser) parse() (n *node) {
	defer func() {
		if r := recover(); r != nil {
			if _, ok := r.(giveUp); !ok {
				panic(r)
			}
			n = nil
		}
	}()
	if strings.HasPrefix(p.text, "(*") {
		panic(giveUp{})
	}
	n = p.alternatives()
	if p.pos < len(p.text) { // a ")" without its partner
		panic(giveUp{})
	}
	return n
}

func (p *parser) more() bool { return p.pos < len(p.text) }

// next returns the next byte, which must exist.
func (p *parser) next() byte {
	if !p.more() {
		panic(giveUp{})
	}
	c := p.text[p.pos]
	p.pos++
	return c
}

func (p *parser) accept(s string) bool {
	if !strings.HasPrefix(p.text[p.pos:], s) {
		return false
	}
	p.pos += len(s)
	return true
}

// alternatives reads up to ")" or the end. Options set inside last until there,
// through all further alternatives.
func (p *parser) alternatives() *node {
	if p.depth++; p.depth > maxDepth {
		panic(giveUp{})
	}
	saved := p.o
	subs := []*node{p.sequence()}
	for p.accept("|") {
		subs = append(subs, p.sequence())
	}
	p.o = saved
	p.depth--
	if len(subs) == 1 {
		return subs[0]
	}
	return &node{kind: kindAlt, subs: subs}
}

func (p *parser) sequence() *node {
	seq := &node{kind: kindCat}
	for p.more() && p.text[p.pos] != '|' && p.text[p.pos] != ')' {
		item := p.item()
		if item == nil { // an option setting
			continue
		}
		seq.subs = append(seq.subs, p.repeats(item))
	}
	return seq
}

// item reads one thing that a quantifier could follow. It returns nil for an
// option setting.
func (p *parser) item() *node {
	c := p.next()
	switch c {
	case '(':
		return p.group()
	case '[':
		return p.class()
	case '.':
		if p.o.DotAll {
			return &node{kind: kindSet, set: setAll}
		}
		return &node{kind: kindSet, set: setNewline.not()}
	case '^':
		if p.o.Multiline {
			return &node{kind: kindAssert, assert: assertLineStart}
		}
		return &node{kind: kindAssert, assert: assertStart}
	case '$':
		switch {
		case p.o.Multiline:
			return &node{kind: kindAssert, assert: assertLineEnd}
		case p.o.DollarEndonly:
			return &node{kind: kindAssert, assert: assertEnd}
		}
		return &node{kind: kindAssert, assert: assertEndNewline}
	case '*', '+', '?':
		panic(giveUp{})
	case '{':
		if _, _, ok := p.bounds(); ok {
			panic(giveUp{})
		}
	case '\\':
		return p.escape()
	}
	return p.literal(c)
}

func (p *parser) literal(c byte) *node {
	n := &node{kind: kindSet}
	n.set.add(c)
	if p.o.Caseless {
		n.set.fold()
	}
	return n
}

func (p *parser) group() *node {
	if !p.accept("?") {
		if p.accept("*") { // a verb or an alphabetic assertion
			panic(giveUp{})
		}
		return p.capture()
	}
	switch {
	case p.accept(":"):
		return p.closed(p.alternatives())
	case p.accept("P<"), p.accept("<"):
		p.name('>')
		return p.capture()
	case p.accept("'"):
		p.name('\'')
		return p.capture()
	}
	return p.setting()
}

func (p *parser) closed(n *node) *node {
	if p.next() != ')' {
		panic(giveUp{})
	}
	return n
}

func (p *parser) capture() *node {
	p.groups++
	n := &node{kind: kindGroup, group: p.groups}
	n.subs = []*node{p.closed(p.alternatives())}
	return n
}

// name reads the name of the group that is about to be counted.
func (p *parser) name(end byte) {
	start := p.pos
	for {
		c := p.next()
		if c == end {
			break
		}
		if !setWord.has(c) || p.pos-1 == start && setDigit.has(c) {
			panic(giveUp{})
		}
	}
	name := p.text[start : p.pos-1]
	if name == "" || len(name) > maxName {
		panic(giveUp{})
	}
	for _, n := range p.names {
		if n.Name == name {
			panic(giveUp{})
		}
	}
	p.names = append(p.names, Name{Name: name, Group: p.groups + 1})
}

// setting reads "(?i-s)" or "(?i-s:…)" behind the "?".
func (p *parser) setting() *node {
	o, on := p.o, true
	for {
		switch p.next() {
		case 'i':
			o.Caseless = on
		case 'm':
			o.Multiline = on
		case 's':
			o.DotAll = on
		case '-':
			if !on {
				panic(giveUp{})
			}
			on = false
		case ')':
			p.o = o
			return nil
		case ':':
			saved := p.o
			p.o = o
			n := p.closed(p.alternatives())
			p.o = saved
			return n
		default:
			panic(giveUp{})
		}
	}
}

// repeats reads the quantifier behind item, if there is one.
func (p *parser) repeats(item *node) *node {
	lo, hi := 1, 1
	switch {
	case p.accept("*"):
		lo, hi = 0, -1
	case p.accept("+"):
		lo, hi = 1, -1
	case p.accept("?"):
		lo, hi = 0, 1
	case p.accept("{"):
		var ok bool
		if lo, hi, ok = p.bounds(); !ok {
			p.pos--
			return item
		}
	default:
		return item
	}
	lazy := p.accept("?")
	if p.more() && (p.text[p.pos] == '+' || p.text[p.pos] == '*' || p.text[p.pos] == '?') {
		panic(giveUp{}) // possessive, or a mistake
	}
	if p.more() && p.text[p.pos] == '{' {
		p.pos++
		if _, _, ok := p.bounds(); ok {
			panic(giveUp{})
		}
		p.pos--
	}
	if item.kind == kindAssert {
		panic(giveUp{})
	}
	// What an empty round of a loop does is PCRE's own business.
	if (hi < 0 || hi > 1) && item.minLen() == 0 {
		panic(giveUp{})
	}
	return &node{kind: kindRepeat, min: lo, max: hi, lazy: lazy, subs: []*node{item}}
}

// bounds reads "n}", "n,}" or "n,m}" behind "{". If that is not what stands
// there, the brace is a literal and nothing is read.
func (p *parser) bounds() (lo, hi int, ok bool) {
	start := p.pos
	lo, ok = p.number()
	hi = lo
	if ok && p.accept(",") {
		if p.more() && p.text[p.pos] == '}' {
			hi = -1
		} else {
			hi, ok = p.number()
		}
	}
	if !ok || !p.accept("}") {
		p.pos = start
		return 0, 0, false
	}
	if hi >= 0 && lo > hi || max(lo, hi) > maxRepeat {
		panic(giveUp{})
	}
	return lo, hi, true
}

func (p *parser) number() (n int, ok bool) {
	for p.more() && setDigit.has(p.text[p.pos]) {
		if n = n*10 + int(p.text[p.pos]-'0'); n > 1<<20 {
			panic(giveUp{})
		}
		p.pos++
		ok = true
	}
	return n, ok
}

func (p *parser) escape() *node {
	c := p.next()
	switch c {
	case 'A':
		return &node{kind: kindAssert, assert: assertStart}
	case 'Z':
		return &node{kind: kindAssert, assert: assertEndNewline}
	case 'z':
		return &node{kind: kindAssert, assert: assertEnd}
	case 'b':
		return &node{kind: kindAssert, assert: assertBoundary}
	case 'B':
		return &node{kind: kindAssert, assert: assertNotBoundary}
	case 'N':
		if p.accept("{") {
			panic(giveUp{})
		}
		return &node{kind: kindSet, set: setNewline.not()}
	}
	if set, ok := escapeSet(c); ok {
		return &node{kind: kindSet, set: set}
	}
	return p.literal(p.escapedByte(c))
}

// escapeSet returns the set that a letter behind a backslash stands for.
func escapeSet(c byte) (byteSet, bool) {
	switch c {
	case 'd':
		return setDigit, true
	case 'D':
		return setDigit.not(), true
	case 'w':
		return setWord, true
	case 'W':
		return setWord.not(), true
	case 's':
		return setSpace, true
	case 'S':
		return setSpace.not(), true
	case 'h':
		return setHorizontal, true
	case 'H':
		return setHorizontal.not(), true
	case 'v':
		return setVertical, true
	case 'V':
		return setVertical.not(), true
	}
	return byteSet{}, false
}

// escapedByte returns the byte that c behind a backslash stands for.
func (p *parser) escapedByte(c byte) byte {
	switch c {
	case 'a':
		return '\a'
	case 'e':
		return 0x1b
	case 'f':
		return '\f'
	case 'n':
		return '\n'
	case 'r':
		return '\r'
	case 't':
		return '\t'
	case 'x':
		hi, lo := hexDigit(p.next()), hexDigit(p.next())
		if hi < 0 || lo < 0 {
			panic(giveUp{})
		}
		return byte(hi<<4 | lo)
	}
	if c >= 0x80 || setWord.has(c) && c != '_' {
		panic(giveUp{})
	}
	return c
}

func hexDigit(c byte) int {
	switch {
	case c-'0' <= 9:
		return int(c - '0')
	case c|0x20-'a' <= 5:
		return int(c|0x20-'a') + 10
	}
	return -1
}
