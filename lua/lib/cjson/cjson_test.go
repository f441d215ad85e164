package cjson

import (
	"os"
	"testing"

	lua "github.com/yuin/gopher-lua"

	"github.com/perigee-server/perigee/lua/lib/recorded"
	"github.com/perigee-server/perigee/lua/vm"
)

func open(L *lua.LState) {
	for name, safe := range map[string]bool{"cjson": false, "cjson.safe": true} {
		L.PreloadModule(name, func(L *lua.LState) int {
			L.Push(Open(L, safe))
			return 1
		})
	}
}

func TestRecorded(t *testing.T) {
	recorded.Run(t, "testdata/cjson.txt", open)
}

// TestAdditions shows what OpenResty's documentation says of its own
// functions.
func TestAdditions(t *testing.T) {
	L := vm.New(vm.Options{Output: os.Stdout})
	defer L.Close()
	open(L)
	for _, c := range []struct{ source, want string }{
		{`cjson = require "cjson" return cjson.encode(setmetatable({}, cjson.empty_array_mt))`, `[]`},
		{`return cjson.encode(setmetatable({a = 1}, cjson.empty_array_mt))`, `{"a":1}`},
		{`return cjson.encode(setmetatable({}, cjson.array_mt))`, `[]`},
		{`return cjson.encode(setmetatable({1, 2, a = 3}, cjson.array_mt))`, `[1,2]`},
		{`return cjson.encode({cjson.empty_array, {}})`, `[[],{}]`},
		{`cjson.encode_empty_table_as_object(false) return cjson.encode({{}, {a = {}}})`, `[[],{"a":[]}]`},
		{`return tostring(cjson.encode_empty_table_as_object("on"))`, `true`},
		{`cjson.decode_array_with_array_mt(true) return cjson.encode(cjson.decode('{"a":[]}'))`, `{"a":[]}`},
		{`return tostring(getmetatable(cjson.decode('[]')) == cjson.array_mt)`, `true`},
		{`cjson.decode_array_with_array_mt(false) return cjson.encode(cjson.decode('{"a":[]}'))`, `{"a":{}}`},
		{`cjson.encode_escape_forward_slash(false) return cjson.encode("a/b\\")`, `"a/b\\"`},
		{`cjson.encode_escape_forward_slash(true) return cjson.encode("a/b")`, `"a\/b"`},
		{`cjson.encode_skip_unsupported_value_types(true) return cjson.encode({1, print, 2})`, `[1,2]`},
		{`return cjson.encode({a = print})`, `{}`},
		{`return tostring(cjson.encode_number_precision(16)) .. cjson.encode(0.1)`, `160.1`},
		{`return cjson.encode(1/3)`, `0.3333333333333333`},
		{`cjson.decode_allow_comment(true) return cjson.encode(cjson.decode('/* a */[1, // b\n2/**/]'))`, `[1,2]`},
		{`return cjson.encode(print)`, ``},
		{`return cjson.encode(setmetatable({}, {__len = function() return 3 end, __index = function(_, k) return k * 2 end}))`, `[2,4,6]`},
		{`cjson.encode_empty_table_as_object(true) cjson.encode_indent("  ") return cjson.encode({a = {1, {}, {b = true}}})`,
			"{\n  \"a\": [\n    1,\n    {},\n    {\n      \"b\": true\n    }\n  ]\n}"},
		{`cjson.encode_indent("") return cjson.encode({a = 1})`, `{"a":1}`},
		{`return tostring(require("cjson.safe").null == cjson.null)`, `true`},
	} {
		chunk, err := vm.Compile(c.source, "=test")
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

// FuzzDecode holds that whatever is decoded is encoded and decoded to the same.
func FuzzDecode(f *testing.F) {
	f.Add(`{"a":[1,2.5e3,"x\u00e9\ud83d\ude00",null,true],"b":{}}`)
	f.Add(`[-0x10,nan,Infinity,01,"\`)
	f.Add(`/* `)
	f.Add("100000000000000000030000") // more digits than are written
	f.Fuzz(func(t *testing.T, text string) {
		L := vm.New(vm.Options{Output: os.Stdout})
		defer L.Close()
		open(L)
		chunk, err := vm.Compile(`local text = ... local safe = require "cjson.safe" safe.encode_invalid_numbers("null")
			safe.encode_sparse_array(true)
			local v = safe.decode(text) if v == nil then return "" end
			local one = safe.encode(v) local two = safe.encode(safe.decode(one))
			return #one == #two and "" or one .. " is not " .. two`, "=fuzz")
		if err != nil {
			t.Fatal(err)
		}
		if err := L.CallByParam(lua.P{Fn: chunk.Load(L), NRet: 1, Protect: true}, lua.LString(text)); err != nil {
			t.Fatal(err)
		}
		if got := L.Get(-1).String(); got != "" {
			t.Fatal(got)
		}
	})
}

func BenchmarkRoundTrip(b *testing.B) {
	L := vm.New(vm.Options{Output: os.Stdout})
	defer L.Close()
	open(L)
	chunk, err := vm.Compile(`local cjson = require "cjson"
		local text = cjson.encode({name = "perigee", list = {1, 2, 3, 4.5, "five"}, nested = {a = true, b = cjson.null, c = "a/b\n"}})
		for i = 1, 1000 do cjson.encode(cjson.decode(text)) end`, "=bench")
	if err != nil {
		b.Fatal(err)
	}
	fn := chunk.Load(L)
	b.ReportAllocs()
	for b.Loop() {
		L.Push(fn)
		L.Call(0, 0)
	}
}
