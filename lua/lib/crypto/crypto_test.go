package crypto

import (
	"os"
	"testing"

	lua "github.com/yuin/gopher-lua"

	"github.com/perigee-server/perigee/lua/vm"
)

// TestModules has digests of md5sum and sha*sum of "hello", and ciphers of the
// openssl command:
//
//	printf hello | openssl enc -aes-128-cbc -md md5 -nosalt -k secret | xxd -p
func TestModules(t *testing.T) {
	L := vm.New(vm.Options{Output: os.Stdout})
	defer L.Close()
	for name, open := range Modules() {
		L.PreloadModule(name, func(L *lua.LState) int {
			L.Push(open(L))
			return 1
		})
	}
	prelude := `local hex = require("resty.string").to_hex
		local function digest(name) local h = require("resty." .. name):new() h:update("hel") h:update("loxx", 2) return hex(h:final()) end
		local aes = require "resty.aes" local hmac = require "resty.hmac"
		local function seal(...)
			return hex((aes:new(...):encrypt(select("#", ...) == 3 and "hello world, this is a text" or "hello")))
		end
		local function round(...) local a = aes:new(...) local e = a:encrypt("hello world, this is a text")
			if type(e) == "table" then return (a:decrypt(e[1], e[2])) end return (a:decrypt(e)) end
		return `
	for _, c := range []struct{ source, want string }{
		{`digest("md5")`, "5d41402abc4b2a76b9719d911017c592"},
		{`digest("sha1")`, "aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d"},
		{`digest("sha224")`, "ea09ae9cc6768c50fcee903ed054556e5bfc8347907f12598aa24193"},
		{`digest("sha256")`, "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"},
		{`digest("sha384")`, "59e1748777448c69de6b800d7a33bbfb9ff1b463e44354c3553bcdb9c666fa90125a3c79f90397bdf5f6a13de828684f"},
		{`digest("sha512"):sub(1, 32)`, "9b71d224bd62f3785d96d46ad3ea3d73"},
		{`hmac:new("key", hmac.ALGOS.SHA256):final("hello", true)`, "9307b3b915efb5171ff14d8cb55fbcc798c6c0ef1456d66ded1a6aa723a58b7b"},
		{`tostring(hmac:new("key", "none"))`, "nil"},
		{`seal("secret")`, "7b47a4dbb11e2cddb2f3740c9e3a552b"},
		{`seal("secret", "12345678", aes.cipher(256, "cbc"), aes.hash.sha256)`, "587d6b793e5ab910d249537aa426ade7"},
		{`seal("secret", nil, aes.cipher(128, "ctr"))`, "e50b8429a7297331661217bba0eed674ec7b65bbb37fc4ee6ce0a0"},
		{`seal("secret", nil, aes.cipher(128, "ofb"))`, "e50b8429a7297331661217bba0eed674fafad5f494268595b016c8"},
		{`seal("secret", nil, aes.cipher(128, "cfb128"))`, "e50b8429a7297331661217bba0eed67480e6516acc0c2dbf00ba92"},
		{`seal("secret", nil, aes.cipher(128, "ecb"))`, "5cbaf0d92835bac35e00137957486c039a073b46649b15c78ab2796ddc4a8c43"},
		{`round("secret")`, "hello world, this is a text"},
		{`round("secret", nil, aes.cipher(192, "ecb"), aes.hash.sha512, 5)`, "hello world, this is a text"},
		{`round("secret", nil, aes.cipher(256, "gcm"))`, "hello world, this is a text"},
		{`round(("k"):rep(16), nil, aes.cipher(128, "gcm"), {iv = ("i"):rep(12)})`, "hello world, this is a text"},
		{`round("secret", nil, aes.cipher(128, "cfb128"))`, "hello world, this is a text"},
		{`select(2, aes:new("secret", "short"))`, "salt must be 8 characters or nil"},
		{`select(2, aes:new("secret", nil, aes.cipher(), {iv = ("i"):rep(16)}))`, "bad key length"},
		{`select(2, aes:new("secret", nil, aes.cipher(), {iv = "i"}))`, "bad iv"},
		{`tostring(aes.cipher(128, "cfb1"))`, "nil"},
		{`tostring(aes:new("secret"):decrypt("0123456789abcdef"))`, "nil"},
		{`tostring(aes:new("secret"):decrypt("short"))`, "nil"},
		{`tostring(aes:new("s", nil, aes.cipher(128, "gcm")):decrypt("abc", ("t"):rep(16)))`, "nil"},
		{`#require("resty.random").bytes(20, true)`, "20"},
		{`require("resty.string").atoi(" -12abc")`, "-12"},
	} {
		chunk, err := vm.Compile(prelude+c.source, "=test")
		if err != nil {
			t.Fatal(err)
		}
		L.Push(chunk.Load(L))
		if err := L.PCall(0, 1, nil); err != nil {
			t.Errorf("%s: %v", c.source, err)
			continue
		}
		if got := L.Get(-1).String(); got != c.want {
			t.Errorf("%s: got %s; want %s", c.source, got, c.want)
		}
		L.Pop(1)
	}
}
