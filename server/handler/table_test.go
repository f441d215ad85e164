package handler

import (
	"strings"
	"testing"
)

func TestNameTwice(t *testing.T) {
	tab := NewTable()
	if err := tab.Register(Handler{Name: "a", Kind: KindSync, Place: "x.go:1"}); err != nil {
		t.Fatal(err)
	}
	err := tab.Register(Handler{Name: "a", Kind: KindHook, Place: "y.go:2"})
	if err == nil || !strings.Contains(err.Error(), "x.go:1") || !strings.Contains(err.Error(), "y.go:2") {
		t.Errorf("the second registration: %v; both places should be named", err)
	}
	if len(tab.Errors()) != 1 || tab.Lookup("a").Kind != KindSync {
		t.Errorf("errors %v, kind %v", tab.Errors(), tab.Lookup("a").Kind)
	}
}

func TestPlaceIsTheCallers(t *testing.T) {
	Sync("test.place", strings.ToUpper)
	if p := Default.Lookup("test.place").Place; !strings.Contains(p, "table_test.go:") {
		t.Errorf("registered at %s", p)
	}
}

func TestLibraryRegistersWhenLoaded(t *testing.T) {
	calls := 0
	Library("test.library", func() { calls++; Sync("test.inLibrary", strings.ToLower) })
	if Default.Lookup("test.inLibrary") != nil {
		t.Error("registered before Load")
	}
	if !Default.Load("test.library") || !Default.Load("test.library") || calls != 1 || Default.Lookup("test.inLibrary") == nil {
		t.Errorf("%d calls", calls)
	}
	if Default.Load("test.none") {
		t.Error("a library that is not there was loaded")
	}
}

func TestShapes(t *testing.T) {
	Sync("test.s1", strings.ToUpper)
	Sync("test.s2", func(a, b string) string { return a + "+" + b })
	Sync("test.sl", func(a ...string) string { return strings.Join(a, ",") })
	Sync("test.b1", func(a string) bool { return a == "yes" })
	Sync("test.b2", func(a, b string) bool { return a == b })
	Sync("test.bl", func(a ...string) bool { return len(a) == 3 })
	Sync("test.s1e", func(a string) (string, error) { return a + "!", nil })
	Sync("test.s2e", func(a, b string) (string, error) { return b + a, nil })
	Sync("test.sle", func(a ...string) (string, error) { return a[len(a)-1], nil })
	Sync("test.y", func(a []byte) []byte { return a[:1] })
	Sync("test.by", func(a []byte) bool { return len(a) == 0 })
	Sync("test.ye", func(a []byte) ([]byte, error) { return a, nil })
	Sync("test.yr", func(r *Request, a []byte) ([]byte, error) { return a, nil })
	for _, c := range []struct {
		name string
		args []string
		want string
	}{
		{"test.s1", []string{"ab"}, "AB"}, {"test.s2", []string{"a", "b"}, "a+b"}, {"test.sl", []string{"a", "b", "c"}, "a,b,c"},
		{"test.b1", []string{"yes"}, "1"}, {"test.b1", []string{"no"}, "0"}, {"test.b2", []string{"x", "x"}, "1"},
		{"test.bl", []string{"1", "2", "3"}, "1"}, {"test.s1e", []string{"a"}, "a!"}, {"test.s2e", []string{"a", "b"}, "ba"},
		{"test.sle", []string{"a", "b"}, "b"}, {"test.y", []string{"xyz"}, "x"}, {"test.by", []string{""}, "1"},
		{"test.ye", []string{"é"}, "é"}, {"test.yr", []string{"q"}, "q"},
	} {
		h := Default.Lookup(c.name)
		if n := len(c.args); n < h.MinArgs || h.MaxArgs >= 0 && n > h.MaxArgs {
			t.Errorf("%s does not take %d arguments", c.name, n)
		}
		var args [][]byte
		for _, a := range c.args {
			args = append(args, []byte(a))
		}
		v, err := h.RunSync(nil, args)
		got := v.Text
		if v.Bytes != nil {
			got = string(v.Bytes)
		}
		if got != c.want || err != nil {
			t.Errorf("%s%q = %q, %v; want %q", c.name, c.args, got, err, c.want)
		}
	}
}

// TestBytesDoNotAllocate: the call of a handler of bytes costs nothing but what
// the handler itself does.
func TestBytesDoNotAllocate(t *testing.T) {
	Sync("test.same", func(a []byte) []byte { return a })
	h := Default.Lookup("test.same")
	args := [][]byte{[]byte("x")}
	if n := testing.AllocsPerRun(100, func() { h.RunSync(nil, args) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
