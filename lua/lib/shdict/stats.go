package shdict

import (
	lua "github.com/yuin/gopher-lua"
)

// stats is dict:stats(): a table of numbers that tell how the dictionary is
// used by all processes.
func stats(L *lua.LState) int {
	s := checkSelf(L).Stats()
	table := L.NewTable()
	for name, count := range map[string]uint64{
		"entries":  s.Entries,
		"hits":     s.Hits,
		"misses":   s.Misses,
		"sets":     s.Sets,
		"evicted":  s.Evicted,
		"expired":  s.Expired,
		"failures": s.Failures,
	} {
		table.RawSetString(name, lua.LNumber(count))
	}
	L.Push(table)
	return 1
}
