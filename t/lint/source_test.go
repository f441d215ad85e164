package lint_test

import (
	"go/ast"
	"go/token"
	"os"
	"path"
	"slices"
	"strings"
	"testing"
)

// topLevel are the folders that the design knows.
var topLevel = []string{"builtins", "cbpf", "conf", "docs", "examples", "lua", "server", "shm", "t"}

// TestNames: nothing hides in a drawer.
func TestNames(t *testing.T) {
	for _, s := range sources(t) {
		switch strings.TrimSuffix(path.Base(s.path), "_test.go") {
		case "utils.go", "util.go", "helpers.go", "helper.go", "utils", "util", "helpers", "helper":
			t.Errorf("%s: what is in it has a name of its own", s.path)
		}
	}
	entries, err := os.ReadDir(root)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.IsDir() && !strings.HasPrefix(e.Name(), ".") && !slices.Contains(topLevel, e.Name()) {
			t.Errorf("%s: a folder at the top level needs a line in the design, and one here", e.Name())
		}
	}
}

// selfEvident are methods whose meaning the language or the standard library
// fixes.
var selfEvident = []string{"Error", "String", "Unwrap", "Len", "Less", "Swap"}

// TestDocComments: what a package exports has a comment that says what it is;
// tests and main packages export nothing.
func TestDocComments(t *testing.T) {
	for _, s := range sources(t) {
		if s.test || s.tree.Name.Name == "main" {
			continue
		}
		for _, d := range s.tree.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				if !documentedFunc(d) {
					t.Errorf("%s: %s has no comment", s.at(d), d.Name.Name)
				}
			case *ast.GenDecl:
				for _, name := range undocumented(d) {
					t.Errorf("%s: %s has no comment", s.at(d), name)
				}
			}
		}
	}
}

func documentedFunc(d *ast.FuncDecl) bool {
	if !d.Name.IsExported() || d.Doc.Text() != "" {
		return true
	}
	if d.Recv == nil {
		return false
	}
	return slices.Contains(selfEvident, d.Name.Name) || !ast.IsExported(receiver(d.Recv.List[0].Type))
}

// receiver is the name of a method's type.
func receiver(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.StarExpr:
		return receiver(e.X)
	case *ast.IndexExpr:
		return receiver(e.X)
	case *ast.IndexListExpr:
		return receiver(e.X)
	case *ast.Ident:
		return e.Name
	}
	return ""
}

// undocumented lists the exported names of a declaration that neither a comment
// of their own, nor of their line, nor of the whole group explains.
func undocumented(d *ast.GenDecl) []string {
	if d.Tok == token.IMPORT || d.Doc.Text() != "" {
		return nil
	}
	var out []string
	for _, spec := range d.Specs {
		switch spec := spec.(type) {
		case *ast.TypeSpec:
			if spec.Name.IsExported() && spec.Doc.Text() == "" && spec.Comment.Text() == "" {
				out = append(out, spec.Name.Name)
			}
		case *ast.ValueSpec:
			if spec.Doc.Text() != "" || spec.Comment.Text() != "" {
				continue
			}
			for _, n := range spec.Names {
				if n.IsExported() {
					out = append(out, n.Name)
				}
			}
		}
	}
	return out
}
