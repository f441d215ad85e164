// Package lrucache is the module "resty.lrucache" in Go: a cache per VM whose
// values are Lua values and which forgets what was used longest ago.
package lrucache

import (
	"time"

	lua "github.com/yuin/gopher-lua"

	"github.com/perigee-server/perigee/lua/vm"
)

// cache is one object. The entries form a ring in the order of their use; the
// root stands between the newest and the oldest.
type cache struct {
	entries map[lua.LValue]*entry
	root    entry
	max     int
	now     func() time.Time
}

type entry struct {
	key, value lua.LValue
	flags      lua.LValue
	expires    time.Time // zero: never
	newer      *entry
	older      *entry
}

// Open makes the module. The clock is that of ngx.now.
func Open(L *lua.LState, now func() time.Time) *lua.LTable {
	methods := L.NewTable()
	for name, fn := range map[string]lua.LGFunction{
		"get":       get,
		"set":       set,
		"delete":    deleteKey,
		"count":     count,
		"capacity":  capacity,
		"get_keys":  getKeys,
		"flush_all": flushAll,
	} {
		methods.RawSetString(name, L.NewFunction(fn))
	}
	metatable := L.NewTable()
	metatable.RawSetString("__index", methods)
	module := L.NewTable()
	module.RawSetString("_VERSION", lua.LString("0.13"))
	module.RawSetString("new", L.NewFunction(func(L *lua.LState) int {
		return create(L, metatable, now)
	}))
	return module
}

func create(L *lua.LState, metatable *lua.LTable, now func() time.Time) int {
	size := vm.CheckNumber(L, 1)
	if size < 1 {
		L.Push(lua.LNil)
		L.Push(lua.LString("size too small"))
		return 2
	}
	c := &cache{max: int(size), now: now}
	c.clear()
	data := L.NewUserData()
	data.Value = c
	object := L.CreateTable(1, 0)
	object.RawSetInt(1, data)
	object.Metatable = metatable
	L.Push(object)
	return 1
}

func self(L *lua.LState) *cache {
	if object, ok := L.Get(1).(*lua.LTable); ok {
		if data, ok := object.RawGetInt(1).(*lua.LUserData); ok {
			if c, ok := data.Value.(*cache); ok {
				return c
			}
		}
	}
	L.ArgError(1, "cache expected, got "+vm.TypeName(L, 1))
	return nil
}

func (c *cache) clear() {
	c.entries = map[lua.LValue]*entry{}
	c.root.newer, c.root.older = &c.root, &c.root
}

func (e *entry) unlink() {
	e.newer.older, e.older.newer = e.older, e.newer
}

// link makes an entry the newest one.
func (c *cache) link(e *entry) {
	e.newer, e.older = &c.root, c.root.older
	e.older.newer, c.root.older = e, e
}

// get gives the value, nil and the flags; nil, the stale value and the flags
// when it has expired.
func get(L *lua.LState) int {
	c := self(L)
	e := c.entries[L.Get(2)]
	if e == nil || e.value == lua.LNil {
		L.Push(lua.LNil)
		return 1
	}
	e.unlink()
	c.link(e)
	if !e.expires.IsZero() && e.expires.Before(c.now()) {
		L.Push(lua.LNil)
		L.Push(e.value)
	} else {
		L.Push(e.value)
		L.Push(lua.LNil)
	}
	L.Push(e.flags)
	return 3
}

// set is cache:set(key, value, ttl?, flags?); without a time to live in
// seconds it stays until it is pushed out.
func set(L *lua.LState) int {
	c, key := self(L), L.Get(2)
	if key == lua.LNil {
		L.RaiseError("table index is nil")
	}
	e := c.entries[key]
	switch {
	case e != nil:
		e.unlink()
	case len(c.entries) >= c.max:
		e = c.root.newer
		e.unlink()
		delete(c.entries, e.key)
		e.key = key
	default:
		e = &entry{key: key}
	}
	c.entries[key] = e
	c.link(e)
	e.value, e.flags, e.expires = L.Get(3), lua.LNumber(0), time.Time{}
	if L.Get(4) != lua.LNil {
		e.expires = c.now().Add(time.Duration(vm.CheckNumber(L, 4) * float64(time.Second)))
	}
	if flags, ok := L.Get(5).(lua.LNumber); ok && flags >= 0 {
		e.flags = flags
	}
	return 0
}

func deleteKey(L *lua.LState) int {
	c := self(L)
	e := c.entries[L.Get(2)]
	if e != nil {
		e.unlink()
		delete(c.entries, e.key)
	}
	L.Push(lua.LBool(e != nil))
	return 1
}

func count(L *lua.LState) int {
	L.Push(lua.LNumber(len(self(L).entries)))
	return 1
}

func capacity(L *lua.LState) int {
	L.Push(lua.LNumber(self(L).max))
	return 1
}

// getKeys is cache:get_keys(max?, result?), the newest first.
func getKeys(L *lua.LState) int {
	c := self(L)
	limit := len(c.entries)
	if L.Get(2) != lua.LNil {
		if n := int(vm.CheckNumber(L, 2)); n > 0 {
			limit = min(limit, n)
		}
	}
	keys, given := L.Get(3).(*lua.LTable)
	if !given {
		keys = L.CreateTable(limit, 0)
	}
	n := 0
	for e := c.root.older; e != &c.root && n < limit; e = e.older {
		n++
		keys.RawSetInt(n, e.key)
	}
	if given {
		keys.RawSetInt(n+1, lua.LNil)
	}
	L.Push(keys)
	return 1
}

func flushAll(L *lua.LState) int {
	self(L).clear()
	return 0
}
