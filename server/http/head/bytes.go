package head

// usual marks bytes that mean nothing special anywhere in a URI: all but
// control characters, space, and # % + . / ?
var usual = func() (t [256]bool) {
	for c := 0x21; c < 256; c++ {
		switch c {
		case '#', '%', '+', '.', '/', '?', 0x7f:
		default:
			t[c] = true
		}
	}
	return t
}()

// lowcase maps letters, digits and "-" to their lower case, all else to 0.
var lowcase = func() (t [256]byte) {
	t['-'] = '-'
	for c := '0'; c <= '9'; c++ {
		t[c] = byte(c)
	}
	for c := 'a'; c <= 'z'; c++ {
		t[c] = byte(c)
		t[c-'a'+'A'] = byte(c)
	}
	return t
}()

// hexValue maps hexadecimal digits to their value, all else to 0xff.
var hexValue = func() (t [256]byte) {
	for c := range t {
		t[c] = 0xff
	}
	for i := range byte(10) {
		t['0'+i] = i
	}
	for i := range byte(6) {
		t['a'+i], t['A'+i] = 10+i, 10+i
	}
	return t
}()

func isDigit(c byte) bool { return c-'0' <= 9 }

func isLetter(c byte) bool { return c|0x20-'a' <= 'z'-'a' }

// isMethodByte accepts what nginx takes for a method: A-Z, "_" and "-".
func isMethodByte(c byte) bool { return c-'A' <= 'Z'-'A' || c == '_' || c == '-' }

// isHostPunct accepts RFC 3986's unreserved marks and sub-delims.
func isHostPunct(c byte) bool {
	switch c {
	case '-', '.', '_', '~', '!', '$', '&', '\'', '(', ')', '*', '+', ',', ';', '=':
		return true
	}
	return false
}
