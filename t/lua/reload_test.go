package lua_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// put writes a file below the site's root, the way an editor does: a new inode.
func (s *site) put(name, text string) {
	s.t.Helper()
	if err := os.Chmod(s.root, 0o755); err != nil { // the worker may have no rights
		s.t.Fatal(err)
	}
	path := filepath.Join(s.root, name)
	if err := os.WriteFile(path+".new", []byte(text), 0o644); err != nil {
		s.t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		s.t.Fatal(err)
	}
}

// expect fetches a path and compares.
func (s *site) expect(path string, status int, body string) {
	s.t.Helper()
	gotStatus, got, err := s.get(path)
	if err != nil || gotStatus != status || status == 200 && got != body {
		s.t.Errorf("%s: %d %q %v, want %d %q\n%s", path, gotStatus, got, err, status, body, s.log())
	}
}

const reloadConf = `
	location = /file { lua_code_cache stat; content_by_lua_file conf/content.lua; }
	location = /inline { lua_code_cache stat; content_by_lua_block {
		local state = require "state"
		state.n = (state.n or 0) + 1
		ngx.print(require("outer").text(), " ", state.n)
	} }
	location = /kept { content_by_lua_file conf/content.lua; }
	location = /slow { lua_code_cache stat; content_by_lua_block {
		local before = require("inner").text
		ngx.sleep(0.3)
		ngx.print(before, " ", require("inner").text)
	} }
`

// TestReload changes files under lua_code_cache stat: what depends on them is
// loaded again, everything else is kept.
func TestReload(t *testing.T) {
	s := serve(t, "lua_package_path '$prefix/conf/?.lua';", reloadConf)
	s.put("conf/state.lua", "return {}")
	s.put("conf/inner.lua", "return {text = 'one'}")
	s.put("conf/outer.lua", "local inner = require 'inner' return {text = function() return inner.text end}")
	s.put("conf/content.lua", "ngx.print('first')")
	s.expect("/file", 200, "first")
	s.expect("/kept", 200, "first")
	s.expect("/inline", 200, "one 1")
	s.expect("/inline", 200, "one 2")

	s.put("conf/content.lua", "ngx.print('second')")
	s.expect("/kept", 200, "first") // nobody has looked
	s.expect("/file", 200, "second")

	old := make(chan string)
	go func() {
		_, body, err := s.get("/slow")
		if err != nil {
			body = err.Error()
		}
		old <- body
	}()
	time.Sleep(100 * time.Millisecond)
	s.put("conf/inner.lua", "return {text = 'two'}")
	s.expect("/inline", 200, "two 3") // a module that keeps another one, and state that stays
	if body := <-old; body != "one two" {
		t.Errorf("a request over a change: %q", body)
	}

	s.put("conf/inner.lua", "return {text = = 3}")
	s.expect("/inline", 500, "")
	if !strings.Contains(s.log(), "inner.lua:1: unexpected symbol near '='") {
		t.Errorf("the log does not name the error:\n%s", s.log())
	}
	s.put("conf/inner.lua", "error('not yet')")
	s.expect("/inline", 500, "")
	s.put("conf/inner.lua", "return {text = 'three'}")
	s.expect("/inline", 200, "three 6")

	s.put("conf/content.lua", "x = = 1")
	s.expect("/file", 500, "")
	if err := os.Remove(filepath.Join(s.root, "conf/content.lua")); err != nil {
		t.Fatal(err)
	}
	s.expect("/file", 404, "")
	s.put("conf/content.lua", "ngx.print('third')")
	s.expect("/file", 200, "third")
}

// TestReloadOfInit changes a module that init_by_lua has required, also before
// the first request.
func TestReloadOfInit(t *testing.T) {
	dir, err := os.MkdirTemp("", "pt-reload-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	write := func(text string) {
		if err := os.WriteFile(filepath.Join(dir, "early.lua"), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("return 'old'")
	s := serve(t, `lua_package_path '`+dir+`/?.lua'; lua_code_cache stat; init_by_lua_block { require "early" }`,
		`location / { content_by_lua_block { ngx.print(require "early") } }`)
	write("return 'new'")
	s.expect("/", 200, "new")
	write("return 'newer'")
	s.expect("/", 200, "newer")
}
