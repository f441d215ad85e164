package proxy

import (
	"bytes"
	"testing"
)

// FuzzStatus reads the first line of an upstream's response.
func FuzzStatus(f *testing.F) {
	for _, s := range []string{"HTTP/1.1 200 OK", "HTTP/1.0 404", "HTTP/1.1  200 OK", "HTTP/2 200", "HTTP/1.1 20x", "ICY 200", "HTTP/1.-1 104 OK"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		var p response
		version, ok := p.statusText(line)
		if !ok {
			return
		}
		if p.status < 100 || p.status > 999 || version < 1000 || !bytes.Contains(line, p.statusLine) {
			t.Fatalf("status %d, version %d, line %q", p.status, version, p.statusLine)
		}
	})
}

// FuzzTarget takes URLs of proxy_pass apart.
func FuzzTarget(f *testing.F) {
	for _, s := range []string{"http://a", "http://a:81/b?c", "http://unix:/x:/u", "http://[::1]:80/", "http://", "https://a"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, url string) {
		x := &target{}
		if err := x.parse(url); err == nil && x.host == "" {
			t.Fatalf("%q has no host", url)
		}
	})
}
