package vm

import (
	"bytes"
	"fmt"
	"math/rand"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// programs is how many random programs TestRandom compares.
const programs = 400

// prelude has what the random programs call. out is what they tell.
const prelude = `
local out
local function show(v, depth)
  if type(v) == "table" then
    if depth > 2 then return "{}" end
    return "{" .. show(v[1], depth + 1) .. ";" .. show(v[2], depth + 1) .. ";" .. show(rawget(v, "x"), depth + 1) .. "}"
  end
  return type(v) == "function" and "fn" or tostring(v)
end
function tell(...) for i = 1, select("#", ...) do out[#out + 1] = show((select(i, ...)), 0) end if #out > 200 then error("stop", 0) end end
function str(v) return show(v, 0) end
function add(x, y) return (tonumber(x) or 1) + (tonumber(y) or 2) end
function two(x, y) return y, x end
function tab(v) return {x = v} end
local function run(number, f)
  a, b, c, p, q, g = nil
  t = {x = 7, m = function(self, v) return v, self.x end}
  out = {}
  local ok, err = pcall(f, 1, "two", 3, {4})
  print(number, ok, ok or (tostring(err):gsub("^%S+ ", "")), table.concat(out, ","))
end
`

// gibberish writes random Lua that is valid.
type gibberish struct{ *rand.Rand }

var gibberishNames = []string{"a", "b", "c", "p", "q"}

func (g gibberish) pick(words ...string) string { return words[g.Intn(len(words))] }

// names gives some different names.
func (g gibberish) names(from []string, count int) []string {
	var some []string
	for _, i := range g.Perm(len(from))[:count] {
		some = append(some, from[i])
	}
	return some
}

// forms are expressions; each %s is an expression.
var forms = []string{"(%s or %s)", "(%s and %s)", "%s and %s", "%s and %s or %s", "str(%s) .. str(%s)", "add(%s, %s)", "(two(%s, %s))",
	"two(%s, %s)", "{%s, x = %s}", "{x = %s, %s}", "tab(%s).x", "not %s", "(%s == %s)", "t:m(%s)", "(function(...) return %s, ... end)(%s)"}

func (g gibberish) expr(depth int) string {
	if depth <= 0 || g.Intn(4) == 0 {
		return g.pick(append(gibberishNames, "1", "2", "0.5", `"s"`, "nil", "true")...)
	}
	return g.fill(g.pick(forms...), depth)
}

func (g gibberish) fill(form string, depth int) string {
	parts := strings.Split(form, "%s")
	text := parts[0]
	for _, part := range parts[1:] {
		text += g.expr(depth-1) + part
	}
	return text
}

func (g gibberish) list(depth int) string {
	text := g.expr(depth)
	for range g.Intn(3) {
		text += ", " + g.expr(depth)
	}
	return text
}

func (g gibberish) stmt(depth int) string {
	kind := g.Intn(11)
	if depth <= 0 {
		kind %= 5
	}
	switch kind {
	case 0, 1, 2:
		targets := append([]string{"t.x", "t[1]", "g"}, gibberishNames...)
		return strings.Join(g.names(targets, 1+g.Intn(3)), ", ") + " = " + g.list(2)
	case 3:
		return "local " + strings.Join(g.names(gibberishNames, 1+g.Intn(3)), ", ") + " = " + g.list(2)
	case 4:
		return "tell(" + g.list(2) + ")"
	case 5:
		return "if " + g.expr(2) + " then " + g.block(depth-1) + " else " + g.block(depth-1) + " end"
	case 6:
		return "for i = 1, 2 do " + g.block(depth-1) + " end"
	case 7:
		return "for k, v in ipairs({" + g.list(1) + "}) do " + g.block(depth-1) + " tell(k, v) end"
	case 8:
		return "do local n = 0 repeat n = n + 1 local z = n " + g.block(depth-1) + " until z >= 2 end"
	case 9:
		return "for i = 1, 3 do if i == 2 then goto continue end do " + g.block(depth-1) + " end ::continue:: end"
	}
	return "do local f = " + g.function(depth-1) + " tell(f(" + g.list(1) + ")) end"
}

func (g gibberish) block(depth int) string {
	text := g.stmt(depth)
	for range g.Intn(3) {
		text += " " + g.stmt(depth)
	}
	return text
}

func (g gibberish) function(depth int) string {
	parameters := g.names(gibberishNames, g.Intn(4))
	if g.Intn(2) == 0 {
		parameters = append(parameters, "...")
	}
	return "function(" + strings.Join(parameters, ", ") + ") " + g.block(depth) + " tell(a, b, c, p, q, t.x, t[1], g) return " + g.list(1) + " end"
}

// TestRandom runs random programs here and in LuaJIT. PERIGEE_SEED chooses
// others than the usual ones.
func TestRandom(t *testing.T) {
	luajit, err := exec.LookPath("luajit")
	if err != nil {
		t.Skip("luajit is not installed: nothing to compare with")
	}
	seed := int64(1)
	if word := os.Getenv("PERIGEE_SEED"); word != "" {
		if _, err := fmt.Sscan(word, &seed); err != nil {
			t.Fatal(err)
		}
	}
	g := gibberish{rand.New(rand.NewSource(seed))}
	var sources []string
	text := prelude
	for i := range programs {
		sources = append(sources, g.function(2))
		text += fmt.Sprintf("run(%d, %s)\n", i, sources[i])
	}
	file := t.TempDir() + "/random.lua"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	want, err := exec.Command(luajit, file).CombinedOutput()
	if err != nil {
		t.Fatalf("luajit: %v: %s", err, want)
	}
	var got bytes.Buffer
	L := New(Options{Output: &got})
	defer L.Close()
	chunk, err := Compile(text, "@"+file)
	if err != nil {
		t.Fatal(err)
	}
	L.Push(chunk.Load(L))
	if err := L.PCall(0, 0, nil); err != nil {
		t.Fatal(err)
	}
	gotLines, wantLines := strings.Split(got.String(), "\n"), strings.Split(string(want), "\n")
	if len(gotLines) != len(wantLines) {
		t.Fatalf("got %d lines; want %d", len(gotLines), len(wantLines))
	}
	for i, source := range sources {
		// Errors name values in slightly other words; that they are errors counts.
		failed := strings.Contains(wantLines[i], "\tfalse\t") && strings.Contains(gotLines[i], "\tfalse\t")
		if gotLines[i] != wantLines[i] && !failed {
			t.Errorf("%s\n got %s\nwant %s", source, gotLines[i], wantLines[i])
		}
	}
}
