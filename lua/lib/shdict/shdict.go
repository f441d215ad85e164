// Package shdict is ngx.shared: the dictionaries in shared memory that
// lua_shared_dict declares, with all methods of ngx.shared.DICT and three of
// our own: scan, cas and stats. It needs no request.
package shdict

import (
	lua "github.com/yuin/gopher-lua"

	"github.com/perigee-server/perigee/lua/vm"
	"github.com/perigee-server/perigee/shm"
)

// library serves one VM. A VM runs one goroutine at a time, so that calls
// share a buffer for the strings that come out of a zone.
type library struct {
	buffer []byte
}

// keepBuffer is the largest buffer in bytes that is kept for the next call.
const keepBuffer = 64 << 10

// Open makes the table ngx.shared. Each name becomes a field; dict gives the
// dictionary of a name and is asked once for each.
func Open(L *lua.LState, names []string, dict func(name string) *shm.Dict) *lua.LTable {
	lib := &library{}
	methods := L.NewTable()
	for name, fn := range map[string]lua.LGFunction{
		"get":           lib.get,
		"get_stale":     lib.getStale,
		"set":           lib.set,
		"safe_set":      lib.safeSet,
		"add":           lib.add,
		"safe_add":      lib.safeAdd,
		"replace":       lib.replace,
		"delete":        deleteKey,
		"incr":          incr,
		"lpush":         lpush,
		"rpush":         rpush,
		"lpop":          lib.lpop,
		"rpop":          lib.rpop,
		"llen":          llen,
		"ttl":           ttl,
		"expire":        expire,
		"flush_all":     flushAll,
		"flush_expired": flushExpired,
		"get_keys":      getKeys,
		"capacity":      capacity,
		"free_space":    freeSpace,
	} {
		methods.RawSetString(name, L.NewFunction(fn))
	}
	// Ours are found behind OpenResty's, as scripts may list those.
	beyond := L.NewTable()
	for name, fn := range map[string]lua.LGFunction{"scan": scan, "cas": lib.cas, "stats": stats} {
		beyond.RawSetString(name, L.NewFunction(fn))
	}
	behind := L.NewTable()
	behind.RawSetString("__index", beyond)
	methods.Metatable = behind
	// As in lua-resty-core the methods are their own metatable.
	methods.RawSetString("__index", methods)
	shared := L.NewTable()
	for _, name := range names {
		zone := L.NewUserData()
		zone.Value = dict(name)
		object := L.NewTable()
		object.RawSetInt(1, zone)
		object.Metatable = methods
		shared.RawSetString(name, object)
	}
	return shared
}

// self gives the dictionary of a method call, or nil.
func self(L *lua.LState) *shm.Dict {
	object, ok := L.Get(1).(*lua.LTable)
	if !ok {
		return nil
	}
	zone, ok := object.RawGetInt(1).(*lua.LUserData)
	if !ok {
		return nil
	}
	dict, _ := zone.Value.(*shm.Dict)
	return dict
}

func checkSelf(L *lua.LState) *shm.Dict {
	dict := self(L)
	if dict == nil {
		L.RaiseError("bad \"zone\" argument")
	}
	return dict
}

// key gives the second argument as the text that tostring makes of it; a bad
// key becomes the results of the call.
func key(L *lua.LState) (key string, ok bool) {
	v := L.Get(2)
	switch v := v.(type) {
	case lua.LString:
		key = string(v)
	case *lua.LNilType:
		return "", false
	default:
		key = vm.ToText(L, v)
	}
	return key, key != "" && len(key) <= shm.MaxKey
}

// badKey gives the results of a call whose key is no key.
func badKey(L *lua.LState, key string) int {
	if L.Get(2) == lua.LNil {
		return refuse(L, "nil key")
	}
	if key == "" {
		return refuse(L, shm.ErrEmptyKey.Error())
	}
	return refuse(L, shm.ErrKeyTooLong.Error())
}

func refuse(L *lua.LState, message string) int {
	L.Push(lua.LNil)
	L.Push(lua.LString(message))
	return 2
}

// value reads an argument that is stored.
func value(L *lua.LState, index int) (shm.Value, bool) {
	switch v := L.Get(index).(type) {
	case lua.LString:
		return shm.StringValue(string(v)), true
	case lua.LNumber:
		return shm.NumberValue(float64(v)), true
	case lua.LBool:
		return shm.BoolValue(bool(v)), true
	case *lua.LNilType:
		return shm.Value{}, true
	}
	return shm.Value{}, false
}

// push puts a value of a zone on the stack and keeps its buffer.
func (lib *library) push(L *lua.LState, v shm.Value) {
	switch v.Type {
	case shm.String:
		if cap(v.Str) > cap(lib.buffer) && cap(v.Str) <= keepBuffer {
			lib.buffer = v.Str[:0]
		}
		L.Push(lua.LString(v.Str))
	case shm.Number:
		L.Push(lua.LNumber(v.Num))
	case shm.Bool:
		L.Push(lua.LBool(v.Num != 0))
	default:
		L.Push(lua.LNil)
	}
}

// milliseconds reads a time to live in seconds; bad names it in errors.
func milliseconds(L *lua.LState, index int, bad string) int64 {
	switch v := L.Get(index).(type) {
	case *lua.LNilType:
		return 0
	case lua.LNumber:
		if v >= 0 {
			return int64(v * 1000)
		}
	}
	L.RaiseError("bad \"%s\" argument", bad)
	return 0
}
