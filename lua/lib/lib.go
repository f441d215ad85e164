// Package lib lists the libraries that require finds without a file: those in
// Go, which come before a user's, and those in Lua, which come after.
package lib

import (
	"time"

	lua "github.com/yuin/gopher-lua"

	"github.com/perigee-server/perigee/lua/lib/buffer"
	"github.com/perigee-server/perigee/lua/lib/bundled"
	"github.com/perigee-server/perigee/lua/lib/cjson"
	"github.com/perigee-server/perigee/lua/lib/crypto"
	"github.com/perigee-server/perigee/lua/lib/encode"
	"github.com/perigee-server/perigee/lua/lib/ffi"
	"github.com/perigee-server/perigee/lua/lib/lrucache"
	"github.com/perigee-server/perigee/lua/lib/signal"
)

// Options say what the libraries need from the server.
type Options struct {
	// Now is the clock of ngx.now; nil is time.Now.
	Now func() time.Time
}

// Preload makes the libraries known to require: it fills package.preload and
// adds a loader behind the others. A module is made when it is first asked for.
func Preload(L *lua.LState, o Options) {
	if o.Now == nil {
		o.Now = time.Now
	}
	modules := crypto.Modules()
	modules["cjson"] = func(L *lua.LState) *lua.LTable { return cjson.Open(L, false) }
	modules["cjson.safe"] = func(L *lua.LState) *lua.LTable { return cjson.Open(L, true) }
	modules["string.buffer"] = buffer.Open
	modules["ngx.base64"] = encode.OpenBase64
	modules["ffi"] = ffi.Open
	modules["resty.signal"] = signal.Open
	for _, name := range []string{"resty.lrucache", "resty.lrucache.pureffi"} {
		modules[name] = func(L *lua.LState) *lua.LTable { return lrucache.Open(L, o.Now) }
	}
	addCore(modules)
	for name, open := range modules {
		L.PreloadModule(name, func(L *lua.LState) int {
			L.Push(open(L))
			return 1
		})
	}
	addRefused(L)
	for _, name := range bundled.Ahead {
		L.PreloadModule(name, bundled.Open)
	}
	library, ok := L.GetGlobal("package").(*lua.LTable)
	if !ok {
		return
	}
	if loaders, ok := library.RawGetString("loaders").(*lua.LTable); ok {
		loaders.Append(L.NewFunction(bundled.Loader))
	}
}
