package re

import (
	"sort"
	"sync"
)

// program is a pattern compiled for our own engine.
type program struct {
	groups int
	names  []Name
	quick  []inst // with loops over one set in one instruction

	atStart bool       // can match at offset 0 only
	atFrom  bool       // can match where the search begins only
	first   *[256]bool // bytes that a match begins with; nil: any, or none

	// The same with every choice a split, for the search with memory. Few
	// patterns ever need it.
	root   *node
	once   sync.Once
	plain  []inst // nil: too big
	splits int    // in plain; each has a number
}

type opcode uint8

const (
	opMatch  opcode = iota
	opByte          // the byte c
	opFold          // the letter c in either case; c is lower
	opSet           // a byte of set
	opAny           // any byte
	opSplit         // goes on at x, later perhaps at y
	opJump          // goes on at x
	opSave          // puts the offset into slot x
	opAssert        // needs the assertion c
	opLoop          // set at least x times, at most y if y >= 0, as often as possible
	opAtom          // as opLoop; never gives a byte back, since that is in vain
	opLazy          // as opLoop, as seldom as possible
)

type inst struct {
	op   opcode
	c    byte
	x, y int32
	n    int32 // opSplit: its number
	set  *[256]bool
}

const maxProgram = 4000 // instructions; more than that is PCRE's

// compileFast returns nil for what PCRE has to run.
func compileFast(pattern string, o Options) *program {
	if o.UTF || o.Extended || o.DFA || o.JavascriptCompat {
		return nil
	}
	p := parser{text: pattern, o: o}
	n := p.parse()
	if n == nil {
		return nil
	}
	if o.Anchored {
		from := &node{kind: kindAssert, assert: assertFrom}
		n = &node{kind: kindCat, subs: []*node{from, n}}
	}

	prog := &program{groups: p.groups, names: p.names, root: n}
	sort.Slice(prog.names, func(i, j int) bool { return prog.names[i].Name < prog.names[j].Name })
	c := compiler{loops: true}
	if prog.quick = c.program(n); prog.quick == nil {
		return nil
	}
	prog.atStart = n.anchored(assertStart)
	prog.atFrom = n.anchored(assertFrom)
	var first byteSet
	if n.starts(&first) && first != setAll {
		prog.first = first.table()
	}
	return prog
}

// withMemory compiles plain at the first call.
func (p *program) withMemory() (code []inst, splits int) {
	p.once.Do(func() {
		c := compiler{}
		p.plain, p.splits = c.program(p.root), c.splits
	})
	return p.plain, p.splits
}

// program returns nil if n is too big.
func (c *compiler) program(n *node) []inst {
	c.save(0)
	c.node(n, byteSet{}, true)
	c.save(1)
	c.emit(inst{op: opMatch})
	if c.tooBig {
		return nil
	}
	return c.code
}

func (s byteSet) table() *[256]bool {
	t := new([256]bool)
	for c := range t {
		t[c] = s.has(byte(c))
	}
	return t
}

type compiler struct {
	code   []inst
	loops  bool
	splits int
	tooBig bool
}

// emit appends an instruction and returns its place.
func (c *compiler) emit(i inst) int {
	if len(c.code) >= maxProgram {
		c.tooBig = true
		return 0
	}
	if i.op == opSplit {
		i.n = int32(c.splits)
		c.splits++
	}
	c.code = append(c.code, i)
	return len(c.code) - 1
}

func (c *compiler) here() int32 { return int32(len(c.code)) }

func (c *compiler) save(slot int) { c.emit(inst{op: opSave, x: int32(slot)}) }

// node compiles n. follow holds the bytes that may stand behind a match of n
// when the rest of the pattern is to match, if known is true.
func (c *compiler) node(n *node, follow byteSet, known bool) {
	if c.tooBig {
		return
	}
	switch n.kind {
	case kindSet:
		c.set(n.set)
	case kindAssert:
		c.emit(inst{op: opAssert, c: byte(n.assert)})
	case kindGroup:
		c.save(2 * n.group)
		c.node(n.subs[0], follow, known)
		c.save(2*n.group + 1)
	case kindCat:
		for i, s := range n.subs {
			rest := node{kind: kindCat, subs: n.subs[i+1:]}
			var set byteSet
			switch rest.leads(&set) {
			case leadReads:
				c.node(s, set, true)
			case leadMaybe:
				set.union(follow)
				c.node(s, set, known)
			default:
				c.node(s, byteSet{}, false)
			}
		}
	case kindAlt:
		c.alternatives(n, follow, known)
	case kindRepeat:
		c.repeat(n, follow, known)
	}
}

func (c *compiler) set(s byteSet) {
	switch count := s.len(); {
	case count == 256:
		c.emit(inst{op: opAny})
	case count == 1:
		c.emit(inst{op: opByte, c: s.first()})
	case count == 2 && s.first()-'A' < 26 && s.has(s.first()|0x20):
		c.emit(inst{op: opFold, c: s.first() | 0x20})
	default:
		c.emit(inst{op: opSet, set: s.table()})
	}
}

func (c *compiler) alternatives(n *node, follow byteSet, known bool) {
	var ends []int
	for i, s := range n.subs {
		if i == len(n.subs)-1 {
			c.node(s, follow, known)
			break
		}
		split := c.emit(inst{op: opSplit})
		c.patch(split, c.here(), 0)
		c.node(s, follow, known)
		ends = append(ends, c.emit(inst{op: opJump}))
		c.patch(split, c.code[split].x, c.here())
	}
	for _, end := range ends {
		c.patch(end, c.here(), 0)
	}
}

func (c *compiler) patch(at int, x, y int32) {
	if !c.tooBig {
		c.code[at].x, c.code[at].y = x, y
	}
}

// split emits a split whose preferred way is here unless lazy. done sets the
// other way.
func (c *compiler) split(lazy bool) (done func(other int32)) {
	at := c.emit(inst{op: opSplit})
	here := c.here()
	return func(other int32) {
		if lazy {
			c.patch(at, other, here)
			return
		}
		c.patch(at, here, other)
	}
}

func (c *compiler) repeat(n *node, follow byteSet, known bool) {
	body := n.subs[0]
	if c.loops && body.kind == kindSet {
		c.loop(n, !n.lazy && known && !body.set.meets(follow))
		return
	}

	// What follows one round may be another round.
	if body.leads(&follow) != leadReads {
		known = false
	}
	for range n.min {
		c.node(body, follow, known)
	}
	if n.max < 0 {
		again := c.here()
		done := c.split(n.lazy)
		c.node(body, follow, known)
		c.emit(inst{op: opJump, x: again})
		done(c.here())
		return
	}
	var ways []func(int32)
	for range n.max - n.min {
		ways = append(ways, c.split(n.lazy))
		c.node(body, follow, known)
		if c.tooBig {
			return
		}
	}
	for _, done := range ways {
		done(c.here())
	}
}

func (c *compiler) loop(n *node, possessive bool) {
	i := inst{op: opLoop, x: int32(n.min), y: int32(n.max), set: n.subs[0].set.table()}
	if n.lazy {
		i.op = opLazy
	}
	if possessive {
		i.op = opAtom
	}
	c.emit(i)
}
