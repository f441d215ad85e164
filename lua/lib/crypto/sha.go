package crypto

import lua "github.com/yuin/gopher-lua"

// openSHA makes "resty.sha", which the modules of the single functions require
// in OpenResty; all that is in it is its version.
func openSHA(L *lua.LState) *lua.LTable {
	table := L.NewTable()
	table.RawSetString("_VERSION", lua.LString("0.14"))
	return table
}
