package encode

import (
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha1"
	"encoding/hex"
	"hash/crc32"

	lua "github.com/yuin/gopher-lua"

	"github.com/perigee-server/perigee/lua/vm"
)

func md5Hex(L *lua.LState) int {
	sum := md5.Sum([]byte(anyText(L, 1)))
	L.Push(lua.LString(hex.EncodeToString(sum[:])))
	return 1
}

func md5Bin(L *lua.LState) int {
	sum := md5.Sum([]byte(anyText(L, 1)))
	L.Push(lua.LString(sum[:]))
	return 1
}

func sha1Bin(L *lua.LState) int {
	sum := sha1.Sum([]byte(anyText(L, 1)))
	L.Push(lua.LString(sum[:]))
	return 1
}

func hmacSHA1(L *lua.LState) int {
	if L.GetTop() != 2 {
		L.RaiseError("expecting 2 arguments, but got %d", L.GetTop())
	}
	mac := hmac.New(sha1.New, []byte(vm.CheckText(L, 1)))
	mac.Write([]byte(vm.CheckText(L, 2)))
	L.Push(lua.LString(mac.Sum(nil)))
	return 1
}

// crc32Sum is crc32_short and crc32_long, which differ in speed only.
func crc32Sum(L *lua.LState) int {
	L.Push(lua.LNumber(crc32.ChecksumIEEE([]byte(anyText(L, 1)))))
	return 1
}
