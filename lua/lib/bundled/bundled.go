// Package bundled holds the libraries that are written in Lua, against the
// public interfaces of OpenResty's. A library of the same name that a user
// puts into lua_package_path comes before them, but for those that are Ahead.
package bundled

import (
	"embed"
	"io/fs"
	"strings"
	"sync"

	lua "github.com/yuin/gopher-lua"

	"github.com/perigee-server/perigee/lua/vm"
)

//go:embed *.lua resty
var files embed.FS

// chunks keeps what was compiled; a chunk belongs to no VM.
var chunks sync.Map // name of a file → *vm.Chunk

// Loader is an element of package.loaders: it gives the function of a bundled
// module, or a line for require's error.
func Loader(L *lua.LState) int {
	name := vm.CheckText(L, 1)
	chunk, err := load(strings.ReplaceAll(name, ".", "/") + ".lua")
	if err != nil {
		L.RaiseError("error loading module '%s': %s", name, err.Error())
	}
	if chunk == nil {
		L.Push(lua.LString("\n\tno bundled module '" + name + "'"))
		return 1
	}
	fn := chunk.Load(L)
	fn.Env = L.G.Global
	L.Push(fn)
	return 1
}

// Ahead are the modules that come before a file of the user's: their originals,
// which an installation of OpenResty may have in the path, need the FFI.
var Ahead = []string{"resty.limit.req", "resty.lock", "resty.websocket.client", "resty.websocket.protocol", "resty.websocket.server"}

// Open is an element of package.preload for a bundled module.
func Open(L *lua.LState) int {
	name := L.Get(1)
	if Loader(L) == 1 && L.Get(-1).Type() == lua.LTFunction {
		L.Push(name)
		L.Call(1, 1)
	}
	return 1
}

// load gives the chunk of a file, nil when there is no such file.
func load(file string) (*vm.Chunk, error) {
	if chunk, ok := chunks.Load(file); ok {
		return chunk.(*vm.Chunk), nil
	}
	source, err := files.ReadFile(file)
	if err != nil {
		return nil, nil
	}
	chunk, err := vm.Compile(string(source), "@"+file)
	if err != nil {
		return nil, err
	}
	chunks.Store(file, chunk)
	return chunk, nil
}

// Names gives the names of all bundled modules.
func Names() []string {
	var names []string
	_ = fs.WalkDir(files, ".", func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			names = append(names, strings.ReplaceAll(strings.TrimSuffix(path, ".lua"), "/", "."))
		}
		return err
	})
	return names
}
