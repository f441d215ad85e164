package vm

import (
	"strings"
)

// quoted rewrites a quoted string: every escape becomes a decimal one, and the
// newlines that it spans are written behind it.
func (n *normalizer) quoted(quote byte) error {
	n.pos++
	n.out.WriteByte(quote)
	n.text.Reset()
	n.text.WriteByte(quote)
	var lines strings.Builder
	for {
		if n.pos >= len(n.src) {
			return n.failEOF("unfinished string")
		}
		c := n.src[n.pos]
		switch {
		case c == quote:
			n.pos++
			n.out.WriteByte(quote)
			n.out.WriteString(lines.String())
			return nil
		case isNewline(c):
			return n.failNear("unfinished string", n.text.String())
		case c == '\\':
			if err := n.escape(&lines); err != nil {
				return err
			}
		default:
			n.out.WriteByte(c)
			n.text.WriteByte(c)
			n.pos++
		}
	}
}

// escape rewrites the escape sequence at the current position. Newlines that
// it holds are added to lines.
func (n *normalizer) escape(lines *strings.Builder) error {
	n.pos++
	if n.pos >= len(n.src) {
		return n.failEOF("unfinished string")
	}
	c := n.src[n.pos]
	switch {
	case c == 'x':
		return n.escapeHex()
	case c == 'z':
		n.pos++
		for n.pos < len(n.src) && isSpace(n.src[n.pos]) {
			if isNewline(n.src[n.pos]) {
				lines.WriteString(n.newline())
				continue
			}
			n.pos++
		}
		return nil
	case c == 'u':
		return n.escapeUnicode()
	case isNewline(c):
		lines.WriteString(n.newline())
		n.writeByte('\n')
		return nil
	case isDigit(c):
		return n.escapeDecimal()
	}
	i := strings.IndexByte(`abfnrtv\"'`, c)
	if i < 0 {
		return n.failNear("invalid escape sequence", n.text.String())
	}
	n.pos++
	n.writeByte("\a\b\f\n\r\t\v\\\"'"[i])
	return nil
}

func (n *normalizer) escapeHex() error {
	high, low := hexValue(n.at(1)), hexValue(n.at(2))
	n.pos++
	if high < 0 {
		return n.failNear("invalid escape sequence", n.text.String())
	}
	n.pos++
	if low < 0 {
		return n.failNear("invalid escape sequence", n.text.String())
	}
	n.pos++
	n.writeByte(byte(high<<4 | low))
	return nil
}

func (n *normalizer) escapeDecimal() error {
	value := 0
	for i := 0; i < 3 && isDigit(n.at(0)); i++ {
		value = value*10 + int(n.at(0)-'0')
		n.pos++
	}
	if value > 255 {
		n.pos--
		return n.failNear("invalid escape sequence", n.text.String())
	}
	n.writeByte(byte(value))
	return nil
}

// escapeUnicode rewrites \u{XXX} into UTF-8. As in LuaJIT, surrogates and
// values above 0x10ffff are refused.
func (n *normalizer) escapeUnicode() error {
	n.pos++
	if n.at(0) != '{' {
		return n.failNear("invalid escape sequence", n.text.String())
	}
	n.pos++
	value := 0
	for digits := 0; ; digits++ {
		c := n.at(0)
		if c == '}' && digits > 0 {
			break
		}
		digit := hexValue(c)
		if digit < 0 {
			return n.failNear("invalid escape sequence", n.text.String())
		}
		value = value<<4 | digit
		if value >= 0x110000 {
			return n.failNear("invalid escape sequence", n.text.String())
		}
		n.pos++
	}
	if value >= 0xd800 && value < 0xe000 {
		return n.failNear("invalid escape sequence", n.text.String())
	}
	n.pos++
	for _, c := range []byte(string(rune(value))) {
		n.writeByte(c)
	}
	return nil
}

// writeByte writes c as a decimal escape of three digits.
func (n *normalizer) writeByte(c byte) {
	n.text.WriteByte(c)
	n.out.Write([]byte{'\\', '0' + c/100, '0' + c/10%10, '0' + c%10})
}
