package re

import "strings"

// class reads a bracket expression behind its "[".
func (p *parser) class() *node {
	if p.more() && strings.IndexByte(":.=", p.text[p.pos]) >= 0 {
		panic(giveUp{}) // a mistake if it ends like a POSIX class
	}
	negated := p.accept("^")
	var set byteSet
	for first := true; ; first = false {
		c := p.next()
		if c == ']' && !first {
			break
		}
		if c == '[' && p.more() && strings.IndexByte(":.=", p.text[p.pos]) >= 0 {
			set.union(p.posix())
			p.refuseRange()
			continue
		}
		if c == '\\' {
			c = p.next()
			if s, ok := escapeSet(c); ok {
				set.union(s)
				p.refuseRange()
				continue
			}
			if c == 'b' {
				c = '\b'
			} else {
				c = p.escapedByte(c)
			}
		}
		set.addRange(c, p.rangeEnd(c))
	}
	if p.o.Caseless {
		set.fold()
	}
	if negated {
		set = set.not()
	}
	return &node{kind: kindSet, set: set}
}

// refuseRange gives up on a hyphen behind a set, which is a literal in some
// places and a mistake in others.
func (p *parser) refuseRange() {
	if p.more() && p.text[p.pos] == '-' {
		panic(giveUp{})
	}
}

// rangeEnd returns the end of the range that begins with lo, or lo itself.
func (p *parser) rangeEnd(lo byte) byte {
	if !strings.HasPrefix(p.text[p.pos:], "-") || strings.HasPrefix(p.text[p.pos:], "-]") {
		return lo
	}
	p.pos++
	hi := p.next()
	switch hi {
	case '[':
		panic(giveUp{}) // might be a POSIX class
	case '\\':
		c := p.next()
		if _, isSet := escapeSet(c); isSet || c == 'b' {
			panic(giveUp{})
		}
		hi = p.escapedByte(c)
	}
	if hi < lo {
		panic(giveUp{})
	}
	return hi
}

// posix reads ":name:]" behind "[".
func (p *parser) posix() byteSet {
	if !p.accept(":") {
		panic(giveUp{})
	}
	negated := p.accept("^")
	name, _, found := strings.Cut(p.text[p.pos:], ":]")
	set, known := posixSets[name]
	if !found || !known {
		panic(giveUp{})
	}
	p.pos += len(name) + len(":]")
	if p.o.Caseless && (name == "lower" || name == "upper") {
		set = posixSets["alpha"]
	}
	if negated {
		return set.not()
	}
	return set
}
