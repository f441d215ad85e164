// Package crypto has the modules of lua-resty-string and lua-resty-hmac in Go:
// resty.string, resty.md5, resty.sha1 to resty.sha512, resty.hmac, resty.aes
// and resty.random.
package crypto

import (
	"crypto/rand"
	"encoding/hex"

	lua "github.com/yuin/gopher-lua"

	"github.com/perigee-server/perigee/lua/vm"
)

// Modules gives what require finds under each name.
func Modules() map[string]func(L *lua.LState) *lua.LTable {
	modules := map[string]func(L *lua.LState) *lua.LTable{
		"resty.string": openString,
		"resty.random": openRandom,
		"resty.aes":    openAES,
		"resty.hmac":   openHMAC,
		"resty.sha":    openSHA,
	}
	for name := range hashes {
		modules["resty."+name] = func(L *lua.LState) *lua.LTable { return openHash(L, name) }
	}
	return modules
}

// module makes a table of functions.
func module(L *lua.LState, functions map[string]lua.LGFunction) *lua.LTable {
	table := L.CreateTable(0, len(functions)+1)
	for name, fn := range functions {
		table.RawSetString(name, L.NewFunction(fn))
	}
	return table
}

// object makes a table whose methods are those of a module and which stands
// for a value.
func object(L *lua.LState, methods *lua.LTable, value any) *lua.LTable {
	data := L.NewUserData()
	data.Value = value
	table := L.CreateTable(1, 0)
	table.RawSetInt(1, data)
	metatable := L.CreateTable(0, 1)
	metatable.RawSetString("__index", methods)
	table.Metatable = metatable
	return table
}

// self gives the value that the first argument stands for.
func self[T any](L *lua.LState) T {
	if table, ok := L.Get(1).(*lua.LTable); ok {
		if data, ok := table.RawGetInt(1).(*lua.LUserData); ok {
			if value, ok := data.Value.(T); ok {
				return value
			}
		}
	}
	L.ArgError(1, "object expected, got "+vm.TypeName(L, 1))
	var none T
	return none
}

func refuse(L *lua.LState, message string) int {
	L.Push(lua.LNil)
	L.Push(lua.LString(message))
	return 2
}

func openString(L *lua.LState) *lua.LTable {
	return module(L, map[string]lua.LGFunction{
		"to_hex": func(L *lua.LState) int {
			L.Push(lua.LString(hex.EncodeToString([]byte(vm.CheckText(L, 1)))))
			return 1
		},
		"atoi": func(L *lua.LState) int {
			L.Push(lua.LNumber(atoi(vm.CheckText(L, 1))))
			return 1
		},
	})
}

// atoi reads as C's atoi does: white space, a sign, digits, whatever follows.
func atoi(text string) int32 {
	i := 0
	for i < len(text) && (text[i] == ' ' || text[i] >= '\t' && text[i] <= '\r') {
		i++
	}
	negative := i < len(text) && text[i] == '-'
	if i < len(text) && (negative || text[i] == '+') {
		i++
	}
	value := int64(0)
	for i < len(text) && text[i] >= '0' && text[i] <= '9' && value < 1<<40 {
		value = value*10 + int64(text[i]-'0')
		i++
	}
	if negative {
		value = -value
	}
	return int32(value)
}

// maxRandom bounds what one call of random.bytes makes, in bytes.
const maxRandom = 1 << 24

func openRandom(L *lua.LState) *lua.LTable {
	return module(L, map[string]lua.LGFunction{
		"bytes": func(L *lua.LState) int {
			count := vm.CheckNumber(L, 1)
			if count < 0 || count > maxRandom {
				L.ArgError(1, "number out of range")
			}
			word := make([]byte, int(count))
			_, _ = rand.Read(word) // never fails
			L.Push(lua.LString(word))
			return 1
		},
	})
}
