package api

import (
	"os"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"github.com/perigee-server/perigee/lua/lib/shdict"
)

func init() {
	family(func(e *Engine) {
		e.ngx.RawSetString("shared", shdict.Open(e.L, e.Conf.Dicts, e.Work.Cycle.Dict))
	})
	family(setPath)
}

// defaultPath is where LuaJIT looks for modules by itself.
const defaultPath = "./?.lua;/usr/local/share/lua/5.1/?.lua;/usr/local/share/lua/5.1/?/init.lua;/usr/share/lua/5.1/?.lua;/usr/share/lua/5.1/?/init.lua"

// defaultCPath is where LuaJIT looks for modules in C, which can not be loaded.
const defaultCPath = "./?.so;/usr/local/lib/lua/5.1/?.so;/usr/local/lib/lua/5.1/loadall.so"

// setPath gives package.path and cpath what the configuration says.
func setPath(e *Engine) {
	library, ok := e.L.GetGlobal("package").(*lua.LTable)
	if !ok {
		return
	}
	expand := func(path, standard string) string {
		path = strings.ReplaceAll(path, "$prefix", e.Work.Cycle.Prefix)
		path = strings.ReplaceAll(path, "${prefix}", e.Work.Cycle.Prefix)
		path = strings.ReplaceAll(path, ";;", ";"+standard+";")
		return strings.Trim(path, ";")
	}
	path, cpath := expand(os.Getenv("LUA_PATH"), defaultPath), expand(os.Getenv("LUA_CPATH"), defaultCPath)
	if path == "" {
		path = defaultPath
	}
	if cpath == "" {
		cpath = defaultCPath
	}
	if p := e.Conf.PackagePath; p.Set {
		path = expand(p.V, path)
	}
	if p := e.Conf.PackageCPath; p.Set {
		cpath = expand(p.V, cpath)
	}
	library.RawSetString("path", lua.LString(path))
	library.RawSetString("cpath", lua.LString(cpath))
}
