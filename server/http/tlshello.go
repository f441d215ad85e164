package http

import (
	"crypto/sha256"
	"encoding/binary"
)

// greeting is what the first messages of a handshake say and crypto/tls does
// not tell: the randoms and the client's extensions. It is written to by the
// goroutine of the handshake.
type greeting struct {
	hello          []byte // the client's bytes until the server answers
	client, server []byte // 32 bytes each
}

// greetingLimit bounds what is kept of a client's first bytes. crypto/tls takes
// messages of 64 KB; nobody looks for an extension that far behind.
const greetingLimit = 64 << 10

// retryRandom stands in a server's hello that only asks for another key share.
var retryRandom = sha256.Sum256([]byte("HelloRetryRequest"))

// heard sees what the client has sent.
func (g *greeting) heard(p []byte) {
	if g.server == nil && len(g.hello)+len(p) <= greetingLimit {
		g.hello = append(g.hello, p...)
	}
}

// said sees what the server sends: the client's hello is of no use any more.
func (g *greeting) said(p []byte) {
	if g.server != nil {
		return
	}
	if g.client == nil {
		if body := helloBody(g.hello); len(body) >= 34 {
			g.client = append([]byte(nil), body[2:34]...)
		}
	}
	// record: type, version, length; message: type, length; version, random
	if len(p) >= 43 && p[0] == 22 && p[5] == 2 && [32]byte(p[11:43]) != retryRandom {
		g.server = append([]byte(nil), p[11:43]...)
		g.hello = nil
	}
}

// helloBody is the body of the ClientHello at the start of a client's bytes,
// without the heads of records, nil while it is not whole.
func helloBody(stream []byte) []byte {
	var message []byte
	for len(stream) >= 5 && stream[0] == 22 {
		n := int(binary.BigEndian.Uint16(stream[3:]))
		if len(stream) < 5+n {
			return nil
		}
		message = append(message, stream[5:5+n]...)
		stream = stream[5+n:]
		if len(message) < 4 {
			continue
		}
		if message[0] != 1 {
			return nil
		}
		if size := int(message[1])<<16 | int(message[2])<<8 | int(message[3]); len(message) >= 4+size {
			return message[4 : 4+size]
		}
	}
	return nil
}

// extension finds an extension in the body of a ClientHello.
func extension(body []byte, kind uint16) ([]byte, bool) {
	rest, ok := skip(body, 34, 0) // version, random
	for _, size := range []int{1, 2, 1} {
		if ok {
			rest, ok = skip(rest, 0, size) // session, ciphers, compression
		}
	}
	if !ok || len(rest) < 2 {
		return nil, false
	}
	rest = rest[2:]
	for len(rest) >= 4 {
		n := int(binary.BigEndian.Uint16(rest[2:]))
		if len(rest) < 4+n {
			return nil, false
		}
		if binary.BigEndian.Uint16(rest) == kind {
			return rest[4 : 4+n], true
		}
		rest = rest[4+n:]
	}
	return nil, false
}

// skip leaves out fixed bytes and then a vector whose length has size bytes.
func skip(b []byte, fixed, size int) ([]byte, bool) {
	if len(b) < fixed+size {
		return nil, false
	}
	b = b[fixed:]
	n := 0
	for _, c := range b[:size] {
		n = n<<8 | int(c)
	}
	if len(b) < size+n {
		return nil, false
	}
	return b[size+n:], true
}

// Extension gives an extension of the client's hello, false without it. It can
// be asked for until the server has answered.
func (h *Handshake) Extension(kind uint16) ([]byte, bool) {
	return extension(helloBody(h.Conn.tls.greeting.hello), kind)
}

// TLSRandoms gives the random bytes of both hellos, 32 each; those that are not
// known yet, or on a connection without TLS, are nil.
func (c *Conn) TLSRandoms() (client, server []byte) {
	if c.tls == nil {
		return nil, nil
	}
	g := &c.tls.greeting
	if g.client == nil && g.hello != nil {
		if body := helloBody(g.hello); len(body) >= 34 {
			return body[2:34], nil
		}
	}
	return g.client, g.server
}
