// Package lint_test holds the walls of the design as a test: who may import
// whom, where unsafe code and system calls may stand, what must be documented.
//
// What is enforced, over every Go file of the repository:
//
//   - walls_test.go: the arrows between packages run downwards only, see rooms.
//   - thirdparty_test.go: each third-party module is imported by one package,
//     golang.org/x/* excepted.
//   - kernel_test.go: package unsafe, and calls of functions of syscall and
//     golang.org/x/sys/unix, only where the design allows them.
//   - source_test.go: no utils.go or helpers.go, no directory at the top level
//     that the design does not know, a doc comment on what is exported.
package lint_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

const modulePath = "github.com/perigee-server/perigee"

// source is one parsed file.
type source struct {
	path string // from the module's root, with slashes
	pkg  string // the folder: "" is the main package
	test bool
	tree *ast.File
	fset *token.FileSet
}

// at names a place in a file.
func (s *source) at(n ast.Node) string {
	p := s.fset.Position(n.Pos())
	return s.path + ":" + strconv.Itoa(p.Line)
}

// imports are the import paths of the file with the places where they stand.
func (s *source) imports() map[string]ast.Node {
	out := map[string]ast.Node{}
	for _, i := range s.tree.Imports {
		path, err := strconv.Unquote(i.Path.Value)
		if err == nil {
			out[path] = i
		}
	}
	return out
}

// room turns an import path of this module into its folder.
func room(path string) (string, bool) {
	if path == modulePath {
		return "", true
	}
	return strings.CutPrefix(path, modulePath+"/")
}

// thirdParty reports whether an import path is neither ours nor of the standard
// library, whose first element has no dot.
func thirdParty(path string) bool {
	first, _, _ := strings.Cut(path, "/")
	_, ours := room(path)
	return !ours && strings.Contains(first, ".")
}

const root = "../.."

// sources parses every Go file of the repository.
func sources(t *testing.T) []*source {
	t.Helper()
	var out []*source
	fset := token.NewFileSet()
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		if d.IsDir() {
			if path != root && (strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_") || name == "testdata") {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(name, ".go") {
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		tree, err := parser.ParseFile(fset, path, text, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		rel = filepath.ToSlash(rel)
		pkg := ""
		if i := strings.LastIndexByte(rel, '/'); i >= 0 {
			pkg = rel[:i]
		}
		out = append(out, &source{rel, pkg, strings.HasSuffix(name, "_test.go"), tree, fset})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(out) < 100 {
		t.Fatalf("only %d files found: the test does not see the repository", len(out))
	}
	return out
}
