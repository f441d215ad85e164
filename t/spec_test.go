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
