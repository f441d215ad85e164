package profile

import (
	"bytes"
	"encoding/xml"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/pprof/profile"
)

func sample() *Profile {
	p := New(time.Unix(1000, 0), time.Millisecond)
	phase, main := Frame{Name: "content_by_lua"}, Frame{Source: "a;b.lua", Line: 7}
	f := func(line int) Frame { return Frame{Name: "f<x>", Source: "a;b.lua", Defined: 3, Line: line} }
	p.Add([]Frame{phase, main}, 1)
	p.Add([]Frame{phase, main, f(4)}, 2)
	p.Add([]Frame{phase, main, f(5)}, 3)
	p.Ended = p.Began.Add(time.Second)
	return p
}

func TestFolded(t *testing.T) {
	var b strings.Builder
	if err := sample().Folded(&b); err != nil {
		t.Fatal(err)
	}
	const want = "content_by_lua;a,b.lua 1\ncontent_by_lua;a,b.lua;f<x> a,b.lua:3 5\n"
	if b.String() != want {
		t.Errorf("%q, want %q", b.String(), want)
	}
}

func TestSVG(t *testing.T) {
	for _, p := range []*Profile{sample(), New(time.Now(), time.Second)} {
		var b bytes.Buffer
		if err := p.SVG(&b); err != nil {
			t.Fatal(err)
		}
		text := b.String()
		for d := xml.NewDecoder(&b); ; {
			if _, err := d.Token(); err == io.EOF {
				break
			} else if err != nil {
				t.Fatalf("%v in %s", err, text)
			}
		}
		const title = "<title>f&lt;x&gt; a;b.lua:3: 5 samples, 5ms, 83.3%</title>"
		if p.Samples > 0 && !strings.Contains(text, title) {
			t.Errorf("no %s in %s", title, text)
		}
	}
}

func TestPprof(t *testing.T) {
	var b bytes.Buffer
	if err := sample().Pprof(&b); err != nil {
		t.Fatal(err)
	}
	p, err := profile.Parse(&b)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.CheckValid(); err != nil {
		t.Fatal(err)
	}
	total, innermost := int64(0), ""
	for _, s := range p.Sample {
		total += s.Value[1]
		if s.Location[0].Line[0].Line == 5 {
			innermost = s.Location[0].Line[0].Function.Name
		}
	}
	if total != 6e6 || innermost != "f<x> a;b.lua:3" || len(p.Function) != 3 || p.DurationNanos != 1e9 {
		t.Errorf("%d ns, %q, %v", total, innermost, p)
	}
}

// TestBound has more different stacks than a profile keeps.
func TestBound(t *testing.T) {
	p := New(time.Now(), time.Millisecond)
	for i := range maxNodes + 10 {
		p.Add([]Frame{{Name: "f", Line: i}}, 1)
	}
	if p.Lost != 10 || p.Samples != maxNodes+10 || len(p.root.children) != maxNodes {
		t.Errorf("%d lost of %d", p.Lost, p.Samples)
	}
}
