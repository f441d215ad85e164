package setmisc

import (
	"bytes"
	std32 "encoding/base32"
	"encoding/base64"
	"testing"
	"time"
)

func TestQuote(t *testing.T) {
	const special = "a\x00\b\n\r\t\\'\"$\x1aü"
	for _, c := range []struct {
		name string
		f    func([]byte) []byte
		in   string
		want string
	}{
		{"sql", quoteSQL, special, `'a\0\b\n\r\t\\\'\"\$\Zü'`},
		{"sql", quoteSQL, "", `''`},
		{"pgsql", quotePgSQL, "a'ü", `E'a\'ü'`},
		{"pgsql", quotePgSQL, "", `''`},
		{"pgsql", quotePgSQL, "\xe4'", `E'\\344\''`},
		{"json", quoteJSON, "a\r\n\f\b\t\\\"\x01ü", `"a\r\n\f\b\t\\\"\u0001ü"`},
		{"json", quoteJSON, "", `null`},
		{"escape", escapeURI, `a "+/=ü~!*'()-._`, `a%20%22%2B%2F%3D%C3%BC~!*'()-._`},
		{"unescape", unescapeURI, "a+b%20%c3%BC", "a b ü"},
		{"unescape", unescapeURI, "%zz%4%", "zz"},
		{"unescape", unescapeURI, "%4gx", "x"},
	} {
		if got := string(c.f([]byte(c.in))); got != c.want {
			t.Errorf("%s %q: %s, want %s", c.name, c.in, got, c.want)
		}
	}
}

func TestDecode64(t *testing.T) {
	for _, c := range []struct {
		in, want string
		ok       bool
	}{
		{"YWJjZGU=", "abcde", true},
		{"YWJjZGU", "abcde", true},
		{"YWJj=garbage", "abc", true},
		{"", "", true},
		{"Y", "", false},
		{"YW*j", "", false},
		{"-_-_", "", false},
	} {
		got, ok := decodeBase64([]byte(c.in))
		if ok != c.ok || ok && string(got) != c.want {
			t.Errorf("%q: %q %v", c.in, got, ok)
		}
	}
	if got, ok := decodeBase64URL([]byte("-_-_")); !ok || !bytes.Equal(got, []byte{0xfb, 0xff, 0xbf}) {
		t.Errorf("of URLs: %x %v", got, ok)
	}
}

func TestBase32(t *testing.T) {
	std := std32.HexEncoding
	b := newBase32("0123456789ABCDEFGHIJKLMNOPQRSTUV")
	for n := range 12 {
		v := bytes.Repeat([]byte{0xa7}, n)
		if got, want := string(b.encode(v, true)), std.EncodeToString(v); got != want {
			t.Errorf("%d bytes: %s, want %s", n, got, want)
		}
		if got, want := string(b.encode(v, false)), std.WithPadding(std32.NoPadding).EncodeToString(v); got != want {
			t.Errorf("%d bytes without padding: %s, want %s", n, got, want)
		}
		if got := b.decode(b.encode(v, true)); !bytes.Equal(got, v) {
			t.Errorf("%d bytes back: %x", n, got)
		}
	}
	for _, bad := range []string{"0", "000", "000000", "0!", "zz"} {
		if got := b.decode([]byte(bad)); len(got) != 0 {
			t.Errorf("%q gives %x", bad, got)
		}
	}
}

// The expectations are those of date(1).
func TestStrftime(t *testing.T) {
	at := time.Date(2027, 1, 3, 0, 5, 9, 0, time.UTC)
	for format, want := range map[string]string{
		"%a %A %b %B %c":          "Sun Sunday Jan January Sun Jan  3 00:05:09 2027",
		"%C %d %D %e %F %g %G":    "20 03 01/03/27  3 2027-01-03 26 2026",
		"%h %H %I %j %k %l %m %M": "Jan 00 12 003  0 12 01 05",
		"%n%t%%":                  "\n\t%",
		"%p %P %r %R %s %S":       "AM am 12:05:09 AM 00:05 1798934709 09",
		"%T %u %U %V %w %W %y %Y": "00:05:09 7 01 53 0 00 27 2027",
		"%z %Z %Ey %Q":            "+0000 GMT 27 %Q",
		"100%":                    "100%",
	} {
		if got := string(strftime(nil, at, "GMT", format)); got != want {
			t.Errorf("%s: %q, want %q", format, got, want)
		}
	}
}

func FuzzDecoders(f *testing.F) {
	f.Add([]byte("YWJjZGU="))
	f.Add([]byte("%41+%zz%"))
	f.Fuzz(func(t *testing.T, v []byte) {
		unescapeURI(v)
		hexAlphabet.decode(v)
		decodeHex(v)
		decodeBase64URL(v)
		if want, err := base64.StdEncoding.Strict().DecodeString(string(v)); err == nil && bytes.IndexAny(v, "\r\n") < 0 {
			if got, ok := decodeBase64(v); !ok || !bytes.Equal(got, want) {
				t.Errorf("%q: %q %v", v, got, ok)
			}
		}
		if got := hexAlphabet.decode(hexAlphabet.encode(v, len(v)%2 == 0)); !bytes.Equal(got, v) {
			t.Errorf("base32 of %q is %q", v, got)
		}
		if got := unescapeURI(escapeURI(v)); !bytes.Equal(got, v) {
			t.Errorf("escaping of %q is %q", v, got)
		}
	})
}
