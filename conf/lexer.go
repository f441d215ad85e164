package conf

// ending tells how a statement ended.
type ending int

const (
	endSemicolon  ending = iota // ";": a simple directive
	endOpen                     // "{": a block directive begins
	endClose                    // "}": the enclosing block ends
	endFile                     // no more text
	endIncomplete               // text ended inside a directive
	endUnexpected               // the byte in lexer.bad may not stand here
)

// lexer cuts text into statements. It is nginx's ngx_conf_read_token without
// the limit on the length of a word.
type lexer struct {
	text []byte
	pos  int
	line int
	bad  byte
}

func isSpace(c byte) bool {
	return c == ' ' || c == '\t' || c == '\r' || c == '\n'
}

// statement reads the words up to the next ";", "{" or "}".
func (l *lexer) statement() ([]string, ending) {
	var words []string
	for {
		l.skipBlank()
		if l.pos == len(l.text) {
			if len(words) > 0 {
				return words, endIncomplete
			}
			return nil, endFile
		}

		c := l.text[l.pos]
		switch c {
		case ';', '{':
			if len(words) == 0 {
				return nil, l.unexpected(c)
			}
			l.pos++
			if c == ';' {
				return words, endSemicolon
			}
			return words, endOpen
		case '}':
			if len(words) > 0 {
				return words, l.unexpected(c)
			}
			l.pos++
			return nil, endClose
		}

		word, end := l.word()
		if end != endSemicolon {
			return words, end
		}
		words = append(words, word)
	}
}

func (l *lexer) unexpected(c byte) ending {
	l.bad = c
	return endUnexpected
}

// skipBlank passes white space and comments. A comment starts only where a
// word could start.
func (l *lexer) skipBlank() {
	comment := false
	for ; l.pos < len(l.text); l.pos++ {
		c := l.text[l.pos]
		if c == '\n' {
			l.line++
			comment = false
			continue
		}
		if comment || isSpace(c) {
			continue
		}
		if c != '#' {
			return
		}
		comment = true
	}
}

// word reads one word, which begins at the current byte. The result
// endSemicolon means that all went well.
func (l *lexer) word() (string, ending) {
	quote := l.text[l.pos]
	if quote != '"' && quote != '\'' {
		start := l.pos
		if !l.scanWord(0) {
			return "", endIncomplete
		}
		return unescape(l.text[start:l.pos]), endSemicolon
	}

	l.pos++
	start := l.pos
	if !l.scanWord(quote) {
		return "", endIncomplete
	}
	word := unescape(l.text[start:l.pos])
	l.pos++
	if l.pos == len(l.text) {
		return word, endSemicolon
	}
	// "if ($a = "x")" needs the parenthesis, which begins a word of its own.
	c := l.text[l.pos]
	if isSpace(c) || c == ';' || c == '{' || c == ')' {
		return word, endSemicolon
	}
	return word, l.unexpected(c)
}

// scanWord moves to the byte that ends the word: the quote, or the first white
// space, ";" or "{" when quote is 0. It reports false when the text ends first.
func (l *lexer) scanWord(quote byte) bool {
	variable := false // the "{" of "${name}" belongs to the word
	for ; l.pos < len(l.text); l.pos++ {
		c := l.text[l.pos]
		if c == '{' && variable {
			continue
		}
		variable = c == '$'

		switch {
		case c == '\\':
			if l.pos++; l.pos < len(l.text) {
				l.line += newline(l.text[l.pos])
			}
		case quote != 0:
			if c == quote {
				return true
			}
			l.line += newline(c)
		case isSpace(c) || c == ';' || c == '{':
			return true
		}
	}
	l.pos = len(l.text) // a backslash may have been the last byte
	return false
}

// unescape resolves \" \' \\ \t \r \n and leaves every other backslash alone.
func unescape(raw []byte) string {
	out := make([]byte, 0, len(raw))
	for i := 0; i < len(raw); i++ {
		c := raw[i]
		if c != '\\' || i+1 == len(raw) {
			out = append(out, c)
			continue
		}
		switch raw[i+1] {
		case '"', '\'', '\\':
			c = raw[i+1]
		case 't':
			c = '\t'
		case 'r':
			c = '\r'
		case 'n':
			c = '\n'
		default:
			out = append(out, c)
			continue
		}
		out = append(out, c)
		i++
	}
	return string(out)
}
