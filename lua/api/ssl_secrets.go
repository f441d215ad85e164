package api

import (
	"strings"

	lua "github.com/yuin/gopher-lua"

	"github.com/perigee-server/perigee/lua/vm"
	"github.com/perigee-server/perigee/server/http"
)

// sslPointer is what ngx.ssl.get_req_ssl_pointer gives: it is good for
// ssl_session_reused only, as there is no OpenSSL that takes it.
type sslPointer struct{ conn *http.Conn }

func (*sslPointer) cdata() {}

// secrets are the functions of ngx.ssl that tell what a connection's TLS has
// agreed on.
var secrets = map[string]function{
	"get_client_random":            clientRandom,
	"get_server_random":            serverRandom,
	"get_session_master_key":       masterKey,
	"export_keying_material":       exportKey,
	"export_keying_material_early": exportEarlyKey,
	"get_req_ssl_pointer":          reqPointer,
	"get_upstream_ssl_pointer":     upstreamPointer,
	"ssl_session_reused":           sessionReused,
	"get_req_shared_ssl_ciphers":   sharedCiphers,
}

// pushRandom gives at most as many bytes of a random as the script asks for, or
// how many there are when it asks for none.
func pushRandom(L *lua.LState, random []byte) int {
	if random == nil {
		return fail(L, "bad ssl conn")
	}
	want := len(random)
	if n, ok := L.Get(1).(lua.LNumber); ok {
		want = int(n)
	}
	if want == 0 {
		L.Push(lua.LNumber(len(random)))
		return 1
	}
	L.Push(lua.LString(random[:max(0, min(want, len(random)))]))
	return 1
}

func clientRandom(e *Engine, c *Ctx, L *lua.LState) int {
	random, _ := c.connection(L).TLSRandoms()
	return pushRandom(L, random)
}

// serverRandom knows nothing before the server has answered, thus in
// ssl_client_hello_by_lua and ssl_certificate_by_lua.
func serverRandom(e *Engine, c *Ctx, L *lua.LState) int {
	_, random := c.connection(L).TLSRandoms()
	return pushRandom(L, random)
}

func masterKey(e *Engine, c *Ctx, L *lua.LState) int {
	c.connection(L)
	return fail(L, "the master key is not known to this server")
}

// exportKey is the exporter of RFC 5705.
func exportKey(e *Engine, c *Ctx, L *lua.LState) int {
	length, label := int(vm.CheckNumber(L, 1)), vm.CheckText(L, 2)
	var context []byte
	if text, ok := L.Get(3).(lua.LString); ok {
		context = []byte(text)
	}
	state := c.connection(L).TLS()
	switch {
	case state == nil:
		return fail(L, "bad request")
	case length < 1 || length > 1<<13 || !state.HandshakeComplete:
		return fail(L, "SSL_export_keying_material() failed")
	}
	key, err := state.ExportKeyingMaterial(label, context, length)
	if err != nil {
		return fail(L, "SSL_export_keying_material() failed: "+strings.TrimPrefix(err.Error(), "crypto/tls: "))
	}
	L.Push(lua.LString(key))
	return 1
}

func exportEarlyKey(e *Engine, c *Ctx, L *lua.LState) int {
	c.connection(L)
	return fail(L, "SSL_export_keying_material_early() failed: this server takes no early data")
}

func reqPointer(e *Engine, c *Ctx, L *lua.LState) int {
	conn := c.connection(L)
	if conn.TLS() == nil {
		return fail(L, "bad request")
	}
	return pushHandle(L, &sslPointer{conn})
}

func upstreamPointer(e *Engine, c *Ctx, L *lua.LState) int {
	c.connection(L)
	return fail(L, "TLS to upstreams is not supported by this server")
}

// sessionReused takes what get_req_ssl_pointer gives.
func sessionReused(e *Engine, c *Ctx, L *lua.LState) int {
	pointer, ok := handleOf[*sslPointer](L.Get(1))
	if !ok {
		return fail(L, "bad ssl arg: cdata expected, got "+typeName(L.Get(1)))
	}
	L.Push(lua.LBool(pointer.conn.TLS().DidResume))
	return 1
}

func sharedCiphers(e *Engine, c *Ctx, L *lua.LState) int {
	conn := c.connection(L)
	if conn.TLS() == nil {
		return fail(L, "bad request")
	}
	shared := conn.SharedCiphers()
	list := L.CreateTable(len(shared), 0)
	for _, suite := range shared {
		list.Append(lua.LNumber(suite))
	}
	L.Push(list)
	return 1
}
