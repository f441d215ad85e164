package lint_test

import (
	"slices"
	"strings"
	"testing"
)

// rooms says for each package which others of this module it may import. A
// name that ends in "/..." stands for the folder and all below it. A package
// may always import what lies below itself, and takes the row of the longest
// name that fits it.
var rooms = map[string][]string{
	"": {"builtins", "lua", "server/command"},

	"conf":     {},
	"shm":      {},
	"cbpf":     {},
	"plugin":   {},
	"builtins": {"builtins/...", "server/http"},

	"builtins/...": {"conf", "shm", "cbpf", "server/cycle", "server/event", "server/handler/...", "server/http/...",
		"server/log", "server/re", "server/resolver/...", "server/upstream/..."},
	"lua/...": {"conf", "shm", "lua/...", "server/cycle", "server/event", "server/handler/...", "server/http/...",
		"server/log", "server/re", "server/resolver/...", "server/upstream/..."},
	"lua/vm/...": {"lua/vm/...", "server/event", "lua/lib/recorded"}, // recorded: in tests

	"server/command": {"conf", "server/cycle", "server/handler/build", "server/log", "server/process"},
	"server/process": {"cbpf", "conf", "shm", "server/cycle", "server/event", "server/log"},
	"server/upstream/...": {"conf", "shm", "server/cycle", "server/event", "server/http/...", "server/log", "server/re",
		"server/resolver/..."},
	"server/http": {"conf", "shm", "server/cycle", "server/event", "server/handler", "server/log", "server/re",
		"server/resolver/..."},
	"server/http/head":   {},
	"server/http/script": {},
	"server/http/file":   {},
	// what modules share beside http itself
	"server/http/rewritecode":   {"server/cycle", "server/http"},
	"server/http/native":        {"server/handler", "server/http"},
	"server/resolver/...":       {"server/resolver/..."},
	"server/handler/...":        {"server/handler/..."},
	"server/handler":            {},
	"server/cycle":              {"cbpf", "conf", "shm", "server/event", "server/log"},
	"server/event":              {"server/log"},
	"server/re":                 {},
	"server/log":                {},
	"docs/...":                  {"builtins", "lua", "server/cycle", "server/http/..."},
	"t/...":                     {"t/spec"},
	"t/alloc":                   {"builtins", "server/cycle", "server/event", "server/handler", "shm"}, // serves in its own process
	"t/bench":                   {"t/spec", "shm"},
	"t/handlers/library":        {"lua", "server/handler"},
	"t/handlers/server":         {"builtins", "server/command", "t/handlers/library"},
	"examples/...":              {"t/spec"},
	"examples/handlers/library": {"server/handler/..."},
	"examples/handlers/images":  {"server/handler"},
}

// own lists packages that must need nothing but the standard library and
// golang.org/x: not even the one third-party module that others may have.
var own = []string{"conf", "server/http/head", "server/handler", "server/log", "server/cycle", "server/process", "server/event"}

// rowOf finds the row of rooms for a package.
func rowOf(pkg string) (string, bool) {
	if _, ok := rooms[pkg]; ok {
		return pkg, true
	}
	best := ""
	for name := range rooms {
		if fits(name, pkg) && len(name) > len(best) {
			best = name
		}
	}
	return best, best != ""
}

// fits reports whether a name of rooms, perhaps with "/...", covers a package.
func fits(name, pkg string) bool {
	folder, deep := strings.CutSuffix(name, "/...")
	if !deep {
		return name == pkg
	}
	return pkg == folder || strings.HasPrefix(pkg, folder+"/")
}

func allowed(from, to string) bool {
	row, ok := rowOf(from)
	if !ok {
		return false
	}
	if from != "" && !strings.HasPrefix(from, "builtins") && strings.HasPrefix(to, from+"/") {
		return true
	}
	return slices.ContainsFunc(rooms[row], func(name string) bool { return fits(name, to) })
}

// TestArrows holds imports to the layers of the design. Tests of a package may
// import what their package may, and the package itself.
func TestArrows(t *testing.T) {
	for _, s := range sources(t) {
		if _, ok := rowOf(s.pkg); !ok {
			t.Errorf("%s: package %s has no row in rooms", s.path, s.pkg)
			continue
		}
		for path, place := range s.imports() {
			to, ours := room(path)
			if !ours || s.test && to == s.pkg {
				continue
			}
			if !allowed(s.pkg, to) {
				t.Errorf("%s: %q must not import %q", s.at(place), s.pkg, to)
			}
		}
	}
}

// TestBuiltinsAreApart states the wall between modules by itself, as a row of
// rooms could be widened by mistake.
func TestBuiltinsAreApart(t *testing.T) {
	for _, pair := range [][2]string{
		{"builtins/map", "builtins/proxy"}, {"builtins/map", "lua"}, {"lua/api", "builtins/map"}, {"lua", "builtins"},
		{"server/process", "server/http"}, {"server/log", "conf"}, {"server/http/head", "server/log"}, {"conf", "server/log"},
		{"server/cycle", "server/http"}, {"server/http", "server/upstream"}, {"server/event", "server/cycle"}, {"shm", "server/event"},
	} {
		if allowed(pair[0], pair[1]) {
			t.Errorf("%s may import %s", pair[0], pair[1])
		}
	}
	for _, pair := range [][2]string{
		{"", "builtins"}, {"builtins", "builtins/map"}, {"builtins/proxy", "server/upstream"}, {"server/http", "server/http/head"}, {"lua", "lua/vm"},
	} {
		if !allowed(pair[0], pair[1]) {
			t.Errorf("%s may not import %s", pair[0], pair[1])
		}
	}
}
