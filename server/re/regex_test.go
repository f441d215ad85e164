package re

import (
	"errors"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// The texts were recorded from nginx 1.22.1 with PCRE2 10.42.
func TestCompileErrors(t *testing.T) {
	for pattern, want := range map[string]string{
		"(":                `missing closing parenthesis in "("`,
		")":                `unmatched closing parenthesis in ")" at ")"`,
		"a**":              `quantifier does not follow a repeatable item in "a**" at "*"`,
		"[a":               `missing terminating ] for character class in "[a"`,
		"(?<n>a":           `missing closing parenthesis in "(?<n>a"`,
		"a{2,1}":           `numbers out of order in {} quantifier in "a{2,1}" at "}"`,
		"(?<1>a)":          `subpattern name must start with a non-digit in "(?<1>a)" at "1>a)"`,
		"*":                `quantifier does not follow a repeatable item in "*" at "*"`,
		"[[:foo:]]":        `unknown POSIX class name in "[[:foo:]]" at "foo:]]"`,
		"(?z)a":            `unrecognized character after (? or (?- in "(?z)a" at "z)a"`,
		"a(b":              `missing closing parenthesis in "a(b"`,
		`\y`:               `unrecognized character follows \ in "\y" at "y"`,
		"(?P<n>a)(?P<n>b)": `two named subpatterns have the same name (PCRE2_DUPNAMES not set) in "(?P<n>a)(?P<n>b)" at "b)"`,
		"[b-a]":            `range out of order in character class in "[b-a]" at "a]"`,
	} {
		_, err := Compile(pattern, Options{})
		if err == nil || err.Error() != "pcre2_compile() failed: "+want {
			t.Errorf("%q\n got %v\nwant %s", pattern, err, want)
		}
		var e *CompileError
		if !errors.As(err, &e) || e.Pattern != pattern {
			t.Errorf("%q: %T", pattern, err)
		}
	}
}

// What only PCRE can do.
func TestPerl(t *testing.T) {
	for _, c := range []struct {
		pattern string
		o       Options
		subject string
		from    int
		want    []int
	}{
		{`^/(?!api)(\w+)`, Options{}, "/web", 0, []int{0, 4, 1, 4}},
		{`^/(?!api)(\w+)`, Options{}, "/api", 0, nil},
		{`(?<=a)b`, Options{}, "ab", 1, []int{1, 2}},
		{`(.)\1`, Options{}, "abccd", 0, []int{2, 4, 2, 3}},
		{`a++b`, Options{}, "aab", 0, []int{0, 3}},
		{`(?>a+)ab`, Options{}, "aab", 0, nil},
		{`(?=)`, Options{}, "", 0, []int{0, 0}},
		{`(?=a)`, Options{}, "ba", 0, []int{1, 1}},
		{`a\Kb`, Options{}, "ab", 0, []int{1, 2}},
		{`\Ga`, Options{}, "ba", 1, []int{1, 2}},
		{`^.$`, Options{UTF: true}, "é", 0, []int{0, 2}},
		{`É`, Options{UTF: true, Caseless: true}, "é", 0, []int{0, 2}},
		{`^.$`, Options{}, "é", 0, nil},
		{"a b # c", Options{Extended: true}, "ab", 0, []int{0, 2}},
		{"(a)(?<n>b)|(?<n>c)", Options{DupNames: true}, "c", 0, []int{0, 1, -1, -1, -1, -1, 0, 1}},
		{"a|ab|abc", Options{DFA: true}, "xabcd", 0, []int{1, 4}},
		{"(a)(b)?", Options{DFA: true}, "ab", 0, []int{0, 2, -1, -1, -1, -1}},
		{`\u0061`, Options{JavascriptCompat: true}, "a", 0, []int{0, 1}},
		{"(?<a>x)(?=y)(?<bb>y)", Options{}, "xy", 0, []int{0, 2, 0, 1, 1, 2}},
		{"(?=a)\x00", Options{}, "a\x00", 0, nil},
		{"(?<=a)\x00", Options{}, "a\x00", 0, []int{1, 2}},
		{`(\((?:[^()]|(?1))*\))`, Options{}, "x(a(b)c)", 0, []int{1, 8, 1, 8}},
	} {
		r, err := Compile(c.pattern, c.o)
		if err != nil {
			t.Errorf("%q: %v", c.pattern, err)
			continue
		}
		got, err := r.MatchString(c.subject, c.from, nil)
		if err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%q on %q: got %v, %v, want %v", c.pattern, c.subject, got, err, c.want)
		}
		r.Close()
		again, err := r.Match([]byte(c.subject), c.from, got)
		if err != nil || !slices.Equal(again, c.want) {
			t.Errorf("%q on %q after Close: got %v, %v, want %v", c.pattern, c.subject, again, err, c.want)
		}
		r.Close()
	}
}

func TestNames(t *testing.T) {
	for _, o := range []Options{{}, {NoFast: true}} {
		r, err := Compile("(?<zed>a)(b)(?<alpha>c)", o)
		if err != nil {
			t.Fatal(err)
		}
		if want := []Name{{"alpha", 3}, {"zed", 1}}; !slices.Equal(r.Names(), want) || r.NumSubexp() != 3 || r.Fast() == o.NoFast {
			t.Errorf("%v, %d groups, fast %v", r.Names(), r.NumSubexp(), r.Fast())
		}
	}
}

func TestFromOutside(t *testing.T) {
	r, _ := Compile("a*", Options{})
	for _, from := range []int{-1, 3} {
		if m, err := r.MatchString("aa", from, nil); m != nil || err != nil {
			t.Errorf("from %d: %v, %v", from, m, err)
		}
	}
}

// A pattern that makes PCRE try all ways ends soon: with a result in our own
// engine, with an error in PCRE.
func TestBombs(t *testing.T) {
	subject := strings.Repeat("a", 5000)
	for _, pattern := range []string{"^(a+)+$", "^(a|aa)+$", "^(a|a)*b", "(.*)(.*)(.*)(.*)x", "a*a*a*a*a*b", "(a*?)(a*?)(a*?)c", "(?:a+b?)+c"} {
		r, err := Compile(pattern, Options{})
		if err != nil || !r.Fast() {
			t.Fatalf("%q: %v, fast %v", pattern, err, r.Fast())
		}
		start := time.Now()
		m, err := r.MatchString(subject+"!", 0, nil)
		if m != nil || err != nil || time.Since(start) > 2*time.Second {
			t.Errorf("%q: %v, %v after %v", pattern, m, err, time.Since(start))
		}
	}

	// The second pattern is too big for a search with memory.
	for _, pattern := range []string{"^(a+)+(?!a)$", "(?:a{1,1000}){1,4}bc"} {
		r, err := Compile(pattern, Options{MatchLimit: 1000})
		if err != nil {
			t.Fatal(err)
		}
		_, err = r.MatchString(subject+"!bc", 0, nil)
		var e *MatchError
		if !errors.As(err, &e) || e.Code != -47 || e.Error() != "match limit exceeded (-47)" {
			t.Errorf("%s: got %v", pattern, err)
		}
		r.Close()
	}
}

func TestNoUTF8(t *testing.T) {
	r, err := Compile(".", Options{UTF: true})
	if err != nil {
		t.Fatal(err)
	}
	_, err = r.MatchString("\xff", 0, nil)
	var e *MatchError
	if !errors.As(err, &e) || e.Code >= -1 || e.Msg == "" {
		t.Errorf("got %v", err)
	}
}

func TestConcurrent(t *testing.T) {
	for _, o := range []Options{{}, {NoFast: true}} {
		r, err := Compile(`(\w+)=(\d+)`, o)
		if err != nil {
			t.Fatal(err)
		}
		var all sync.WaitGroup
		for range 16 {
			all.Go(func() {
				var ov []int
				for i := range 500 {
					subject := strings.Repeat(" ", i%100) + "key=42;"
					m, err := r.MatchString(subject, 0, ov)
					if err != nil || m[0] != i%100 || m[5] != i%100+6 {
						t.Errorf("%v, %v", m, err)
						return
					}
					ov = m
				}
			})
		}
		all.Wait()
	}
}

// Patterns that are compiled and dropped, as ngx.re does without "o", must not
// pile up outside Go's heap.
func TestDroppedPatternsAreFreed(t *testing.T) {
	const patterns = 3000
	before := live.Load()
	for range patterns {
		r, err := Compile(`(?=a)`+strings.Repeat("b", 100), Options{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := r.MatchString("ab", 0, nil); err != nil {
			t.Fatal(err)
		}
	}
	for range 100 {
		runtime.GC()
		if live.Load() <= before+1 {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("%d of %d patterns live on", live.Load()-before, patterns)
}

func TestNoAllocation(t *testing.T) {
	if underRace {
		t.Skip("the race detector makes sync.Pool allocate")
	}
	subject := []byte("/api/users/1234/profile.html")
	ov := make([]int, 20)
	for _, c := range []struct {
		pattern string
		o       Options
	}{
		{`^/api/(\w+)/(\d+)/(.*)\.html$`, Options{}},
		{`(.*?)/(\d+)`, Options{}},
		{`(?:/[a-z]+)+`, Options{}},
		{`nothing`, Options{Caseless: true}},
		{`^/(?!web)(\w+)/`, Options{}},
	} {
		r, err := Compile(c.pattern, c.o)
		if err != nil {
			t.Fatal(err)
		}
		allocs := testing.AllocsPerRun(100, func() {
			if _, err := r.Match(subject, 0, ov); err != nil {
				t.Fatal(err)
			}
		})
		if allocs != 0 {
			t.Errorf("%q: %v allocations", c.pattern, allocs)
		}
		s := string(subject)
		if allocs := testing.AllocsPerRun(100, func() { _, _ = r.MatchString(s, 0, ov) }); allocs != 0 {
			t.Errorf("%q on a string: %v allocations", c.pattern, allocs)
		}
	}
}

func benchmark(b *testing.B, pattern, subject string, o Options) {
	r, err := Compile(pattern, o)
	if err != nil {
		b.Fatal(err)
	}
	ov := make([]int, 20)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := r.MatchString(subject, 0, ov); err != nil {
			b.Fatal(err)
		}
	}
}

const benchPath, benchExt = `^/api/(\w+)/(\d+)/(.*)\.html$`, `\.(?:jpe?g|png|gif|css|js)$`

func BenchmarkFastPath(b *testing.B) {
	benchmark(b, benchPath, "/api/users/1234/profile.html", Options{})
}
func BenchmarkFastExt(b *testing.B) {
	benchmark(b, benchExt, "/static/site/images/logo.png", Options{})
}
func BenchmarkFastMiss(b *testing.B) {
	benchmark(b, benchPath, "/static/site/images/logo.png", Options{})
}
func BenchmarkPerlPath(b *testing.B) {
	benchmark(b, benchPath, "/api/users/1234/profile.html", Options{NoFast: true})
}
func BenchmarkPerlExt(b *testing.B) {
	benchmark(b, benchExt, "/static/site/images/logo.png", Options{NoFast: true})
}

func BenchmarkCompileFast(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Compile(benchPath, Options{}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCompilePerl(b *testing.B) {
	for b.Loop() {
		r, err := Compile(benchPath, Options{NoFast: true})
		if err != nil {
			b.Fatal(err)
		}
		r.Close()
	}
}
