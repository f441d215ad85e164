package vm_test

import (
	"testing"

	lua "github.com/yuin/gopher-lua"

	"github.com/perigee-server/perigee/lua/lib/recorded"
)

func TestRecorded(t *testing.T) {
	recorded.Run(t, "testdata/library.txt", func(*lua.LState) {})
}
