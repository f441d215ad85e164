package crypto

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"slices"

	lua "github.com/yuin/gopher-lua"

	"github.com/perigee-server/perigee/lua/vm"
)

// sealer is one object of resty.aes.
type sealer struct {
	block   cipher.Block
	mode    string
	iv      []byte
	padding bool
}

var modes = []string{"cbc", "ecb", "ctr", "gcm", "ofb", "cfb128"}

// tagSize is the length of GCM's tag in bytes.
const tagSize = 16

// openAES makes the module "resty.aes".
func openAES(L *lua.LState) *lua.LTable {
	methods := module(L, map[string]lua.LGFunction{
		"cipher":  aesCipher,
		"encrypt": encrypt,
		"decrypt": decrypt,
	})
	names := L.NewTable()
	for name := range hashes {
		names.RawSetString(name, lua.LString(name))
	}
	methods.RawSetString("hash", names)
	methods.RawSetString("new", L.NewFunction(func(L *lua.LState) int {
		s, failure := newSealer(L)
		if failure != "" {
			return refuse(L, failure)
		}
		L.Push(object(L, methods, s))
		return 1
	}))
	return methods
}

// aesCipher is aes.cipher(size?, mode?): a table for new, or nil.
func aesCipher(L *lua.LState) int {
	size, mode := 128, "cbc"
	if L.Get(1) != lua.LNil {
		size = int(vm.CheckNumber(L, 1))
	}
	if L.Get(2) != lua.LNil {
		mode = vm.CheckText(L, 2)
	}
	if size != 128 && size != 192 && size != 256 || !slices.Contains(modes, mode) {
		L.Push(lua.LNil)
		return 1
	}
	table := L.CreateTable(0, 2)
	table.RawSetString("size", lua.LNumber(size))
	table.RawSetString("cipher", lua.LString(mode))
	L.Push(table)
	return 1
}

// newSealer is aes:new(key, salt?, cipher?, hash?, rounds?, ivLength?,
// padding?). The hash is a name, with which key and vector are derived as
// OpenSSL's EVP_BytesToKey does, or a table {iv, method?}.
func newSealer(L *lua.LState) (*sealer, string) {
	key, salt := vm.CheckText(L, 2), ""
	if L.Get(3) != lua.LNil {
		if salt = vm.CheckText(L, 3); len(salt) != 8 {
			return nil, "salt must be 8 characters or nil"
		}
	}
	s := &sealer{mode: "cbc", padding: true}
	size := 16
	if table, ok := L.Get(4).(*lua.LTable); ok {
		s.mode = table.RawGetString("cipher").String()
		if bits, ok := table.RawGetString("size").(lua.LNumber); ok {
			size = int(bits) / 8
		}
	}
	vector := aes.BlockSize
	if s.mode == "gcm" {
		vector = 12
	}
	if L.Get(7) != lua.LNil {
		vector = int(vm.CheckNumber(L, 7))
	}
	if vector <= 0 || vector > 1024 || s.mode != "gcm" && vector != aes.BlockSize {
		return nil, "bad iv length"
	}
	s.padding = L.Get(8) != lua.LFalse
	secret, failure := s.derive(L, key, salt, size, vector)
	if failure != "" {
		return nil, failure
	}
	block, err := aes.NewCipher(secret)
	if err != nil {
		return nil, "bad key length"
	}
	s.block = block
	return s, ""
}

// derive gives the key and sets the vector.
func (s *sealer) derive(L *lua.LState, key, salt string, size, vector int) ([]byte, string) {
	table, given := L.Get(5).(*lua.LTable)
	if !given {
		name := "md5"
		if L.Get(5) != lua.LNil {
			name = vm.CheckText(L, 5)
		}
		if hashes[name] == nil {
			return nil, "unknown hash"
		}
		rounds := 1
		if L.Get(6) != lua.LNil {
			rounds = max(int(vm.CheckNumber(L, 6)), 1)
		}
		material := bytesToKey(name, key, salt, rounds, size+vector)
		s.iv = material[size:]
		return material[:size], ""
	}
	iv, ok := table.RawGetString("iv").(lua.LString)
	if !ok || len(iv) < vector {
		return nil, "bad iv"
	}
	if method, ok := table.RawGetString("method").(*lua.LFunction); ok {
		L.Push(method)
		L.Push(lua.LString(key))
		L.Call(1, 1)
		key = L.Get(-1).String()
		L.Pop(1)
	}
	if len(key) < size {
		return nil, "bad key length"
	}
	s.iv = []byte(iv[:vector])
	return []byte(key[:size]), ""
}

func bytesToKey(name, key, salt string, rounds, length int) []byte {
	var material, last []byte
	for len(material) < length {
		h := hashes[name]()
		h.Write(last)
		h.Write([]byte(key))
		h.Write([]byte(salt))
		last = h.Sum(nil)
		for range rounds - 1 {
			h.Reset()
			h.Write(last)
			last = h.Sum(nil)
		}
		material = append(material, last...)
	}
	return material[:length]
}

// encrypt is object:encrypt(text, additional?): the text, or for gcm a list of
// text and tag.
func encrypt(L *lua.LState) int {
	s, text := self[*sealer](L), []byte(vm.CheckText(L, 2))
	if s.mode == "gcm" {
		sealed := s.gcm().Seal(nil, s.iv, text, additional(L, 3))
		list := L.CreateTable(2, 0)
		list.Append(lua.LString(sealed[:len(sealed)-tagSize]))
		list.Append(lua.LString(sealed[len(sealed)-tagSize:]))
		L.Push(list)
		return 1
	}
	if s.blocks() {
		if s.padding {
			count := aes.BlockSize - len(text)%aes.BlockSize
			text = append(text, bytes.Repeat([]byte{byte(count)}, count)...)
		}
		if len(text)%aes.BlockSize != 0 {
			return refuse(L, "EVP_EncryptFinal_ex failed")
		}
	}
	s.crypt(text, true)
	L.Push(lua.LString(text))
	return 1
}

// decrypt is object:decrypt(text, tag?, additional?).
func decrypt(L *lua.LState) int {
	s, text := self[*sealer](L), []byte(vm.CheckText(L, 2))
	if s.mode == "gcm" {
		if L.Get(3) == lua.LNil {
			return refuse(L, "must provide a tag")
		}
		opened, err := s.gcm().Open(nil, s.iv, append(text, vm.CheckText(L, 3)...), additional(L, 4))
		if err != nil {
			return refuse(L, "EVP_DecryptFinal_ex failed")
		}
		L.Push(lua.LString(opened))
		return 1
	}
	if s.blocks() && len(text)%aes.BlockSize != 0 {
		return refuse(L, "EVP_DecryptFinal_ex failed")
	}
	s.crypt(text, false)
	if s.blocks() && s.padding {
		var ok bool
		if text, ok = unpad(text); !ok {
			return refuse(L, "EVP_DecryptFinal_ex failed")
		}
	}
	L.Push(lua.LString(text))
	return 1
}

func unpad(text []byte) ([]byte, bool) {
	if len(text) == 0 {
		return nil, false
	}
	count := int(text[len(text)-1])
	if count == 0 || count > aes.BlockSize || count > len(text) {
		return nil, false
	}
	padding := text[len(text)-count:]
	return text[:len(text)-count], bytes.Count(padding, padding[:1]) == count
}

func additional(L *lua.LState, index int) []byte {
	if L.Get(index) == lua.LNil {
		return nil
	}
	return []byte(vm.CheckText(L, index))
}

func (s *sealer) blocks() bool { return s.mode == "cbc" || s.mode == "ecb" }

func (s *sealer) gcm() cipher.AEAD {
	mode, err := cipher.NewGCMWithNonceSize(s.block, len(s.iv))
	if err != nil {
		panic(err) // the vector's length was checked when it was made
	}
	return mode
}

// crypt works in place.
func (s *sealer) crypt(text []byte, seal bool) {
	switch s.mode {
	case "cbc":
		mode := cipher.NewCBCDecrypter(s.block, s.iv)
		if seal {
			mode = cipher.NewCBCEncrypter(s.block, s.iv)
		}
		mode.CryptBlocks(text, text)
	case "ecb":
		for ; len(text) > 0; text = text[aes.BlockSize:] {
			if seal {
				s.block.Encrypt(text, text[:aes.BlockSize])
			} else {
				s.block.Decrypt(text, text[:aes.BlockSize])
			}
		}
	case "ctr":
		cipher.NewCTR(s.block, s.iv).XORKeyStream(text, text)
	default:
		s.feedback(text, seal)
	}
}

// feedback is OFB and CFB with whole blocks.
func (s *sealer) feedback(text []byte, seal bool) {
	last := slices.Clone(s.iv)
	key := make([]byte, aes.BlockSize)
	for len(text) > 0 {
		s.block.Encrypt(key, last)
		n := min(len(text), aes.BlockSize)
		if s.mode == "ofb" {
			copy(last, key)
		} else if !seal {
			copy(last, text[:n])
		}
		for i := range n {
			text[i] ^= key[i]
		}
		if s.mode != "ofb" && seal {
			copy(last, text[:n])
		}
		text = text[n:]
	}
}
