package api

import (
	"crypto/x509"
	"time"

	lua "github.com/yuin/gopher-lua"
)

// verifyClient has the client asked for a certificate; what comes of it is in
// $ssl_client_verify. Its arguments are the authorities that the client is
// told, how many certificates may stand between the client's and theirs, and
// further authorities that are trusted without being named.
func verifyClient(e *Engine, c *Ctx, L *lua.LState) int {
	if c.hand == nil && c.R == nil {
		L.RaiseError("no request found")
	}
	if c.Phase != PhaseSSLCertificate {
		return fail(L, "API disabled in the current context")
	}
	named, roots := x509.NewCertPool(), x509.NewCertPool()
	for i, name := range map[int]string{1: "client_certs", 3: "trusted_certs"} {
		if !lua.LVAsBool(L.Get(i)) {
			continue
		}
		chain, ok := handleOf[*certChain](L.Get(i))
		if !ok {
			return fail(L, "bad "+name+" arg: cdata expected, got "+typeName(L.Get(i)))
		}
		for _, raw := range chain.raw {
			cert, err := x509.ParseCertificate(raw)
			if err != nil {
				return fail(L, "X509_STORE_add_cert() failed")
			}
			roots.AddCert(cert)
			if i == 1 {
				named.AddCert(cert)
			}
		}
	}
	depth := 1
	if n, ok := L.Get(2).(lua.LNumber); ok && n >= 0 {
		depth = int(n)
	}
	c.hand.Authorities = named
	c.hand.VerifyClient = func(chain []*x509.Certificate) string {
		if len(chain) == 0 {
			return "NONE"
		}
		_, code := verifyChain(chain, roots, x509.ExtKeyUsageClientAuth, depth, time.Now())
		if code == 20 && len(chain) == 1 {
			code = 21 // the last that OpenSSL finds when it is told to go on
		}
		if code != 0 {
			return "FAILED:" + verifyTexts[code]
		}
		return "SUCCESS"
	}
	return yes(L)
}
