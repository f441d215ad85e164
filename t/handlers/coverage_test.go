package handlers_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestEveryDirectiveHasBlocks: each directive of the module, and each form of the
// directive "handler", stands in two blocks of the specifications at least.
func TestEveryDirectiveHasBlocks(t *testing.T) {
	names := directives(t)
	if len(names) < 25 || !slices.Contains(names, "handler_run_service") {
		t.Fatalf("the reference has only %q", names)
	}
	for _, form := range []string{"load", "compile", "build_options", "runtime_options", "program_options"} {
		names = append(names, "handler "+form)
	}
	names = append(names, "single_listener")
	blocks := blocks(t)
	for _, name := range names {
		mention := regexp.MustCompile(`(?m)(?:^|[\s;{])` + regexp.QuoteMeta(name) + `\s`)
		n := 0
		for _, b := range blocks {
			if mention.MatchString(b) {
				n++
			}
		}
		if n < 2 {
			t.Errorf("%s: %d blocks", name, n)
		}
	}
}

// directives are those that the reference lists for the module.
func directives(t *testing.T) (names []string) {
	text, err := os.ReadFile("../../docs/directives.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, found := strings.Cut(string(text), "\n## handlers\n")
	if !found {
		t.Fatal("the reference has no section of the module")
	}
	section, _, _ = strings.Cut(section, "\n## ")
	for _, m := range regexp.MustCompile("(?m)^\\| `([a-z_]+)`").FindAllStringSubmatch(section, -1) {
		if m[1] != "handler" { // its forms are named by the caller
			names = append(names, m[1])
		}
	}
	return names
}

// blocks are the configurations of all blocks, without their titles.
func blocks(t *testing.T) (all []string) {
	for _, pattern := range []string{"*.t", "../*.t", "../own/*.t"} {
		files, _ := filepath.Glob(pattern)
		for _, f := range files {
			text, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			for _, b := range strings.Split(string(text), "\n=== ")[1:] {
				_, b, _ = strings.Cut(b, "\n")
				all = append(all, b)
			}
		}
	}
	return all
}
