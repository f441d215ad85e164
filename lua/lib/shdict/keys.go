package shdict

import (
	lua "github.com/yuin/gopher-lua"

	"github.com/perigee-server/perigee/lua/vm"
	"github.com/perigee-server/perigee/shm"
)

func ttl(L *lua.LState) int {
	dict := checkSelf(L)
	key, ok := key(L)
	if !ok {
		return badKey(L, key)
	}
	left, err := dict.TTL(key)
	if err != nil {
		return refuse(L, err.Error())
	}
	L.Push(lua.LNumber(left) / 1000)
	return 1
}

func expire(L *lua.LState) int {
	dict := checkSelf(L)
	seconds, ok := L.Get(3).(lua.LNumber)
	if !ok {
		L.RaiseError("bad \"exptime\" argument")
	}
	key, ok := key(L)
	if !ok {
		return badKey(L, key)
	}
	if err := dict.Expire(key, int64(seconds*1000)); err != nil {
		return refuse(L, err.Error())
	}
	L.Push(lua.LTrue)
	return 1
}

func flushAll(L *lua.LState) int {
	checkSelf(L).FlushAll()
	return 0
}

// countSelf checks the arguments of the two methods that take an optional
// number, which it gives.
func countSelf(L *lua.LState, none int) (*shm.Dict, int) {
	top := L.GetTop()
	if top != 1 && top != 2 {
		L.RaiseError("expecting 1 or 2 argument(s), but saw %d", top)
	}
	dict := self(L)
	if dict == nil {
		L.RaiseError("bad user data for the ngx_shm_zone_t pointer")
	}
	if top == 1 {
		return dict, none
	}
	return dict, max(int(vm.CheckNumber(L, 2)), 0)
}

func flushExpired(L *lua.LState) int {
	dict, limit := countSelf(L, 0)
	L.Push(lua.LNumber(dict.FlushExpired(limit)))
	return 1
}

// defaultKeys is how many keys get_keys gives when nothing is said.
const defaultKeys = 1024

func getKeys(L *lua.LState) int {
	dict, limit := countSelf(L, defaultKeys)
	keys := dict.Keys(limit)
	list := L.CreateTable(len(keys), 0)
	for _, key := range keys {
		list.Append(lua.LString(key))
	}
	L.Push(list)
	return 1
}

func capacity(L *lua.LState) int {
	L.Push(lua.LNumber(checkSelf(L).Capacity()))
	return 1
}

func freeSpace(L *lua.LState) int {
	L.Push(lua.LNumber(checkSelf(L).FreeSpace()))
	return 1
}

// scan is dict:scan(visit, prefix?): it calls visit with every key that begins
// with prefix until visit returns false. Unlike get_keys it locks only some
// keys at a time, and visit may use the dictionary, or yield.
func scan(L *lua.LState) int {
	dict := checkSelf(L)
	visit := L.CheckFunction(2)
	prefix := ""
	if L.Get(3) != lua.LNil {
		prefix = vm.CheckText(L, 3)
	}
	dict.Scan(prefix, func(key string) bool {
		L.Push(visit)
		L.Push(lua.LString(key))
		L.Call(1, 1)
		goOn := L.Get(-1) != lua.LFalse
		L.Pop(1)
		return goOn
	})
	return 0
}
