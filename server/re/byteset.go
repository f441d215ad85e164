package re

import "math/bits"

// byteSet is a set of bytes.
type byteSet [4]uint64

func (s *byteSet) add(c byte)      { s[c>>6] |= 1 << (c & 63) }
func (s *byteSet) has(c byte) bool { return s[c>>6]>>(c&63)&1 != 0 }

func (s *byteSet) addRange(lo, hi byte) {
	for c := int(lo); c <= int(hi); c++ {
		s.add(byte(c))
	}
}

func (s *byteSet) union(t byteSet) {
	for i := range s {
		s[i] |= t[i]
	}
}

func (s byteSet) not() byteSet {
	for i := range s {
		s[i] = ^s[i]
	}
	return s
}

func (s byteSet) meets(t byteSet) bool {
	for i := range s {
		if s[i]&t[i] != 0 {
			return true
		}
	}
	return false
}

func (s byteSet) len() int {
	n := 0
	for _, w := range s {
		n += bits.OnesCount64(w)
	}
	return n
}

// first returns the smallest member; the set must not be empty.
func (s byteSet) first() byte {
	for i, w := range s {
		if w != 0 {
			return byte(i<<6 + bits.TrailingZeros64(w))
		}
	}
	return 0
}

// fold adds the other case of each ASCII letter.
func (s *byteSet) fold() {
	for c := byte('a'); c <= 'z'; c++ {
		upper := c - 'a' + 'A'
		if s.has(c) || s.has(upper) {
			s.add(c)
			s.add(upper)
		}
	}
}

func setOf(text string) (s byteSet) {
	for i := 0; i < len(text); i++ {
		s.add(text[i])
	}
	return s
}

func setOfRanges(pairs string) (s byteSet) {
	for i := 0; i < len(pairs); i += 2 {
		s.addRange(pairs[i], pairs[i+1])
	}
	return s
}

// The sets of PCRE's "C" locale tables.
var (
	setDigit      = setOfRanges("09")
	setWord       = setOfRanges("09AZaz__")
	setSpace      = setOf(" \t\n\v\f\r")
	setHorizontal = setOf(" \t\xa0")
	setVertical   = setOf("\n\v\f\r\x85")
	setNewline    = setOf("\n")
	setAll        = byteSet{}.not()
)

var posixSets = map[string]byteSet{
	"alpha": setOfRanges("azAZ"), "lower": setOfRanges("az"), "upper": setOfRanges("AZ"), "alnum": setOfRanges("09azAZ"),
	"digit": setDigit, "xdigit": setOfRanges("09afAF"), "space": setSpace, "blank": setOf(" \t"), "word": setWord,
	"cntrl": setOfRanges("\x00\x1f\x7f\x7f"), "ascii": setOfRanges("\x00\x7f"), "graph": setOfRanges("!~"), "print": setOfRanges(" ~"),
	"punct": setOfRanges("!/:@[`{~"),
}
