// Package t_test runs the specifications of this directory. See README.md.
package t_test

import (
	"testing"

	"github.com/perigee-server/perigee/t/spec"
)

var (
	binary    *spec.Binary
	binaryErr error
)

func TestMain(m *testing.M) {
	spec.Main(m, func(b *spec.Binary, err error) { binary, binaryErr = b, err })
}

// TestSpecs runs every block of every specification against PERIGEE_T_BINARY,
// or against what this repository builds.
func TestSpecs(t *testing.T) {
	spec.RunFiles(t, spec.Require(t, binary, binaryErr), "*.t")
}

// TestFiles needs no server: every specification is well-formed, none is cut
// short by a mark that was left in it, and few blocks are exceptions from what
// nginx does.
func TestFiles(t *testing.T) {
	blocks, exceptions := 0, 0
	for _, file := range spec.LoadFiles(t, "*.t") {
		for _, b := range file.Blocks {
			blocks++
			for _, mark := range []string{"ONLY", "LAST"} {
				if b.Has(mark) {
					t.Errorf("%s:%d: %s is left in the block", b.File, b.Line, mark)
				}
			}
			if b.Has(spec.SkipReference) {
				exceptions++
			}
			if b.Has(spec.SkipReference) && b.Text(spec.SkipReference) == "" {
				t.Errorf("%s:%d: %s without a reason", b.File, b.Line, spec.SkipReference)
			}
		}
	}
	if blocks < 400 || exceptions*20 > blocks {
		t.Errorf("%d blocks, of which %d are exceptions", blocks, exceptions)
	}
}
