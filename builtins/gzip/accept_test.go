package gzip

import (
	"bytes"
	"io"
	"testing"

	"github.com/klauspost/compress/gzip"
)

func TestAcceptsGzip(t *testing.T) {
	for v, want := range map[string]bool{
		"gzip": true, "gzip,deflate": true, "GZIP": true, "deflate, gzip": true, "deflate,gzip": true,
		"gzip;q=1": true, "gzip;q=1.000": true, "gzip ; q=0.5, br": true, "gzip;q=0.001": true, "gzip; Q=0.2": true,
		"": false, "gz": false, "x-gzip": false, "deflate": false, "*": false, "gzip;q=0": false, "gzip;q=0.0, br": false,
		"gzip;q=0.000": false, "gzip;q=1.001": false, "gzip;q=2": false, "gzip;q=": false, "gzip;x=1": false, "gzipped": false,
		"gzip;q=0.0001": false, "gzip;q=0.x": false, "gzip;q=1x": false, "x-gzip, gzip": true,
	} {
		if got := acceptsGzip([]byte(v)); got != want {
			t.Errorf("%q: %v", v, got)
		}
	}
}

func FuzzAcceptsGzip(f *testing.F) {
	f.Add([]byte("gzip;q=0.5, deflate"))
	f.Fuzz(func(t *testing.T, v []byte) {
		if acceptsGzip(v) && !bytes.Contains(bytes.ToLower(v), []byte("gzip")) {
			t.Errorf("%q", v)
		}
	})
}

// TestStream compresses with a compressor that another response had.
func TestStream(t *testing.T) {
	for round := range 3 {
		x := &stream{level: 1}
		x.w = takeWriter(1, x)
		want := bytes.Repeat([]byte{byte('a' + round)}, 100000)
		x.w.Write(want)
		if round == 1 {
			x.free() // ends before its body does
			continue
		}
		if err := x.w.Close(); err != nil {
			t.Fatal(err)
		}
		r, err := gzip.NewReader(bytes.NewReader(x.out))
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(r)
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("round %d: %d bytes, %v", round, len(got), err)
		}
		x.free()
	}
}
