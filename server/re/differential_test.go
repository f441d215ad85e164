package re

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// patterns are taken up by both engines, each with all subjects.
var patterns = strings.Split(`
^/api/(\w+)/(\d+)$
\.(?:jpe?g|png|gif|css|js)$
^/(?<lang>en|de|fr)(/.*)?$
^(?P<a>[^.]+)\.(?'b'[^.]+)\.example\.com$
^~?(.*)$
(a+)(b+)?
(a|ab)(c|bcd)(d*)
(?:a|ab)(?:c|bcd)(?:d*)
^(.*?)(/[^/]*)$
^(.+)/([^/]*)$
(foo|foobar|f)(.*)
a{2,3}
a{2,3}?
(ab){2}
(ab|a){1,3}b
x*
x*?
(x*)y?
[[:alpha:]_][[:alnum:]_]*
[^[:space:]]+
[^\s/]+
[]a]+
[^]a]+
[a-c-e]+
[\w.-]+@[\w.-]+
\bfoo\b
\Bo\B
o\b
^$
^
$
\A\d+\z
\d+\Z
a$
.$
.\z
a.c
(?i)hello
(?i:h)ello
a(?i)b|c
(a(?i)b|c)d
(?s).+
(?m)^a.*$
(?m)^
(?m)$
(?i-s:A.B)c
()
(a|)
(|a)+?
(a*)?
(a?)b
((a)|b)*
(?:(a)|b)*
((a)(b)?)+
(a)|(b)|(c)
([ab])([cd])?([ef])
x{0}y
(a){0}b
a{,3}
a{x}
a{
{
\{1\}
\x41\x{42}\x4a
\/\.\-\_\ 
\h+
\v
\H\V
\N+
[\h]+
[^\h\v]+
[\x00-\x1f]
\xe9
.
..
[^a]
[^\x80-\xff]+
\W+
\D\S
(?:)
(?:a(?:b(?:c)?)?)?
(a|b|c|d|e)+f
(\w+)\s(\w+)
(?:/[a-z]+)+/?$
/([^/?#]+)(?:\?(.*))?$
^(?:(?:25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])\.){3}(?:25[0-5]|1?[0-9]?[0-9])$
^(?:[a-z0-9]+(?:-[a-z0-9]+)*\.)+[a-z]{2,}$
\w*\B
\w+\b.
a*a
a+?b*?c
(a+|b+)*?c
[a-z]*(?:foo|bar)
^.*x.*y
.*\n
.*$
\s*$
,+
a|b$|^c
(?:^|,)(a)(?:,|$)
(a\b|b)+
[ab]{2,}?c
([^,]*),([^,]*)
(?i)[a-f]+[^A-F]
(?i)\x41[[:upper:]][[:^lower:]]?
[:space:]]
(?-)a
(?)a
`, "\n")

var subjects = []string{
	"", "a", "b", "ab", "abc", "abcd", "aab", "aaaa", "aaab", "ABC", "aBc", "cd", "CD", "aBd", "x", "xx", "xxy", "y", "\n", "a\n", "a\nb", "\na", "a\n\n", "b\na.\nac", "foo", "foobar", " foo bar ", "afoo", "foo.bar",
	"/api/user/42", "/api/user/42\n", "/en", "/de/x/y", "/fr/", "/a/b/c.jpeg", "x.png?y", "www.foo.example.com", "a@b.c", "me+x@ex-am.ple", "hello", "HELLO", "hEllo", "Hello\nWorld", "{1}", "a{,3}", "a{x}", "{",
	"192.168.1.255", "256.1.1.1", "1.2.3", "a-b.c-d.org", "AB", "J", "ABJ", "/.-_ ", "\t \xa0", "\x85\v", "\xe9", "\xc3\xa9", "\xff\x80", "a\x00b", "\x1f", "abcdef", "ace", "adf", "bf", "cc dd", "ee\tff", "a,b", ",", "a,,b", ",a,", "c", "xay",
	"..", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaab", "babababa", "abababab", "x1\n", "12\n", "12", "1a", "word\n", "]a]", "]", "^", "-", "a-c", "e--",
}

func compileBoth(t *testing.T, pattern string, o Options) (fast, perl *Regex) {
	t.Helper()
	fast, err := Compile(pattern, o)
	o.NoFast = true
	perl, perlErr := Compile(pattern, o)
	if err != nil || perlErr != nil {
		if fast != nil || perl != nil {
			t.Errorf("%q %+v: one compiles: %v, %v", pattern, o, err, perlErr)
		}
		return nil, nil
	}
	if !fast.Fast() {
		perl.Close()
		return nil, nil
	}
	if fast.NumSubexp() != perl.NumSubexp() || !slices.Equal(fast.Names(), perl.Names()) {
		t.Errorf("%q: groups %d %v, PCRE %d %v", pattern, fast.NumSubexp(), fast.Names(), perl.NumSubexp(), perl.Names())
	}
	return fast, perl
}

// compare matches with PCRE, our engine, and our engine's search with memory.
func compare(t *testing.T, fast, perl *Regex, subject string, from int) {
	t.Helper()
	want, err := perl.Match([]byte(subject), from, nil)
	if err != nil {
		var limit *MatchError
		if !errors.As(err, &limit) || limit.Code != -47 {
			t.Errorf("%q on %q: %v", perl, subject, err)
		}
		return
	}
	got, err := fast.MatchString(subject, from, nil)
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("%q %+v on %q from %d: got %v, %v, PCRE %v", fast, fast.options, subject, from, got, err, want)
	}
	if from > len(subject) {
		return
	}
	var m machine
	ov := make([]int, 2*fast.groups+2)
	code, splits := fast.fast.withMemory()
	if code == nil {
		return
	}
	words := splits*(len(subject)-from+1)/64 + 1
	found, _ := search(&m, fast.fast, code, []byte(subject), from, ov, -1, m.remember(words))
	if found != (want != nil) || found && !slices.Equal(ov, want) {
		t.Errorf("%q %+v on %q from %d, with memory: got %v %v, PCRE %v", fast, fast.options, subject, from, found, ov, want)
	}
}

func TestSameAsPCRE(t *testing.T) {
	pairs, slow := 0, 0
	for _, o := range []Options{{}, {Caseless: true}, {Multiline: true}, {DotAll: true}, {Anchored: true}, {DollarEndonly: true}, {Caseless: true, Multiline: true, DotAll: true}} {
		for _, pattern := range patterns {
			fast, perl := compileBoth(t, pattern, o)
			if fast == nil {
				slow++
				continue
			}
			for _, subject := range subjects {
				compare(t, fast, perl, subject, 0)
				compare(t, fast, perl, subject, len(subject)/2)
				pairs += 2
			}
			compare(t, fast, perl, "aab", 3)
			perl.Close()
		}
	}
	t.Logf("%d pairs, %d patterns are PCRE's", pairs, slow)
	if pairs < 5000 || slow > len(patterns)/2 {
		t.Error("too little is compared")
	}
}

// randomPattern makes up a pattern, valid as a rule.
func randomPattern(r *rand.Rand, depth int) string {
	pick := func(list ...string) string { return list[r.IntN(len(list))] }
	var b strings.Builder
	for range 1 + r.IntN(4) {
		switch n := r.IntN(20); {
		case n < 8:
			b.WriteString(pick("a", "b", "c", "A", "B", `\n`, " ", "1", "_", "-", "/", `\.`))
		case n < 11:
			b.WriteString(pick(".", `\w`, `\d`, `\s`, `\W`, `\S`, "[ab]", "[^a]", "[a-c]", "[^b-d\n]", "[[:alpha:]]", "[^\\w]", `[A-C]`, `\N`))
		case n < 13:
			b.WriteString(pick("^", "$", `\b`, `\B`, `\A`, `\z`, `\Z`, "(?i)", "(?m)", "(?s)", "(?-i)"))
		case depth > 0:
			b.WriteString(pick("(", "(?:", "(?i:", "(") + randomPattern(r, depth-1) + ")")
		}
		if r.IntN(3) == 0 {
			b.WriteString(pick("*", "+", "?", "{2}", "{1,3}", "{0,2}", "{2,}") + pick("", "", "?"))
		}
		if r.IntN(6) == 0 {
			b.WriteString("|")
		}
	}
	return b.String()
}

func randomSubject(r *rand.Rand) string {
	b := make([]byte, r.IntN(12))
	for i := range b {
		b[i] = "aaabbcABC1_-/. \n\n\xe9"[r.IntN(18)]
	}
	return string(b)
}

func TestRandomSameAsPCRE(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	rounds := 20000
	if testing.Short() {
		rounds = 3000
	}
	compared := 0
	for range rounds {
		o := Options{Caseless: r.IntN(4) == 0, Multiline: r.IntN(4) == 0, DotAll: r.IntN(4) == 0, DollarEndonly: r.IntN(8) == 0, Anchored: r.IntN(16) == 0, MatchLimit: 100000}
		fast, perl := compileBoth(t, randomPattern(r, 3), o)
		if fast == nil {
			continue
		}
		for range 8 {
			subject := randomSubject(r)
			compare(t, fast, perl, subject, r.IntN(len(subject)+1)*r.IntN(2))
			compared++
		}
		perl.Close()
		if t.Failed() {
			t.FailNow()
		}
	}
	t.Logf("%d pairs", compared)
	if compared < rounds {
		t.Error("too little is compared")
	}
}

func FuzzSameAsPCRE(f *testing.F) {
	for i, p := range patterns {
		f.Add(p, subjects[i%len(subjects)], uint8(i))
	}
	f.Fuzz(func(t *testing.T, pattern, subject string, bits uint8) {
		o := Options{Caseless: bits&1 != 0, Multiline: bits&2 != 0, DotAll: bits&4 != 0, DollarEndonly: bits&8 != 0, Anchored: bits&16 != 0, MatchLimit: 50000}
		fast, perl := compileBoth(t, pattern, o)
		if fast == nil {
			return
		}
		defer perl.Close()
		compare(t, fast, perl, subject, 0)
		compare(t, fast, perl, subject, len(subject)/2)
	})
}

func ExampleCompile() {
	r, err := Compile(`^/(?<lang>en|de)/(.*)`, Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	m, _ := r.MatchString("/en/index.html", 0, nil)
	fmt.Println(m, r.Names())
	_, err = Compile("a(b", Options{})
	fmt.Println(err)
	// Output:
	// [0 14 1 3 4 14] [{lang 1}]
	// pcre2_compile() failed: missing closing parenthesis in "a(b"
}
