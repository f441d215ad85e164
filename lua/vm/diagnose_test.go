package vm

import (
	"strings"
	"testing"
)

// TestDiagnoseAgrees holds that nothing that the parser reads is diagnosed,
// but for what LuaJIT is stricter about.
func TestDiagnoseAgrees(t *testing.T) {
	for _, source := range snippets {
		if _, err := Compile(source, "=s"); err != nil {
			continue
		}
		found := diagnose(source, "=s")
		if found != nil && differences[source] != lenient {
			t.Errorf("%q is read by the parser; diagnosed: %v", source, found)
		}
	}
}

func FuzzDiagnose(f *testing.F) {
	for _, source := range syntaxCorpus {
		f.Add(source)
	}
	f.Add(strings.Repeat("(", 300))
	f.Add(strings.Repeat("{function() ", 300))
	f.Fuzz(func(_ *testing.T, source string) {
		_ = diagnose(source, "=fuzz")
	})
}
