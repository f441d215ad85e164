// Package process_test starts the real program and looks at its processes:
// command line, signals, reload, upgrade, limits.
//
//	go test ./t/process
//	PERIGEE_T_RELOADS=1000 go test ./t/process -run TestReloadsLeakNothing -timeout 30m
package process_test

import (
	"os"
	"path/filepath"
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

// program is the server under test; these tests are about perigee's processes,
// so a real nginx is no server for them.
func program(t *testing.T) string {
	t.Helper()
	b := spec.Require(t, binary, binaryErr)
	if b.IsNginx() {
		t.Skip("not on a real nginx: its processes are its own")
	}
	return b.Path
}

// asNginx is a symbolic link of the name nginx to the program.
func asNginx(t *testing.T) string {
	t.Helper()
	link := filepath.Join(t.TempDir(), "nginx")
	if err := os.Symlink(program(t), link); err != nil {
		t.Fatal(err)
	}
	return link
}
