package api

import (
	"strings"
	"testing"

	lua "github.com/yuin/gopher-lua"

	"github.com/perigee-server/perigee/lua/vm"
)

// The place of a function is told with the whole name of its file.
func TestPlace(t *testing.T) {
	L := lua.NewState()
	defer L.Close()
	long := "@/" + strings.Repeat("folder/", 20) + "timers.lua"
	for _, name := range []string{long, "@timers.lua", "=inline"} {
		chunk, err := vm.Compile("\nreturn 1", name)
		if err != nil {
			t.Fatal(err)
		}
		if got := place(chunk.Load(L)); got != name+":0" {
			t.Errorf("%s: got %s", name, got)
		}
	}
	if got := place(L.NewFunction(func(*lua.LState) int { return 0 })); got != "=[C]:-1" {
		t.Errorf("a function in Go: got %s", got)
	}
}
