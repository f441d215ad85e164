package setmisc

import "strings"

// escapeURI escapes what is special in any part of a URI.
func escapeURI(v []byte) []byte {
	const hex = "0123456789ABCDEF"
	out := make([]byte, 0, len(v)+16)
	for _, c := range v {
		if c <= ' ' || c >= 0x7f || strings.IndexByte(`"#%&+/:;<=>?[\]^{}`, c) >= 0 {
			out = append(out, '%', hex[c>>4], hex[c&15])
			continue
		}
		out = append(out, c)
	}
	return out
}

// unescapeURI decodes %xx and "+". Of a "%" without two digits the digits are
// lost, and the byte behind a "%" that is none stays, as with the original.
func unescapeURI(v []byte) []byte {
	out := make([]byte, 0, len(v))
	for i := 0; i < len(v); i++ {
		switch v[i] {
		case '+':
			out = append(out, ' ')
			continue
		default:
			out = append(out, v[i])
			continue
		case '%':
		}
		if i++; i == len(v) {
			break
		}
		high, ok := hexDigit(v[i])
		if !ok {
			out = append(out, v[i])
			continue
		}
		if i++; i == len(v) {
			break
		}
		if low, ok := hexDigit(v[i]); ok {
			out = append(out, high<<4|low)
		}
	}
	return out
}

func hexDigit(c byte) (byte, bool) {
	switch low := c | 0x20; {
	case c >= '0' && c <= '9':
		return c - '0', true
	case low >= 'a' && low <= 'f':
		return low - 'a' + 10, true
	}
	return 0, false
}
