package wire

import (
	"net/netip"
	"strconv"
	"strings"
)

const (
	maxLabel = 63
	maxName  = 255 // in a message, with the length bytes
)

// appendName encodes a name of printable labels. There are no escapes: a name
// from an answer that needed one can not be asked for.
func appendName(dst []byte, name string) ([]byte, error) {
	name = strings.TrimSuffix(name, ".")
	if name == "" || len(name) > maxName-2 {
		return dst, ErrName
	}
	for name != "" {
		label, rest, more := strings.Cut(name, ".")
		if label == "" || len(label) > maxLabel || more && rest == "" {
			return dst, ErrName
		}
		dst = append(dst, byte(len(label)))
		for i := 0; i < len(label); i++ {
			if needsEscape(label[i]) {
				return dst, ErrName
			}
			dst = append(dst, lower(label[i]))
		}
		name = rest
	}
	return append(dst, 0), nil
}

func lower(c byte) byte {
	if c-'A' <= 'Z'-'A' {
		c |= 0x20
	}
	return c
}

func needsEscape(c byte) bool { return c <= ' ' || c >= 0x7f || c == '\\' }

// readName reads the name at an offset, following pointers, and returns the
// offset behind it. Each pointer must lead to an earlier place than the one
// before it, so that there is no loop. The root is "".
func readName(msg []byte, at int) (name string, next int, err error) {
	var text [4 * maxName]byte
	out := text[:0]
	next = -1
	size, start := 1, at
	for {
		if at >= len(msg) {
			return "", 0, ErrMalformed
		}
		n := int(msg[at])
		at++
		switch {
		case n == 0:
			if next < 0 {
				next = at
			}
			return string(out), next, nil

		case n <= maxLabel:
			if size += n + 1; size > maxName || len(msg)-at < n {
				return "", 0, ErrMalformed
			}
			if len(out) > 0 {
				out = append(out, '.')
			}
			out = appendLabel(out, msg[at:at+n])
			at += n

		case n >= 0xc0:
			if at == len(msg) {
				return "", 0, ErrMalformed
			}
			to := (n&0x3f)<<8 | int(msg[at])
			if next < 0 {
				next = at + 1
			}
			if to >= start {
				return "", 0, ErrMalformed
			}
			at, start = to, to

		default:
			return "", 0, ErrMalformed
		}
	}
}

// appendLabel writes a label in lower case, with "." and "\" escaped and bytes
// that are not printable as \DDD.
func appendLabel(out, label []byte) []byte {
	for _, c := range label {
		switch {
		case c == '.' || c == '\\':
			out = append(out, '\\', c)
		case needsEscape(c):
			out = append(out, '\\', '0'+c/100, '0'+c/10%10, '0'+c%10)
		default:
			out = append(out, lower(c))
		}
	}
	return out
}

// ReverseName returns the name that a PTR query for addr asks for. IPv4
// addresses mapped into IPv6 count as IPv4.
func ReverseName(addr netip.Addr) string {
	addr = addr.Unmap()
	var b strings.Builder
	bytes := addr.AsSlice()
	if addr.Is4() {
		for i := len(bytes) - 1; i >= 0; i-- {
			b.WriteString(strconv.Itoa(int(bytes[i])))
			b.WriteByte('.')
		}
		return b.String() + "in-addr.arpa"
	}
	const hex = "0123456789abcdef"
	for i := len(bytes) - 1; i >= 0; i-- {
		b.Write([]byte{hex[bytes[i]&15], '.', hex[bytes[i]>>4], '.'})
	}
	return b.String() + "ip6.arpa"
}
