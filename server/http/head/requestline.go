package head

// RequestLine scans the first line of a request, as ngx_http_parse_request_line
// does. The zero value is ready; after success or a mistake it is ready for the
// next request. The slices point into the buffer given to Parse.
type RequestLine struct {
	Line     []byte // the whole line without its end: nginx's $request
	Method   []byte // as sent
	Verb     Method // what Method stands for
	URI      []byte // path and arguments as sent: $request_uri
	Schema   []byte // of an absolute target, as sent; else nil
	Host     []byte // of an absolute target, as sent, without the port; else nil
	Port     []byte // of an absolute target; may be empty; else nil
	Protocol []byte // "HTTP/1.1" up to the line's end, nil for HTTP/0.9: $server_protocol

	// Path, Args and Exten are the parts of URI as sent: before "?", behind it
	// (nil when there is no "?"), and behind the last "." of Path's last segment.
	// They hold without further work only if NeedsNormalizing is false.
	Path, Args, Exten []byte

	Complex   bool // the path has "/.", "//", or the URI has "#"
	Quoted    bool // the path has "%"
	Plus      bool // the path has "+"
	EmptyPath bool // "http://host?args": URI lacks the "/"

	Major, Minor int // 0 and 9 for HTTP/0.9

	// Start is the offset of the line in the buffer: blank lines before a request
	// are passed over. It holds while the line is incomplete, too.
	Start int

	state state
	pos   int

	// Offsets into the buffer; 0 means unset, since a method comes first.
	schema, schemaEnd, host, hostEnd, port, portEnd, uri, uriEnd, ext, args, proto, end int
	methodEnd                                                                           int
}

type state uint8

const (
	stStart state = iota
	stMethod
	stBeforeURI
	stSchema
	stSchemaSlash
	stSchemaSlashSlash
	stHostStart
	stHost
	stHostEnd
	stHostLiteral
	stPort
	stAfterSlash
	stPath
	stURI
	stAfterURI
	stHTTP
	stFirstMajor
	stMajor
	stFirstMinor
	stMinor
	stAfterVersion
	stLF
)

// NeedsNormalizing tells that the path is not Path as it stands; NormalizeURI
// has to be called.
func (l *RequestLine) NeedsNormalizing() bool { return l.Complex || l.Quoted || l.EmptyPath }

// Version returns nginx's number for the version: 1001 for HTTP/1.1, 9 for 0.9.
func (l *RequestLine) Version() int { return l.Major*1000 + l.Minor }

// Reset forgets a line that was not read to its end.
func (l *RequestLine) Reset() { *l = RequestLine{} }

// Parse scans buf, which begins at the same byte in every call for one line.
// With a nil error n is the length of the line with its end and what was passed
// over before it. With ErrInvalid… n is the offset of the offending byte.
func (l *RequestLine) Parse(buf []byte) (n int, err error) {
	if l.pos == 0 {
		l.Reset()
	}
	s := l.state
	for p := l.pos; p < len(buf); p++ {
		c := buf[p]
		switch s {
		case stStart:
			l.Start = p
			if c == '\r' || c == '\n' {
				continue
			}
			if !isMethodByte(c) {
				return l.fail(p, ErrInvalidMethod)
			}
			s = stMethod

		case stMethod:
			if c == ' ' {
				l.methodEnd = p
				s = stBeforeURI
				continue
			}
			if !isMethodByte(c) {
				return l.fail(p, ErrInvalidMethod)
			}

		case stBeforeURI:
			switch {
			case c == '/':
				l.uri = p
				s = stAfterSlash
			case isLetter(c):
				l.schema = p
				s = stSchema
			case c != ' ':
				return l.fail(p, ErrInvalidRequest)
			}

		case stSchema, stSchemaSlash, stSchemaSlashSlash, stHostStart, stHost, stHostEnd, stHostLiteral, stPort:
			if s = l.authority(s, c, p); s == stStart {
				return l.fail(p, ErrInvalidRequest)
			}

		case stAfterSlash:
			if usual[c] {
				s = stPath
				continue
			}
			switch c {
			case '.', '/', '#':
				l.Complex = true
				s = stURI
			case '%':
				l.Quoted = true
				s = stURI
			case '+':
				l.Plus = true
			default:
				if s = l.uriByte(s, c, p); s == stStart {
					return l.fail(p, ErrInvalidRequest)
				}
			}

		case stPath:
			for usual[c] {
				if p++; p == len(buf) {
					break
				}
				c = buf[p]
			}
			if p == len(buf) {
				break
			}
			switch c {
			case '/':
				l.ext = 0
				s = stAfterSlash
			case '.':
				l.ext = p + 1
			case '#':
				l.Complex = true
				s = stURI
			case '%':
				l.Quoted = true
				s = stURI
			case '+':
				l.Plus = true
			default:
				if s = l.uriByte(s, c, p); s == stStart {
					return l.fail(p, ErrInvalidRequest)
				}
			}

		case stURI:
			for usual[c] {
				if p++; p == len(buf) {
					break
				}
				c = buf[p]
			}
			if p == len(buf) {
				break
			}
			switch c {
			case '#':
				l.Complex = true
			case '/', '.', '%', '+', '?':
			default:
				if s = l.uriByte(s, c, p); s == stStart {
					return l.fail(p, ErrInvalidRequest)
				}
			}

		case stAfterURI:
			switch c {
			case ' ':
			case 'H':
				l.proto = p
				s = stHTTP
			case '\r', '\n':
				l.Minor = 9
				l.end = p
				s = stLF
			default:
				return l.fail(p, ErrInvalidRequest)
			}

		case stHTTP:
			const word = "HTTP/"
			i := p - l.proto
			if c != word[i] {
				return l.fail(p, ErrInvalidRequest)
			}
			if i == len(word)-1 {
				s = stFirstMajor
			}

		case stFirstMajor:
			if c < '1' || c > '9' {
				return l.fail(p, ErrInvalidRequest)
			}
			if c > '1' {
				return l.fail(p, ErrInvalidVersion)
			}
			l.Major = 1
			s = stMajor

		case stMajor:
			if c == '.' {
				s = stFirstMinor
				continue
			}
			if isDigit(c) { // 10 and more
				return l.fail(p, ErrInvalidVersion)
			}
			return l.fail(p, ErrInvalidRequest)

		case stFirstMinor:
			if !isDigit(c) {
				return l.fail(p, ErrInvalidRequest)
			}
			l.Minor = int(c - '0')
			s = stMinor

		case stMinor, stAfterVersion:
			switch {
			case c == '\r' || c == '\n':
				l.end = p
				s = stLF
			case c == ' ':
				s = stAfterVersion
			case s == stAfterVersion || !isDigit(c) || l.Minor > 99:
				return l.fail(p, ErrInvalidRequest)
			default:
				l.Minor = l.Minor*10 + int(c-'0')
			}

		case stLF:
			// Entered at "\r" or "\n"; for the latter the line is over, below.
			if c != '\n' {
				return l.fail(p, ErrInvalidRequest)
			}
		}

		if s == stLF && p < len(buf) && buf[p] == '\n' {
			return l.finish(buf, p+1)
		}
	}
	l.state, l.pos = s, len(buf)
	return 0, ErrIncomplete
}

// uriByte handles the bytes that mean the same in all of a URI. It returns
// stStart for one that is not allowed.
func (l *RequestLine) uriByte(s state, c byte, p int) state {
	switch c {
	case ' ':
		l.uriEnd = p
		return stAfterURI
	case '\r', '\n':
		l.uriEnd, l.end = p, p
		l.Minor = 9
		return stLF
	case '?':
		l.args = p + 1
		return stURI
	}
	return stStart
}

// authority scans "scheme://host:port". It returns stStart for a byte that is
// not allowed.
func (l *RequestLine) authority(s state, c byte, p int) state {
	switch s {
	case stSchema:
		if isLetter(c) || isDigit(c) || c == '+' || c == '-' || c == '.' {
			return stSchema
		}
		if c != ':' {
			return stStart
		}
		l.schemaEnd = p
		return stSchemaSlash

	case stSchemaSlash, stSchemaSlashSlash:
		if c != '/' {
			return stStart
		}
		return s + 1

	case stHostStart:
		l.host = p
		if c == '[' {
			return stHostLiteral
		}
		return l.authority(stHost, c, p)

	case stHost:
		if isLetter(c) || isDigit(c) || c == '.' || c == '-' {
			return stHost
		}
		return l.authority(stHostEnd, c, p)

	case stHostLiteral:
		if c == ']' {
			return stHostEnd
		}
		if isLetter(c) || isDigit(c) || c == ':' || isHostPunct(c) {
			return stHostLiteral
		}
		return stStart

	case stHostEnd:
		l.hostEnd = p
		if c == ':' {
			l.port = p + 1
			return stPort
		}

	case stPort:
		if isDigit(c) {
			return stPort
		}
		l.portEnd = p
	}

	switch c {
	case '/':
		l.uri = p
		return stAfterSlash
	case '?':
		l.uri, l.args = p, p+1
		l.EmptyPath = true
		return stURI
	case ' ':
		// No path at all: the first slash of "//" serves as "/".
		l.uri, l.uriEnd = l.schemaEnd+1, l.schemaEnd+2
		return stAfterURI
	}
	return stStart
}

func (l *RequestLine) fail(p int, err error) (int, error) {
	l.state, l.pos = stStart, 0
	return p, err
}

// finish makes the slices from the offsets.
func (l *RequestLine) finish(buf []byte, n int) (int, error) {
	l.state, l.pos = stStart, 0
	l.Line = buf[l.Start:l.end]
	l.Method = buf[l.Start:l.methodEnd]
	l.Verb = MethodOf(l.Method)
	l.URI = buf[l.uri:l.uriEnd]
	if l.schemaEnd > 0 {
		l.Schema = buf[l.schema:l.schemaEnd]
		l.Host = buf[l.host:l.hostEnd]
	}
	if l.portEnd > 0 {
		l.Port = buf[l.port:l.portEnd]
	}
	if l.proto > 0 {
		l.Protocol = buf[l.proto:l.end]
	}

	pathEnd := l.uriEnd
	if l.args > 0 {
		pathEnd = l.args - 1
		l.Args = buf[l.args:l.uriEnd]
	}
	l.Path = buf[l.uri:pathEnd]
	if l.ext > 0 {
		l.Exten = buf[l.ext:pathEnd]
	}
	if l.Major == 0 && l.Verb != MethodGet {
		return n, ErrInvalid09Method
	}
	return n, nil
}
