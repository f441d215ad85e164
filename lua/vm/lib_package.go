package vm

import (
	"errors"
	"os"
	"strings"
	"syscall"

	lua "github.com/yuin/gopher-lua"
)

// openPackage replaces what finds and loads files, so that all source goes
// through Compile.
func openPackage(L *lua.LState) {
	register(L, L.G.Global, map[string]lua.LGFunction{
		"require":  require,
		"loadfile": loadFile,
		"dofile":   doFile,
	})
	library := library(L, "package")
	if loaded, ok := L.G.Registry.RawGetString("_LOADED").(*lua.LTable); ok {
		loaded.RawSetString("package", library)
		loaded.RawSetString("_G", L.G.Global)
	}
	library.RawSetString("cpath", lua.LString("./?.so;/usr/local/lib/lua/5.1/?.so;/usr/local/lib/lua/5.1/loadall.so"))
	loaders := L.CreateTable(4, 0)
	for _, loader := range []lua.LGFunction{loadPreloaded, loadLua, loadC, loadAllInOne} {
		loaders.Append(L.NewFunction(loader))
	}
	library.RawSetString("loaders", loaders)
	L.G.Registry.RawSetString("_LOADERS", loaders)
	register(L, library, map[string]lua.LGFunction{
		"searchpath": searchPath,
		"loadlib":    loadLibrary,
	})
}

// readerKey is where the registry keeps what reads files.
const readerKey = "perigee.vm.reader"

// SetReader says how require, dofile and loadfile read a file; without it that
// is os.ReadFile. Its errors are *os.PathError or like it.
func SetReader(L *lua.LState, read func(path string) ([]byte, error)) {
	data := L.NewUserData()
	data.Value = read
	L.G.Registry.RawSetString(readerKey, data)
}

func readFile(L *lua.LState, path string) ([]byte, error) {
	if data, ok := L.G.Registry.RawGetString(readerKey).(*lua.LUserData); ok {
		return data.Value.(func(path string) ([]byte, error))(path)
	}
	return os.ReadFile(path)
}

// loadingMark stands in package.loaded while a module loads.
var loadingMark = &lua.LUserData{Metatable: lua.LNil}

func packageField(L *lua.LState, name string) lua.LValue {
	table, ok := L.G.Global.RawGetString("package").(*lua.LTable)
	if !ok {
		L.RaiseError("'package' must be a table")
	}
	return table.RawGetString(name)
}

// require loads a module once. The loaders and the module may yield.
func require(L *lua.LState) int {
	name := CheckText(L, 1)
	loaded, _ := L.G.Registry.RawGetString("_LOADED").(*lua.LTable)
	if loaded == nil {
		L.RaiseError("'package.loaded' must be a table")
	}
	if w := watchOf(L); w != nil {
		w.required(L, name)
	}
	if module := loaded.RawGetString(name); lua.LVAsBool(module) {
		if module == lua.LValue(loadingMark) {
			L.RaiseError("loop or previous error loading module '%s'", name)
		}
		L.Push(module)
		return 1
	}
	loader := findLoader(L, name)
	loaded.RawSetString(name, loadingMark)
	L.Push(loader)
	L.Push(lua.LString(name))
	L.Call(1, 1)
	if result := L.Get(-1); result != lua.LNil {
		loaded.RawSetString(name, result)
	}
	if loaded.RawGetString(name) == lua.LValue(loadingMark) {
		loaded.RawSetString(name, lua.LTrue)
	}
	L.Push(loaded.RawGetString(name))
	return 1
}

func findLoader(L *lua.LState, name string) *lua.LFunction {
	loaders, ok := packageField(L, "loaders").(*lua.LTable)
	if !ok {
		L.RaiseError("'package.loaders' must be a table")
	}
	tried := ""
	for i := 1; ; i++ {
		loader := loaders.RawGetInt(i)
		if loader == lua.LNil {
			L.RaiseError("module '%s' not found:%s", name, tried)
		}
		L.Push(loader)
		L.Push(lua.LString(name))
		L.Call(1, 1)
		result := L.Get(-1)
		L.Pop(1)
		switch result := result.(type) {
		case *lua.LFunction:
			return result
		case lua.LString:
			tried += string(result)
		}
	}
}

func loadPreloaded(L *lua.LState) int {
	name := CheckText(L, 1)
	preload, ok := packageField(L, "preload").(*lua.LTable)
	if !ok {
		L.RaiseError("'package.preload' must be a table")
	}
	module := preload.RawGetString(name)
	if module == lua.LNil {
		module = lua.LString("\n\tno field package.preload['" + name + "']")
	}
	L.Push(module)
	return 1
}

// findFile gives the first file of a path that can be read, with its content,
// or the names that were tried.
func findFile(L *lua.LState, name, path string) (file string, content []byte, tried string) {
	name = strings.ReplaceAll(name, ".", "/")
	var missing strings.Builder
	for _, template := range strings.Split(path, ";") {
		if template == "" {
			continue
		}
		file := strings.ReplaceAll(template, "?", name)
		content, err := readFile(L, file)
		if err == nil {
			return file, content, ""
		}
		missing.WriteString("\n\tno file '" + file + "'")
	}
	return "", nil, missing.String()
}

func pathField(L *lua.LState, name string) string {
	path, ok := packageField(L, name).(lua.LString)
	if !ok {
		L.RaiseError("'package.%s' must be a string", name)
	}
	return string(path)
}

func loadLua(L *lua.LState) int {
	name := CheckText(L, 1)
	file, content, tried := findFile(L, name, pathField(L, "path"))
	if file == "" {
		L.Push(lua.LString(tried))
		return 1
	}
	w := watchOf(L)
	if w != nil {
		w.Read(name, file, content)
	}
	chunk, err := compileMode(string(content), "@"+file, "bt")
	if err != nil {
		L.RaiseError("error loading module '%s' from file '%s':\n\t%s", name, file, err.Error())
	}
	if w != nil {
		w.compiled(name, chunk.proto)
	}
	L.Push(chunk.global(L))
	return 1
}

// global is Load with the global environment.
func (c *Chunk) global(L *lua.LState) *lua.LFunction {
	fn := c.Load(L)
	fn.Env = L.G.Global
	return fn
}

const noLibraries = "libraries written in C can not be loaded by this engine"

// loadC looks for C libraries, only to say what they are when they are there.
func loadC(L *lua.LState) int { return refuseLibrary(L, CheckText(L, 1), CheckText(L, 1)) }

// loadAllInOne looks for the library of the module's root.
func loadAllInOne(L *lua.LState) int {
	name := CheckText(L, 1)
	root, _, isPart := strings.Cut(name, ".")
	if !isPart {
		return 0
	}
	return refuseLibrary(L, name, root)
}

func refuseLibrary(L *lua.LState, module, name string) int {
	file, _, tried := findFile(L, name, pathField(L, "cpath"))
	if file != "" {
		L.RaiseError("error loading module '%s' from file '%s':\n\t%s", module, file, noLibraries)
	}
	L.Push(lua.LString(tried))
	return 1
}

func searchPath(L *lua.LState) int {
	name, path := CheckText(L, 1), CheckText(L, 2)
	file, _, tried := findFile(L, name, path)
	if file == "" {
		L.Push(lua.LNil)
		L.Push(lua.LString(tried))
		return 2
	}
	L.Push(lua.LString(file))
	return 1
}

func loadLibrary(L *lua.LState) int {
	CheckText(L, 1)
	L.Push(lua.LNil)
	L.Push(lua.LString(noLibraries))
	L.Push(lua.LString("absent"))
	return 3
}

// openFile compiles a file for loadfile and dofile.
func openFile(L *lua.LState, path, mode string) (*Chunk, error) {
	content, err := readFile(L, path)
	if err != nil {
		return nil, errors.New("cannot open " + path + ": " + reason(err))
	}
	return compileMode(string(content), "@"+path, mode)
}

// reason words an error of the system as C's strerror does.
func reason(err error) string {
	var number syscall.Errno
	if !errors.As(err, &number) {
		return err.Error()
	}
	text := number.Error()
	return strings.ToUpper(text[:1]) + text[1:]
}

func loadFile(L *lua.LState) int {
	chunk, err := openFile(L, CheckText(L, 1), L.OptString(2, "bt"))
	if err != nil {
		L.Push(lua.LNil)
		L.Push(lua.LString(err.Error()))
		return 2
	}
	fn := chunk.global(L)
	if env, ok := L.Get(3).(*lua.LTable); ok {
		fn.Env = env
	}
	L.Push(fn)
	return 1
}

func doFile(L *lua.LState) int {
	chunk, err := openFile(L, CheckText(L, 1), "bt")
	if err != nil {
		L.Error(lua.LString(err.Error()), 0)
	}
	top := L.GetTop()
	L.Push(chunk.global(L))
	L.Call(0, lua.MultRet)
	return L.GetTop() - top
}
