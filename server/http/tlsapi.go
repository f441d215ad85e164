package http

import (
	"crypto/tls"
	"slices"

	"github.com/perigee-server/perigee/server/cycle"
)

// Bits of lists of TLS versions, as ssl_protocols has them.
const (
	TLS10 uint = protoTLS10
	TLS11 uint = protoTLS11
	TLS12 uint = protoTLS12
	TLS13 uint = protoTLS13
)

// TLSProtocols are the words of ssl_protocols and what they stand for.
var TLSProtocols = protocols

// TLSVersions gives the lowest and the highest of a set of versions; 0 when
// crypto/tls knows none of them.
func TLSVersions(bits uint) (lowest, highest uint16) {
	for _, v := range []struct {
		bit     uint
		version uint16
	}{{TLS10, tls.VersionTLS10}, {TLS11, tls.VersionTLS11}, {TLS12, tls.VersionTLS12}, {TLS13, tls.VersionTLS13}} {
		if bits&v.bit == 0 {
			continue
		}
		if lowest == 0 {
			lowest = v.version
		}
		highest = v.version
	}
	return lowest, highest
}

// CipherSuites reads an OpenSSL cipher list as far as crypto/tls has suites.
func CipherSuites(list string) ([]uint16, error) { return cipherSuites(list) }

// LoadPair loads a certificate chain and its key while the configuration is
// read.
func LoadPair(c *cycle.Conf, cert, key string) (tls.Certificate, error) {
	return loadPair(c, cert, key)
}

// SharedCiphers are the suites that both the client and the server of a TLS
// connection know, in the server's order; nil without TLS.
func (c *Conn) SharedCiphers() []uint16 {
	if c.tls == nil || c.tls.config == nil {
		return nil
	}
	suites := c.tls.config.CipherSuites
	if c.tls.config.MaxVersion >= tls.VersionTLS13 {
		suites = append([]uint16{tls.TLS_AES_256_GCM_SHA384, tls.TLS_CHACHA20_POLY1305_SHA256, tls.TLS_AES_128_GCM_SHA256}, suites...)
	}
	var shared []uint16
	for _, suite := range suites {
		if slices.Contains(c.tls.offered, suite) && !slices.Contains(shared, suite) {
			shared = append(shared, suite)
		}
	}
	return shared
}
