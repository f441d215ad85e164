package vm

import (
	"strings"
)

// Normalize rewrites Lua source as LuaJIT reads it into source that
// gopher-lua's parser reads the same way: string escapes, number literals,
// comments, white space and a first line that starts with '#'. Every line
// keeps its number. The chunk name is used in errors only and is written as
// load gets it ("=name", "@file" or the source itself).
//
// The error, if any, is a *SyntaxError worded as LuaJIT words it.
//
// Names with bytes from 128 up are spelt in letters; Compile undoes that.
func Normalize(source, chunk string) (string, error) {
	text, _, err := normalize(source, chunk)
	return text, err
}

func normalize(source, chunk string) (string, spelling, error) {
	n := normalizer{src: source, line: 1, chunk: chunk}
	n.out.Grow(len(source) + 16)
	n.skipBang()
	for n.pos < len(n.src) {
		if err := n.token(); err != nil {
			return "", n.names, err
		}
	}
	return n.out.String(), n.names, nil
}

// SyntaxError is a refusal of the lexer or the parser.
type SyntaxError struct {
	Chunk   string // display name, as ChunkID gives it
	Line    int    // first line is 1; 0 for an error that has no line
	Message string // "unfinished string near '…'"
}

// Error gives "chunk:line: message".
func (e *SyntaxError) Error() string {
	if e.Line == 0 {
		return e.Chunk + ": " + e.Message
	}
	return e.Chunk + ":" + formatInt(e.Line) + ": " + e.Message
}

type normalizer struct {
	src   string
	pos   int
	line  int
	chunk string
	out   strings.Builder
	text  strings.Builder // the current string as it will be, behind its quote
	names spelling
}

// fail makes an error about the text from start to the current position.
func (n *normalizer) fail(what string, start int) error {
	end := min(n.pos, len(n.src))
	return n.failNear(what, n.src[min(start, end):end])
}

func (n *normalizer) failNear(what, near string) error {
	if i := strings.IndexByte(near, 0); i >= 0 {
		near = near[:i] // LuaJIT prints a C string
	}
	return &SyntaxError{Chunk: ChunkID(n.chunk), Line: n.line, Message: what + " near '" + near + "'"}
}

func (n *normalizer) failEOF(what string) error {
	return &SyntaxError{Chunk: ChunkID(n.chunk), Line: n.line, Message: what + " near '<eof>'"}
}

// at gives the byte that is ahead of the current position by offset, or 0
// behind the end.
func (n *normalizer) at(offset int) byte {
	if n.pos+offset >= len(n.src) {
		return 0
	}
	return n.src[n.pos+offset]
}

// skipBang drops a first line that starts with '#'; its newline stays.
func (n *normalizer) skipBang() {
	if n.at(0) != '#' {
		return
	}
	for n.pos < len(n.src) && !isNewline(n.src[n.pos]) {
		n.pos++
	}
}

// token copies one token or one piece of white space.
func (n *normalizer) token() error {
	c := n.src[n.pos]
	switch {
	case isNewline(c):
		n.out.WriteString(n.newline())
	case c == '\v' || c == '\f':
		n.out.WriteByte(' ')
		n.pos++
	case c == '-' && n.at(1) == '-':
		return n.comment()
	case c == '"' || c == '\'':
		return n.quoted(c)
	case c == '[' && (n.at(1) == '[' || n.at(1) == '='):
		return n.longString()
	case isDigit(c) || c == '.' && isDigit(n.at(1)):
		return n.number()
	case isNameByte(c):
		n.name()
	case c == '.' && n.at(1) == '.' && n.at(2) == '.':
		n.copy(3)
	case c == '.' && n.at(1) == '.':
		n.copy(2)
	default:
		n.copy(1)
	}
	return nil
}

func (n *normalizer) copy(count int) {
	n.out.WriteString(n.src[n.pos : n.pos+count])
	n.pos += count
}

// newline steps over a line end, which may be a pair, and gives its bytes.
func (n *normalizer) newline() string {
	start := n.pos
	first := n.src[n.pos]
	n.pos++
	if next := n.at(0); isNewline(next) && next != first {
		n.pos++
	}
	n.line++
	return n.src[start:n.pos]
}

func (n *normalizer) name() {
	start := n.pos
	for n.pos < len(n.src) && isNameByte(n.src[n.pos]) {
		n.pos++
	}
	n.out.WriteString(n.names.spell(n.src[start:n.pos], n.src))
}

// comment drops a comment but for its newlines, and leaves a space so that the
// tokens around it do not join.
func (n *normalizer) comment() error {
	n.pos += 2
	n.out.WriteByte(' ')
	if n.at(0) == '[' {
		if level := n.longBracket(); level >= 0 {
			return n.longBody(level, "unfinished long comment", false)
		}
	}
	for n.pos < len(n.src) && !isNewline(n.src[n.pos]) {
		n.pos++
	}
	return nil
}

// longBracket gives the number of '=' of the long bracket that opens here, or
// -1 when there is none.
func (n *normalizer) longBracket() int {
	level := 0
	for n.at(1+level) == '=' {
		level++
	}
	if n.at(1+level) != '[' {
		return -1
	}
	return level
}

func (n *normalizer) longString() error {
	level := n.longBracket()
	if level < 0 {
		start := n.pos
		n.pos++
		for n.at(0) == '=' {
			n.pos++
		}
		return n.fail("invalid long string delimiter", start)
	}
	return n.longBody(level, "unfinished long string", true)
}

// longBody steps over a long bracket and its text. The text is written when
// keep is true, otherwise only its newlines.
func (n *normalizer) longBody(level int, unfinished string, keep bool) error {
	closing := "]" + strings.Repeat("=", level) + "]"
	start := n.pos
	n.pos += level + 2
	for n.pos < len(n.src) {
		c := n.src[n.pos]
		if isNewline(c) {
			end := n.newline()
			if !keep {
				n.out.WriteString(end)
			}
			continue
		}
		if c == ']' && strings.HasPrefix(n.src[n.pos:], closing) {
			n.pos += len(closing)
			if keep {
				n.out.WriteString(n.src[start:n.pos])
			}
			return nil
		}
		n.pos++
	}
	return n.failEOF(unfinished)
}

func isNewline(c byte) bool { return c == '\n' || c == '\r' }
func isDigit(c byte) bool   { return c >= '0' && c <= '9' }

// isNameByte tells whether c may stand in a name; LuaJIT admits every byte
// from 128 up.
func isNameByte(c byte) bool {
	return c == '_' || isDigit(c) || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80
}

// isSpace is C's isspace.
func isSpace(c byte) bool { return c == ' ' || c >= '\t' && c <= '\r' }

// hexValue gives the value of a hexadecimal digit, or -1.
func hexValue(c byte) int {
	switch {
	case isDigit(c):
		return int(c - '0')
	case c >= 'a' && c <= 'f':
		return int(c-'a') + 10
	case c >= 'A' && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}
