package setmisc

import (
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"hash"

	"github.com/perigee-server/perigee/server/http"
	"github.com/perigee-server/perigee/server/http/rewritecode"
	"github.com/perigee-server/perigee/server/log"
)

// decoder is a function of the value that may find it invalid.
func decoder(name string, f func(v []byte) ([]byte, bool)) rewritecode.Value {
	return func(r *http.Request, args [][]byte) ([]byte, bool) {
		out, ok := f(args[0])
		if !ok {
			r.Logf(log.Error, "%s: invalid value", name)
		}
		return out, ok
	}
}

func encodeBase64(v []byte) []byte { return base64.StdEncoding.AppendEncode(nil, v) }

func encodeBase64URL(v []byte) []byte { return base64.RawURLEncoding.AppendEncode(nil, v) }

func decodeBase64(v []byte) ([]byte, bool) { return http.DecodeBase64(v, false) }

func decodeBase64URL(v []byte) ([]byte, bool) { return http.DecodeBase64(v, true) }

func encodeHex(v []byte) []byte { return hex.AppendEncode(nil, v) }

func decodeHex(v []byte) ([]byte, bool) {
	out, err := hex.AppendDecode(nil, v)
	return out, err == nil
}

func md5Hex(v []byte) []byte {
	sum := md5.Sum(v)
	return encodeHex(sum[:])
}

func sha1Hex(v []byte) []byte {
	sum := sha1.Sum(v)
	return encodeHex(sum[:])
}

func hmacSHA1(_ *http.Request, args [][]byte) ([]byte, bool) { return sign(sha1.New, args) }

func hmacSHA256(_ *http.Request, args [][]byte) ([]byte, bool) { return sign(sha256.New, args) }

func sign(h func() hash.Hash, args [][]byte) ([]byte, bool) {
	m := hmac.New(h, args[0])
	m.Write(args[1])
	return m.Sum(nil), true
}
