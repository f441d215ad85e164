package spec

import (
	"strconv"
	"strings"
)

// single reads a string in single quotes up to end, where only the backslash
// and the quote itself can be escaped.
func (p *literal) single(end byte) (Value, error) {
	var b strings.Builder
	open := opening(end)
	for depth := 0; p.pos < len(p.src); p.pos++ {
		c := p.src[p.pos]
		switch {
		case c == '\\' && p.pos+1 < len(p.src) && (p.src[p.pos+1] == '\\' || p.src[p.pos+1] == end):
			p.pos++
			b.WriteByte(p.src[p.pos])
			continue
		case c == end && depth == 0:
			p.pos++
			return Value{Text: b.String()}, nil
		case c == end:
			depth--
		case c == open:
			depth++
		}
		b.WriteByte(c)
	}
	return Value{}, p.fail("a string without its end")
}

// opening is the bracket that nests in a text closed by end, or 0.
func opening(end byte) byte {
	switch end {
	case '}':
		return '{'
	case ']':
		return '['
	case ')':
		return '('
	case '>':
		return '<'
	}
	return 0
}

// double reads a string in double quotes up to end.
func (p *literal) double(end byte) (Value, error) {
	var b strings.Builder
	open := opening(end)
	for depth := 0; p.pos < len(p.src); {
		c := p.src[p.pos]
		switch {
		case c == '\\':
			if err := p.escape(&b); err != nil {
				return Value{}, err
			}
			continue
		case c == end && depth == 0:
			p.pos++
			return Value{Text: b.String()}, nil
		case c == end:
			depth--
		case c == open && open != 0:
			depth++
		case p.interpolates():
			return Value{}, p.fail(`%q would be interpolated by Perl; write \%c`, clip(p.src[p.pos:]), c)
		}
		b.WriteByte(c)
		p.pos++
	}
	return Value{}, p.fail("a string without its end")
}

// interpolates tells whether Perl would see a variable at the position.
func (p *literal) interpolates() bool {
	c := p.src[p.pos]
	if c != '$' && c != '@' || p.pos+1 == len(p.src) {
		return false
	}
	next := p.src[p.pos+1]
	return isWord(next) || next == '{' || next == ':'
}

var simpleEscapes = map[byte]byte{'n': '\n', 'r': '\r', 't': '\t', 'f': '\f', 'a': 7, 'b': 8, 'e': 27}

// escape reads one escape sequence of a double-quoted string.
func (p *literal) escape(b *strings.Builder) error {
	p.pos++
	if p.pos == len(p.src) {
		return p.fail("a string without its end")
	}
	c := p.src[p.pos]
	if r, ok := simpleEscapes[c]; ok {
		p.pos++
		b.WriteByte(r)
		return nil
	}
	switch {
	case c >= '0' && c <= '7':
		return p.numeric(b, 8, 3)
	case c == 'x':
		p.pos++
		return p.hex(b)
	case isWord(c):
		return p.fail(`the escape \%c is not supported`, c)
	}
	p.pos++
	b.WriteByte(c)
	return nil
}

func (p *literal) hex(b *strings.Builder) error {
	if p.pos == len(p.src) || p.src[p.pos] != '{' {
		return p.numeric(b, 16, 2)
	}
	p.pos++
	if err := p.numeric(b, 16, 2); err != nil {
		return err
	}
	if p.pos == len(p.src) || p.src[p.pos] != '}' {
		return p.fail(`\x{…} takes one byte, 00 to ff`)
	}
	p.pos++
	return nil
}

// numeric reads up to max digits of the base as one byte; none mean 0, as in Perl.
func (p *literal) numeric(b *strings.Builder, base, max int) error {
	start := p.pos
	for p.pos < len(p.src) && p.pos-start < max && digit(p.src[p.pos]) < base {
		p.pos++
	}
	if start == p.pos {
		b.WriteByte(0)
		return nil
	}
	n, err := strconv.ParseUint(p.src[start:p.pos], base, 8)
	if err != nil {
		return p.fail("the escape stands for more than one byte")
	}
	b.WriteByte(byte(n))
	return nil
}

func digit(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'a' && c <= 'f':
		return int(c-'a') + 10
	case c >= 'A' && c <= 'F':
		return int(c-'A') + 10
	}
	return 255
}

func (p *literal) pattern(open, end byte) (Value, error) {
	start := p.pos
	nests := open != end
	for depth := 0; p.pos < len(p.src); p.pos++ {
		switch c := p.src[p.pos]; {
		case c == '\\':
			p.pos++
		case c == end && depth == 0:
			text := p.src[start:p.pos]
			p.pos++
			return p.flags(text, end)
		case c == end:
			depth--
		case nests && c == open:
			depth++
		case p.interpolates():
			return Value{}, p.fail(`%q would be interpolated by Perl; write \%c`, clip(p.src[p.pos:]), c)
		}
	}
	return Value{}, p.fail("a pattern without its end")
}

func (p *literal) flags(text string, end byte) (Value, error) {
	if end == '/' {
		text = strings.ReplaceAll(text, `\/`, `/`)
	}
	start := p.pos
	for p.pos < len(p.src) && isWord(p.src[p.pos]) {
		p.pos++
	}
	flags := p.src[start:p.pos]
	if bad := strings.Trim(flags, "ims"); bad != "" {
		return Value{}, p.fail("the pattern flags %q are not supported", bad)
	}
	return Value{Kind: Pattern, Text: text, Flags: flags}, nil
}
