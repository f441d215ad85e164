package vm

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// Why outputs differ.
const (
	address      = "addresses differ from run to run"
	arguments    = "gopher-lua checks this argument in another way"
	arithmetic   = "gopher-lua's own arithmetic or loop"
	coroutines   = "gopher-lua's coroutine library is still in place"
	noFFI        = "64-bit literals need the FFI"
	lenient      = "gopher-lua's parser reads it"
	gotoName     = "goto is a reserved word here"
	patterns     = "the error of a pattern that pcall or a tail call started has no position in LuaJIT"
	tailPosition = "a library function called in a tail call or by pcall has no caller in LuaJIT: ours still gives a name or a position"
)

// differences lists the snippets whose output differs from LuaJIT's, each with
// the reason. A snippet that starts to agree must leave the list.
var differences = map[string]string{
	"return 5 % math.huge":                       arithmetic,
	"return ('abc'):gsub('%w', {a='1', b=true})": patterns,
	"return string.format('%y', 1)":              tailPosition,
	"return string.format('%5%', 1)":             tailPosition,
	"local co=coroutine.create(function() end) coroutine.resume(co) return coroutine.resume(co)": coroutines,
	"return coroutine.isyieldable and 1":     coroutines,
	"return loadstring('return 1LL') ~= nil": noFFI,
	"return ('x'):rep()":                     tailPosition,
	"return string.rep()":                    tailPosition,
	"return setmetatable(1,{})":              arguments,
	"return ipairs()":                        arguments,
	"return math.floor('x')":                 tailPosition,
	"return math.floor({})":                  tailPosition,
	"return string.char(256)":                arguments,
	"return tostring()":                      tailPosition,
	"for i=1,2,0 do return 1 end":            arithmetic,
	"return table.concat({1,{},3})":          tailPosition,
	"return select(0)":                       tailPosition,
	"error({})":                              address,
	"next({},'nokey')":                       arguments,
	"f\n(1)":                                 lenient,
	";":                                      lenient,
	"x();;":                                  lenient,
	"goto = 1 return goto":                   gotoName,
	"local goto = 5 return goto":             gotoName,
}

// snippets are all that is compared.
var snippets = append(slices.Clone(corpus), syntaxCorpus...)

// harness runs every snippet of the table that precedes it and prints its
// results, or its error, under its number.
const harness = `
local function show(ok, ...)
  local t = {}
  for i = 1, select('#', ...) do t[i] = tostring((select(i, ...))) end
  return tostring(ok) .. ': ' .. table.concat(t, ', ')
end
for i = 1, #snippets do
  local f, e = loadstring(snippets[i], '=s')
  local line
  if f then line = show(pcall(f)) else line = 'load: ' .. e end
  print((i .. ' ' .. line):gsub('[\n\r]', '~') .. '')
end
`

func corpusSource() string {
	var b strings.Builder
	b.WriteString("local snippets = {\n")
	for _, s := range snippets {
		b.WriteString(quote(s) + ",\n")
	}
	b.WriteString("}\n")
	return b.String() + harness
}

func TestDifferential(t *testing.T) {
	luajit, err := exec.LookPath("luajit")
	if err != nil {
		t.Skip("luajit is not installed: nothing to compare with")
	}
	if len(corpus) < 300 {
		t.Errorf("the corpus has %d snippets; want at least 300", len(corpus))
	}
	source := corpusSource()
	file := t.TempDir() + "/corpus.lua"
	if err := os.WriteFile(file, []byte(source), 0o600); err != nil {
		t.Fatal(err)
	}
	want, err := exec.Command(luajit, file).CombinedOutput()
	if err != nil {
		t.Fatalf("luajit: %v: %s", err, want)
	}
	var got bytes.Buffer
	L := New(Options{Output: &got})
	defer L.Close()
	chunk, err := Compile(source, "@"+file)
	if err != nil {
		t.Fatal(err)
	}
	L.Push(chunk.Load(L))
	if err := L.PCall(0, 0, nil); err != nil {
		t.Fatal(err)
	}
	compare(t, strings.Split(got.String(), "\n"), strings.Split(string(want), "\n"))
}

func compare(t *testing.T, got, want []string) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("got %d lines; want %d", len(got), len(want))
	}
	for i, snippet := range snippets {
		reason, listed := differences[snippet]
		same := got[i] == want[i]
		if same && listed {
			t.Errorf("%q agrees now; its difference was: %s", snippet, reason)
		}
		if !same && !listed {
			t.Errorf("%s", fmt.Sprintf("%q\n got %s\nwant %s", snippet, got[i], want[i]))
		}
	}
}
