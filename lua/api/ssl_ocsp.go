package api

import (
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	lua "github.com/yuin/gopher-lua"
	"golang.org/x/crypto/ocsp"

	"github.com/perigee-server/perigee/lua/vm"
	"github.com/perigee-server/perigee/server/http"
)

// ngx.ocsp: requests and responses of OCSP for the server's certificate. The
// script fetches the response itself.
func init() {
	family(func(e *Engine) {
		e.module("ngx.ocsp", func(L *lua.LState) *lua.LTable {
			t := L.NewTable()
			t.RawSetString("version", lua.LString("0.1.25"))
			e.set(t, anyPhase, map[string]function{
				"get_ocsp_responder_from_der_chain": ocspResponder,
				"create_ocsp_request":               ocspRequest,
				"validate_ocsp_response":            ocspValidate,
			})
			t.RawSetString("set_ocsp_status_resp", e.bind(anyPhase, sslFunction(ocspStaple).call))
			return t
		})
	})
}

var errNoIssuer = errors.New("no issuer certificate in chain")

// leafAndIssuer are the first two certificates of a chain in DER.
func leafAndIssuer(der string) (leaf, issuer *x509.Certificate, err error) {
	certs, err := x509.ParseCertificates([]byte(der))
	if err != nil || len(certs) == 0 {
		return nil, nil, errors.New("d2i_X509_bio() failed")
	}
	if len(certs) < 2 {
		return certs[0], nil, errNoIssuer
	}
	return certs[0], certs[1], nil
}

// ocspResponder is get_ocsp_responder_from_der_chain(chain, most): the URL that
// the certificate names, nil alone without one.
func ocspResponder(e *Engine, c *Ctx, L *lua.LState) int {
	leaf, issuer, err := leafAndIssuer(vm.CheckText(L, 1))
	switch {
	case err != nil:
		return fail(L, err.Error())
	case leaf.CheckSignatureFrom(issuer) != nil:
		return fail(L, "issuer certificate not next to leaf")
	case len(leaf.OCSPServer) == 0:
		L.Push(lua.LNil)
		return 1
	}
	url := leaf.OCSPServer[0]
	if most, ok := L.Get(2).(lua.LNumber); ok && int(most) < len(url) {
		L.Push(lua.LString(url[:max(0, int(most))]))
		L.Push(lua.LString("truncated"))
		return 2
	}
	L.Push(lua.LString(url))
	return 1
}

// ocspRequest is create_ocsp_request(chain, most), in DER.
func ocspRequest(e *Engine, c *Ctx, L *lua.LState) int {
	leaf, issuer, err := leafAndIssuer(vm.CheckText(L, 1))
	if err != nil {
		return fail(L, err.Error())
	}
	request, err := ocsp.CreateRequest(leaf, issuer, nil)
	if err != nil {
		return fail(L, "OCSP_cert_to_id() failed")
	}
	if most, ok := L.Get(2).(lua.LNumber); ok && int(most) < len(request) {
		return fail(L, fmt.Sprintf("output buffer too small: %d > %d", len(request), int(most)))
	}
	L.Push(lua.LString(request))
	return 1
}

var ocspStatus = map[int]string{ocsp.Revoked: "revoked", ocsp.Unknown: "unknown"}

// ocspValidate is validate_ocsp_response(response, chain): whether the issuer,
// or whom it has named, says now that the certificate is good.
func ocspValidate(e *Engine, c *Ctx, L *lua.LState) int {
	leaf, issuer, err := leafAndIssuer(vm.CheckText(L, 2))
	if err != nil {
		return fail(L, err.Error())
	}
	response, err := ocsp.ParseResponseForCert([]byte(vm.CheckText(L, 1)), leaf, issuer)
	now := time.Now()
	var refused ocsp.ResponseError
	var broken ocsp.ParseError
	switch {
	case errors.As(err, &refused):
		return fail(L, fmt.Sprintf("OCSP response not successful (%d: %s)", int(refused.Status), refusal(refused.Status)))
	case errors.As(err, &broken) && strings.HasPrefix(string(broken), "no response matching"):
		return fail(L, "certificate status not found in the OCSP response")
	case errors.As(err, &broken) && strings.Contains(string(broken), "signature"):
		return fail(L, "OCSP_basic_verify() failed")
	case err != nil:
		return fail(L, "d2i_OCSP_RESPONSE() failed")
	case !maySign(response.Certificate, issuer, now):
		return fail(L, "OCSP_basic_verify() failed")
	case response.Status != ocsp.Good:
		return fail(L, "certificate status \""+ocspStatus[response.Status]+"\" in the OCSP response")
	case now.Add(5 * time.Minute).Before(response.ThisUpdate), !response.NextUpdate.IsZero() && now.After(response.NextUpdate):
		return fail(L, "OCSP_check_validity() failed")
	}
	return yes(L)
}

// maySign reports whether a certificate that a response brings, and that the
// issuer has signed, is one for signing responses.
func maySign(signer, issuer *x509.Certificate, now time.Time) bool {
	if signer == nil || signer.Equal(issuer) {
		return true
	}
	return slices.Contains(signer.ExtKeyUsage, x509.ExtKeyUsageOCSPSigning) && !now.Before(signer.NotBefore) && !now.After(signer.NotAfter)
}

// refusal is a status of a whole response in OpenSSL's words.
func refusal(s ocsp.ResponseStatus) string {
	words := map[ocsp.ResponseStatus]string{ocsp.Malformed: "malformedrequest", ocsp.InternalError: "internalerror",
		ocsp.TryLater: "trylater", ocsp.SignatureRequired: "sigrequired", ocsp.Unauthorized: "unauthorized"}
	return words[s]
}

// ocspStaple is set_ocsp_status_resp: the client gets the response if it asks.
func ocspStaple(c *Ctx, h *http.Handshake, L *lua.LState) int {
	response := vm.CheckText(L, 1)
	if _, asked := h.Extension(5); !asked { // status_request
		L.Push(lua.LTrue)
		L.Push(lua.LString("no status req"))
		return 2
	}
	h.Staple = []byte(response)
	return yes(L)
}
