package shm

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestSaveAndLoad(t *testing.T) {
	d, c := newDict(t, 4<<20)
	path := filepath.Join(t.TempDir(), "zone.dump")
	if n, err := d.Load(path); n != 0 || err != nil {
		t.Error("first start:", n, err)
	}
	d.Set("string", StringValue("a\x00b"), 0, 7)
	d.Set("number", NumberValue(-0.5), 5000, 0)
	d.Set("bool", BoolValue(true), 0, 0)
	d.Set("soon", NumberValue(1), 10, 0)
	d.Set("large", StringValue(strings.Repeat("x", 600<<10)), 0, 0)
	for i := range 300 {
		d.RPush("list", NumberValue(float64(i)))
		d.RPush("list", StringValue(fmt.Sprint(i)))
	}
	d.Get("string", nil)
	order := d.Keys(0)
	if err := d.Save(path); err != nil {
		t.Fatal(err)
	}
	if err := d.Save(path); err != nil {
		t.Fatal(err)
	}
	if left, _ := os.ReadDir(filepath.Dir(path)); len(left) != 1 {
		t.Error("files left behind:", left)
	}

	e, c2 := newDict(t, 4<<20)
	c2.ms = c.ms + 1000
	if n, err := e.Load(path); n != 5 || err != nil {
		t.Fatal(n, err)
	}
	wantGet(t, e, "string", `"a\x00b" flags 7`)
	wantGet(t, e, "bool", "true")
	if ttl, err := e.TTL("number"); ttl != 4000 || err != nil {
		t.Error(ttl, err)
	}
	if n, err := e.LLen("list"); n != 600 || err != nil {
		t.Error(n, err)
	}
	if v, _ := e.LPop("list", nil); v.Num != 0 || v.Type != Number {
		t.Error(v)
	}
	order = slices.DeleteFunc(order, func(k string) bool { return k == "soon" })
	f, c3 := newDict(t, 4<<20)
	c3.ms = c2.ms
	f.Load(path)
	if got := f.Keys(0); !slices.Equal(got, order) {
		t.Errorf("order %v, was %v", got, order)
	}
	small, c4 := newDict(t, 32<<10)
	c4.ms = c2.ms
	if _, err := small.Load(path); err != nil {
		t.Error("a smaller zone:", err)
	}
}

func TestLoadRefusesDamage(t *testing.T) {
	d, _ := newDict(t, 256<<10)
	for i := range 20 {
		d.Set(fmt.Sprint("key", i), StringValue(strings.Repeat("v", i)), 0, 0)
	}
	path := filepath.Join(t.TempDir(), "zone.dump")
	if err := d.Save(path); err != nil {
		t.Fatal(err)
	}
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	e, _ := newDict(t, 64<<10)
	try := func(name string, data []byte) {
		t.Helper()
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		if n, err := e.Load(path); n != 0 || !errors.Is(err, ErrDamaged) {
			t.Errorf("%s: %d, %v", name, n, err)
		}
	}
	try("empty", nil)
	try("cut short", good[:len(good)-1])
	try("longer", append(slices.Clone(good), 0))
	rng := rand.New(rand.NewPCG(3, 4))
	for range 200 {
		bad := slices.Clone(good)
		bad[rng.IntN(len(bad))] ^= byte(1 + rng.IntN(255))
		try("one byte", bad)
	}
	if _, err := e.Load(t.TempDir()); err == nil {
		t.Error("a directory was loaded")
	}
	if err := d.Save("/nowhere/at/all"); err == nil {
		t.Error("saved into a directory that does not exist")
	}
}
