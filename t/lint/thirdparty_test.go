package lint_test

import (
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
)

// requirements reads the module paths of go.mod's require blocks.
func requirements(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile(root + "/go.mod")
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	in := false
	for line := range strings.Lines(string(text)) {
		f := strings.Fields(line)
		switch {
		case len(f) == 0:
		case in && f[0] == ")":
			in = false
		case in:
			out = append(out, f[0])
		case f[0] == "require" && len(f) > 1 && f[1] == "(":
			in = true
		case f[0] == "require" && len(f) > 1:
			out = append(out, f[1])
		}
	}
	if len(out) == 0 {
		t.Fatal("go.mod requires nothing: the test does not read it")
	}
	return out
}

// moduleOf is the longest required module that an import path lies in.
func moduleOf(path string, modules []string) string {
	best := ""
	for _, m := range modules {
		if (path == m || strings.HasPrefix(path, m+"/")) && len(m) > len(best) {
			best = m
		}
	}
	return best
}

// roomOf is the folder that a package shares its modules with: all of lua
// speaks the engine's types.
func roomOf(pkg string) string {
	if strings.HasPrefix(pkg, "lua/") {
		return "lua"
	}
	return pkg
}

// TestThirdParty: a module from elsewhere stays in one room of ours.
func TestThirdParty(t *testing.T) {
	modules := requirements(t)
	users := map[string]map[string]bool{}
	for _, s := range sources(t) {
		for path, place := range s.imports() {
			if !thirdParty(path) || strings.HasPrefix(path, "golang.org/x/") {
				continue
			}
			if slices.Contains(own, s.pkg) {
				t.Errorf("%s: %q must not need %q", s.at(place), s.pkg, path)
			}
			m := moduleOf(path, modules)
			if m == "" {
				t.Errorf("%s: go.mod does not require %q", s.at(place), path)
				continue
			}
			if users[m] == nil {
				users[m] = map[string]bool{}
			}
			users[m][roomOf(s.pkg)] = true
		}
	}
	for m, pkgs := range users {
		if len(pkgs) > 1 {
			t.Errorf("module %s is imported by %s", m, strings.Join(slices.Sorted(maps.Keys(pkgs)), " and "))
		}
	}
}
