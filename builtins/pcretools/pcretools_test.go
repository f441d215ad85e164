package pcretools

import (
	"fmt"
	"testing"
)

func TestMatch(t *testing.T) {
	for _, c := range []struct{ pattern, text, group, want string }{
		{`b+`, "abbc", "", "bb"}, {`a(b+)(c)`, "abbc", "", "bb"}, {`a(b+)(c)`, "abbc", "2", "c"}, {`a(b+)(c)`, "abbc", "0", "abbc"},
		{`(?<x>\d+)-(?<y>\d+)`, "12-34", "y", "34"}, {`/B+/i`, "abbc", "", "bb"}, {`(?<=a)b(?=c)`, "abc", "", "b"}, {`(x)?a`, "a", "1", ""}, {`x`, "a", "0", ""},
	} {
		list := []string{c.pattern, c.text}
		if c.group != "" {
			list = append(list, c.group)
		}
		if got, err := match(list...); got != c.want || err != nil {
			t.Errorf("%q: %q, %v", list, got, err)
		}
	}
	for _, list := range [][]string{{"("}, {"(", "x"}, {"x", "x", "1"}, {"x", "x", "name"}, {"/x/y", "x"}, {"x", "x", "-1"}} {
		if got, err := match(list...); err == nil {
			t.Errorf("%q: %q", list, got)
		}
	}
}

func TestSubstitute(t *testing.T) {
	for _, c := range []struct {
		all                              bool
		pattern, replacement, text, want string
	}{
		{false, `o`, "0", "foo", "f0o"}, {true, `o`, "0", "foo", "f00"}, {true, `(\w)(\w)`, `\2\1`, "abcd-ef", "badc-fe"},
		{true, `x*`, "-", "abc", "-a-b-c-"}, {true, `^a`, "b", "aaa", "baa"}, {true, `(?<n>b)`, `[\{n}\\]`, "abc", `a[b\]c`}, {true, `z`, "y", "abc", "abc"}, {true, `b`, `\`, "abc", `a\c`},
	} {
		if got, err := substitute(c.all, []string{c.pattern, c.replacement, c.text}); got != c.want || err != nil {
			t.Errorf("%q %q %q: %q, %v", c.pattern, c.replacement, c.text, got, err)
		}
	}
	for _, list := range [][]string{{"a", "b"}, {"a", `\1`, "a"}, {"a", `\{x}`, "a"}, {"(a", "b", "a"}} {
		if got, err := substitute(true, list); err == nil {
			t.Errorf("%q: %q", list, got)
		}
	}
}

// TestManyPatterns: patterns out of requests do not pile up.
func TestManyPatterns(t *testing.T) {
	for i := range 3 * maxPatterns {
		if _, err := compile(fmt.Sprint("x", i)); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(patterns.m); n > maxPatterns {
		t.Errorf("%d patterns are kept", n)
	}
}

func FuzzOptions(f *testing.F) {
	f.Add("/x/i")
	f.Fuzz(func(t *testing.T, s string) { options(s) })
}
