package api

import (
	"bytes"
	"crypto/x509"
	"errors"
	"strings"
	"time"
)

// The results of verifying that OpenSSL numbers (X509_V_ERR_*).
var verifyTexts = map[int]string{
	3:  "unable to get certificate CRL",
	7:  "certificate signature failure",
	9:  "certificate is not yet valid",
	10: "certificate has expired",
	18: "self-signed certificate",
	19: "self-signed certificate in certificate chain",
	20: "unable to get local issuer certificate",
	21: "unable to verify the first certificate",
	22: "certificate chain too long",
	23: "certificate revoked",
	26: "unsuitable certificate purpose",
}

// verify checks the certificates of a peer and gives OpenSSL's number and words
// for what is wrong, 0 when nothing is.
func (s *SSL) verify(chain []*x509.Certificate, store *trustedStore, now time.Time) (int, string) {
	roots := s.roots
	if store != nil {
		roots = store.roots
	}
	if roots == nil {
		roots = x509.NewCertPool()
	}
	found, code := verifyChain(chain, roots, x509.ExtKeyUsageServerAuth, s.Depth.V, now)
	if code == 0 {
		code = s.revoked(found)
	}
	return code, verifyTexts[code]
}

// verifyChain looks for a way from a peer's certificate to a root, with at most
// depth certificates between the two, and gives it, or OpenSSL's number for why
// there is none.
func verifyChain(chain []*x509.Certificate, roots *x509.CertPool, usage x509.ExtKeyUsage, depth int, now time.Time) ([]*x509.Certificate, int) {
	if len(chain) == 0 {
		return nil, 20
	}
	between := x509.NewCertPool()
	for _, cert := range chain[1:] {
		between.AddCert(cert)
	}
	found, err := chain[0].Verify(x509.VerifyOptions{Roots: roots, Intermediates: between, CurrentTime: now, KeyUsages: []x509.ExtKeyUsage{usage}})
	if err != nil {
		return nil, verifyCode(chain, err, now)
	}
	for _, way := range found {
		if len(way)-2 <= depth {
			return way, 0
		}
	}
	return nil, 22
}

func verifyCode(chain []*x509.Certificate, err error, now time.Time) int {
	var invalid x509.CertificateInvalidError
	if errors.As(err, &invalid) {
		switch invalid.Reason {
		case x509.Expired:
			if now.Before(invalid.Cert.NotBefore) {
				return 9
			}
			return 10
		case x509.IncompatibleUsage:
			return 26
		case x509.TooManyIntermediates:
			return 22
		}
		return 7
	}
	last := chain[len(chain)-1]
	switch {
	case !bytes.Equal(last.RawSubject, last.RawIssuer):
		return 20
	case len(chain) == 1:
		return 18
	}
	return 19
}

// revoked checks a chain against lua_ssl_crl: OpenSSL demands a list for every
// issuer, the root's own included, once there is one.
func (s *SSL) revoked(chain []*x509.Certificate) int {
	if len(s.crls) == 0 {
		return 0
	}
	for i, cert := range chain {
		issuer := chain[min(i+1, len(chain)-1)]
		seen := false
		for _, list := range s.crls {
			if !bytes.Equal(list.RawIssuer, issuer.RawSubject) || issuer.CheckSignature(list.SignatureAlgorithm, list.RawTBSRevocationList, list.Signature) != nil {
				continue
			}
			seen = true
			for _, entry := range list.RevokedCertificateEntries {
				if entry.SerialNumber.Cmp(cert.SerialNumber) == 0 {
					return 23
				}
			}
		}
		if !seen {
			return 3
		}
	}
	return 0
}

// matchesHost compares a name with the certificate's, with its common name
// where it has no other (X509_check_host).
func matchesHost(cert *x509.Certificate, name string) bool {
	if cert.VerifyHostname(name) == nil {
		return true
	}
	if len(cert.DNSNames) > 0 {
		return false
	}
	common := strings.ToLower(cert.Subject.CommonName)
	name = strings.ToLower(strings.TrimSuffix(name, "."))
	if wild, ok := strings.CutPrefix(common, "*."); ok {
		_, rest, _ := strings.Cut(name, ".")
		return rest != "" && rest == wild
	}
	return common != "" && common == name
}
