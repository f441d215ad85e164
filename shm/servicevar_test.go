package shm

import (
	"errors"
	"fmt"
	"strings"
	"sync"
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

// TestServiceVarIsNotTorn: values of many sizes that other mappings of the zone
// read while they are changed are whole, and belong to what is told of them.
func TestServiceVarIsNotTorn(t *testing.T) {
	z, err := Create(Config{Name: "vars", Tag: "handlers", Size: 128 << 10, NoIndex: true, Slot: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	open := func(z *Zone) *ServiceVar {
		vars, err := NewServiceVars(z)
		if err != nil {
			t.Fatal(err)
		}
		v, err := vars.Var("v")
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	v := open(z)
	var readers []*ServiceVar
	for i := range 3 {
		readers = append(readers, open(again(t, z, 2+i)))
	}
	// the n-th value has a size, a letter and a time that only n gives
	const rounds = 30_000
	size := func(n int) int { return 1 + n*7919%9000 }
	done := make(chan struct{})
	var wg sync.WaitGroup
	for _, r := range readers {
		wg.Go(func() {
			var buf []byte
			seen := 0
			for last := uint64(0); ; {
				select {
				case <-done:
					if seen < 2 {
						t.Errorf("only %d values were seen", seen)
					}
					return
				default:
				}
				value, info := r.Load(buf[:0])
				buf = value
				n := int(info.Changes)
				if n == 0 {
					continue
				}
				if info.Changes != last {
					seen++
				}
				if info.Changes < last || int(info.Size) != len(value) || len(value) != size(n) || info.Time != int64(n) || strings.Trim(string(value), string('a'+rune(n%26))) != "" {
					t.Errorf("value %d after %d: %d bytes, told %s", n, last, len(value), info)
					return
				}
				last = info.Changes
			}
		})
	}
	for n := 1; n <= rounds; n++ {
		if changed, err := v.Store([]byte(strings.Repeat(string('a'+rune(n%26)), size(n))), int64(n)); err != nil || !changed {
			t.Errorf("value %d: %v, %v", n, changed, err)
			break
		}
	}
	close(done)
	wg.Wait()
}
