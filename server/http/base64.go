package http

// DecodeBase64 is nginx's decoder of base64, or with url of base64url: it stops
// at the first "=", knows nothing of padding and takes any bits behind the last
// byte. ok is false for another byte than a digit, and for one digit too many.
func DecodeBase64(v []byte, url bool) (out []byte, ok bool) {
	c62, c63 := byte('+'), byte('/')
	if url {
		c62, c63 = '-', '_'
	}
	out = make([]byte, 0, (len(v)+3)/4*3)
	var bits, n uint
	digits := 0
	for _, c := range v {
		if c == '=' {
			break
		}
		var d uint
		switch {
		case c >= 'A' && c <= 'Z':
			d = uint(c - 'A')
		case c >= 'a' && c <= 'z':
			d = uint(c-'a') + 26
		case c >= '0' && c <= '9':
			d = uint(c-'0') + 52
		case c == c62:
			d = 62
		case c == c63:
			d = 63
		default:
			return nil, false
		}
		digits++
		bits = bits<<6 | d
		if n += 6; n >= 8 {
			n -= 8
			out = append(out, byte(bits>>n))
		}
	}
	return out, digits%4 != 1
}
