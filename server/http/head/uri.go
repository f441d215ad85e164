package head

// NormalizeURI resolves escapes, "/./", "/../" and, with mergeSlashes, repeated
// slashes of a target as sent, as ngx_http_parse_complex_uri does. raw is
// RequestLine.URI or any other URI that begins with "/" or "?".
//
// path is appended to dst and returned without what dst held before; the memory
// is dst's if its capacity suffices, and len(raw)+1 bytes always do. args (nil
// without "?") is a part of raw; exten, the text behind the last "." of the
// last segment or nil, is a part of path. A "#" ends all.
//
// The error is ErrInvalidRequest: a broken escape, %00, or more ".." than
// segments.
func NormalizeURI(dst, raw []byte, mergeSlashes bool) (path, args, exten []byte, err error) {
	n := normalizer{out: dst, base: len(dst), ext: -1, merge: mergeSlashes}
	if len(raw) > 0 && raw[0] == '?' {
		n.out = append(n.out, '/')
	}

	i := 0
scan:
	for i < len(raw) {
		c := raw[i]
		i++
		if usual[c] {
			n.out = append(n.out, c)
			n.state = inSegment
			continue
		}

		switch c {
		case '?', '#':
			if c == '?' {
				args = untilFragment(raw[i:])
			}
			break scan
		case '%':
			if len(raw)-i < 2 {
				return nil, nil, nil, ErrInvalidRequest
			}
			hi, lo := hexValue[raw[i]], hexValue[raw[i+1]]
			if hi|lo == 0xff {
				return nil, nil, nil, ErrInvalidRequest
			}
			i += 2
			c = hi<<4 | lo
			switch c {
			case 0:
				return nil, nil, nil, ErrInvalidRequest
			case '%', '#', '?':
				n.out = append(n.out, c)
				n.state = inSegment
				continue
			}
		}
		if !n.put(c) {
			return nil, nil, nil, ErrInvalidRequest
		}
	}

	if !n.leaveDots() {
		return nil, nil, nil, ErrInvalidRequest
	}
	path = n.out[n.base:len(n.out):len(n.out)]
	if n.ext >= 0 && n.ext <= len(n.out) {
		exten = n.out[n.ext:len(n.out):len(n.out)]
	}
	return path, args, exten, nil
}

func untilFragment(args []byte) []byte {
	for i, c := range args {
		if c == '#' {
			return args[:i:i]
		}
	}
	return args
}

// place is where in a segment the next byte stands.
type place uint8

const (
	inSegment  place = iota
	afterSlash       // at the beginning of a segment
	afterDot         // after "/."
	afterDots        // after "/.."
)

type normalizer struct {
	out   []byte
	base  int // where the path begins in out
	ext   int // where the extension begins in out, or -1
	state place
	merge bool
}

// put takes one byte, from an escape or not, that may mean something. It
// reports false for a ".." above the root.
func (n *normalizer) put(c byte) bool {
	switch {
	case c == '/':
		return n.slash()
	case c != '.':
		n.state = inSegment
	case n.state == afterSlash:
		n.state = afterDot
	case n.state == afterDot:
		n.state = afterDots
	default:
		if n.state == inSegment {
			n.ext = len(n.out) + 1
		}
		n.state = inSegment
	}
	n.out = append(n.out, c)
	return true
}

func (n *normalizer) slash() bool {
	switch n.state {
	case inSegment:
		n.ext = -1
		n.out = append(n.out, '/')
	case afterSlash:
		if !n.merge {
			n.out = append(n.out, '/')
		}
	default:
		return n.leaveDots()
	}
	n.state = afterSlash
	return true
}

// leaveDots ends a segment that is "." or ".." by removing it, and the one
// before it for "..".
func (n *normalizer) leaveDots() bool {
	switch n.state {
	case afterDot:
		n.out = n.out[:len(n.out)-1]
	case afterDots:
		// out ends in "/..": go on behind the slash before that one.
		i := len(n.out) - 4
		for i >= n.base && n.out[i] != '/' {
			i--
		}
		if i < n.base {
			return false
		}
		n.out = n.out[:i+1]
	}
	n.state = afterSlash
	return true
}
