package conf

import "bytes"

// rawEnd tells how a raw block ended.
type rawEnd int

const (
	rawClosed  rawEnd = iota // the matching "}" was found
	rawOpen                  // the text ended first
	rawBracket               // a long bracket is not closed
)

// rawBlock reads Lua text from the byte after "{" to the matching "}" and
// returns it without the brace. Braces in strings, comments and long brackets
// do not count. A quote without its partner on the line is an ordinary byte,
// as in lua-nginx-module: the Lua compiler words that mistake better. bracket
// is the missing closing bracket for rawBracket; line the line of the last
// brace seen, which is what the module reports for rawOpen.
func (l *lexer) rawBlock() (text string, end rawEnd, bracket string, line int) {
	start, level := l.pos, 1
	line = l.line
	for l.pos < len(l.text) {
		c := l.text[l.pos]
		switch c {
		case '\n':
			l.line++
		case '{':
			level++
			line = l.line
		case '}':
			level--
			line = l.line
		case '"', '\'':
			l.skipString(c)
			continue
		case '-', '[':
			if missing := l.skipCommentOrLong(); missing != "" {
				return "", rawBracket, missing, l.line
			}
			continue
		}
		l.pos++
		if level == 0 {
			return string(l.text[start : l.pos-1]), rawClosed, "", line
		}
	}
	return "", rawOpen, "", line
}

// skipString passes a quoted Lua string, or just the quote if it is not closed.
func (l *lexer) skipString(quote byte) {
	lines := 0
	for i := l.pos + 1; i < len(l.text); i++ {
		switch l.text[i] {
		case quote:
			l.pos, l.line = i+1, l.line+lines
			return
		case '\n':
			l.pos++
			return
		case '\\':
			i++
			if i < len(l.text) && l.text[i] == 'z' { // skips white space
				for i+1 < len(l.text) && isSpace(l.text[i+1]) {
					i++
					lines += newline(l.text[i])
				}
				continue
			}
			if i+1 < len(l.text) && l.text[i] == '\r' && l.text[i+1] == '\n' {
				i++
			}
			if i < len(l.text) {
				lines += newline(l.text[i])
			}
		}
	}
	l.pos++
}

func newline(c byte) int {
	if c == '\n' {
		return 1
	}
	return 0
}

// skipCommentOrLong passes a comment, a long string or, if it is neither, one
// byte. It returns the closing bracket that it did not find.
func (l *lexer) skipCommentOrLong() string {
	comment := false
	at := l.pos
	if l.text[at] == '-' {
		if at+1 == len(l.text) || l.text[at+1] != '-' {
			l.pos++
			return ""
		}
		comment = true
		at += 2
	}

	n := longBracket(l.text[at:])
	if n == 0 {
		if !comment {
			l.pos++
			return ""
		}
		l.pos = len(l.text)
		if i := bytes.IndexByte(l.text[at:], '\n'); i >= 0 {
			l.pos = at + i
		}
		return ""
	}

	closing := make([]byte, n)
	for i := range closing {
		closing[i] = '='
	}
	closing[0], closing[n-1] = ']', ']'
	i := bytes.Index(l.text[at+n:], closing)
	if i < 0 {
		return string(closing)
	}
	l.line += bytes.Count(l.text[at:at+n+i], []byte{'\n'})
	l.pos = at + n + i + n
	return ""
}

// longBracket returns the length of an opening long bracket ("[[", "[==[") at
// the beginning of text, or 0.
func longBracket(text []byte) int {
	if len(text) == 0 || text[0] != '[' {
		return 0
	}
	for i := 1; i < len(text); i++ {
		if text[i] == '[' {
			return i + 1
		}
		if text[i] != '=' {
			return 0
		}
	}
	return 0
}
