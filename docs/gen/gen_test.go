package main

import (
	"os"
	"testing"

	"github.com/perigee-server/perigee/server/cycle"
)

// TestFresh: the pages in docs are what the registry says today.
func TestFresh(t *testing.T) {
	for name, page := range pages {
		have, err := os.ReadFile("../" + name)
		if err != nil {
			t.Error(err)
			continue
		}
		if string(have) != page() {
			t.Errorf("docs/%s is not up to date: go run ./docs/gen", name)
		}
	}
}

// TestRepeats: the pages do not depend on the order of a map.
func TestRepeats(t *testing.T) {
	for name, page := range pages {
		first := page()
		for range 5 {
			if page() != first {
				t.Fatalf("%s changes from call to call", name)
			}
		}
	}
}

// TestEveryDirectiveIsExplained: the reference has a sentence for each.
func TestEveryDirectiveIsExplained(t *testing.T) {
	all := cycle.Registered()
	if len(all) < 100 {
		t.Fatalf("only %d directives are registered", len(all))
	}
	for _, d := range all {
		if d.Doc == "" || len(d.In.Names()) == 0 {
			t.Errorf("%s of %s has no sentence or no place", d.Name, d.Module())
		}
	}
}

func TestArguments(t *testing.T) {
	for arity, want := range map[string]string{
		"flag": "`on` or `off`", "0 block": "a block", "1": "1", "1-2": "1 to 2", "1+": "1 or more", "1,3": "1 or 3",
		"2 block": "2, a block", "0 raw": "a block of code",
	} {
		if got := arguments(arity); got != want {
			t.Errorf("%s: %q, expected %q", arity, got, want)
		}
	}
}
