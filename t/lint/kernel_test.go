package lint_test

import (
	"go/ast"
	"slices"
	"strings"
	"testing"
)

// kernelRooms are the packages that may use package unsafe and call the kernel
// by themselves.
var kernelRooms = []string{"server/event", "server/process", "shm", "cbpf", "server/http/file"}

// pureNames are the functions and conversions of syscall and x/sys/unix that do
// not enter the kernel. Types and constants are not calls and free to use.
var pureNames = []string{"Errno", "Signal", "WaitStatus", "SignalName", "ErrnoName", "ByteSliceToString"}

// mayEnterKernel: besides kernelRooms, tests and the tools in t, which start and
// stop servers.
func mayEnterKernel(s *source) bool {
	return s.test || strings.HasPrefix(s.pkg, "t/") || inRooms(s.pkg)
}

func inRooms(pkg string) bool {
	return slices.ContainsFunc(kernelRooms, func(r string) bool { return pkg == r || strings.HasPrefix(pkg, r+"/") })
}

// TestUnsafe: package unsafe, and cgo, only in kernelRooms, in tests too.
func TestUnsafe(t *testing.T) {
	for _, s := range sources(t) {
		for path, place := range s.imports() {
			if (path == "unsafe" || path == "C") && !inRooms(s.pkg) && !(path == "C" && s.pkg == "server/re") {
				t.Errorf("%s: %s in %s", s.at(place), path, s.pkg)
			}
		}
	}
}

// TestSystemCalls finds calls such as unix.Recvmsg(…) outside of kernelRooms.
func TestSystemCalls(t *testing.T) {
	for _, s := range sources(t) {
		if mayEnterKernel(s) {
			continue
		}
		names := kernelNames(s)
		if len(names) == 0 {
			continue
		}
		ast.Inspect(s.tree, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			sel, ok := call.Fun.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			pkg, ok := sel.X.(*ast.Ident)
			if ok && slices.Contains(names, pkg.Name) && !slices.Contains(pureNames, sel.Sel.Name) {
				t.Errorf("%s: the system call %s.%s in %s", s.at(call), pkg.Name, sel.Sel.Name, s.pkg)
			}
			return true
		})
	}
}

// kernelNames are the names under which a file knows the packages of system
// calls.
func kernelNames(s *source) []string {
	var out []string
	for path, place := range s.imports() {
		if path != "syscall" && path != "golang.org/x/sys/unix" {
			continue
		}
		name := path[strings.LastIndexByte(path, '/')+1:]
		if spec := place.(*ast.ImportSpec); spec.Name != nil {
			name = spec.Name.Name
		}
		out = append(out, name)
	}
	return out
}
