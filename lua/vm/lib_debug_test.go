package vm

import (
	"os"
	"strings"
	"testing"

	lua "github.com/yuin/gopher-lua"
)

// evaluate runs a chunk named "=t" and gives its results joined by "|".
func evaluate(t *testing.T, L *lua.LState, source string) string {
	t.Helper()
	chunk, err := Compile(source, "=t")
	if err != nil {
		return err.Error()
	}
	top := L.GetTop()
	defer L.SetTop(top)
	L.Push(chunk.Load(L))
	if err := L.PCall(0, lua.MultRet, Handler(L)); err != nil {
		return "error: " + err.(*lua.ApiError).Object.String()
	}
	var parts []string
	for i := top + 1; i <= L.GetTop(); i++ {
		parts = append(parts, ToText(L, L.Get(i)))
	}
	return strings.Join(parts, "|")
}

// TestTraceback has what LuaJIT prints, without its last line about the
// function of luajit that called the script.
func TestTraceback(t *testing.T) {
	L := New(Options{Output: os.Stdout})
	defer L.Close()
	for _, c := range []struct{ source, want string }{
		{"local function f(x) error(x) end\nfunction g(x) local a = f(x) return a end\n" +
			"local t = {m = function(self, x) local r = g(x) return r end}\n" +
			"return xpcall(function() local z = t:m('boom') return z end, debug.traceback)",
			"false|t:1: boom\nstack traceback:\n\t[C]: in function 'error'\n\tt:1: in function 'f'\n\tt:2: in function 'g'\n" +
				"\tt:3: in function 'm'\n\tt:4: in function <t:4>\n\t[C]: in function 'xpcall'\n\tt:4: in main chunk"},
		{"local x = debug.traceback('msg') return x", "msg\nstack traceback:\n\tt:1: in main chunk"},
		{"local x = debug.traceback('msg', 2) return x", "msg\nstack traceback:"},
		{"local x = debug.traceback() return x", "stack traceback:\n\tt:1: in main chunk"},
		{"return debug.traceback(nil)", "nil"},
		{"return debug.traceback(12):sub(1, 2)", "12"},
		{"return xpcall(function() local z = ('x'):bad() end, debug.traceback)",
			"false|t:1: attempt to call method 'bad' (a nil value)\nstack traceback:\n\tt:1: in function <t:1>\n" +
				"\t[C]: in function 'xpcall'\n\tt:1: in main chunk"},
		{"return xpcall(function() local z = string.rep() end, debug.traceback)",
			"false|t:1: bad argument #1 to 'rep' (string expected, got no value)\nstack traceback:\n\t[C]: in function 'rep'\n" +
				"\tt:1: in function <t:1>\n\t[C]: in function 'xpcall'\n\tt:1: in main chunk"},
		{"return xpcall(function() local z = 'a' .. nil end, debug.traceback)",
			"false|t:1: attempt to concatenate a nil value\nstack traceback:\n\tt:1: in function <t:1>\n" +
				"\t[C]: in function 'xpcall'\n\tt:1: in main chunk"},
	} {
		if got := evaluate(t, L, c.source); got != c.want {
			t.Errorf("%s:\n got %q\nwant %q", c.source, got, c.want)
		}
	}
	long := evaluate(t, L, "local function deep(n) if n == 0 then error('d') end deep(n - 1) end\n"+
		"return select(2, xpcall(function() deep(50) end, debug.traceback))")
	lines := strings.Split(long, "\n")
	if len(lines) != 2+tracebackFirst+tracebackLast || lines[1+tracebackFirst] != "\t..." {
		t.Errorf("a long traceback is %d lines: %s", len(lines), long)
	}
}
