package spec

import (
	"strings"
	"testing"
	"time"
)

func TestLiteralStrings(t *testing.T) {
	for src, want := range map[string]string{
		`"a\r\nb\t\0\x41\x{42}\101\e\\\"\$x\@y"`: "a\r\nb\t\x00ABA\x1b\\\"$x@y",
		`'a\n\'b\\'`:                             `a\n'b\`,
		`qq{a{b}c}`:                              "a{b}c",
		`q(a(b)c)`:                               "a(b)c",
		`"a" x 3 . 'b' x 2`:                      "aaabb",
		`("a" . "b") x 2`:                        "abab",
		"# note\n'a' . # b\n'c';":                "ac",
		`404`:                                    "404",
		`"cost: $ 5"`:                            "cost: $ 5",
		`"\xff"`:                                 "\xff",
	} {
		v, err := parseLiteral(src)
		if err != nil || v.Kind != Text || v.Text != want {
			t.Errorf("%s is %q (%v), expected %q", src, v.Text, err, want)
		}
	}
}

func TestLiteralStructures(t *testing.T) {
	v, err := parseLiteral(`["a", [{value => "b", delay_before => 0.25}, 'c'], qr{x/y$}is,]`)
	if err != nil {
		t.Fatal(err)
	}
	if len(v.Items) != 3 || v.Items[1].Kind != List || v.Items[2].Text != "x/y$" || v.Items[2].Flags != "is" {
		t.Errorf("got %+v", v)
	}
	p := v.Items[1].Items[0]
	if p.Kind != Packet || p.Text != "b" || p.Delay != 250*time.Millisecond {
		t.Errorf("the packet is %+v", p)
	}
}

func TestLiteralErrors(t *testing.T) {
	for src, want := range map[string]string{
		``: "unexpected end", `"a`: "without its end", `'a`: "without its end", `qr/a`: "without its end",
		`"$x"`: "interpolated", `"@x"`: "interpolated", `qr/$x/`: "interpolated", `"\uA"`: "not supported",
		`"\x{100}"`: "one byte", `"\777"`: "more than one byte", `qr/a/x`: `flags "x"`,
		`foo()`: "not a literal", `"a" 'b'`: "unexpected", `["a" "b"]`: "was expected",
		`{frob => 1}`: "unknown key", `["a"] . "b"`: "strings only", `"a" x 99999999999`: "more than", `"a" x b`: "number",
		`"ab" x 999999999`: "more than", `["a"] x 2`: "strings only", `(1`: `")"`,
		strings.Repeat("[", 100): "too deeply",
	} {
		_, err := parseLiteral(src)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, expected %q", src, err, want)
		}
	}
}

func FuzzLiteral(f *testing.F) {
	f.Add(`["a\x00", {value => 'b'}, qr/c/i, qq{d} . "e" x 3]`)
	f.Fuzz(func(t *testing.T, src string) {
		if strings.Contains(src, "x") && len(src) > 200 {
			return
		}
		_, _ = parseLiteral(src)
	})
}
