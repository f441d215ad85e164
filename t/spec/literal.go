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
