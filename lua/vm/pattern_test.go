package vm

import (
	"strings"
	"testing"
)

func TestPatternBudget(t *testing.T) {
	m := matcher{source: strings.Repeat("a", 300), pattern: strings.Repeat("a-", 12) + "b"}
	m.steps = patternSteps - 1_000_000
	if end := m.match(0, 0); end != -1 || m.err != "pattern takes too many steps" {
		t.Errorf("got %d, %q; want the budget to end the search", end, m.err)
	}
}

func FuzzPattern(f *testing.F) {
	f.Add("THE (quick) fox", "%f[%a]%a+%f[%A]")
	f.Add("f(a(b)c)", "(%b())()%1[^]]-$")
	f.Add("x", "[%")
	f.Add("x", "[^")
	f.Fuzz(func(t *testing.T, source, pattern string) {
		m := matcher{source: source, pattern: pattern, steps: patternSteps - 100_000}
		if end := m.match(0, 0); end > len(source) {
			t.Fatalf("the match ends at %d of %d", end, len(source))
		}
	})
}
