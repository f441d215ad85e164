package vm

import (
	"strings"
	"testing"

	lua "github.com/yuin/gopher-lua"
)

// run gives the first result of a chunk as text, or its error.
func run(t *testing.T, source string) string {
	t.Helper()
	L := lua.NewState()
	defer L.Close()
	chunk, err := Compile(source, "=c")
	if err != nil {
		return err.Error()
	}
	L.Push(chunk.Load(L))
	if err := L.PCall(0, 1, nil); err != nil {
		if failure, ok := err.(*lua.ApiError); ok {
			return failure.Object.String()
		}
		return err.Error()
	}
	return L.Get(-1).String()
}

func TestConcat(t *testing.T) {
	for _, c := range []struct{ source, want string }{
		{"return 1/3 ..'|'.. 1e15 .. -0.1 ..2^53", "0.33333333333333|1e+15-0.19.007199254741e+15"},
		{"local function f() return 1,2 end return f()..f()..'x'", "11x"},
		{"local function f(...) return ...  .. 'x' end return f(1,2)", "1x"},
		{"return (function() local a = 1.5 return function() return a..'' end end)()()", "1.5"},
		{"local m = setmetatable({}, {__concat=function(a,b) return type(a)..':'..type(b) end}) return 'a'..'b'..m", "astring:table"},
		{"local m = setmetatable({}, {__concat=function(a,b) return type(a)..':'..type(b) end}) return m..1 ..2", "table:string"},
		{"return 'a'..nil", "c:1: attempt to concatenate a nil value"},
		{"\nlocal x = 1\nreturn x..{}", "c:3: attempt to concatenate a table value"},
		{"return 1e400 == 1/0 and -1e400 == -1/0", "true"},
		{"return #(" + strings.Repeat("'a'..", 180) + "'b')", "181"},
		{"return setfenv(function() return 'a'..1 end, {})()", "a1"},
	} {
		if got := run(t, c.source); got != c.want {
			t.Errorf("%.80s: got %s; want %s", c.source, got, c.want)
		}
	}
}

// TestJumpBackToJump has loops and labels whose first statement is a jump.
func TestJumpBackToJump(t *testing.T) {
	for _, c := range []struct{ source, want string }{
		{"local n = 0 for k in pairs({1,2,3}) do while true do break end n = n + 1 end return n", "3"},
		{"local n = 0 for k in pairs({1,2,3}) do repeat break until true n = n + 1 end return n", "3"},
		{"local n = 0 for k in pairs({1,2,3}) do do while true do break end end n = n + 1 end return n", "3"},
		{"local n = 0 while n < 3 do while true do break end n = n + 1 end return n", "3"},
		{"local n = 0 for k in pairs({1,2,3}) do if true then n = n + k end end return n", "6"},
		{"local n = 0 for k in pairs({1,2,3}) do goto next n = 9 ::next:: n = n + 1 end return n", "3"},
		{"local n = 0 goto a ::b:: goto c ::a:: n = n + 1 goto b ::c:: if n < 5 then goto a end return n", "5"},
		{"local t = {} for k in pairs({1,2}) do goto x ::x:: t[k] = function() return k end end return t[1]() + t[2]()", "3"},
		{"for k in pairs({1}) do break end return 'out'", "out"},
	} {
		if got := run(t, c.source); got != c.want {
			t.Errorf("%s: got %s, want %s", c.source, got, c.want)
		}
	}
}
