package head

import (
	"bytes"
	"errors"
	"io"
	"testing"
)

// Each fuzz target demands that nothing panics, that n lies in the buffer, and
// that feeding byte by byte gives what feeding at once gives.

func FuzzRequestLine(f *testing.F) {
	for _, line := range lineCases {
		f.Add([]byte(line))
	}
	f.Fuzz(func(t *testing.T, buf []byte) {
		var once RequestLine
		n, err := once.Parse(buf)
		if n < 0 || n > len(buf) {
			t.Fatalf("n %d of %d", n, len(buf))
		}

		var split RequestLine
		m, splitErr := 0, ErrIncomplete
		for i := 1; i <= len(buf) && errors.Is(splitErr, ErrIncomplete); i++ {
			m, splitErr = split.Parse(buf[:i])
		}
		if m != n || !errors.Is(splitErr, err) {
			t.Fatalf("at once %d %v, split %d %v", n, err, m, splitErr)
		}
		if err != nil {
			return
		}
		for _, pair := range [][2][]byte{
			{once.Line, split.Line}, {once.Method, split.Method}, {once.URI, split.URI}, {once.Schema, split.Schema}, {once.Host, split.Host},
			{once.Port, split.Port}, {once.Protocol, split.Protocol}, {once.Path, split.Path}, {once.Args, split.Args}, {once.Exten, split.Exten},
		} {
			if !bytes.Equal(pair[0], pair[1]) {
				t.Fatalf("at once %q, split %q", pair[0], pair[1])
			}
		}
		path, args, exten, err := NormalizeURI(nil, once.URI, true)
		if once.NeedsNormalizing() || bytes.ContainsAny(once.Path, "%#") {
			return
		}
		if err != nil || !bytes.Equal(path, once.Path) || !bytes.Equal(args, once.Args) || !bytes.Equal(exten, once.Exten) {
			t.Fatalf("%q: scanned %q %q %q, normalized %q %q %q %v", once.URI, once.Path, once.Args, once.Exten, path, args, exten, err)
		}
	})
}

func FuzzNormalizeURI(f *testing.F) {
	for _, uri := range uriCases {
		f.Add([]byte(uri), true)
	}
	f.Fuzz(func(t *testing.T, raw []byte, merge bool) {
		if len(raw) == 0 || raw[0] != '/' && raw[0] != '?' {
			return
		}
		room := make([]byte, 3, len(raw)+4)
		path, args, exten, err := NormalizeURI(room, raw, merge)
		if err != nil {
			return
		}
		if len(path) == 0 || path[0] != '/' || &path[0] != &room[:4][3] {
			t.Fatalf("%q: path %q is not rooted in dst", raw, path)
		}
		if !bytes.HasSuffix(path, exten) || !bytes.Contains(raw, args) {
			t.Fatalf("%q: %q %q %q", raw, path, args, exten)
		}
		if bytes.Contains(path, []byte("/../")) || bytes.HasSuffix(path, []byte("/..")) {
			t.Fatalf("%q: %q climbs", raw, path)
		}
		if merge && bytes.Contains(path, []byte("//")) {
			t.Fatalf("%q: %q has two slashes", raw, path)
		}
	})
}

func FuzzField(f *testing.F) {
	for _, field := range fieldCases {
		f.Add([]byte(field), false)
	}
	f.Fuzz(func(t *testing.T, buf []byte, underscores bool) {
		var once Field
		n, err := once.Parse(buf, underscores)
		if n < 0 || n > len(buf) {
			t.Fatalf("n %d of %d", n, len(buf))
		}
		var split Field
		m, splitErr := 0, ErrIncomplete
		for i := 1; i <= len(buf) && errors.Is(splitErr, ErrIncomplete); i++ {
			m, splitErr = split.Parse(buf[:i], underscores)
		}
		if m != n || !errors.Is(splitErr, err) {
			t.Fatalf("at once %d %v, split %d %v", n, err, m, splitErr)
		}
		if err != nil {
			return
		}
		if !bytes.Equal(once.Name, split.Name) || !bytes.Equal(once.Value, split.Value) || once.Invalid != split.Invalid || once.Hash != split.Hash {
			t.Fatalf("at once %+v, split %+v", once, split)
		}
		if len(once.Name) == 0 || once.Hash != HashName(string(once.Name)) {
			t.Fatalf("name %q, hash %d", once.Name, once.Hash)
		}
		if bytes.ContainsAny(once.Value, "\x00\r\n") || !bytes.Equal(once.Value, bytes.Trim(once.Value, " ")) {
			t.Fatalf("value %q", once.Value)
		}
	})
}

func FuzzValidHost(f *testing.F) {
	for _, host := range hostCases {
		f.Add([]byte(host))
	}
	f.Fuzz(func(t *testing.T, host []byte) {
		n, upper, err := ValidHost(host)
		if err != nil {
			return
		}
		if n <= 0 || n > len(host) {
			t.Fatalf("n %d of %d", n, len(host))
		}
		if low := bytes.ToLower(host[:n]); upper == bytes.Equal(low, host[:n]) || !bytes.Equal(low, LowerHost(nil, host[:n])) {
			t.Fatalf("%q: upper %v", host, upper)
		}
		if bytes.ContainsAny(host, "/\\@ \t\r\n\x00?#") {
			t.Fatalf("%q is accepted", host)
		}
	})
}

func FuzzChunked(f *testing.F) {
	for _, body := range chunkedCases {
		f.Add([]byte(body), uint8(3))
	}
	f.Fuzz(func(t *testing.T, buf []byte, cut uint8) {
		read := func(step int) (body []byte, used int, trailers []byte, err error) {
			c := Chunked{MaxTrailers: 64}
			for used < len(buf) {
				end := min(used+step, len(buf))
				data, n, err := c.Next(buf[used:end])
				if n < 0 || n > end-used {
					t.Fatalf("n %d of %d", n, end-used)
				}
				if err == nil && len(data) == 0 || errors.Is(err, ErrIncomplete) && used+n != end {
					t.Fatalf("data %q, n %d of %d, %v", data, n, end-used, err)
				}
				used += n
				body = append(body, data...)
				if err != nil && !errors.Is(err, ErrIncomplete) {
					if _, n, again := c.Next(buf); n != 0 || !errors.Is(again, err) {
						t.Fatalf("after %v came %d %v", err, n, again)
					}
					return body, used, c.Trailers(), err
				}
			}
			return body, used, c.Trailers(), ErrIncomplete
		}
		body, used, trailers, err := read(len(buf) + 1)
		body1, used1, trailers1, err1 := read(1 + int(cut))
		if !bytes.Equal(body, body1) || used != used1 || !bytes.Equal(trailers, trailers1) || !errors.Is(err1, err) {
			t.Fatalf("at once %q %d %q %v, split %q %d %q %v", body, used, trailers, err, body1, used1, trailers1, err1)
		}
		if errors.Is(err, io.EOF) && len(trailers) > 0 && !bytes.HasSuffix(trailers, []byte("\r\n\r\n")) {
			t.Fatalf("trailers %q", trailers)
		}
	})
}

func FuzzStatusLine(f *testing.F) {
	for _, line := range statusCases {
		f.Add([]byte(line))
	}
	f.Fuzz(func(t *testing.T, buf []byte) {
		var once StatusLine
		n, err := once.Parse(buf)
		if n < 0 || n > len(buf) {
			t.Fatalf("n %d of %d", n, len(buf))
		}
		var split StatusLine
		m, splitErr := 0, ErrIncomplete
		for i := 1; i <= len(buf) && errors.Is(splitErr, ErrIncomplete); i++ {
			m, splitErr = split.Parse(buf[:i])
		}
		if m != n || !errors.Is(splitErr, err) {
			t.Fatalf("at once %d %v, split %d %v", n, err, m, splitErr)
		}
		if err != nil {
			return
		}
		if once.Code != split.Code || once.Code > 999 || !bytes.Equal(once.Text, split.Text) || len(once.Text) < 1 {
			t.Fatalf("at once %+v, split %+v", once, split)
		}
	})
}
