package setmisc

import "unicode/utf8"

// quoteSQL quotes for MySQL.
func quoteSQL(v []byte) []byte {
	out := append(make([]byte, 0, len(v)+16), '\'')
	for _, c := range v {
		if e := sqlEscape(c); e != 0 {
			out = append(out, '\\', e)
			continue
		}
		out = append(out, c)
	}
	return append(out, '\'')
}

// sqlEscape is what stands behind the backslash for a byte, 0 for one that
// stands for itself.
func sqlEscape(c byte) byte {
	switch c {
	case 0:
		return '0'
	case '\b':
		return 'b'
	case '\n':
		return 'n'
	case '\r':
		return 'r'
	case '\t':
		return 't'
	case '\\', '\'', '"', '$':
		return c
	case 26:
		return 'Z'
	}
	return 0
}

// quotePgSQL quotes for PostgreSQL; bytes that are no UTF-8 are escaped.
func quotePgSQL(v []byte) []byte {
	if len(v) == 0 {
		return []byte("''")
	}
	q := append([]byte{'E'}, quoteSQL(v)...)
	if utf8.Valid(q) {
		return q
	}
	out := make([]byte, 0, len(q)+16)
	for _, c := range q {
		if c < 0x80 {
			out = append(out, c)
			continue
		}
		out = append(out, '\\', '\\', '0'+c>>6, '0'+c>>3&7, '0'+c&7)
	}
	return out
}

// quoteJSON quotes for JSON; an empty value is null.
func quoteJSON(v []byte) []byte {
	if len(v) == 0 {
		return []byte("null")
	}
	const hex = "0123456789abcdef"
	out := append(make([]byte, 0, len(v)+16), '"')
	for _, c := range v {
		switch {
		case c == '\r':
			out = append(out, `\r`...)
		case c == '\n':
			out = append(out, `\n`...)
		case c == '\f':
			out = append(out, `\f`...)
		case c == '\b':
			out = append(out, `\b`...)
		case c == '\t':
			out = append(out, `\t`...)
		case c == '\\' || c == '"':
			out = append(out, '\\', c)
		case c < 0x20:
			out = append(out, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		default:
			out = append(out, c)
		}
	}
	return append(out, '"')
}
