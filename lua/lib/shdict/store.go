package shdict

import (
	"errors"

	lua "github.com/yuin/gopher-lua"

	"github.com/perigee-server/perigee/lua/vm"
	"github.com/perigee-server/perigee/shm"
)

// storing is a method of shm.Dict that stores a value.
type storing func(d *shm.Dict, key string, v shm.Value, ttl int64, flags uint32) (forcible bool, err error)

func (lib *library) set(L *lua.LState) int     { return store(L, (*shm.Dict).Set) }
func (lib *library) add(L *lua.LState) int     { return store(L, (*shm.Dict).Add) }
func (lib *library) replace(L *lua.LState) int { return store(L, (*shm.Dict).Replace) }

func (lib *library) safeSet(L *lua.LState) int {
	return store(L, func(d *shm.Dict, key string, v shm.Value, ttl int64, flags uint32) (bool, error) {
		return false, d.SafeSet(key, v, ttl, flags)
	})
}

func (lib *library) safeAdd(L *lua.LState) int {
	return store(L, func(d *shm.Dict, key string, v shm.Value, ttl int64, flags uint32) (bool, error) {
		return false, d.SafeAdd(key, v, ttl, flags)
	})
}

func store(L *lua.LState, op storing) int {
	dict := checkSelf(L)
	ttl := milliseconds(L, 4, "exptime")
	flags := storeFlags(L, 5)
	key, ok := key(L)
	if !ok {
		return badKey(L, key)
	}
	v, ok := value(L, 3)
	if !ok {
		return refuse(L, shm.ErrBadValue.Error())
	}
	forcible, err := op(dict, key, v, ttl, flags)
	return stored(L, forcible, err)
}

// stored gives the three results of a call that stores.
func stored(L *lua.LState, forcible bool, err error) int {
	if err != nil {
		L.Push(lua.LFalse)
		L.Push(lua.LString(err.Error()))
	} else {
		L.Push(lua.LTrue)
		L.Push(lua.LNil)
	}
	L.Push(lua.LBool(forcible))
	return 3
}

// storeFlags reads the user flags, a C int.
func storeFlags(L *lua.LState, index int) uint32 {
	switch v := L.Get(index).(type) {
	case *lua.LNilType:
		return 0
	case lua.LNumber:
		if v >= 1<<31 || v < -(1<<31) {
			return 1 << 31
		}
		return uint32(int32(v))
	}
	L.RaiseError("bad \"flags\" argument")
	return 0
}

func (lib *library) get(L *lua.LState) int {
	dict := checkSelf(L)
	key, ok := key(L)
	if !ok {
		return badKey(L, key)
	}
	v, flags, err := dict.Get(key, lib.buffer[:0])
	if err != nil {
		return refuse(L, err.Error())
	}
	lib.push(L, v)
	if flags == 0 || v.Type == shm.Nil {
		return 1
	}
	L.Push(lua.LNumber(int32(flags)))
	return 2
}

func (lib *library) getStale(L *lua.LState) int {
	dict := checkSelf(L)
	key, ok := key(L)
	if !ok {
		return badKey(L, key)
	}
	v, flags, stale, err := dict.GetStale(key, lib.buffer[:0])
	if err != nil {
		return refuse(L, err.Error())
	}
	lib.push(L, v)
	if v.Type == shm.Nil {
		return 1
	}
	if flags == 0 {
		L.Push(lua.LNil)
	} else {
		L.Push(lua.LNumber(int32(flags)))
	}
	L.Push(lua.LBool(stale))
	return 3
}

func deleteKey(L *lua.LState) int {
	dict := checkSelf(L)
	key, ok := key(L)
	if !ok {
		return badKey(L, key)
	}
	return stored(L, false, dict.Delete(key))
}

func incr(L *lua.LState) int {
	dict := checkSelf(L)
	key, ok := key(L)
	if !ok {
		return badKey(L, key)
	}
	by, ok := number(L.Get(3))
	if !ok {
		L.RaiseError("bad value arg: number expected, got %s", L.Get(3).Type().String())
	}
	if L.Get(4) == lua.LNil {
		if L.Get(5) != lua.LNil {
			initTTL(L)
			L.RaiseError("must provide \"init\" when providing \"init_ttl\"")
		}
		sum, err := dict.Incr(key, by)
		if err != nil {
			return refuse(L, err.Error())
		}
		L.Push(lua.LNumber(sum))
		return 1
	}
	init, ok := number(L.Get(4))
	if !ok {
		L.RaiseError("bad init arg: number expected, got %s", L.Get(4).Type().String())
	}
	sum, forcible, err := dict.IncrInit(key, by, init, initTTL(L))
	if err != nil {
		count := refuse(L, err.Error())
		if !errors.Is(err, shm.ErrNoMemory) {
			return count
		}
		L.Push(lua.LBool(forcible))
		return count + 1
	}
	L.Push(lua.LNumber(sum))
	L.Push(lua.LNil)
	L.Push(lua.LBool(forcible))
	return 3
}

// number reads as tonumber does.
func number(v lua.LValue) (float64, bool) {
	switch v := v.(type) {
	case lua.LNumber:
		return float64(v), true
	case lua.LString:
		return vm.ParseNumber(string(v))
	}
	return 0, false
}

func initTTL(L *lua.LState) int64 {
	if L.Get(5) == lua.LNil {
		return 0
	}
	seconds, ok := number(L.Get(5))
	if !ok {
		L.RaiseError("bad init_ttl arg: number expected, got %s", L.Get(5).Type().String())
	}
	if seconds < 0 {
		L.RaiseError("bad \"init_ttl\" argument")
	}
	return int64(seconds * 1000)
}

// cas is dict:cas(key, old, new, exptime?, flags?): it stores new if the value
// is old; nil as old stands for a key that is not there, nil as new deletes.
// Otherwise it gives false and "value changed".
func (lib *library) cas(L *lua.LState) int {
	dict := checkSelf(L)
	ttl := milliseconds(L, 5, "exptime")
	flags := storeFlags(L, 6)
	key, ok := key(L)
	if !ok {
		return badKey(L, key)
	}
	old, okOld := value(L, 3)
	v, okNew := value(L, 4)
	if !okOld || !okNew {
		return refuse(L, shm.ErrBadValue.Error())
	}
	forcible, err := dict.CompareAndSet(key, old, v, ttl, flags)
	return stored(L, forcible, err)
}
