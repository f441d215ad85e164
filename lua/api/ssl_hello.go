package api

import (
	lua "github.com/yuin/gopher-lua"

	"github.com/perigee-server/perigee/server/http"
)

// isGrease tells of the values that clients send to see servers ignore them (RFC 8701).
func isGrease(v uint16) bool { return v&0x0f0f == 0x0a0a && v>>8 == v&0xff }

// pushNumbers gives a list of what a client has said, as numbers.
func pushNumbers(c *Ctx, L *lua.LState, values []uint16) int {
	if !inHello(c) {
		L.RaiseError("API disabled in the current context")
	}
	list := L.CreateTable(len(values), 0)
	for _, v := range values {
		if !isGrease(v) {
			list.Append(lua.LNumber(v))
		}
	}
	L.Push(list)
	return 1
}

// helloCiphers is get_client_hello_ciphers: in the client's order.
func helloCiphers(c *Ctx, h *http.Handshake, L *lua.LState) int {
	return pushNumbers(c, L, h.Hello.CipherSuites)
}

// helloExtensions is get_client_hello_ext_present.
func helloExtensions(c *Ctx, h *http.Handshake, L *lua.LState) int {
	return pushNumbers(c, L, h.Hello.Extensions)
}
