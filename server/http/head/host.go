package head

import "bytes"

// ValidHost checks the value of a Host header or of a target's authority, as
// ngx_http_validate_host does. n is the length of the host proper: without the
// port and without one final dot. upper tells that it has upper-case letters,
// which LowerHost folds, since $host is in lower case. The error is
// ErrInvalidHost.
//
// Unlike nginx 1.22.1 and like newer versions, a byte that RFC 3986 does not
// allow in a host, a port that is no number up to 65535 and anything behind
// "]" but a port are refused. An empty port is allowed.
func ValidHost(host []byte) (n int, upper bool, err error) {
	if len(host) > 0 && host[0] == '[' {
		n, upper = scanLiteral(host)
	} else {
		n, upper = scanName(host)
	}
	if n < 0 || !validPort(host[n:]) {
		return 0, false, ErrInvalidHost
	}
	if n > 0 && host[n-1] == '.' {
		n--
	}
	if n == 0 {
		return 0, false, ErrInvalidHost
	}
	return n, upper, nil
}

// scanName returns where the name ends, or -1.
func scanName(host []byte) (n int, upper bool) {
	for i, c := range host {
		switch {
		case c >= 'A' && c <= 'Z':
			upper = true
		case c == ':':
			return i, upper
		case c == '.':
			if i > 0 && host[i-1] == '.' {
				return -1, false
			}
		case isLetter(c) || isDigit(c) || c == '%' || isHostPunct(c):
		default:
			return -1, false
		}
	}
	return len(host), upper
}

// scanLiteral returns where "[…]" ends, or -1.
func scanLiteral(host []byte) (n int, upper bool) {
	for i := 1; i < len(host); i++ {
		c := host[i]
		switch {
		case c >= 'A' && c <= 'Z':
			upper = true
		case c == ']':
			return i + 1, upper
		case c == '.' && host[i-1] == '.':
			return -1, false
		case isLetter(c) || isDigit(c) || c == ':' || isHostPunct(c):
		default:
			return -1, false
		}
	}
	return -1, false
}

// validPort accepts nothing, ":" and ":" with a number up to 65535.
func validPort(rest []byte) bool {
	if len(rest) == 0 {
		return true
	}
	if rest[0] != ':' {
		return false
	}
	port := 0
	for _, c := range rest[1:] {
		if !isDigit(c) {
			return false
		}
		if port = port*10 + int(c-'0'); port > 65535 {
			return false
		}
	}
	return true
}

// LowerHost appends host in lower case to dst.
func LowerHost(dst, host []byte) []byte {
	for _, c := range host {
		if c >= 'A' && c <= 'Z' {
			c |= 0x20
		}
		dst = append(dst, c)
	}
	return dst
}

// PortOf returns the port that a valid Host value names, nil without one.
func PortOf(host []byte) []byte {
	i := bytes.LastIndexByte(host, ':')
	if i < 0 || bytes.IndexByte(host[i:], ']') >= 0 {
		return nil
	}
	return host[i+1:]
}
