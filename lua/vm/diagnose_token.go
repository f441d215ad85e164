package vm

import (
	"slices"
)

// The kinds of tokens that are not named by their text.
const (
	nameToken   = "<name>"
	stringToken = "<string>"
	numberToken = "<number>"
	endToken    = "<eof>"
)

// lexeme is one token of a source that has an error in it.
type lexeme struct {
	kind string // the text of a symbol or reserved word, or one of the above
	near string // as an error shows it
	line int    // where it ends
	last int    // where the token before it ends
}

var reservedWords = []string{"and", "break", "do", "else", "elseif", "end", "false", "for", "function", "goto", "if", "in",
	"local", "nil", "not", "or", "repeat", "return", "then", "true", "until", "while"}

// longSymbols are the symbols of more than one byte, longest first.
var longSymbols = []string{"...", "..", "==", "~=", "<=", ">=", "::"}

// lexeme reads the next token. The error is one of the lexer.
func (n *normalizer) lexeme() (lexeme, error) {
	last := n.line
	for n.pos < len(n.src) {
		start := n.pos
		c := n.src[start]
		if symbol := n.longSymbol(); symbol != "" {
			n.pos += len(symbol)
			return lexeme{symbol, symbol, n.line, last}, nil
		}
		if err := n.token(); err != nil {
			return lexeme{}, err
		}
		raw := n.src[start:n.pos]
		switch {
		case isSpace(c), c == '-' && len(raw) > 1: // a comment
			continue
		case c == '"' || c == '\'':
			return lexeme{stringToken, n.text.String() + string(c), n.line, last}, nil
		case c == '[' && len(raw) > 1:
			return lexeme{stringToken, raw, n.line, last}, nil
		case isDigit(c), c == '.' && len(raw) > 1:
			return lexeme{numberToken, raw, n.line, last}, nil
		case isNameByte(c) && !slices.Contains(reservedWords, raw):
			return lexeme{nameToken, raw, n.line, last}, nil
		case c < ' ' || c == 127:
			return lexeme{raw, "char(" + formatInt(int(c)) + ")", n.line, last}, nil
		}
		return lexeme{raw, raw, n.line, last}, nil
	}
	return lexeme{endToken, endToken, n.line, last}, nil
}

func (n *normalizer) longSymbol() string {
	for _, symbol := range longSymbols {
		if len(n.src)-n.pos < len(symbol) || n.src[n.pos:n.pos+len(symbol)] != symbol {
			continue
		}
		if symbol == ".." && isDigit(n.at(2)) {
			return "" // a malformed number begins
		}
		return symbol
	}
	return ""
}
