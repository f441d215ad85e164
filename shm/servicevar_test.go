package shm

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestServiceVars(t *testing.T) {
	z, err := Create(Config{Name: "vars", Tag: "handlers", Size: 64 << 10, NoIndex: true})
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	vars, err := NewServiceVars(z)
	if err != nil {
		t.Fatal(err)
	}
	v, err := vars.Var("hs_tick")
	if err != nil {
		t.Fatal(err)
	}
	other, err := NewServiceVars(again(t, z, 2))
	if err != nil {
		t.Fatal(err)
	}
	reader, err := other.Var("hs_tick")
	if err != nil {
		t.Fatal(err)
	}
	store := func(value string, now int64, want string) {
		t.Helper()
		changed, err := v.Store([]byte(value), now)
		got, info := reader.Load([]byte("<"))
		if line := fmt.Sprintf("%v %v %.9s %v", changed, err, got, info); line != want {
			t.Errorf("%s, want %s", line, want)
		}
		if err := z.Check(); err != nil {
			t.Fatal(err)
		}
	}
	store("", 100, "false <nil> < 0 | 0 | 0 | 0 | 0")
	store("tick 1", 101, "true <nil> <tick 1 101 | 6 | 1 | 0 | 0")
	store("tick 1", 102, "false <nil> <tick 1 101 | 6 | 1 | 0 | 0")
	store("tick 2", 103, "true <nil> <tick 2 103 | 6 | 2 | 0 | 0")
	store(strings.Repeat("x", 100<<10), 104, "false no memory <tick 2 103 | 6 | 2 | 1 | 1")
	store(strings.Repeat("y", 30<<10), 105, "true <nil> <yyyyyyyy 105 | 30720 | 3 | 1 | 0")
	store("", 106, "true <nil> < 106 | 0 | 4 | 1 | 0")
	if reader.Changes() != 4 {
		t.Error(reader.Changes())
	}
	if w, err := vars.Var("hs_other"); err != nil || w.Changes() != 0 {
		t.Error(err)
	}
	if _, err := vars.Var(""); err == nil {
		t.Error("a variable without a name")
	}
	if _, err := NewDict(z); !errors.Is(err, ErrWrongKind) {
		t.Error(err)
	}
	defer func() { failHook = nil }()
	for _, fp := range []failpoint{failRecordWritten, failWordChanged, failChunkTaken, failChunkFreed} {
		v.Store([]byte("before"), 107)
		failHook = func(at failpoint) {
			if at == fp {
				failHook = nil
				panic("in a section")
			}
		}
		func() {
			defer func() { recover() }()
			v.Store([]byte("after, and of another size"), 108)
		}()
		failHook = nil
		if got, _ := v.Load(nil); string(got) != "before" {
			t.Errorf("failpoint %d: %s", fp, got)
		}
		if err := z.Check(); err != nil {
			t.Errorf("failpoint %d: %v", fp, err)
		}
	}
}
