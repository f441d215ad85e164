package setmisc

import (
	"github.com/perigee-server/perigee/server/cycle"
	"github.com/perigee-server/perigee/server/http"
)

// base32 is an alphabet in both directions. One that names a byte twice is
// taken as it is, so the standard library's does not do.
type base32 struct {
	char  string
	digit [256]int8 // -1: none
}

var hexAlphabet = newBase32("0123456789abcdefghijklmnopqrstuv")

// newBase32 takes an alphabet of 32 bytes.
func newBase32(char string) *base32 {
	b := &base32{char: char}
	for i := range b.digit {
		b.digit[i] = -1
	}
	for i := range len(char) {
		b.digit[char[i]] = int8(i)
	}
	return b
}

func setAlphabet(c *cycle.Conf) error {
	s := confs.At(c)
	if s.base32 != nil {
		return c.Wrong("is duplicate")
	}
	if n := len(c.Arg(0)); n != 32 {
		return c.Errorf("\"set_base32_alphabet\" directive takes an alphabet of %d bytes but %d expected", n, 32)
	}
	s.base32 = newBase32(c.Arg(0))
	return nil
}

func encodeBase32(r *http.Request, args [][]byte) ([]byte, bool) {
	s := confs.Of(r)
	return s.base32.encode(args[0], s.padding.V), true
}

func decodeBase32(r *http.Request, args [][]byte) ([]byte, bool) {
	return confs.Of(r).base32.decode(args[0]), true
}

func (b *base32) encode(v []byte, pad bool) []byte {
	out := make([]byte, 0, (len(v)+4)/5*8)
	var bits uint
	var n uint
	for _, c := range v {
		bits = bits<<8 | uint(c)
		for n += 8; n >= 5; {
			n -= 5
			out = append(out, b.char[bits>>n&31])
		}
	}
	if n > 0 {
		out = append(out, b.char[bits<<(5-n)&31])
	}
	for pad && len(out)%8 != 0 {
		out = append(out, '=')
	}
	return out
}

// decode stops at the first "="; what is not base32 becomes nothing.
func (b *base32) decode(v []byte) []byte {
	out := make([]byte, 0, len(v)*5/8)
	var bits, n uint
	digits := 0
	for _, c := range v {
		if c == '=' {
			break
		}
		d := b.digit[c]
		if d < 0 {
			return nil
		}
		digits++
		bits = bits<<5 | uint(d)
		if n += 5; n >= 8 {
			n -= 8
			out = append(out, byte(bits>>n))
		}
	}
	switch digits % 8 {
	case 1, 3, 6:
		return nil
	}
	return out
}
