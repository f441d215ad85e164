package spec

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// parseLiteral evaluates the expression of an "eval" section. The language is
// the part of Perl that only builds data: quoted strings with escapes, numbers,
// qr patterns, "." and "x", lists, and hashes with the keys value and
// delay_before. Whatever else Perl could compute there is refused by name, so
// that a file never means one thing here and another under the Perl library.
func parseLiteral(src string) (Value, error) {
	p := &literal{src: src}
	v, err := p.expr(0)
	if err != nil {
		return Value{}, err
	}
	p.space()
	if p.pos < len(p.src) && p.src[p.pos] == ';' {
		p.pos++
		p.space()
	}
	if p.pos != len(p.src) {
		return Value{}, p.fail("unexpected %q after the expression", clip(p.src[p.pos:]))
	}
	return v, nil
}

// maxLiteral bounds what "x" may build: 64 MiB.
const maxLiteral = 64 << 20

const maxDepth = 32

type literal struct {
	src string
	pos int
}

func (p *literal) fail(format string, args ...any) error {
	line := 1 + strings.Count(p.src[:min(p.pos, len(p.src))], "\n")
	return fmt.Errorf("literal expression, line %d: %s", line, fmt.Sprintf(format, args...))
}

func clip(s string) string {
	if len(s) > 24 {
		return s[:24] + "…"
	}
	return s
}

func (p *literal) space() {
	for p.pos < len(p.src) {
		switch c := p.src[p.pos]; {
		case c == ' ' || c == '\t' || c == '\n':
			p.pos++
		case c == '#':
			end := strings.IndexByte(p.src[p.pos:], '\n')
			if end < 0 {
				p.pos = len(p.src)
				return
			}
			p.pos += end
		default:
			return
		}
	}
}

func (p *literal) peek() byte {
	p.space()
	if p.pos == len(p.src) {
		return 0
	}
	return p.src[p.pos]
}

// expr reads terms joined by ".".
func (p *literal) expr(depth int) (Value, error) {
	if depth > maxDepth {
		return Value{}, p.fail("nested too deeply")
	}
	v, err := p.term(depth)
	if err != nil {
		return Value{}, err
	}
	for p.peek() == '.' {
		p.pos++
		w, err := p.term(depth)
		if err != nil {
			return Value{}, err
		}
		if v.Kind != Text || w.Kind != Text {
			return Value{}, p.fail(`"." joins strings only`)
		}
		v.Text += w.Text
	}
	return v, nil
}

// term reads a primary and any number of "x COUNT" after it.
func (p *literal) term(depth int) (Value, error) {
	v, err := p.primary(depth)
	if err != nil {
		return Value{}, err
	}
	for p.peek() == 'x' {
		p.pos++
		p.space()
		n, err := p.number()
		if err != nil {
			return Value{}, err
		}
		if v.Kind != Text {
			return Value{}, p.fail(`"x" repeats strings only`)
		}
		if n > 0 && len(v.Text) > maxLiteral/n {
			return Value{}, p.fail("a string of more than %d bytes", maxLiteral)
		}
		v.Text = strings.Repeat(v.Text, n)
	}
	return v, nil
}

func (p *literal) number() (int, error) {
	start := p.pos
	for p.pos < len(p.src) && p.src[p.pos] >= '0' && p.src[p.pos] <= '9' {
		p.pos++
	}
	n, err := strconv.Atoi(p.src[start:p.pos])
	if err != nil {
		return 0, p.fail("a number was expected")
	}
	return n, nil
}

func (p *literal) primary(depth int) (Value, error) {
	switch c := p.peek(); {
	case c == 0:
		return Value{}, p.fail("unexpected end")
	case c == '"':
		p.pos++
		return p.double('"')
	case c == '\'':
		p.pos++
		return p.single('\'')
	case c == '[':
		p.pos++
		return p.items(']', depth)
	case c == '{':
		p.pos++
		return p.packet(depth)
	case c == '(':
		p.pos++
		v, err := p.expr(depth + 1)
		if err != nil {
			return Value{}, err
		}
		if p.peek() != ')' {
			return Value{}, p.fail(`")" was expected`)
		}
		p.pos++
		return v, nil
	case c >= '0' && c <= '9':
		return p.decimal()
	}
	return p.quoteLike()
}

func (p *literal) decimal() (Value, error) {
	start := p.pos
	for p.pos < len(p.src) && strings.IndexByte("0123456789.", p.src[p.pos]) >= 0 {
		p.pos++
	}
	return Value{Text: p.src[start:p.pos]}, nil
}

// quoteLike reads q, qq and qr with the delimiters that Perl allows there.
func (p *literal) quoteLike() (Value, error) {
	rest := p.src[p.pos:]
	for _, word := range []string{"qq", "qr", "q"} {
		if len(rest) <= len(word) || !strings.HasPrefix(rest, word) || isWord(rest[len(word)]) {
			continue
		}
		p.pos += len(word)
		open := p.peek()
		if open == 0 || isWord(open) {
			return Value{}, p.fail("%s without a delimiter", word)
		}
		p.pos++
		end := closing(open)
		switch word {
		case "qq":
			return p.double(end)
		case "q":
			return p.single(end)
		}
		return p.pattern(open, end)
	}
	return Value{}, p.fail("%q is not a literal; only strings, numbers, qr, lists and {value => …} are", clip(rest))
}

func isWord(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

func closing(open byte) byte {
	switch open {
	case '{':
		return '}'
	case '[':
		return ']'
	case '(':
		return ')'
	case '<':
		return '>'
	}
	return open
}

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

func (p *literal) items(end byte, depth int) (Value, error) {
	v := Value{Kind: List}
	for {
		if p.peek() == end {
			p.pos++
			return v, nil
		}
		item, err := p.expr(depth + 1)
		if err != nil {
			return Value{}, err
		}
		v.Items = append(v.Items, item)
		switch p.peek() {
		case ',':
			p.pos++
		case end:
		default:
			return Value{}, p.fail(`"," or "%c" was expected`, end)
		}
	}
}

// packet reads {value => "…", delay_before => 0.1}.
func (p *literal) packet(depth int) (Value, error) {
	v := Value{Kind: Packet}
	for {
		if p.peek() == '}' {
			p.pos++
			return v, nil
		}
		start := p.pos
		for p.pos < len(p.src) && isWord(p.src[p.pos]) {
			p.pos++
		}
		key := p.src[start:p.pos]
		p.space()
		if !strings.HasPrefix(p.src[p.pos:], "=>") {
			return Value{}, p.fail(`"=>" was expected after %q`, key)
		}
		p.pos += 2
		item, err := p.expr(depth + 1)
		if err != nil {
			return Value{}, err
		}
		if err := v.set(key, item); err != nil {
			return Value{}, p.fail("%v", err)
		}
		if p.peek() == ',' {
			p.pos++
		}
	}
}

func (v *Value) set(key string, item Value) error {
	if item.Kind != Text {
		return fmt.Errorf("%q must be a string or a number", key)
	}
	switch key {
	case "value":
		v.Text = item.Text
		return nil
	case "delay_before":
		d, err := parseSeconds(item.Text)
		v.Delay, v.HasDelay = d, true
		return err
	}
	return fmt.Errorf("unknown key %q; value and delay_before are known", key)
}

// parseSeconds reads a duration as Test::Nginx does: seconds with an optional
// fraction and suffix "s", or milliseconds with the suffix "ms".
func parseSeconds(s string) (time.Duration, error) {
	unit := time.Second
	num := strings.TrimSpace(s)
	if rest, ok := strings.CutSuffix(num, "ms"); ok {
		unit, num = time.Millisecond, rest
	} else if rest, ok := strings.CutSuffix(num, "s"); ok {
		num = rest
	}
	f, err := strconv.ParseFloat(num, 64)
	if err != nil || f < 0 || f > 3600 {
		return 0, fmt.Errorf("bad time %q", s)
	}
	return time.Duration(f * float64(unit)), nil
}
