package charset

import "testing"

func TestFromUTF8InParts(t *testing.T) {
	x := &table{from: "koi8-r", to: "utf-8", utf8: true, backUTF: map[rune]byte{'a': 'a', 'б': 0xc2}}
	c := x.coder("utf-8")
	got := ""
	text := "aбя" // the last one is not in the table
	for i := range len(text) {
		got += string(c.code([]byte{text[i]}, i == len(text)-1))
	}
	if want := "a\xc2&#1103;"; got != want {
		t.Fatalf("got %q, want %q", got, want)
	}
}

func TestMediaType(t *testing.T) {
	for in, want := range map[string][2]string{
		"text/html":                    {"text/html", ""},
		"text/html; charset=koi8-r":    {"text/html", "koi8-r"},
		`text/plain;x=1;charset="b"`:   {"text/plain", "b"},
		"text/plain ; CharSet=utf-8 ;": {"text/plain", "utf-8"},
	} {
		a, b := mediaType([]byte(in))
		if string(a) != want[0] || string(b) != want[1] {
			t.Errorf("%q: %q %q", in, a, b)
		}
	}
}
