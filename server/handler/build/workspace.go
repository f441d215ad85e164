package build

import (
	"errors"
	"fmt"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
)

// origin is where the server's own source comes from.
type origin struct {
	dir     string // a folder, or empty
	version string // of the module, when there is no folder
}

// errNoSource means that the source of the server was not found.
var errNoSource = errors.New("the source of the server is needed to link handlers: name its folder with --source")

// findOrigin finds the source: the folder that is named, the one that this
// program was built from, or the version of the module that it was built from.
func findOrigin(dir string) (*origin, error) {
	if dir != "" {
		abs, err := filepath.Abs(dir)
		if err != nil {
			return nil, err
		}
		root, path, err := moduleOf(abs)
		if err != nil || path != Module || root != abs {
			return nil, fmt.Errorf("%q is not the folder of the module %s", dir, Module)
		}
		return &origin{dir: abs}, nil
	}
	if v := builtVersion(); v != "" {
		return &origin{version: v}, nil
	}
	if _, file, _, ok := runtime.Caller(0); ok && filepath.IsAbs(file) {
		if root, path, _ := moduleOf(filepath.Dir(file)); path == Module {
			return &origin{dir: root}, nil
		}
	}
	return nil, errNoSource
}

// builtVersion is the version of the server's module in this program, when it
// is one that the module proxy knows.
func builtVersion() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	version := func(m debug.Module) string {
		if m.Path != Module || m.Replace != nil || m.Version == "(devel)" || strings.Contains(m.Version, "+dirty") {
			return ""
		}
		return m.Version
	}
	if info.Main.Path == Module {
		return version(info.Main)
	}
	for _, d := range info.Deps {
		if d.Path == Module {
			return version(*d)
		}
	}
	return ""
}

// write makes the folder of the new main package.
func write(dir string, o *origin, libs []*library) error {
	var mod, imports strings.Builder
	mod.WriteString("module perigee-worker\n\ngo 1.26.0\n\n")
	known := map[string]bool{Module: true}
	if o.dir != "" {
		fmt.Fprintf(&mod, "require %s v0.0.0\nreplace %s => %s\n", Module, Module, quoted(o.dir))
	} else {
		fmt.Fprintf(&mod, "require %s %s\n", Module, o.version)
	}
	for _, l := range libs {
		fmt.Fprintf(&imports, "\t_ %q\n", l.importPath)
		if l.root != "" && !known[l.module] {
			known[l.module] = true
			fmt.Fprintf(&mod, "require %s v0.0.0\nreplace %s => %s\n", l.module, l.module, quoted(l.root))
		}
		if err := l.copy(dir); err != nil {
			return err
		}
	}
	own, err := ownImports(o)
	if err != nil {
		return err
	}
	main := "package main\n\nimport (\n\t\"os\"\n\n" + own + imports.String() +
		"\t\"" + Module + "/server/command\"\n)\n\nfunc main() { os.Exit(command.Main()) }\n"
	if err := os.WriteFile(filepath.Join(dir, "main.go"), []byte(main), 0o644); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "go.mod"), []byte(mod.String()), 0o644); err != nil {
		return err
	}
	return fetch(dir, o, libs)
}

// fetch settles versions: go.sum and the profile from the source, and libraries
// by version.
func fetch(dir string, o *origin, libs []*library) error {
	if o.dir != "" {
		for _, name := range []string{"go.sum", "default.pgo"} {
			text, err := os.ReadFile(filepath.Join(o.dir, name))
			if err != nil {
				continue // there is none
			}
			if err := os.WriteFile(filepath.Join(dir, name), text, 0o644); err != nil {
				return err
			}
		}
	}
	for _, l := range libs {
		if l.root != "" || l.files != nil {
			continue
		}
		version := l.Version
		if version == "" {
			version = "latest"
		}
		if err := run(dir, "get", l.importPath+"@"+version); err != nil {
			return err
		}
	}
	return nil
}

// copy writes the files of a library that is in no module into the new main.
func (l *library) copy(dir string) error {
	if l.files == nil {
		return nil
	}
	to := filepath.Join(dir, filepath.Base(l.importPath))
	if err := os.Mkdir(to, 0o755); err != nil {
		return err
	}
	for name, text := range l.files {
		if err := os.WriteFile(filepath.Join(to, name), text, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// modules are the packages that the server's own main package imports for what
// they register.
var modules = []string{Module + "/builtins", Module + "/lua"}

// ownImports is what the server's own main package imports for its modules.
func ownImports(o *origin) (string, error) {
	if o.dir == "" {
		return importLines(modules), nil
	}
	list, err := mainImports(o.dir)
	return importLines(list), err
}

func importLines(paths []string) string {
	var b strings.Builder
	for _, p := range paths {
		fmt.Fprintf(&b, "\t_ %q\n", p)
	}
	return b.String()
}

// mainImports reads the main package in a folder of the server's source.
func mainImports(dir string) (paths []string, err error) {
	f, err := parser.ParseFile(token.NewFileSet(), filepath.Join(dir, "main.go"), nil, parser.ImportsOnly)
	if err != nil {
		return nil, err
	}
	for _, i := range f.Imports {
		path, _ := strconv.Unquote(i.Path.Value)
		if i.Name != nil && i.Name.Name == "_" && strings.HasPrefix(path, Module) {
			paths = append(paths, path)
		}
	}
	return paths, nil
}

// quoted is a path as go.mod wants it.
func quoted(path string) string {
	if strings.ContainsAny(path, " \t\"'`(),") {
		return strconv.Quote(path)
	}
	return path
}
