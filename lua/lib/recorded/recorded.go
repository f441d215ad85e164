// Package recorded runs the case files of the libraries: snippets of Lua whose
// results were recorded from nginx with lua-nginx-module and LuaJIT.
//
// A case file has lines of these kinds; anything else is a comment:
//
//	? EXPR     a case: the values of the expression
//	> LINE     a case of whole lines, which returns its values itself
//	! REASON   the next case is known to differ, and why
//	= RESULT   what the reference gave for the case above
//
// With PERIGEE_RECORD naming an nginx binary, and PERIGEE_RECORD_MODULES the
// folder of its dynamic modules, the results are recorded anew.
package recorded

import (
	"fmt"
	"os"
	"strings"
	"testing"

	lua "github.com/yuin/gopher-lua"

	"github.com/perigee-server/perigee/lua/vm"
)

// harness gives a function that runs one snippet and tells its results in one
// line. It is the same text for both engines.
const harness = `
local function show(v, depth)
  local kind = type(v)
  if kind == 'string' then
    return (string.format('%q', v):gsub('\\\n', '\\n'):gsub('[%c\127-\255]', function(c) return string.format('\\x%02x', c:byte()) end))
  end
  if kind == 'function' or kind == 'userdata' or kind == 'thread' or kind == 'cdata' then return kind end
  if kind ~= 'table' then return tostring(v) end
  if depth > 4 then return '{...}' end
  local parts, done = {}, {}
  for i = 1, #v do parts[i] = show(v[i], depth + 1) done[i] = true end
  local rest = {}
  for k, item in pairs(v) do
    if not done[k] then rest[#rest + 1] = '[' .. show(k, depth + 1) .. ']=' .. show(item, depth + 1) end
  end
  table.sort(rest)
  for _, item in ipairs(rest) do parts[#parts + 1] = item end
  return '{' .. table.concat(parts, ', ') .. '}'
end
local function line(ok, ...)
  if ok and select('#', ...) == 1 and type(...) == 'table' and (...).packed then
    local values = ...
    return 'ok ' .. table.concat(values, ' ')
  end
  local parts = {}
  for i = 1, select('#', ...) do parts[i] = show((select(i, ...)), 1) end
  return (ok and 'ok ' or 'error ') .. table.concat(parts, ' ')
end
function pack(...)
  local values = { packed = true }
  for i = 1, select('#', ...) do values[i] = show((select(i, ...)), 1) end
  return values
end
function run_case(source)
  local fn, err = loadstring(source, '=case')
  if not fn then return 'load ' .. err end
  return line(pcall(fn))
end
`

type recordedCase struct {
	source  string
	differs string // why it may differ
	line    int
	want    string
	at      int // index of the line that holds the result, or where it belongs
}

// Run runs the cases of a file in a new VM for each case file. The function
// opens the library.
func Run(t *testing.T, path string, open func(L *lua.LState)) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
	cases := parse(lines)
	if len(cases) == 0 {
		t.Fatalf("%s holds no case", path)
	}
	if binary := os.Getenv("PERIGEE_RECORD"); binary != "" {
		record(t, binary, path, lines, cases)
	}
	L := vm.New(vm.Options{Output: os.Stdout})
	defer L.Close()
	open(L)
	chunk, err := vm.Compile(harness, "=harness")
	if err != nil {
		t.Fatal(err)
	}
	L.Push(chunk.Load(L))
	L.Call(0, 0)
	for _, c := range cases {
		compare(t, path, c, runOne(L, c.source))
	}
}

func compare(t *testing.T, path string, c recordedCase, got string) {
	t.Helper()
	same := got == c.want
	if c.differs != "" && same {
		t.Errorf("%s:%d: agrees now; its difference was: %s", path, c.line, c.differs)
	}
	if c.differs == "" && !same {
		t.Errorf("%s:%d: %s\n got %s\nwant %s", path, c.line, c.source, got, c.want)
	}
}

func runOne(L *lua.LState, source string) string {
	if err := L.CallByParam(lua.P{Fn: L.GetGlobal("run_case"), NRet: 1, Protect: true}, lua.LString(source)); err != nil {
		return "panic " + err.Error()
	}
	result := L.Get(-1)
	L.Pop(1)
	return strings.NewReplacer("\n", "~", "\r", "~").Replace(result.String())
}

func parse(lines []string) []recordedCase {
	var cases []recordedCase
	reason, open := "", false
	for i, line := range lines {
		mark, rest, _ := strings.Cut(line, " ")
		switch mark {
		case "!":
			reason = rest
		case "?", ">":
			source := rest
			if mark == "?" {
				source = "return (pack(" + rest + "))"
			}
			if mark == ">" && open {
				last := &cases[len(cases)-1]
				last.source += "\n" + source
				last.at = i + 1
				continue
			}
			cases = append(cases, recordedCase{source: source, differs: reason, line: i + 1, at: i + 1})
			reason, open = "", mark == ">"
		case "=":
			cases[len(cases)-1].want = rest
			open = false
		default:
			open = false
		}
	}
	return cases
}

// quoted writes a Lua string literal.
func quoted(text string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, c := range []byte(text) {
		fmt.Fprintf(&b, "\\%03d", c)
	}
	b.WriteByte('"')
	return b.String()
}
