// Package own_test runs the specifications of what nginx and its modules do not
// have, in their format. See ../README.md.
package own_test

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

// TestSpecs runs every block of this directory.
func TestSpecs(t *testing.T) {
	spec.RunFiles(t, spec.Require(t, binary, binaryErr), "*.t")
}
