package build

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

const source = "package lib\n\nimport \"github.com/perigee-server/perigee/server/handler\"\n\nfunc init() { handler.Sync(\"one\", func(s string) string { return s }) }\n"

func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// TestExecutable links a folder, finds it in the cache, and links it anew when
// its source has changed; the cache is used without a toolchain too.
func TestExecutable(t *testing.T) {
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip("no Go toolchain")
	}
	lib := folder(t, map[string]string{"lib.go": source, "lib_test.go": "nonsense"})
	o := Options{Cache: t.TempDir(), Libraries: []Library{{Path: lib}}}
	first, err := Executable(o)
	if err != nil {
		t.Fatal(err)
	}
	st, err := os.Stat(first)
	if err != nil || st.Mode().Perm()&0o111 == 0 {
		t.Fatalf("%v %v", st, err)
	}
	t.Setenv("PATH", "/nowhere")
	again, err := Executable(o)
	if err != nil || again != first {
		t.Errorf("the second time: %q, %v", again, err)
	}
	os.WriteFile(filepath.Join(lib, "lib.go"), []byte(strings.Replace(source, `"one"`, `"two"`, 1)), 0o644)
	if _, err := Executable(o); !errors.Is(err, ErrNoToolchain) {
		t.Errorf("changed source without a toolchain: %v", err)
	}
}

func TestErrors(t *testing.T) {
	for name, c := range map[string]struct {
		o    Options
		want string
	}{
		"no folder":   {Options{Libraries: []Library{{Path: "/nowhere/at/all"}}}, "no such file or directory"},
		"a file":      {Options{Libraries: []Library{{Path: "./build_test.go"}}}, "is not a folder"},
		"no Go files": {Options{Libraries: []Library{{Path: folder(t, map[string]string{"x.txt": "x"})}}}, "there are no Go files in"},
		"no source":   {Options{Source: t.TempDir()}, "is not the folder of the module"},
		"nonsense":    {Options{Libraries: []Library{{Path: "/x/lib.go", Text: []byte("package lib\nfunc init() { nonsense() }")}}}, "undefined: nonsense"},
	} {
		c.o.Cache = t.TempDir()
		_, err := Executable(c.o)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
		if err != nil && strings.Contains(err.Error(), c.o.Cache) {
			t.Errorf("%s: the error names a temporary folder: %v", name, err)
		}
	}
}

func TestModulePath(t *testing.T) {
	for text, want := range map[string]string{
		"module a/b\n": "a/b", "// x\n\nmodule \"a\"\ngo 1.2\n": "a", "": "", "modulex y\n": "",
	} {
		if got := modulePath([]byte(text)); got != want {
			t.Errorf("%q: %q", text, got)
		}
	}
}

func FuzzModulePath(f *testing.F) {
	f.Add([]byte("module a/b // c\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		if p := modulePath(text); strings.ContainsAny(p, " \n\t") {
			t.Errorf("%q", p)
		}
	})
}

// TestModulesAreThoseOfMain: a build from a published version links what the
// server's own main package does.
func TestModulesAreThoseOfMain(t *testing.T) {
	list, err := mainImports("../../..")
	if err != nil || !slices.Equal(list, modules) {
		t.Errorf("main.go imports %q (%v), modules is %q", list, err, modules)
	}
}

func TestPrune(t *testing.T) {
	cache := t.TempDir()
	now := time.Now()
	for i := range 6 {
		path := filepath.Join(cache, fmt.Sprintf("perigee-%d", i))
		os.WriteFile(path, nil, 0o755)
		os.Chtimes(path, time.Time{}, now.Add(time.Duration(-i)*time.Minute))
	}
	for i, name := range []string{"build-old", "build-new"} {
		os.Mkdir(filepath.Join(cache, name), 0o755)
		os.Chtimes(filepath.Join(cache, name), time.Time{}, now.Add(time.Duration(i-1)*2*time.Hour))
	}
	prune(cache, now)
	var left []string
	entries, _ := os.ReadDir(cache)
	for _, e := range entries {
		left = append(left, e.Name())
	}
	if want := []string{"build-new", "perigee-0", "perigee-1", "perigee-2", "perigee-3"}; !slices.Equal(left, want) {
		t.Errorf("left are %q", left)
	}
}
