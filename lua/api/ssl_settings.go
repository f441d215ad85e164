package api

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"strings"

	"github.com/perigee-server/perigee/server/cycle"
	"github.com/perigee-server/perigee/server/http"
	"github.com/perigee-server/perigee/server/log"
)

// SSL is the settings of TLS for cosockets: the lua_ssl_* directives.
type SSL struct {
	Protocols cycle.Opt[uint]
	Ciphers   cycle.Opt[string]
	Trusted   cycle.Opt[string]
	CRL       cycle.Opt[string]
	Depth     cycle.Opt[int]
	KeyLog    cycle.Opt[string]
	Certs     []string
	Keys      []string
	Commands  []string // of lua_ssl_conf_command: name, value, …

	roots      *x509.CertPool
	crls       []*x509.RevocationList
	config     *tls.Config
	keyLogPath string
}

// SSLs finds the settings of TLS for cosockets.
var SSLs = http.NewLocation(func() *SSL { return &SSL{} }, mergeSSL)

func mergeSSL(c *cycle.Conf, outer, own *SSL) error {
	same := !own.Protocols.Set && !own.Ciphers.Set && !own.Trusted.Set && !own.CRL.Set && !own.KeyLog.Set && own.Certs == nil && own.Keys == nil && own.Commands == nil
	own.Protocols.Merge(&outer.Protocols, http.TLS10|http.TLS11|http.TLS12|http.TLS13)
	own.Ciphers.Merge(&outer.Ciphers, "DEFAULT")
	own.Trusted.Merge(&outer.Trusted, "")
	own.CRL.Merge(&outer.CRL, "")
	own.Depth.Merge(&outer.Depth, 1)
	own.KeyLog.Merge(&outer.KeyLog, "")
	if own.Certs == nil {
		own.Certs = outer.Certs
	}
	if own.Keys == nil {
		own.Keys = outer.Keys
	}
	if own.Commands == nil {
		own.Commands = outer.Commands
	}
	if same && outer.config != nil {
		own.config, own.roots, own.crls, own.keyLogPath = outer.config, outer.roots, outer.crls, outer.keyLogPath
		return nil
	}
	return own.load(c)
}

// load makes the configuration of crypto/tls.
func (s *SSL) load(c *cycle.Conf) error {
	s.config = &tls.Config{InsecureSkipVerify: true} // verified after the handshake, as ngx_lua does
	s.config.MinVersion, s.config.MaxVersion = http.TLSVersions(s.Protocols.V)
	if s.config.MinVersion == 0 {
		return c.Errorf("no supported protocol in \"lua_ssl_protocols\"")
	}
	if s.Ciphers.V != "DEFAULT" {
		suites, err := http.CipherSuites(s.Ciphers.V)
		if err != nil {
			return c.Errorf("%s", err)
		}
		s.config.CipherSuites = suites
	}
	if err := s.command(c); err != nil {
		return err
	}
	if len(s.Keys) < len(s.Certs) {
		return c.Errorf("no \"lua_ssl_certificate_key\" is defined for certificate %q", s.Certs[len(s.Keys)])
	}
	for i := range s.Certs {
		pair, err := http.LoadPair(c, s.Certs[i], s.Keys[i])
		if err != nil {
			return err
		}
		s.config.Certificates = append(s.config.Certificates, pair)
	}
	if s.KeyLog.V != "" {
		s.keyLogPath = c.Cycle.FullName(s.KeyLog.V)
	}
	if s.Trusted.V != "" {
		text, err := readFile(c, s.Trusted.V, "SSL_CTX_load_verify_locations")
		if err != nil {
			return err
		}
		s.roots = x509.NewCertPool()
		if !s.roots.AppendCertsFromPEM(text) {
			return c.Errorf("SSL_CTX_load_verify_locations(%q) failed (no certificate found)", c.Cycle.ConfName(s.Trusted.V))
		}
	}
	if s.CRL.V != "" {
		text, err := readFile(c, s.CRL.V, "X509_LOOKUP_load_file")
		if err != nil {
			return err
		}
		if s.crls, err = parseCRLs(text); err != nil {
			return c.Errorf("X509_LOOKUP_load_file(%q) failed (%s)", c.Cycle.ConfName(s.CRL.V), err)
		}
	}
	return nil
}

// command reads lua_ssl_conf_command as far as crypto/tls has what it says.
func (s *SSL) command(c *cycle.Conf) error {
	for i := 0; i+1 < len(s.Commands); i += 2 {
		name, value := s.Commands[i], s.Commands[i+1]
		switch strings.ToLower(name) {
		case "ciphersuites": // crypto/tls has the three of TLS 1.3 always on
		case "cipherstring":
			suites, err := http.CipherSuites(value)
			if err != nil {
				return c.Errorf("%s", err)
			}
			s.config.CipherSuites = suites
		case "minprotocol", "maxprotocol":
			version, _ := http.TLSVersions(http.TLSProtocols[value])
			if version == 0 {
				return c.Errorf("SSL_CONF_cmd(%q, %q) failed (bad value)", name, value)
			}
			if strings.EqualFold(name, "MinProtocol") {
				s.config.MinVersion = version
			} else {
				s.config.MaxVersion = version
			}
		default:
			return c.Errorf("the command %q of \"lua_ssl_conf_command\" is not supported by this server", name)
		}
	}
	return nil
}

func readFile(c *cycle.Conf, name, what string) ([]byte, error) {
	path := c.Cycle.ConfName(name)
	text, err := c.Cycle.ReadFile(path)
	if err != nil {
		return nil, errors.New(log.Errno(fmt.Sprintf("%s(%q) failed", what, path), err))
	}
	return text, nil
}
