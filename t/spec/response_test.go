package spec

import (
	"strings"
	"testing"
)

func TestParseResponse(t *testing.T) {
	for _, c := range []struct {
		raw, code, body, left string
		head                  bool
	}{
		{"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nabHTTP", "200", "ab", "HTTP", false},
		{"HTTP/1.1 200 OK\r\n\r\nto the end", "200", "to the end", "", false},
		{"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nnext", "200", "", "next", true},
		{"HTTP/1.1 304 Not Modified\r\n\r\nnext", "304", "", "next", false},
		{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\na\r\n0123456789\r\n0\r\n\r\nnext", "200", "ab0123456789", "next", false},
		{"HTTP/1.1 200 OK\r\nTrailer: X-A\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX-A: b\r\n\r\n", "200", "", "", false},
		{"HTTP/1.1 101 Switching Protocols\r\n\r\nraw", "101", "raw", "", false},
	} {
		r, err := ParseResponse(c.raw, c.head)
		if err != nil || r.Code != c.code || r.Body != c.body || r.Left != c.left {
			t.Errorf("%q: %+v (%v)", c.raw, r, err)
		}
	}
}

func TestParseResponseErrors(t *testing.T) {
	chunked := "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
	for raw, want := range map[string]string{
		"": "no status line", "hello": "no status line", "HTTP/1.1 200 OK\r\n": "without its end",
		"HTTP/1.1 200 OK\r\nnocolon\r\n\r\n":            "without a colon",
		"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n": "bad Content-Length",
		chunked + "x":                 "bad chunk header",
		chunked + "5\r\nab":           "cut short",
		chunked + "2\r\nabX":          "cut short",
		chunked + "2\r\nab\r\n":       "bad chunk header",
		chunked + "0\r\n":             "no end",
		chunked + "0\r\nX: y\r\n\r\n": "not announced",
	} {
		if _, err := ParseResponse(raw, false); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, expected %q", raw, err, want)
		}
	}
}

func TestRepeatedHeadersAreJoined(t *testing.T) {
	r, err := ParseResponse("HTTP/1.1 200 OK\r\nA: 1\r\nB: 2\r\na: 3\r\n\r\n", false)
	if err != nil {
		t.Fatal(err)
	}
	if got, _ := r.Header("A"); got != "1, 3" {
		t.Errorf("got %q", got)
	}
}

func FuzzParseResponse(f *testing.F) {
	f.Add("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n", false)
	f.Add("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", true)
	f.Fuzz(func(t *testing.T, raw string, head bool) {
		if r, err := ParseResponse(raw, head); err == nil && len(r.Body)+len(r.Left) > len(raw) {
			t.Errorf("more came out than went in: %+v", r)
		}
	})
}

func TestPatternsMeanWhatPerlMeans(t *testing.T) {
	for _, c := range []struct {
		pattern, flags, text string
		want                 bool
	}{
		{"foo$", "s", "foo\n", true}, {"foo$", "s", "foo\nx", false}, {"foo$", "m", "foo\nx", true},
		{`a.b`, "s", "a\nb", true}, {`a.b`, "", "a\nb", false}, {`[$]x`, "", "$x", true}, {`\$x`, "", "$x", true},
		{`a\hb`, "", "a\tb", true}, {`[\h]`, "", "\t", true}, {`\/x\"`, "", `/x"`, true}, {`[]a]+`, "", "]", true}, {`foo\Z`, "", "foo\n", true},
		{"foo$\n", "s", "foo\n", true}, {"foo$\n", "s", "foo\nx", false},
	} {
		re, err := compile(c.pattern, c.flags)
		if err != nil || re.MatchString(c.text) != c.want {
			t.Errorf("%q (%s) on %q: not %v (%v)", c.pattern, c.flags, c.text, c.want, err)
		}
	}
	if _, err := compile("a(?=b)", ""); err == nil {
		t.Error("look-ahead was accepted")
	}
}
