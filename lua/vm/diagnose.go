package vm

import (
	"errors"
	"strings"
)

// diagnose finds the error of a source that the parser refuses, in LuaJIT's
// words. It reads the grammar as LuaJIT does, so that the same token is to
// blame. The result is nil when it finds none.
func diagnose(source, chunk string) (found *SyntaxError) {
	d := diagnosis{lexer: normalizer{src: source, line: 1, chunk: chunk}}
	defer func() {
		if failure := recover(); failure != nil {
			var ok bool
			if found, ok = failure.(*SyntaxError); !ok {
				panic(failure)
			}
		}
	}()
	d.lexer.skipBang()
	d.vararg = true
	d.next()
	d.chunk()
	d.check(endToken)
	return nil
}

type diagnosis struct {
	lexer  normalizer
	token  lexeme
	ahead  *lexeme
	vararg bool // "..." may be used
	depth  int
}

// maxSyntaxLevels is how deep blocks, functions and expressions may nest.
const maxSyntaxLevels = 200

func (d *diagnosis) read() lexeme {
	token, err := d.lexer.lexeme()
	if err != nil {
		var failure *SyntaxError
		errors.As(err, &failure)
		panic(failure)
	}
	return token
}

func (d *diagnosis) next() {
	if d.ahead != nil {
		d.token, d.ahead = *d.ahead, nil
		return
	}
	d.token = d.read()
}

func (d *diagnosis) peek() string {
	if d.ahead == nil {
		token := d.read()
		d.ahead = &token
	}
	return d.ahead.kind
}

// fail blames the current token.
func (d *diagnosis) fail(message string) {
	near := d.token.near
	if i := strings.IndexByte(near, 0); i >= 0 {
		near = near[:i]
	}
	d.failBare(message + " near '" + near + "'")
}

func (d *diagnosis) failBare(message string) {
	panic(&SyntaxError{Chunk: ChunkID(d.lexer.chunk), Line: d.token.line, Message: message})
}

func (d *diagnosis) is(kind string) bool { return d.token.kind == kind }

func (d *diagnosis) accept(kind string) bool {
	if !d.is(kind) {
		return false
	}
	d.next()
	return true
}

func (d *diagnosis) check(kind string) {
	if !d.accept(kind) {
		d.fail("'" + kind + "' expected")
	}
}

// match looks for what closes something that was opened on a line.
func (d *diagnosis) match(kind, opened string, line int) {
	if d.accept(kind) {
		return
	}
	if line == d.token.line {
		d.fail("'" + kind + "' expected")
	}
	d.fail("'" + kind + "' expected (to close '" + opened + "' at line " + formatInt(line) + ")")
}

// isName tells whether the token may be a name; goto is no reserved word.
func (d *diagnosis) isName() bool { return d.is(nameToken) || d.is("goto") }

func (d *diagnosis) name() {
	if !d.isName() {
		d.fail("'" + nameToken + "' expected")
	}
	d.next()
}

func (d *diagnosis) enter() {
	d.depth++
	if d.depth >= maxSyntaxLevels {
		d.failBare("chunk has too many syntax levels")
	}
}

func (d *diagnosis) leave() { d.depth-- }

func (d *diagnosis) atEnd() bool {
	switch d.token.kind {
	case "else", "elseif", "end", "until", endToken:
		return true
	}
	return false
}

func (d *diagnosis) chunk() {
	d.enter()
	for last := false; !last && !d.atEnd(); {
		last = d.statement()
		d.accept(";")
	}
	d.leave()
}

// statement reads one statement and tells whether it must be the last one.
func (d *diagnosis) statement() (last bool) {
	line := d.token.line
	switch kind := d.token.kind; kind {
	case "if":
		d.ifStatement(line)
	case "while":
		d.next()
		d.expression()
		d.check("do")
		d.chunk()
		d.match("end", kind, line)
	case "do":
		d.next()
		d.chunk()
		d.match("end", kind, line)
	case "for":
		d.forStatement(line)
	case "repeat":
		d.next()
		d.chunk()
		d.match("until", kind, line)
		d.expression()
	case "function":
		d.next()
		d.name()
		for d.accept(".") {
			d.name()
		}
		if d.accept(":") {
			d.name()
		}
		d.body(line)
	case "local":
		d.localStatement(line)
	case "return":
		d.next()
		if !d.atEnd() && !d.is(";") {
			d.expressions()
		}
		return true
	case "break":
		d.next()
		return true
	case "::":
		d.next()
		d.name()
		d.check("::")
	case "goto":
		if d.peek() != nameToken {
			d.assignment(d.primary())
			return false
		}
		d.next()
		d.name()
	default:
		if kind := d.primary(); kind != isCall {
			d.assignment(kind)
		}
	}
	return false
}

func (d *diagnosis) ifStatement(line int) {
	for {
		d.next()
		d.expression()
		d.check("then")
		d.chunk()
		if !d.is("elseif") {
			break
		}
	}
	if d.accept("else") {
		d.chunk()
	}
	d.match("end", "if", line)
}

func (d *diagnosis) forStatement(line int) {
	d.next()
	d.name()
	switch d.token.kind {
	case "=":
		d.next()
		d.expression()
		d.check(",")
		d.expression()
		if d.accept(",") {
			d.expression()
		}
	case ",", "in":
		for d.accept(",") {
			d.name()
		}
		d.check("in")
		d.expressions()
	default:
		d.fail("'=' or 'in' expected")
	}
	d.check("do")
	d.chunk()
	d.match("end", "for", line)
}

func (d *diagnosis) localStatement(line int) {
	d.next()
	if d.accept("function") {
		d.name()
		d.body(line)
		return
	}
	for {
		d.name()
		if !d.accept(",") {
			break
		}
	}
	if d.accept("=") {
		d.expressions()
	}
}

// What a primary expression is good for.
const (
	isValue = iota
	isVariable
	isCall
)

// assignment reads on behind the first variable of an assignment.
func (d *diagnosis) assignment(kind int) {
	for {
		if kind != isVariable {
			d.fail("syntax error")
		}
		if !d.accept(",") {
			break
		}
		kind = d.primary()
	}
	d.check("=")
	d.expressions()
}
