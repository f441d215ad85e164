package head

import "errors"

// ErrInvalidStatus means that a response does not begin with a status line.
// nginx takes such a response for HTTP/0.9: all of it is the body, and the
// status is 200; it logs `upstream sent no valid HTTP/1.0 header`.
var ErrInvalidStatus = errors.New("upstream sent no valid HTTP/1.0 header")

// StatusLine scans the first line of an upstream's response, as
// ngx_http_parse_status_line does; Field scans what follows. The zero value is
// ready; after success or a mistake it is ready for the next response.
type StatusLine struct {
	Code         int
	Text         []byte // code and reason as sent, "200 OK": nginx's status_line
	Major, Minor int

	state  statusState
	pos    int
	digits int
	start  int // of Text
	end    int // of Text
}

type statusState uint8

const (
	ssHTTP statusState = iota
	ssFirstMajor
	ssMajor
	ssFirstMinor
	ssMinor
	ssCode
	ssAfterCode
	ssText
	ssLF
)

// Reset forgets a line that was not read to its end.
func (l *StatusLine) Reset() { *l = StatusLine{} }

// Parse scans buf, which begins at the same byte in every call for one line.
// With a nil error n is the length of the line with its end. Other results are
// ErrIncomplete and ErrInvalidStatus, with the offset of the offending byte.
func (l *StatusLine) Parse(buf []byte) (n int, err error) {
	if l.pos == 0 {
		l.Reset()
	}
	for p := l.pos; p < len(buf); p++ {
		c := buf[p]
		ok := false
		switch l.state {
		case ssHTTP:
			const word = "HTTP/"
			if ok = c == word[p]; p == len(word)-1 {
				l.state = ssFirstMajor
			}
		case ssFirstMajor:
			ok = c >= '1' && c <= '9'
			l.Major = int(c - '0')
			l.state = ssMajor
		case ssMajor:
			if ok = c == '.'; ok {
				l.state = ssFirstMinor
				break
			}
			ok = isDigit(c) && l.Major <= 99
			l.Major = l.Major*10 + int(c-'0')
		case ssFirstMinor:
			ok = isDigit(c)
			l.Minor = int(c - '0')
			l.state = ssMinor
		case ssMinor:
			if ok = c == ' '; ok {
				l.state = ssCode
				break
			}
			ok = isDigit(c) && l.Minor <= 99
			l.Minor = l.Minor*10 + int(c-'0')
		case ssCode:
			if ok = c == ' '; ok {
				break
			}
			ok = isDigit(c)
			l.Code = l.Code*10 + int(c-'0')
			if l.digits++; l.digits == 3 {
				l.start = p - 2
				l.state = ssAfterCode
			}
		case ssAfterCode:
			ok = c == ' ' || c == '.' || c == '\r' || c == '\n'
			l.text(c, p)
		case ssText:
			ok = true
			l.text(c, p)
		case ssLF:
			ok = c == '\n'
		}
		if !ok {
			l.state, l.pos = ssHTTP, 0
			return p, ErrInvalidStatus
		}
		if l.state == ssLF && c == '\n' {
			l.state, l.pos = ssHTTP, 0
			l.Text = buf[l.start:l.end]
			return p + 1, nil
		}
	}
	l.pos = len(buf)
	return 0, ErrIncomplete
}

// text takes a byte behind the code, which may end the line.
func (l *StatusLine) text(c byte, p int) {
	l.state = ssText
	if c == '\r' || c == '\n' {
		l.end = p
		l.state = ssLF
	}
}
