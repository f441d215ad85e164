package crypto

import (
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"hash"

	lua "github.com/yuin/gopher-lua"

	"github.com/perigee-server/perigee/lua/vm"
)

var hashes = map[string]func() hash.Hash{
	"md5":    md5.New,
	"sha1":   sha1.New,
	"sha224": sha256.New224,
	"sha256": sha256.New,
	"sha384": sha512.New384,
	"sha512": sha512.New,
}

// openHash makes a module with new, and the methods update, final and reset.
func openHash(L *lua.LState, name string) *lua.LTable {
	methods := module(L, map[string]lua.LGFunction{
		"update": update,
		"final": func(L *lua.LState) int {
			L.Push(lua.LString(self[hash.Hash](L).Sum(nil)))
			return 1
		},
		"reset": reset,
	})
	methods.RawSetString("new", L.NewFunction(func(L *lua.LState) int {
		L.Push(object(L, methods, hashes[name]()))
		return 1
	}))
	return methods
}

// update is object:update(text, length?).
func update(L *lua.LState) int {
	h, text := self[hash.Hash](L), vm.CheckText(L, 2)
	if L.Get(3) != lua.LNil {
		text = text[:min(max(int(vm.CheckNumber(L, 3)), 0), len(text))]
	}
	h.Write([]byte(text))
	L.Push(lua.LTrue)
	return 1
}

func reset(L *lua.LState) int {
	self[hash.Hash](L).Reset()
	L.Push(lua.LTrue)
	return 1
}

// openHMAC makes the module "resty.hmac"; its ALGOS are names.
func openHMAC(L *lua.LState) *lua.LTable {
	methods := module(L, map[string]lua.LGFunction{
		"update": update,
		"final":  finalHMAC,
		"reset":  reset,
	})
	algorithms := L.NewTable()
	for field, name := range map[string]string{"MD5": "md5", "SHA1": "sha1", "SHA256": "sha256", "SHA512": "sha512"} {
		algorithms.RawSetString(field, lua.LString(name))
	}
	methods.RawSetString("ALGOS", algorithms)
	methods.RawSetString("new", L.NewFunction(func(L *lua.LState) int {
		name := "md5"
		if L.Get(3) != lua.LNil {
			name = vm.CheckText(L, 3)
		}
		if hashes[name] == nil {
			return refuse(L, "unknown algorithm")
		}
		L.Push(object(L, methods, hmac.New(hashes[name], []byte(vm.CheckText(L, 2)))))
		return 1
	}))
	return methods
}

// finalHMAC is object:final(text?, hex?).
func finalHMAC(L *lua.LState) int {
	h := self[hash.Hash](L)
	if L.Get(2) != lua.LNil {
		h.Write([]byte(vm.CheckText(L, 2)))
	}
	sum := h.Sum(nil)
	if lua.LVAsBool(L.Get(3)) {
		sum = []byte(hex.EncodeToString(sum))
	}
	L.Push(lua.LString(sum))
	return 1
}
