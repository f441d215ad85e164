package head

// Field scans one header field, as ngx_http_parse_header_line does. The zero
// value is ready; after a result other than ErrIncomplete it is ready for the
// next field. The slices point into the buffer given to Parse.
type Field struct {
	Name  []byte // as sent
	Value []byte // without the spaces around it; a tab is not a space

	// Invalid tells that Name has a byte that a name should not have. nginx
	// leaves such fields out unless ignore_invalid_headers is off.
	Invalid bool

	// Hash is HashName(Name).
	Hash uint32

	// After ErrInvalidHeader Bad is the line up to the offending byte, which is
	// BadByte: what nginx logs as `client sent invalid header line: "Bad\x00…"`.
	Bad     []byte
	BadByte byte

	state fieldState
	pos   int

	nameEnd, value, valueEnd int
}

type fieldState uint8

const (
	fsStart fieldState = iota
	fsName
	fsBeforeValue
	fsValue
	fsAfterValue // behind a space, which may end the value
	fsLF
	fsLastLF
)

// Reset forgets a field that was not read to its end.
func (f *Field) Reset() { *f = Field{} }

// Parse scans buf, which begins at the same byte in every call for one field.
// With a nil error n is the length of the field with its line end; with ErrDone
// it is the length of the blank line, and there is no field. With
// ErrInvalidHeader it is the offset of the offending byte. underscores tells
// that "_" is valid in names (underscores_in_headers).
func (f *Field) Parse(buf []byte, underscores bool) (n int, err error) {
	if f.pos == 0 {
		f.Reset()
	}
	s := f.state
	for p := f.pos; p < len(buf); p++ {
		c := buf[p]
		switch s {
		case fsStart:
			switch {
			case c == '\r':
				s = fsLastLF
				continue
			case c == '\n':
				return f.done(p + 1)
			case c == ':':
				return f.fail(buf, p)
			}
			s = fsName
			fallthrough

		case fsName:
			for {
				low := lowcase[c]
				if low == 0 {
					break
				}
				f.Hash = f.Hash*31 + uint32(low)
				if p++; p == len(buf) {
					f.state, f.pos = s, p
					return 0, ErrIncomplete
				}
				c = buf[p]
			}
			switch {
			case c == ':':
				f.nameEnd = p
				s = fsBeforeValue
				continue
			case c == '\r' || c == '\n':
				f.nameEnd, f.value, f.valueEnd = p, p, p
				s = fsLF
			case c <= ' ' || c == 0x7f:
				return f.fail(buf, p)
			default:
				f.Hash = f.Hash*31 + uint32(c)
				if c != '_' || !underscores {
					f.Invalid = true
				}
				continue
			}

		case fsBeforeValue:
			switch c {
			case ' ':
				continue
			case 0:
				return f.fail(buf, p)
			case '\r', '\n':
				f.value, f.valueEnd = p, p
				s = fsLF
			default:
				f.value = p
				s = fsValue
				continue
			}

		case fsValue:
			for c > ' ' {
				if p++; p == len(buf) {
					f.state, f.pos = s, p
					return 0, ErrIncomplete
				}
				c = buf[p]
			}
			switch c {
			case ' ':
				f.valueEnd = p
				s = fsAfterValue
				continue
			case 0:
				return f.fail(buf, p)
			case '\r', '\n':
				f.valueEnd = p
				s = fsLF
			default:
				continue
			}

		case fsAfterValue:
			switch c {
			case ' ':
				continue
			case 0:
				return f.fail(buf, p)
			case '\r', '\n':
				s = fsLF
			default:
				s = fsValue
				continue
			}

		case fsLF:
			if c != '\n' && c != '\r' {
				return f.fail(buf, p)
			}

		case fsLastLF:
			if c != '\n' {
				return f.fail(buf, p)
			}
			return f.done(p + 1)
		}

		// Here s is fsLF, entered at "\r" or "\n" or kept by another "\r".
		if c == '\n' {
			f.state, f.pos = fsStart, 0
			f.Name = buf[:f.nameEnd]
			f.Value = buf[f.value:f.valueEnd]
			return p + 1, nil
		}
	}
	f.state, f.pos = s, len(buf)
	return 0, ErrIncomplete
}

func (f *Field) done(n int) (int, error) {
	f.state, f.pos = fsStart, 0
	return n, ErrDone
}

func (f *Field) fail(buf []byte, p int) (int, error) {
	f.state, f.pos = fsStart, 0
	f.Bad, f.BadByte = buf[:p], buf[p]
	return p, ErrInvalidHeader
}

// Is tells whether Name is the given name in lower case, whatever its case.
func (f *Field) Is(lower string) bool { return EqualFold(f.Name, lower) }

// EqualFold compares ASCII text without regard to case; lower is in lower case.
func EqualFold(text []byte, lower string) bool {
	if len(text) != len(lower) {
		return false
	}
	for i, c := range text {
		if c-'A' <= 'Z'-'A' {
			c |= 0x20
		}
		if c != lower[i] {
			return false
		}
	}
	return true
}

// HashName returns the hash of a field name that Field.Hash holds, the same for
// all cases of letters: nginx's ngx_hash_key_lc.
func HashName(name string) uint32 {
	var hash uint32
	for i := 0; i < len(name); i++ {
		c := name[i]
		if c-'A' <= 'Z'-'A' {
			c |= 0x20
		}
		hash = hash*31 + uint32(c)
	}
	return hash
}
