package authbasic

import "crypto/md5"

// md5Crypt makes the hash of a password with the salt of another hash; magic is
// "$1$", or Apache's "$apr1$".
func md5Crypt(password, hash []byte, magic string) []byte {
	salt := saltOf(hash[len(magic):], 8)
	h := md5.New()
	h.Write(password)
	h.Write(salt)
	h.Write(password)
	inner := h.Sum(nil)
	h.Reset()
	h.Write(password)
	h.Write([]byte(magic))
	h.Write(salt)
	for n := len(password); n > 0; n -= md5.Size {
		h.Write(inner[:min(n, md5.Size)])
	}
	for n := len(password); n > 0; n >>= 1 {
		if n&1 == 1 {
			h.Write([]byte{0})
		} else {
			h.Write(password[:1])
		}
	}
	sum := h.Sum(nil)
	for i := range 1000 {
		h.Reset()
		write := func(odd bool) {
			if odd {
				h.Write(password)
			} else {
				h.Write(sum)
			}
		}
		write(i&1 == 1)
		if i%3 != 0 {
			h.Write(salt)
		}
		if i%7 != 0 {
			h.Write(password)
		}
		write(i&1 == 0)
		sum = h.Sum(nil)
	}
	out := append(append([]byte(magic), salt...), '$')
	for i := range 5 {
		last := i + 12
		if i == 4 {
			last = 5
		}
		out = to64(out, sum[i], sum[i+6], sum[last], 4)
	}
	return to64(out, 0, 0, sum[11], 2)
}
