// Package build links executables of this server with libraries of handlers in
// them: what `perigee build` and the directives `handler load` and `handler
// compile` do. It writes a main package that imports the server's modules and the
// libraries, and has the Go toolchain build it.
package build

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// Module is the path of the server's own module.
const Module = "github.com/perigee-server/perigee"

// Library is a package of handlers to link: a folder, or a module of a version,
// or one file whose text is given.
type Library struct {
	// Path is a folder (absolute, or beginning with "./" or "../"), the import
	// path of a package, or with Text the name of the file.
	Path    string
	Version string // of an import path; empty: the newest
	Text    []byte
}

// Options say what to build.
type Options struct {
	// Source is the folder of the server's own source; empty: found by Source().
	Source    string
	Flags     []string // for go build
	Libraries []Library
	// Cache is a folder for finished executables and for what they are made of.
	Cache string
	// Output is the file to make; empty: one in the cache, named by the hash of
	// all that it is made of, which is not built again while it is there.
	Output string
}

// ErrNoToolchain means that there is no Go to build with.
var ErrNoToolchain = errors.New("the Go toolchain is needed to link handlers: \"go\" was not found in PATH")

// Executable builds, or finds in the cache, and returns the path.
func Executable(o Options) (string, error) {
	origin, err := findOrigin(o.Source)
	if err != nil {
		return "", err
	}
	libs, err := open(o.Libraries)
	if err != nil {
		return "", err
	}
	sum, err := digest(origin, o.Flags, libs)
	if err != nil {
		return "", err
	}
	out := o.Output
	if out == "" {
		out = filepath.Join(o.Cache, "perigee-"+sum)
		if st, err := os.Stat(out); err == nil && st.Mode().IsRegular() {
			os.Chtimes(out, time.Time{}, time.Now()) // prune goes by it
			return out, nil
		}
	}
	if _, err := exec.LookPath("go"); err != nil {
		return "", ErrNoToolchain
	}
	if err := os.MkdirAll(o.Cache, 0o755); err != nil {
		return "", err
	}
	dir, err := os.MkdirTemp(o.Cache, "build-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(dir)
	if err := write(dir, origin, libs); err != nil {
		return "", err
	}
	made := filepath.Join(dir, "perigee.out")
	args := append(append([]string{"build", "-buildvcs=false"}, o.Flags...), "-o", made, ".")
	if err := run(dir, args...); err != nil {
		return "", err
	}
	if err := os.Chmod(made, 0o755); err != nil {
		return "", err
	}
	if err := move(made, out); err != nil {
		return "", err
	}
	if o.Output == "" {
		prune(o.Cache, time.Now())
	}
	return out, nil
}

// move renames a file, or copies it to another file system.
func move(from, to string) error {
	if os.Rename(from, to) == nil {
		return nil
	}
	data, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, data, 0o755)
}

// mostLines is how much of a compiler's output an error shows.
const mostLines = 20

// run calls the Go command; its output is the error's text.
func run(dir string, args ...string) error {
	cmd := exec.Command("go", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOFLAGS=-mod=mod", "GOWORK=off")
	if os.Getenv("HOME") == "" && os.Getenv("GOCACHE") == "" { // a daemon without a home
		cmd.Env = append(cmd.Env, "GOCACHE="+filepath.Join(filepath.Dir(dir), "go-build"), "GOPATH="+filepath.Join(filepath.Dir(dir), "go"))
	}
	out, err := cmd.CombinedOutput()
	if err == nil {
		return nil
	}
	lines := strings.Split(strings.TrimSpace(strings.ReplaceAll(string(out), dir+"/", "")), "\n")
	if len(lines) > mostLines {
		lines = append(lines[:mostLines], "…")
	}
	return fmt.Errorf("go %s: %w\n%s", args[0], err, strings.Join(lines, "\n"))
}
