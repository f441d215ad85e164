package vm

import (
	"strings"
	"testing"

	"github.com/yuin/gopher-lua/parse"
)

func TestNormalize(t *testing.T) {
	for _, c := range []struct{ source, want string }{
		{`x="\x41\z   b"`, `x="\065b"`},
		{"x='\\z \n\r\n y' z", "x='y'\n\r\n z"},
		{`"\u{20ac}"`, `"\226\130\172"`},
		{"'a\\\nb'", "'a\\010b'\n"},
		{"#!/usr/bin/lua\nx=1", "\nx=1"},
		{"x=1--[==[ a\n]=]\n ]==]y=2", "x=1 \n\ny=2"},
		{"x=1--[ a\ny=2", "x=1 \ny=2"},
		{"x=0x1p4+0b11+0x.8+1e400+08+.5", "x=16+3+5e-01+9e999+8+5e-01"},
		{"x=[==[\\x ]] --]==]", "x=[==[\\x ]] --]==]"},
		{"a..b...", "a..b..."},
		{"x\v=\f1", "x = 1"},
		{"x=0xffffffffffffffff", "x=1.8446744073709552e+19"},
	} {
		got, err := Normalize(c.source, "=c")
		if err != nil || got != c.want {
			t.Errorf("%q: got %q, %v; want %q", c.source, got, err, c.want)
		}
	}
}

func TestNormalizeRefuses(t *testing.T) {
	for _, c := range []struct{ source, want string }{
		{`x="abc`, "c:1: unfinished string near '<eof>'"},
		{`x="abc\q"`, `c:1: invalid escape sequence near '"abc'`},
		{`x="\xg1"`, `c:1: invalid escape sequence near '"'`},
		{`x="\300"`, `c:1: invalid escape sequence near '"'`},
		{`x="\u{110000}"`, `c:1: invalid escape sequence near '"'`},
		{`x="\u{d800}"`, `c:1: invalid escape sequence near '"'`},
		{"x=[==abc", "c:1: invalid long string delimiter near '[=='"},
		{"x=1x", "c:1: malformed number near '1x'"},
		{"x=3..2", "c:1: malformed number near '3..2'"},
		{"x=0b2", "c:1: malformed number near '0b2'"},
		{"--[[ abc", "c:1: unfinished long comment near '<eof>'"},
		{"x=[[abc\n\n", "c:3: unfinished long string near '<eof>'"},
		{"x=\"a\nb\"", "c:1: unfinished string near '\"a'"},
		{"\nx=1LL", "c:2: number suffix 'LL' needs the FFI, which this engine does not have, near '1LL'"},
		{"x=0xffULL", "c:1: number suffix 'ULL' needs the FFI, which this engine does not have, near '0xffULL'"},
		{"x=2i", "c:1: number suffix 'i' needs the FFI, which this engine does not have, near '2i'"},
	} {
		_, err := Normalize(c.source, "=c")
		if err == nil || err.Error() != c.want {
			t.Errorf("%q: got %v; want %s", c.source, err, c.want)
		}
	}
}

func TestChunkID(t *testing.T) {
	for _, c := range []struct{ chunk, want string }{
		{"=name", "name"}, {"@a/b.lua", "a/b.lua"}, {"x=1", `[string "x=1"]`},
		{"x=1\ny", `[string "x=1..."]`},
		{"@" + strings.Repeat("f", 80), "..." + strings.Repeat("f", 56)},
		{"=" + strings.Repeat("f", 80), strings.Repeat("f", 59)},
	} {
		if got := ChunkID(c.chunk); got != c.want {
			t.Errorf("%q: got %q; want %q", c.chunk, got, c.want)
		}
	}
}

func FuzzNormalize(f *testing.F) {
	f.Add("x=\"a\\z\n\\x41\" --[[\r\n]] y=0x1p4")
	f.Add("#!\n'\\u{41}\\\r\n'[==[\n]==]")
	f.Add("1e400 0b1 1LL ...")
	f.Fuzz(func(t *testing.T, source string) {
		got, err := Normalize(source, "=fuzz")
		if err != nil {
			return
		}
		count := func(s string) int { return strings.Count(s, "\n") + strings.Count(s, "\r") }
		if count(got) != count(source) {
			t.Fatalf("%q has other lines than %q", got, source)
		}
		again, err := Normalize(strings.TrimPrefix(got, "#"), "=fuzz")
		if err != nil {
			t.Fatalf("%q is refused the second time: %v", got, err)
		}
		_ = again
		_, _ = parse.Parse(strings.NewReader(got), "fuzz")
	})
}
