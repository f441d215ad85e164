package gzip

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"github.com/klauspost/compress/gzip"
)

// packed is data as one member of a gzip stream, with flushes between parts.
func packed(t testing.TB, parts ...[]byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	for _, p := range parts {
		if _, err := w.Write(p); err != nil {
			t.Fatal(err)
		}
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// expanded feeds data in steps of a size.
func expanded(x *expansion, data []byte, step int) (out []byte) {
	take := func() {
		for {
			part, more := x.pull()
			if !more || part == nil {
				return
			}
			out = append(out, part...)
		}
	}
	for len(data) > 0 {
		n := min(step, len(data))
		x.in, data = data[:n], data[n:]
		take()
	}
	x.eof = true
	take()
	return out
}

func TestExpansion(t *testing.T) {
	big := bytes.Repeat([]byte("0123456789abcdef"), 20000)
	one := packed(t, []byte("hello "), []byte("world"))
	for _, c := range []struct {
		name     string
		in, want []byte
		fails    bool
	}{
		{"one member", one, []byte("hello world"), false},
		{"two members", append(bytes.Clone(one), packed(t, big)...), append([]byte("hello world"), big...), false},
		{"nothing", nil, nil, false},
		{"cut in the head", one[:5], nil, true},
		{"cut in the body", one[:len(one)-12], []byte("hello world"), true},
		{"not compressed", []byte("hello world, this is text"), nil, true},
	} {
		for _, step := range []int{1, 7, 1 << 20} {
			x := newExpansion()
			got := expanded(x, c.in, step)
			if !bytes.Equal(got, c.want) || x.err != nil != c.fails {
				t.Errorf("%s in steps of %d: got %d bytes, %v; want %d", c.name, step, len(got), x.err, len(c.want))
			}
			x.stop()
		}
	}
}

// What was flushed comes out before more comes in.
func TestExpansionFlush(t *testing.T) {
	whole := packed(t, []byte("hello "), []byte("world"))
	x := newExpansion()
	defer x.stop()
	for i := range whole {
		x.in = whole[i : i+1]
		if part, more := x.pull(); more && part != nil {
			if string(part) != "hello " {
				t.Fatalf("got %q first", part)
			}
			return
		}
	}
	t.Fatal("nothing came before the end")
}

func TestExpansionStop(t *testing.T) {
	x := newExpansion()
	x.in = packed(t, []byte("hello"))[:12]
	x.pull()
	x.stop()
	x.stop()
	if _, more := x.pull(); more {
		t.Fatal("it goes on")
	}
}

func FuzzExpansion(f *testing.F) {
	f.Add(packed(f, []byte("hello"), []byte("world")), uint8(3))
	f.Fuzz(func(t *testing.T, data []byte, step uint8) {
		x, y := newExpansion(), newExpansion()
		a, b := expanded(x, data, int(step)+1), expanded(y, data, rand.IntN(100)+1)
		if !bytes.Equal(a, b) || x.err == nil != (y.err == nil) {
			t.Fatalf("%d bytes, %v; %d bytes, %v", len(a), x.err, len(b), y.err)
		}
		x.stop()
		y.stop()
	})
}
