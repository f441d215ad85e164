package counters

import (
	"math"
	"slices"
	"strconv"
	"testing"
)

func TestInteger(t *testing.T) {
	for text, want := range map[string]int64{"0": 0, "-0": 0, "12": 12, "-12": -12, "007": 7, "999999999999999999": 999999999999999999} {
		if n, ok := integer([]byte(text)); !ok || n != want {
			t.Errorf("%q: %d, %v", text, n, ok)
		}
	}
	for _, text := range []string{"", "-", "+1", "1.5", " 1", "1000000000000000000", "--1", "x"} {
		if n, ok := integer([]byte(text)); ok {
			t.Errorf("%q: %d", text, n)
		}
	}
}

func FuzzInteger(f *testing.F) {
	f.Add([]byte("-12"))
	f.Fuzz(func(t *testing.T, b []byte) {
		n, ok := integer(b)
		want, err := strconv.ParseInt(string(b), 10, 64)
		if ok && (err != nil || n != want) {
			t.Errorf("%q: %d, strconv says %d, %v", b, n, want, err)
		}
	})
}

// TestMerge: inner declarations add to outer ones, set and undo replace them, and
// outer ones stay as they are.
func TestMerge(t *testing.T) {
	a, b := &cell{name: "a"}, &cell{name: "b"}
	outer := &locationConf{changes: []change{{cell: a, n: 1, vars: []operand{{index: 1}}}, {cell: b, n: 5}}}
	own := &locationConf{own: []change{{cell: a, n: 2, vars: []operand{{index: 2, negative: true}}}, {cell: b, undo: true}, {cell: b, sets: true, n: 7}, {cell: b, n: math.MaxInt32}}}
	if err := mergeLocation(nil, outer, own); err != nil {
		t.Fatal(err)
	}
	if len(own.changes) != 2 || own.changes[0].n != 3 || !slices.Equal(own.changes[0].vars, []operand{{1, false}, {2, true}}) {
		t.Errorf("%+v", own.changes)
	}
	if x := own.changes[1]; x.cell != b || !x.sets || x.n != 7+math.MaxInt32 {
		t.Errorf("%+v", x)
	}
	if len(outer.changes) != 2 || outer.changes[0].n != 1 || len(outer.changes[0].vars) != 1 {
		t.Errorf("the outer level has become %+v", outer.changes)
	}
}
