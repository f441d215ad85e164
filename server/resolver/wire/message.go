// Package wire encodes DNS queries and decodes DNS answers: the record types
// that a resolver for a web server needs, and nothing of zones. It allocates no
// more than the message itself warrants and follows compression pointers only
// backwards.
package wire

import (
	"encoding/binary"
	"errors"
	"net/netip"
)

// Type is the type of a record.
type Type uint16

// The record types that Parse takes apart. Others keep their Data only.
const (
	TypeA     Type = 1
	TypeCNAME Type = 5
	TypePTR   Type = 12
	TypeAAAA  Type = 28
	TypeSRV   Type = 33
)

const (
	classIN    = 1
	headerSize = 12

	flagResponse  = 1 << 15
	flagTruncated = 1 << 9
	flagRecursion = 1 << 8 // desired
	maskOpcode    = 15 << 11
	maskRCode     = 15
)

// MaxMessage is the size of the longest message, which TCP can carry.
const MaxMessage = 65535

// Codes of answers. Those above 5 are rare; nginx calls them unknown.
const (
	RCodeSuccess     = 0
	RCodeFormatError = 1
	RCodeServFail    = 2
	RCodeNXDomain    = 3
	RCodeNotImp      = 4
	RCodeRefused     = 5
)

// ErrMalformed is returned for a message that is not what the DNS allows.
var ErrMalformed = errors.New("malformed DNS message")

// ErrName is returned for a name that can not be asked for: an empty or too
// long label, or more than 253 bytes.
var ErrName = errors.New("invalid domain name")

// Question is what a message asks, or repeats in its answer.
type Question struct {
	Name string // in presentation form and lower case, without the final dot
	Type Type
}

// Record is one record of an answer.
type Record struct {
	Name string // the owner, as in Question
	Type Type
	TTL  uint32 // seconds

	Addr     netip.Addr // A, AAAA
	Target   string     // CNAME, PTR, SRV: a name as in Question
	Priority uint16     // SRV
	Weight   uint16     // SRV
	Port     uint16     // SRV
	Data     []byte     // any other type: a part of the message
}

// Message is a decoded answer.
type Message struct {
	ID        uint16
	RCode     int
	Truncated bool
	Question  Question
	Answers   []Record // class IN only
}

// AppendQuery appends a query for name, with recursion desired, to dst. A final
// dot is allowed. The name is sent in lower case.
func AppendQuery(dst []byte, id uint16, name string, t Type) ([]byte, error) {
	start := len(dst)
	dst = binary.BigEndian.AppendUint16(dst, id)
	dst = binary.BigEndian.AppendUint16(dst, flagRecursion)
	dst = append(dst, 0, 1, 0, 0, 0, 0, 0, 0)
	dst, err := appendName(dst, name)
	if err != nil {
		return dst[:start], err
	}
	dst = binary.BigEndian.AppendUint16(dst, uint16(t))
	return binary.BigEndian.AppendUint16(dst, classIN), nil
}

// IsAnswer tells whether m answers the query with this ID and question.
func (m *Message) IsAnswer(id uint16, q Question) bool {
	if m.Question == (Question{}) && m.RCode == RCodeFormatError {
		return m.ID == id
	}
	return m.ID == id && m.Question == q
}

// Matches tells whether answer belongs to query, which AppendQuery made: same
// ID, same question. A transport over UDP drops what does not and goes on
// waiting.
func Matches(query, answer []byte) bool {
	a, err := Parse(answer)
	if err != nil || len(query) < headerSize {
		return false
	}
	name, at, err := readName(query, headerSize)
	if err != nil || len(query)-at < 4 {
		return false
	}
	q := Question{Name: name, Type: Type(binary.BigEndian.Uint16(query[at:]))}
	return a.IsAnswer(binary.BigEndian.Uint16(query), q)
}

// Parse decodes an answer with exactly one question, or none if the server
// refuses the format. The authority and additional sections are not read.
func Parse(msg []byte) (*Message, error) {
	if len(msg) < headerSize || len(msg) > MaxMessage {
		return nil, ErrMalformed
	}
	flags := binary.BigEndian.Uint16(msg[2:])
	if flags&flagResponse == 0 || flags&maskOpcode != 0 {
		return nil, ErrMalformed
	}
	m := &Message{
		ID:        binary.BigEndian.Uint16(msg),
		RCode:     int(flags & maskRCode),
		Truncated: flags&flagTruncated != 0,
	}

	questions := binary.BigEndian.Uint16(msg[4:])
	if questions == 0 && m.RCode == RCodeFormatError { // the server could not read it
		return m, nil
	}
	if questions != 1 {
		return nil, ErrMalformed
	}
	name, at, err := readName(msg, headerSize)
	if err != nil || len(msg)-at < 4 || binary.BigEndian.Uint16(msg[at+2:]) != classIN {
		return nil, ErrMalformed
	}
	m.Question = Question{Name: name, Type: Type(binary.BigEndian.Uint16(msg[at:]))}
	at += 4

	for range binary.BigEndian.Uint16(msg[6:]) {
		if m.Truncated && at == len(msg) {
			break // the rest has to be fetched over TCP anyway
		}
		var r Record
		var class uint16
		r, class, at, err = readRecord(msg, at)
		if err != nil {
			return nil, err
		}
		if class == classIN {
			m.Answers = append(m.Answers, r)
		}
	}
	return m, nil
}

// readRecord reads the record at an offset and returns the offset behind it.
func readRecord(msg []byte, at int) (r Record, class uint16, next int, err error) {
	r.Name, at, err = readName(msg, at)
	if err != nil {
		return r, 0, 0, err
	}
	if len(msg)-at < 10 {
		return r, 0, 0, ErrMalformed
	}
	r.Type = Type(binary.BigEndian.Uint16(msg[at:]))
	class = binary.BigEndian.Uint16(msg[at+2:])
	r.TTL = binary.BigEndian.Uint32(msg[at+4:])
	if r.TTL > 1<<31-1 { // RFC 2181: as if it were zero
		r.TTL = 0
	}
	size := int(binary.BigEndian.Uint16(msg[at+8:]))
	at += 10
	next = at + size
	if next > len(msg) {
		return r, 0, 0, ErrMalformed
	}
	if class != classIN {
		return r, class, next, nil
	}

	data, end := msg[at:next:next], next
	switch r.Type {
	case TypeA:
		if size != 4 {
			return r, 0, 0, ErrMalformed
		}
		r.Addr = netip.AddrFrom4([4]byte(data))
	case TypeAAAA:
		if size != 16 {
			return r, 0, 0, ErrMalformed
		}
		r.Addr = netip.AddrFrom16([16]byte(data))
	case TypeCNAME, TypePTR:
		r.Target, end, err = readName(msg[:next], at)
	case TypeSRV:
		if size < 7 {
			return r, 0, 0, ErrMalformed
		}
		r.Priority = binary.BigEndian.Uint16(data)
		r.Weight = binary.BigEndian.Uint16(data[2:])
		r.Port = binary.BigEndian.Uint16(data[4:])
		r.Target, end, err = readName(msg[:next], at+6)
	default:
		r.Data = data
	}
	if err != nil || end != next {
		return r, 0, 0, ErrMalformed
	}
	return r, class, next, nil
}
