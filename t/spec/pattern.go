package spec

import (
	"fmt"
	"regexp"
	"strings"
)

// compile turns a Perl pattern into a Go one. Patterns keep to what both
// engines mean alike; look-around, back references and the x flag are refused
// by the compiler. The one difference that is translated is the end of the
// text: Perl's "$" and "\Z" also match before a final newline.
func compile(pattern, flags string) (*regexp.Regexp, error) {
	src := translate(pattern, strings.Contains(flags, "m"))
	if flags != "" {
		src = "(?" + flags + ")" + src
	}
	re, err := regexp.Compile(src)
	if err != nil {
		return nil, fmt.Errorf("pattern %q: %w", pattern, err)
	}
	return re, nil
}

const beforeFinalNewline = `(?:\n?\z)`

func translate(pattern string, multiline bool) string {
	var b strings.Builder
	class := false
	for i := 0; i < len(pattern); i++ {
		c := pattern[i]
		if c == '\\' && i+1 < len(pattern) {
			i++
			b.WriteString(translateEscape(pattern[i], class))
			continue
		}
		switch {
		case class && c == ']':
			class = false
		case class:
		case c == '[':
			class = true
			if i+1 < len(pattern) && pattern[i+1] == '^' {
				b.WriteByte(c)
				i++
				c = '^'
			}
			if i+1 < len(pattern) && pattern[i+1] == ']' {
				b.WriteByte(c)
				i++
				b.WriteString(`\]`)
				continue
			}
		case c == '$' && !multiline && strings.HasPrefix(pattern[i+1:], "\n"):
			b.WriteString(`\n\z`)
			i++
			continue
		case c == '$' && !multiline:
			b.WriteString(beforeFinalNewline)
			continue
		}
		b.WriteByte(c)
	}
	return b.String()
}

func translateEscape(c byte, class bool) string {
	switch {
	case c == 'h' && class:
		return ` \t`
	case c == 'h':
		return `[ \t]`
	case c == 'Z' && !class:
		return beforeFinalNewline
	case c == '"' || c == '\'' || c == '/' || c == '#' || c == '@' || c == '<' || c == '>' || c == '%' ||
		c == '=' || c == ':' || c == ',' || c == ';' || c == ' ' || c == '&' || c == '~' || c == '!' || c == '`':
		return regexp.QuoteMeta(string(c))
	}
	return `\` + string(c)
}
