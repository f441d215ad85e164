// Package handlers_test runs the specifications of native handlers against a
// server with the library of this folder linked in.
package handlers_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/perigee-server/perigee/t/spec"
)

var server *spec.Binary

func TestMain(m *testing.M) {
	if args := os.Getenv(crowdEnv); args != "" {
		if err := crowd(args); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		return
	}
	if err := spec.Guard(); err != nil {
		fmt.Fprintln(os.Stderr, "keeper:", err)
		os.Exit(1)
	}
	os.Exit(run(m))
}

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "pt-handlers-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "perigee")
	if out, err := exec.Command("go", "build", "-o", path, "./server").CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "go build: %s\n%s", err, out)
		return 1
	}
	if server, err = spec.OpenBinary(path); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

func TestSpecs(t *testing.T) { spec.RunFiles(t, server, "*.t") }
