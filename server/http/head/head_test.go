package head

import (
	"bytes"
	"errors"
	"io"
	"testing"
)

var sample = []byte("GET /static/css/site.min.css?v=20240101 HTTP/1.1\r\n" +
	"Host: www.example.com\r\n" +
	"User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:120.0) Gecko/20100101 Firefox/120.0\r\n" +
	"Accept: text/css,*/*;q=0.1\r\n" +
	"Accept-Language: en-US,en;q=0.5\r\n" +
	"Accept-Encoding: gzip, deflate, br\r\n" +
	"Connection: keep-alive\r\n" +
	"Referer: https://www.example.com/index.html\r\n" +
	"\r\n")

var sampleChunked = []byte("5\r\nhello\r\n6;x=y\r\n world\r\n0\r\nDigest: none\r\n\r\n")

func readHead(l *RequestLine, f *Field, buf []byte) (fields int, err error) {
	n, err := l.Parse(buf)
	for err == nil {
		buf = buf[n:]
		n, err = f.Parse(buf, false)
		fields++
	}
	return fields - 1, err
}

func TestWholeHead(t *testing.T) {
	var l RequestLine
	var f Field
	fields, err := readHead(&l, &f, sample)
	if fields != 7 || !errors.Is(err, ErrDone) {
		t.Fatalf("%d fields, %v", fields, err)
	}
	if l.Verb != MethodGet || string(l.Path) != "/static/css/site.min.css" || string(l.Args) != "v=20240101" || string(l.Exten) != "css" || l.Version() != 1001 {
		t.Errorf("got %+v", l)
	}
}

// The scanners are used again for request after request of a connection.
func TestReuse(t *testing.T) {
	var l RequestLine
	for range 2 {
		if _, err := l.Parse([]byte("GET http://a:1/x.b?c#d HTTP/1.1\r\n")); err != nil || string(l.Port) != "1" || !l.Complex {
			t.Fatalf("got %+v, %v", l, err)
		}
		if _, err := l.Parse([]byte("GET /a%")); !errors.Is(err, ErrIncomplete) {
			t.Fatal(err)
		}
		if n, err := l.Parse([]byte("GET /a%\x01")); n != 7 || !errors.Is(err, ErrInvalidRequest) {
			t.Fatalf("%d, %v", n, err)
		}
		if _, err := l.Parse([]byte("HEAD / HTTP/1.0\n")); err != nil || l.NeedsNormalizing() || l.Schema != nil || l.Args != nil || l.Exten != nil || l.Version() != 1000 {
			t.Fatalf("got %+v, %v", l, err)
		}
	}
}

func TestStart(t *testing.T) {
	var l RequestLine
	if _, err := l.Parse([]byte("\r\n\nGET /")); !errors.Is(err, ErrIncomplete) || l.Start != 3 {
		t.Errorf("start %d, %v", l.Start, err)
	}
	n, err := l.Parse([]byte("\r\n\nGET /x\r\nmore"))
	if n != 11 || err != nil || string(l.Line) != "GET /x" || l.Version() != 9 || l.Protocol != nil {
		t.Errorf("%d, %v, %+v", n, err, l)
	}
}

func TestStatusLine(t *testing.T) {
	var l StatusLine
	for range 2 {
		if n, err := l.Parse([]byte("HTTP/1.0 404 Not Found\r\nmore")); n != 24 || err != nil || l.Code != 404 || string(l.Text) != "404 Not Found" || l.Major != 1 || l.Minor != 0 {
			t.Errorf("%d, %v, %+v", n, err, l)
		}
		if n, err := l.Parse([]byte("HTTP/1.x")); n != 7 || !errors.Is(err, ErrInvalidStatus) {
			t.Errorf("%d, %v", n, err)
		}
	}
}

func TestMethods(t *testing.T) {
	for name, want := range map[string]Method{
		"GET": 2, "HEAD": 4, "POST": 8, "PUT": 16, "DELETE": 32, "MKCOL": 64, "COPY": 128, "MOVE": 256, "OPTIONS": 512, "PROPFIND": 1024,
		"PROPPATCH": 2048, "LOCK": 4096, "UNLOCK": 8192, "PATCH": 16384, "TRACE": 32768, "CONNECT": 65536, "GE": 1, "FOO": 1, "get": 1,
	} {
		if got := MethodOf([]byte(name)); got != want {
			t.Errorf("%s is %d, want %d", name, got, want)
		}
	}
}

func TestInvalidFieldIsReported(t *testing.T) {
	var f Field
	if _, err := f.Parse([]byte("Foo: b\x00r\r\n"), false); !errors.Is(err, ErrInvalidHeader) || string(f.Bad) != "Foo: b" || f.BadByte != 0 {
		t.Errorf("bad %q %q, %v", f.Bad, f.BadByte, err)
	}
	if _, err := f.Parse([]byte("A_b: c\r\n"), false); err != nil || !f.Invalid {
		t.Errorf("invalid %v, %v", f.Invalid, err)
	}
	if _, err := f.Parse([]byte("A_b: c\r\n"), true); err != nil || f.Invalid || !f.Is("a_b") || f.Is("a-b") || f.Is("a_bc") || f.Hash != HashName("A_B") {
		t.Errorf("got %+v, %v", f, err)
	}
}

func TestChunked(t *testing.T) {
	c := Chunked{MaxTrailers: 20}
	for range 2 {
		c.Reset()
		rest := append(bytes.Clone(sampleChunked), "GET"...)
		var body []byte
		for {
			data, n, err := c.Next(rest)
			body = append(body, data...)
			rest = rest[n:]
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		if string(body) != "hello world" || string(rest) != "GET" || string(c.Trailers()) != "Digest: none\r\n\r\n" {
			t.Errorf("body %q, rest %q, trailers %q", body, rest, c.Trailers())
		}
		var f Field
		if n, err := f.Parse(c.Trailers(), false); err != nil || string(f.Value) != "none" {
			t.Errorf("%d, %v, %+v", n, err, f)
		}
	}

	c.Reset()
	if _, n, err := c.Next([]byte("0\r\nLonger: than twenty bytes\r\n\r\n")); n != 23 || !errors.Is(err, ErrLongTrailers) {
		t.Errorf("%d, %v", n, err)
	}
	c.Reset()
	if data, n, err := c.Next([]byte("a\r\n012")); string(data) != "012" || n != 6 || err != nil || c.Left() != 7 {
		t.Errorf("%q, %d, %v, %d left", data, n, err, c.Left())
	}
	c.Reset()
	long := append([]byte("1;"), bytes.Repeat([]byte{'x'}, maxChunkLine)...)
	if _, n, err := c.Next(long); n != maxChunkLine || !errors.Is(err, ErrInvalidChunk) {
		t.Errorf("%d, %v", n, err)
	}
}

func TestPortOf(t *testing.T) {
	for host, want := range map[string]string{"a": "", "a:": "", "a:80": "80", "[::1]": "", "[::1]:8": "8"} {
		if got := PortOf([]byte(host)); string(got) != want {
			t.Errorf("%s: %q", host, got)
		}
	}
}

func TestContentLength(t *testing.T) {
	for text, want := range map[string]int64{
		"": -1, "-1": -1, "+1": -1, "1 ": -1, " 1": -1, "1,1": -1, "0x1": -1, "1e3": -1, "9223372036854775808": -1, "99999999999999999999": -1,
		"0": 0, "00": 0, "007": 7, "42": 42, "9223372036854775807": 1<<63 - 1,
	} {
		got, ok := ParseContentLength([]byte(text))
		if !ok {
			got = -1
		}
		if got != want {
			t.Errorf("%q gives %d", text, got)
		}
	}
}

func TestNoAllocation(t *testing.T) {
	var l RequestLine
	var f Field
	var c Chunked
	out := make([]byte, 0, 100)
	body := sampleChunked[:len("5\r\nhello\r\n6;x=y\r\n world\r\n0\r\n")]
	body = append(bytes.Clone(body), "\r\n"...)
	var s StatusLine
	status := []byte("HTTP/1.1 200 OK\r\n")
	allocs := testing.AllocsPerRun(100, func() {
		if _, err := s.Parse(status); err != nil {
			t.Fatal(err)
		}
		if _, err := readHead(&l, &f, sample); !errors.Is(err, ErrDone) {
			t.Fatal(err)
		}
		if _, _, _, err := NormalizeURI(out, []byte("/a/./b//%63.html?x=y"), true); err != nil {
			t.Fatal(err)
		}
		if _, _, err := ValidHost([]byte("www.example.com:8080")); err != nil {
			t.Fatal(err)
		}
		c.Reset()
		for rest := body; ; {
			_, n, err := c.Next(rest)
			if errors.Is(err, io.EOF) {
				break
			}
			rest = rest[n:]
		}
	})
	if allocs != 0 {
		t.Errorf("%v allocations", allocs)
	}
}

func BenchmarkHead(b *testing.B) {
	var l RequestLine
	var f Field
	b.SetBytes(int64(len(sample)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := readHead(&l, &f, sample); !errors.Is(err, ErrDone) {
			b.Fatal(err)
		}
	}
}

func BenchmarkRequestLine(b *testing.B) {
	var l RequestLine
	line := []byte("GET / HTTP/1.1\r\n")
	for b.Loop() {
		if _, err := l.Parse(line); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkNormalizeURI(b *testing.B) {
	out := make([]byte, 0, 100)
	raw := []byte("/a/./b//%63/../d.html?x=y")
	b.ReportAllocs()
	for b.Loop() {
		if _, _, _, err := NormalizeURI(out, raw, true); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkValidHost(b *testing.B) {
	host := []byte("www.example.com:8080")
	for b.Loop() {
		if _, _, err := ValidHost(host); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkChunked(b *testing.B) {
	body := []byte("400\r\n" + string(bytes.Repeat([]byte{'x'}, 1024)) + "\r\n0\r\n\r\n")
	var c Chunked
	b.SetBytes(int64(len(body)))
	for b.Loop() {
		c.Reset()
		for rest := body; ; {
			_, n, err := c.Next(rest)
			if err != nil {
				break
			}
			rest = rest[n:]
		}
	}
}
