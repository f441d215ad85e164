package vm

import (
	"io"
	"os"
	"path/filepath"
	"testing"

	lua "github.com/yuin/gopher-lua"
)

// suiteFiles are the files of the Lua 5.1 test suite, as gopher-lua's
// repository carries them (_lua5.1-tests), that one VM each runs.
var suiteFiles = []string{"attrib.lua", "calls.lua", "closure.lua", "constructs.lua", "db.lua", "errors.lua", "events.lua",
	"literals.lua", "locals.lua", "math.lua", "nextvar.lua", "pm.lua", "sort.lua", "strings.lua", "vararg.lua"}

// suiteFailures says why a file does not pass.
var suiteFailures = map[string]string{
	"db.lua":      "hooks do not exist in this engine",
	"errors.lua":  "empty statements are read, as OpenResty's LuaJIT does",
	"nextvar.lua": "loops over numbers in text are refused",
	"pm.lua":      "string.gfind does not exist, as in LuaJIT",
	"vararg.lua":  "arg does not exist in functions with '...', as in LuaJIT",
}

// TestSuite runs the files in the folder that PERIGEE_LUA_TESTS names.
func TestSuite(t *testing.T) {
	folder := os.Getenv("PERIGEE_LUA_TESTS")
	if folder == "" {
		t.Skip("PERIGEE_LUA_TESTS names no folder with the Lua 5.1 test suite")
	}
	t.Chdir(folder)
	for _, name := range suiteFiles {
		t.Run(name, func(t *testing.T) {
			err := runSuiteFile(t, filepath.Join(folder, name))
			reason, known := suiteFailures[name]
			if err != nil && !known {
				t.Error(err)
			}
			if err == nil && known {
				t.Errorf("passes now; it failed since %s", reason)
			}
		})
	}
}

func runSuiteFile(t *testing.T, path string) error {
	t.Helper()
	source, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	L := New(Options{Output: io.Discard})
	defer L.Close()
	chunk, err := Compile(string(source), "@"+filepath.Base(path))
	if err != nil {
		return err
	}
	L.Push(chunk.Load(L))
	return L.PCall(0, 0, L.NewFunction(func(L *lua.LState) int {
		L.Push(lua.LString(Traceback(L, Explain(L, ToText(L, L.Get(1))), 1)))
		return 1
	}))
}
