package conf

import (
	"errors"
	"io/fs"
	"strings"
	"syscall"
	"testing"
)

// files gives Options that know only the files in m.
func files(m map[string]string) Options {
	return Options{
		ReadFile: func(path string) ([]byte, error) {
			text, ok := m[path]
			if !ok {
				return nil, &fs.PathError{Op: "open", Path: path, Err: syscall.ENOENT}
			}
			if text == "<dir>" {
				return nil, &fs.PathError{Op: "read", Path: path, Err: syscall.EISDIR}
			}
			return []byte(text), nil
		},
		Glob: func(string) ([]string, error) { return nil, nil },
		Raw:  func(name string) bool { return strings.HasSuffix(name, "_by_lua_block") },
		Dir:  "/etc/",
	}
}

// The texts were recorded from nginx 1.22.1 -t with lua-nginx-module.
func TestErrors(t *testing.T) {
	const lua = "content_by_lua_block {"
	for _, c := range []struct{ text, want string }{
		{"\n }", `unexpected "}" in /m:2`},
		{" ;", `unexpected ";" in /m:1`},
		{" {", `unexpected "{" in /m:1`},
		{"\n foo", `unexpected end of file, expecting ";" or "}" in /m:2`},
		{"\\", `unexpected end of file, expecting ";" or "}" in /m:1`},
		{"'open\nfoo\n", `unexpected end of file, expecting ";" or "}" in /m:3`},
		{"http { server {\n", `unexpected end of file, expecting "}" in /m:2`},
		{`listen "1"x;`, `unexpected "x" in /m:1`},
		{`listen "1"#;`, `unexpected "#" in /m:1`},
		{`listen "1"};`, `unexpected "}" in /m:1`},
		{`daemon 'on'"x";`, `unexpected """ in /m:1`},
		{`map { a 'b' 'c'(; }`, `unexpected "(" in /m:1`},
		{"http { listen 1 }", `unexpected "}" in /m:1`},
		{"http { listen 1 #\n} }", `unexpected "}" in /m:2`},
		{"\ninclude foo.conf;", `open() "/etc/foo.conf" failed (2: No such file or directory) in /m:2`},
		{"include /dir;", `pread() "/dir" failed (21: Is a directory) in /m:1`},
		{"include a b;", `invalid number of arguments in "include" directive in /m:1`},
		{"include;", `invalid number of arguments in "include" directive in /m:1`},
		{"include a {}", `directive "include" is not terminated by ";" in /m:1`},
		{"a {\n include bad; }", `unexpected "}" in /etc/bad:2`},
		{"include open;", `unexpected end of file, expecting "}" in /etc/open:1`},
		{"include /m;", `include cycle: "/m" is being read already in /m:1`},
		{"include loop;", `include cycle: "/etc/loop" is being read already in /etc/loop:2`},
		{lua + "\n\n\na", `unexpected end of file, expecting terminating characters for lua code block in /m:1`},
		{lua + "\n{\n{\n", `unexpected end of file, expecting terminating characters for lua code block in /m:3`},
		{lua + "\n{}\n'a'\nx", `unexpected end of file, expecting terminating characters for lua code block in /m:2`},
		{lua + "\nx = [[\nfoo\n", `Lua code block missing the closing long bracket "]]", the inlined Lua code may be too long in /m:2`},
		{lua + "\n--[==[ } ]] }", `Lua code block missing the closing long bracket "]==]", the inlined Lua code may be too long in /m:2`},
		{lua + " a = \"}\n}", `unexpected "}" in /m:2`},
		{lua + " } }", `unexpected "}" in /m:1`},
		{lua + " a = [=x } }", `unexpected "}" in /m:1`},
		{lua + " #foo }\n}", `unexpected "}" in /m:2`},
		{lua + "\n} foo }", `unexpected "}" in /m:2`},
	} {
		_, err := Parse("/m", files(map[string]string{
			"/m": c.text, "/dir": "<dir>", "/etc/bad": "a;\n}", "/etc/open": "x {", "/etc/loop": "\ninclude /etc/loop;",
		}))
		if err == nil || err.Error() != c.want {
			t.Errorf("%q\n got %v\nwant %s", c.text, err, c.want)
		}
		var e *Error
		if !errors.As(err, &e) {
			t.Errorf("%q: %T is no *Error", c.text, err)
		}
	}
}

func TestMainFileMissing(t *testing.T) {
	_, err := Parse("/nonexistent", files(nil))
	if err == nil || err.Error() != `open() "/nonexistent" failed (2: No such file or directory)` {
		t.Errorf("got %v", err)
	}
	if !errors.Is(err, fs.ErrNotExist) {
		t.Error("the cause is lost")
	}
}

func TestCommandLine(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"daemon on", `unexpected end of parameter, expecting ";" in command line`},
		{"events { }", "block directives are not supported in -g option in command line"},
		{"init_by_lua_block { };", "block directives are not supported in -g option in command line"},
		{"}", `unexpected "}" in command line`},
		{"include no;", `open() "/etc/no" failed (2: No such file or directory) in command line`},
	} {
		_, err := ParseString(CommandLine, c.text, files(nil))
		if err == nil || err.Error() != c.want {
			t.Errorf("%q\n got %v\nwant %s", c.text, err, c.want)
		}
	}

	tree, err := ParseString(CommandLine, "daemon off; include f; # end", files(map[string]string{"/etc/f": "a { }"}))
	if err != nil || len(tree.Directives) != 2 || tree.Directives[0].File != CommandLine || tree.Directives[1].File != "/etc/f" {
		t.Errorf("got %v, %v", tree, err)
	}
}

// A mistake late in a file must not hide what stands before it.
func TestPartialTree(t *testing.T) {
	tree, err := ParseString("/m", "a 1; b { c 2; d { e 3; ;", files(nil))
	if err == nil {
		t.Fatal("no error")
	}
	b := tree.Directives[1]
	if len(b.Block) != 2 || b.Block[1].Block[0].Args[0] != "3" || b.Close != 0 {
		t.Errorf("got %+v", b)
	}
}

func TestLongWords(t *testing.T) {
	long := strings.Repeat("x", 100000)
	tree, err := ParseString("/m", "a "+long+" '"+long+"' \""+long+"\";", files(nil))
	if err != nil {
		t.Fatal(err)
	}
	for i, a := range tree.Directives[0].Args {
		if a != long {
			t.Errorf("argument %d has %d bytes", i, len(a))
		}
	}
}

func TestDeepNesting(t *testing.T) {
	const n = 200000
	_, err := ParseString("/m", strings.Repeat("a{", n)+strings.Repeat("}", n), files(nil))
	if err != nil {
		t.Fatal(err)
	}
}

// A chain of files that never repeats a name must end as well.
func TestEndlessIncludes(t *testing.T) {
	o := files(nil)
	o.ReadFile = func(path string) ([]byte, error) { return []byte("include " + path + "x;"), nil }
	_, err := Parse("/m", o)
	if err == nil || !strings.Contains(err.Error(), "include cycle") {
		t.Errorf("got %v", err)
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{
		"a b;", "a { b 'c' \"d\"; }", "# x\n${a{b}", "\\;", "include b;", "include *;", "x_by_lua_block { --[[ } ]] '}' \"\\z\n\" [==[",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		o := files(map[string]string{"/m": text, "/etc/b": "c { }"})
		o.Glob = func(string) ([]string, error) { return []string{"/etc/b"}, nil }
		tree, err := Parse("/m", o)
		lines := strings.Count(text, "\n") + 1
		var e *Error
		if errors.As(err, &e) && (e.Line < 1 || e.Line > lines) {
			t.Fatalf("line %d of %d: %v", e.Line, lines, err)
		}
		checkLines(t, tree.Directives, lines, err == nil)
		_, _ = ParseString(CommandLine, text, o)
	})
}

func checkLines(t *testing.T, list []*Directive, lines int, whole bool) {
	last := 1
	for _, d := range list {
		if d.File != "/m" {
			continue
		}
		if d.Line < last || d.Line > lines {
			t.Fatalf("%q has line %d after %d of %d", d.Name, d.Line, last, lines)
		}
		last = d.Line
		if d.IsBlock && whole {
			if d.Close < d.Line || d.Close > lines {
				t.Fatalf("%q closes at %d", d.Name, d.Close)
			}
			if d.IsRaw && d.Close-d.RawLine != strings.Count(d.Raw, "\n") {
				t.Fatalf("raw %q from %d to %d", d.Raw, d.RawLine, d.Close)
			}
			last = d.Close
		}
		checkLines(t, d.Block, lines, whole)
	}
}
