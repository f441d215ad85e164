package shdict

import (
	lua "github.com/yuin/gopher-lua"

	"github.com/perigee-server/perigee/shm"
)

func lpush(L *lua.LState) int { return pushElement(L, (*shm.Dict).LPush) }
func rpush(L *lua.LState) int { return pushElement(L, (*shm.Dict).RPush) }

func pushElement(L *lua.LState, op func(*shm.Dict, string, shm.Value) (int, error)) int {
	dict := checkSelf(L)
	if L.GetTop() != 3 {
		L.RaiseError("expecting 3 arguments, but only seen %d", L.GetTop())
	}
	key, ok := key(L)
	if !ok {
		return badKey(L, key)
	}
	v, ok := value(L, 3)
	if !ok || v.Type != shm.String && v.Type != shm.Number {
		return refuse(L, shm.ErrBadValue.Error())
	}
	length, err := op(dict, key, v)
	if err != nil {
		return refuse(L, err.Error())
	}
	L.Push(lua.LNumber(length))
	return 1
}

func (lib *library) lpop(L *lua.LState) int { return lib.pop(L, (*shm.Dict).LPop) }
func (lib *library) rpop(L *lua.LState) int { return lib.pop(L, (*shm.Dict).RPop) }

func (lib *library) pop(L *lua.LState, op func(*shm.Dict, string, []byte) (shm.Value, error)) int {
	dict := checkSelf(L)
	key, ok := key(L)
	if !ok {
		return badKey(L, key)
	}
	v, err := op(dict, key, lib.buffer[:0])
	if err != nil {
		return refuse(L, err.Error())
	}
	lib.push(L, v)
	return 1
}

func llen(L *lua.LState) int {
	dict := checkSelf(L)
	key, ok := key(L)
	if !ok {
		return badKey(L, key)
	}
	length, err := dict.LLen(key)
	if err != nil {
		return refuse(L, err.Error())
	}
	L.Push(lua.LNumber(length))
	return 1
}
