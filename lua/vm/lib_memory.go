package vm

import (
	"runtime"
	"runtime/metrics"

	lua "github.com/yuin/gopher-lua"
)

// heapMetric is what lives in the heap, and what is dead but not yet swept.
const heapMetric = "/memory/classes/heap/objects:bytes"

// heapKilobytes gives the heap of the whole process: Go does not tell which VM
// holds what.
func heapKilobytes() lua.LNumber {
	sample := []metrics.Sample{{Name: heapMetric}}
	metrics.Read(sample)
	return lua.LNumber(sample[0].Value.Uint64()) / 1024
}

// collectGarbage is collectgarbage: "collect" runs Go's collector, the other
// settings are accepted and do nothing.
func collectGarbage(L *lua.LState) int {
	option := "collect"
	if L.Get(1) != lua.LNil {
		option = CheckText(L, 1)
	}
	switch option {
	case "collect":
		runtime.GC()
		L.Push(lua.LNumber(0))
	case "count":
		L.Push(heapKilobytes())
	case "step", "isrunning":
		L.Push(lua.LBool(option == "isrunning"))
	case "stop", "restart":
		L.Push(lua.LNumber(0))
	case "setpause", "setstepmul":
		L.Push(lua.LNumber(200))
	default:
		L.ArgError(1, "invalid option '"+option+"'")
	}
	return 1
}

func gcInfo(L *lua.LState) int {
	L.Push(lua.LNumber(int(heapKilobytes())))
	return 1
}
