package vm

import (
	"io/fs"
	"os"
	"syscall"
	"testing"
)

// TestPackage has LuaJIT's results.
func TestPackage(t *testing.T) {
	L := New(Options{Output: os.Stdout})
	defer L.Close()
	files := map[string]string{
		"/lib/ok.lua":     "local name = ... return {name = name}",
		"/lib/a/b.lua":    "loaded = (loaded or 0) + 1",
		"/lib/bad.lua":    "x y",
		"/lib/fails.lua":  "error('inside')",
		"/lib/clib.so":    "\x7fELF",
		"/lib/values.lua": "return 1, ...",
		"/lib/new.lua":    "#!/usr/bin/lua\nreturn '\\x41' .. 1e15",
	}
	SetReader(L, func(path string) ([]byte, error) {
		if text, ok := files[path]; ok {
			return []byte(text), nil
		}
		return nil, &fs.PathError{Op: "open", Path: path, Err: syscall.ENOENT}
	})
	for _, c := range []struct{ source, want string }{
		{`package.path, package.cpath = "/lib/?.lua;/x/?.lua", "/lib/?.so" return require("ok").name, require("ok") == package.loaded.ok`, "ok|true"},
		{`return require("a.b"), require("a.b"), loaded`, "true|true|1"},
		{`return pcall(require, "no.such")`, "false|module 'no.such' not found:\n\tno field package.preload['no.such']\n" +
			"\tno file '/lib/no/such.lua'\n\tno file '/x/no/such.lua'\n\tno file '/lib/no/such.so'\n\tno file '/lib/no.so'"},
		{`return pcall(require, "bad")`, "false|error loading module 'bad' from file '/lib/bad.lua':\n\t/lib/bad.lua:1: '=' expected near 'y'"},
		{`return pcall(require, "fails")`, "false|/lib/fails.lua:1: inside"},
		{`return pcall(require, "fails")`, "false|loop or previous error loading module 'fails'"},
		{`return pcall(require, "clib")`, "false|error loading module 'clib' from file '/lib/clib.so':\n\tlibraries written in C can not be loaded by this engine"},
		{`return require("new")`, "A1e+15"},
		{`package.preload.p = function(...) return {...} end return require("p")[1]`, "p"},
		{`return loadfile("nofile")`, "nil|cannot open nofile: No such file or directory"},
		{`return pcall(dofile, "nofile")`, "false|cannot open nofile: No such file or directory"},
		{`return dofile("/lib/values.lua")`, "1"},
		{`return loadfile("/lib/values.lua")(2)`, "1|2"},
		{`local e = {} loadfile("/lib/a/b.lua", "t", e)() return e.loaded`, "1"},
		{`return package.searchpath("ok", package.path)`, "/lib/ok.lua"},
		{`return package.searchpath("o.k", "/a/?.lua;/b/?")`, "nil|\n\tno file '/a/o/k.lua'\n\tno file '/b/o/k'"},
		{`return #package.loaders`, "4"},
	} {
		if got := evaluate(t, L, c.source); got != c.want {
			t.Errorf("%s:\n got %q\nwant %q", c.source, got, c.want)
		}
	}
}
