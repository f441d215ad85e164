package lib

import lua "github.com/yuin/gopher-lua"

const noProxyTLS = "it speaks no TLS to proxied servers"

// refused are OpenResty's modules for what the server does not do: require says
// why, instead of that it has found no file.
var refused = map[string]string{
	"ngx.proxyssl":           noProxyTLS,
	"ngx.ssl.proxysslcert":   noProxyTLS,
	"ngx.ssl.proxysslverify": noProxyTLS,
}

func addRefused(L *lua.LState) {
	for name, why := range refused {
		L.PreloadModule(name, func(L *lua.LState) int {
			L.RaiseError("module '%s' is not supported by this server: %s", name, why)
			return 0
		})
	}
}
