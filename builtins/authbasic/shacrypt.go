package authbasic

import (
	"bytes"
	"crypto/sha256"
	"crypto/sha512"
	"hash"
	"strconv"
)

// shaScheme is one of the two schemes of Ulrich Drepper's SHA-crypt.
type shaScheme struct {
	magic string
	hash  func() hash.Hash
	// turn is how the thirds of a digest change places from group to group of
	// the output: to the left (1) or to the right (2).
	turn int
	tail []int // the bytes of the last group
}

var (
	sha256Scheme = &shaScheme{"$5$", sha256.New, 2, []int{31, 30}}
	sha512Scheme = &shaScheme{"$6$", sha512.New, 1, []int{63}}
)

const (
	roundsMark = "rounds="
	rounds     = 5000
	minRounds  = 1000
	maxRounds  = 999999999
)

// shaCrypt compares a password with its hash.
func shaCrypt(s *shaScheme, password, hash []byte) bool {
	rest := hash[len(s.magic):]
	n, explicit := rounds, false
	if text, ok := bytes.CutPrefix(rest, []byte(roundsMark)); ok {
		digits, after, ok := bytes.Cut(text, []byte("$"))
		v, err := strconv.Atoi(string(digits))
		if !ok || err != nil || v < minRounds || v > maxRounds {
			return false
		}
		n, explicit, rest = v, true, after
	}
	salt := saltOf(rest, 16)
	out := []byte(s.magic)
	if explicit {
		out = append(strconv.AppendInt(append(out, roundsMark...), int64(n), 10), '$')
	}
	out = append(append(out, salt...), '$')
	return same(s.encode(out, s.digest(password, salt, n)), hash)
}

// digest is the scheme's hash of a password.
func (s *shaScheme) digest(password, salt []byte, n int) []byte {
	h := s.hash()
	sum := func(parts ...[]byte) []byte {
		h.Reset()
		for _, p := range parts {
			h.Write(p)
		}
		return h.Sum(nil)
	}
	b := sum(password, salt, password)
	h.Reset()
	h.Write(password)
	h.Write(salt)
	h.Write(stretch(b, len(password)))
	for k := len(password); k > 0; k >>= 1 {
		if k&1 == 1 {
			h.Write(b)
		} else {
			h.Write(password)
		}
	}
	a := h.Sum(nil)

	h.Reset()
	for range password {
		h.Write(password)
	}
	p := stretch(h.Sum(nil), len(password))
	h.Reset()
	for range 16 + int(a[0]) {
		h.Write(salt)
	}
	q := stretch(h.Sum(nil), len(salt))

	for i := range n {
		h.Reset()
		first, last := a, p
		if i&1 == 1 {
			first, last = p, a
		}
		h.Write(first)
		if i%3 != 0 {
			h.Write(q)
		}
		if i%7 != 0 {
			h.Write(p)
		}
		h.Write(last)
		a = h.Sum(a[:0:0])
	}
	return a
}

// stretch repeats a sum up to a length.
func stretch(sum []byte, n int) []byte {
	out := make([]byte, 0, n)
	for len(out) < n {
		out = append(out, sum[:min(len(sum), n-len(out))]...)
	}
	return out
}

// encode appends a digest in the scheme's order of bytes: groups of three, a
// third of the digest apart, each beginning one byte further on.
func (s *shaScheme) encode(out, d []byte) []byte {
	third := len(d) / 3
	i, j, k := 0, third, 2*third
	for range third {
		out = to64(out, d[i], d[j], d[k], 4)
		if s.turn == 2 {
			i, j, k = k+1, i+1, j+1
		} else {
			i, j, k = j+1, k+1, i+1
		}
	}
	if len(s.tail) == 2 {
		return to64(out, 0, d[s.tail[0]], d[s.tail[1]], 3)
	}
	return to64(out, 0, 0, d[s.tail[0]], 2)
}
