package setmisc

import (
	cryptorand "crypto/rand"
	"math/rand/v2"
	"strconv"

	"github.com/perigee-server/perigee/server/http"
	"github.com/perigee-server/perigee/server/http/rewritecode"
	"github.com/perigee-server/perigee/server/log"
)

const (
	lowercase = "abcdefghijklmnopqrstuvwxyz"
	alphanum  = lowercase + "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

	maxRandom = 64 // characters of set_secure_random_*
)

// number reads digits only.
func number(b []byte) (int64, bool) {
	if len(b) == 0 || b[0] < '0' || b[0] > '9' {
		return 0, false
	}
	n, err := strconv.ParseInt(string(b), 10, 64)
	return n, err == nil
}

// random is set_random.
func random(r *http.Request, args [][]byte) ([]byte, bool) {
	from, ok := number(args[0])
	if !ok {
		r.Logf(log.Error, "set_random: bad \"from\" argument: %s", args[0])
		return nil, false
	}
	to, ok := number(args[1])
	if !ok {
		r.Logf(log.Error, "set_random: bad \"to\" argument: %s", args[1])
		return nil, false
	}
	if from > to {
		from, to = to, from
	}
	n := from + int64(rand.Uint64N(uint64(to-from)+1))
	return strconv.AppendInt(nil, n, 10), true
}

// secure makes random characters of an alphabet.
func secure(alphabet string) rewritecode.Value {
	return func(r *http.Request, args [][]byte) ([]byte, bool) {
		n, ok := number(args[0])
		if !ok || n < 1 || n > maxRandom {
			r.Logf(log.Error, "set_random: bad \"length\" argument: %s", args[0])
			return nil, false
		}
		out := make([]byte, n)
		cryptorand.Read(out)
		for i, c := range out {
			// The remainder prefers some characters a little; reading again until
			// there is none keeps all alike.
			for limit := 256 - 256%len(alphabet); int(c) >= limit; {
				var one [1]byte
				cryptorand.Read(one[:])
				c = one[0]
			}
			out[i] = alphabet[int(c)%len(alphabet)]
		}
		return out, true
	}
}

// rotate is set_rotate; the last number is kept for each location.
func rotate(r *http.Request, args [][]byte) ([]byte, bool) {
	from, ok := number(args[1])
	if !ok {
		r.Logf(log.Error, "set_rotate: bad \"from\" argument value: \"%s\"", args[1])
		return nil, false
	}
	to, ok := number(args[2])
	if !ok {
		r.Logf(log.Error, "set_rotate: bad \"to\" argument value: \"%s\"", args[2])
		return nil, false
	}
	if from > to {
		from, to = to, from
	}
	s := confs.Of(r)
	now, ok := number(args[0])
	if !ok {
		if len(args[0]) > 0 {
			r.Logf(log.Error, "set_rotate: bad current value: \"%s\"", args[0])
		}
		now = int64(s.rotated)
		if s.rotated < 0 {
			now = from - 1
		}
	}
	if now++; now > to || now < from {
		now = from
	}
	s.rotated = int(now)
	return strconv.AppendInt(nil, now, 10), true
}
