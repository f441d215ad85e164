package build

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"sort"
	"strings"
)

// library is a Library that was looked at.
type library struct {
	Library
	importPath string
	module     string // of a folder that is inside of a module
	root       string // the module's folder
	files      map[string][]byte
}

// open finds out what the libraries are.
func open(list []Library) ([]*library, error) {
	var out []*library
	for i, l := range list {
		lib := &library{Library: l}
		switch {
		case l.Text != nil:
			lib.importPath = fmt.Sprintf("perigee-worker/library%d", i)
			lib.files = map[string][]byte{filepath.Base(l.Path): l.Text}
		case isFolder(l.Path):
			if err := lib.openFolder(i); err != nil {
				return nil, err
			}
		default:
			lib.importPath = l.Path
		}
		out = append(out, lib)
	}
	return out, nil
}

func isFolder(path string) bool {
	return filepath.IsAbs(path) || strings.HasPrefix(path, "./") || strings.HasPrefix(path, "../") || path == "."
}

// openFolder reads a folder: its Go files, which become a package of the new
// main, or the module that it belongs to.
func (l *library) openFolder(i int) error {
	dir, err := filepath.Abs(l.Path)
	if err != nil {
		return err
	}
	st, err := os.Stat(dir)
	if err != nil {
		return err
	}
	if !st.IsDir() {
		return fmt.Errorf("%q is not a folder with a Go package", dir)
	}
	if l.root, l.module, err = moduleOf(dir); err != nil {
		return err
	}
	if l.module != "" {
		rel, _ := filepath.Rel(l.root, dir)
		l.importPath = strings.TrimSuffix(l.module+"/"+filepath.ToSlash(rel), "/.")
		return nil
	}
	l.importPath = fmt.Sprintf("perigee-worker/library%d", i)
	l.files = map[string][]byte{}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if name := e.Name(); e.Type().IsRegular() && !strings.HasSuffix(name, "_test.go") {
			if l.files[name], err = os.ReadFile(filepath.Join(dir, name)); err != nil {
				return err
			}
		}
	}
	if !hasGo(l.files) {
		return fmt.Errorf("there are no Go files in %q", dir)
	}
	return nil
}

func hasGo(files map[string][]byte) bool {
	for name := range files {
		if strings.HasSuffix(name, ".go") {
			return true
		}
	}
	return false
}

// moduleOf finds the module that a folder is in; an empty path is none.
func moduleOf(dir string) (root, path string, err error) {
	for {
		text, err := os.ReadFile(filepath.Join(dir, "go.mod"))
		if err == nil {
			return dir, modulePath(text), nil
		}
		up := filepath.Dir(dir)
		if up == dir {
			return "", "", nil
		}
		dir = up
	}
}

// modulePath is what the module line of a go.mod says.
func modulePath(text []byte) string {
	s := bufio.NewScanner(bytes.NewReader(text))
	for s.Scan() {
		if f := strings.Fields(s.Text()); len(f) >= 2 && f[0] == "module" {
			return strings.Trim(f[1], `"`)
		}
	}
	return ""
}

// digest is the hash of everything that an executable is made of.
func digest(o *origin, flags []string, libs []*library) (string, error) {
	h := sha256.New()
	fmt.Fprintf(h, "%s %s %s %q\n", runtime.Version(), runtime.GOARCH, o.version, flags)
	roots := map[string]bool{}
	if o.dir != "" {
		roots[o.dir] = true
	}
	for _, l := range libs {
		fmt.Fprintf(h, "library %q %q\n", l.importPath, l.Version)
		var names []string
		for n := range l.files {
			names = append(names, n)
		}
		sort.Strings(names)
		for _, n := range names {
			fmt.Fprintf(h, "file %q %d\n", n, len(l.files[n]))
			h.Write(l.files[n])
		}
		if l.root != "" {
			roots[l.root] = true
		}
	}
	var dirs []string
	for d := range roots {
		dirs = append(dirs, d)
	}
	sort.Strings(dirs)
	for _, d := range dirs {
		if err := digestTree(h, d); err != nil {
			return "", err
		}
	}
	return hex.EncodeToString(h.Sum(nil)[:12]), nil
}

// digestTree adds the source of a module.
func digestTree(h io.Writer, root string) error {
	return filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		if d.IsDir() {
			if path != root && (strings.HasPrefix(name, ".") || name == "testdata") {
				return fs.SkipDir
			}
			return nil
		}
		if strings.HasSuffix(name, "_test.go") || !strings.HasSuffix(name, ".go") && name != "go.mod" && name != "go.sum" {
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel(root, path)
		fmt.Fprintf(h, "file %q %d\n", rel, len(text))
		_, err = h.Write(text)
		return err
	})
}
