package vm

import (
	"io"
	"testing"
)

func TestLargeListsAndDepth(t *testing.T) {
	L := New(Options{Output: io.Discard})
	defer L.Close()
	chunk, err := Compile(`
local t = {}
for i = 1, 100000 do t[i] = i end
local n = select('#', unpack(t))
local function deep(n) return 1 + deep(n + 1) end
local ok, message = pcall(deep, 1)
return n .. ' ' .. tostring(ok) .. ' ' .. message
`, "=c")
	if err != nil {
		t.Fatal(err)
	}
	L.Push(chunk.Load(L))
	if err := L.PCall(0, 1, Handler(L)); err != nil {
		t.Fatal(err)
	}
	got := L.Get(-1).String()
	if got != "100000 false stack overflow" {
		t.Errorf("got %.300s", got)
	}
}
