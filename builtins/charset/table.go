package charset

import (
	"encoding/hex"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/perigee-server/perigee/server/cycle"
)

// table is one charset_map: the bytes of its first charset in its second one,
// which is another 8-bit charset or UTF-8.
type table struct {
	from, to string
	utf8     bool
	forth    [256][]byte
	back8    [256]byte
	backUTF  map[rune]byte
}

// setMap reads a charset_map block.
func setMap(c *cycle.Conf) error {
	t := &table{from: c.Arg(0), to: c.Arg(1), backUTF: map[rune]byte{}}
	t.utf8 = strings.EqualFold(t.to, "utf-8")
	if strings.EqualFold(t.from, t.to) {
		return c.Errorf("\"charset_map\" between the same charsets %q and %q", t.from, t.to)
	}
	m := mains.At(c)
	key := [2]string{strings.ToLower(t.from), strings.ToLower(t.to)}
	if m.tables[key] != nil {
		return c.Errorf("duplicate \"charset_map\" between %q and %q", t.from, t.to)
	}
	for i := range 256 {
		b := byte(i)
		t.forth[i], t.back8[i] = []byte{b}, b
		if i >= 0x80 { // what the table does not name has no counterpart
			t.forth[i], t.back8[i] = []byte{'?'}, '?'
		} else {
			t.backUTF[rune(i)] = b
		}
	}
	for _, d := range c.Dir.Block {
		c.Dir = d
		if len(d.Args) != 1 {
			return c.Errorf("invalid parameters number")
		}
		if err := t.add(c, d.Name, d.Args[0]); err != nil {
			return err
		}
	}
	m.tables[key] = t
	return nil
}

func (t *table) add(c *cycle.Conf, from, to string) error {
	src, err := strconv.ParseUint(from, 16, 8)
	if err != nil {
		return c.Errorf("invalid value %q", from)
	}
	dst, err := hex.DecodeString(even(to))
	if err != nil || len(dst) == 0 {
		return c.Errorf("invalid value %q", to)
	}
	if !t.utf8 {
		if len(dst) != 1 {
			return c.Errorf("invalid value %q", to)
		}
		t.forth[src], t.back8[dst[0]] = dst, byte(src)
		return nil
	}
	r, n := utf8.DecodeRune(dst)
	if n != len(dst) || r == utf8.RuneError {
		return c.Errorf("invalid value %q", to)
	}
	t.forth[src] = dst
	t.backUTF[r] = byte(src)
	return nil
}

func even(s string) string {
	if len(s)%2 == 1 {
		return "0" + s
	}
	return s
}

// between finds the table of two charsets, in either direction.
func (m *maps) between(from, to string) *table {
	from, to = strings.ToLower(from), strings.ToLower(to)
	if t := m.tables[[2]string{from, to}]; t != nil {
		return t
	}
	return m.tables[[2]string{to, from}]
}

// coder recodes a body part by part.
type coder struct {
	t    *table
	back bool
	rest []byte // the beginning of a character whose end is in the next part
}

func (t *table) coder(from string) coder {
	return coder{t: t, back: strings.EqualFold(from, t.to)}
}

func (c *coder) code(in []byte, last bool) []byte {
	out := make([]byte, 0, len(in)+len(in)/8)
	switch {
	case !c.back:
		for _, b := range in {
			out = append(out, c.t.forth[b]...)
		}
	case !c.t.utf8:
		for _, b := range in {
			out = append(out, c.t.back8[b])
		}
	default:
		out = c.fromUTF8(out, in, last)
	}
	return out
}

// fromUTF8 writes what the charset does not have as a character reference.
func (c *coder) fromUTF8(out, in []byte, last bool) []byte {
	if len(c.rest) > 0 {
		in = append(c.rest, in...)
		c.rest = nil
	}
	for len(in) > 0 {
		if !last && !utf8.FullRune(in) {
			c.rest = append([]byte(nil), in...)
			return out
		}
		r, n := utf8.DecodeRune(in)
		in = in[n:]
		if r == utf8.RuneError && n <= 1 {
			out = append(out, '?')
			continue
		}
		if b, ok := c.t.backUTF[r]; ok {
			out = append(out, b)
			continue
		}
		out = append(out, "&#"...)
		out = strconv.AppendInt(out, int64(r), 10)
		out = append(out, ';')
	}
	return out
}
