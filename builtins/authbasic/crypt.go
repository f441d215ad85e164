package authbasic

import (
	"bytes"
	"crypto/sha1"
	"crypto/subtle"
	"encoding/base64"

	"golang.org/x/crypto/bcrypt"
)

// slow tells hashes that are made to take long.
func slow(hash []byte) bool {
	return bytes.HasPrefix(hash, []byte("$2")) || bytes.HasPrefix(hash, []byte("$5$")) || bytes.HasPrefix(hash, []byte("$6$"))
}

// verify compares a password with its hash. The schemes are those of nginx
// ($apr1$, {PLAIN}, {SHA}, {SSHA}), and of crypt(3) $1$, $2a$, $2b$, $2y$, $5$
// and $6$. No password fits another one, as with crypt(3), whose result for it is
// "*0".
func verify(password, hash []byte) bool {
	prefix := func(p string) bool { return bytes.HasPrefix(hash, []byte(p)) }
	switch {
	case prefix("$apr1$"):
		return same(md5Crypt(password, hash, "$apr1$"), hash)
	case prefix("{PLAIN}"):
		return same(password, hash[len("{PLAIN}"):])
	case prefix("{SHA}"):
		sum := sha1.Sum(password)
		return same(base64.StdEncoding.AppendEncode(nil, sum[:]), hash[len("{SHA}"):])
	case prefix("{SSHA}"):
		return saltedSHA(password, hash[len("{SSHA}"):])
	case prefix("$1$"):
		return same(md5Crypt(password, hash, "$1$"), hash)
	case prefix("$2a$"), prefix("$2b$"), prefix("$2y$"):
		if len(password) > 72 {
			password = password[:72] // what crypt(3) looks at
		}
		return bcrypt.CompareHashAndPassword(hash, password) == nil
	case prefix("$5$"):
		return shaCrypt(sha256Scheme, password, hash)
	case prefix("$6$"):
		return shaCrypt(sha512Scheme, password, hash)
	}
	return false
}

func same(a, b []byte) bool { return subtle.ConstantTimeCompare(a, b) == 1 }

// saltedSHA compares with base64(SHA-1(password salt) salt).
func saltedSHA(password, text []byte) bool {
	raw, err := base64.StdEncoding.AppendDecode(nil, text)
	if err != nil || len(raw) < sha1.Size {
		return false
	}
	sum := sha1.Sum(append(append([]byte(nil), password...), raw[sha1.Size:]...))
	return same(sum[:], raw[:sha1.Size])
}

// saltOf cuts the salt out of a hash: up to max bytes before the next "$".
func saltOf(b []byte, max int) []byte {
	if i := bytes.IndexByte(b, '$'); i >= 0 {
		b = b[:i]
	}
	return b[:min(len(b), max)]
}

const itoa64 = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// to64 appends n digits of 24 bits, the low ones first.
func to64(out []byte, a, b, c byte, n int) []byte {
	v := uint(a)<<16 | uint(b)<<8 | uint(c)
	for range n {
		out = append(out, itoa64[v&63])
		v >>= 6
	}
	return out
}
