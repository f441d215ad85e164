package counters

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/perigee-server/perigee/shm"
)

// inZone gives a set of counters with memory.
func inZone(t testing.TB, m *mainConf, id string, survives bool, names ...string) *set {
	t.Helper()
	z, err := shm.Create(shm.Config{Name: "z", Tag: "t", Size: 256 << 10, Slot: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { z.Close() })
	s := m.make(id)
	s.survives = survives
	for _, name := range names {
		if s.cell(name).word, err = z.Counter(name); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// TestStorage: what is saved is loaded, by the names of sets and counters; sets
// that do not survive are left out.
func TestStorage(t *testing.T) {
	path := filepath.Join(t.TempDir(), "counters.json")
	m := &mainConf{storage: storage{path: path}}
	a := inZone(t, m, `a"b`, true, "x", "y")
	b := inZone(t, m, "passing", false, "x")
	if err := m.load(); err != nil {
		t.Fatalf("without a file: %v", err)
	}
	a.cells["x"].word.Store(1 << 62)
	a.cells["y"].word.Store(-5)
	b.cells["x"].word.Store(7)
	if err := m.save(); err != nil {
		t.Fatal(err)
	}
	text, _ := os.ReadFile(path)
	if want := `{"a\"b":{"x":4611686018427387904,"y":-5}}` + "\n"; string(text) != want {
		t.Errorf("the file has %s", text)
	}

	n := &mainConf{storage: storage{path: path}}
	c := inZone(t, n, `a"b`, true, "z", "y", "x")
	if err := n.load(); err != nil {
		t.Fatal(err)
	}
	if x, y, z := c.cells["x"].word.Load(), c.cells["y"].word.Load(), c.cells["z"].word.Load(); x != 1<<62 || y != -5 || z != 0 {
		t.Errorf("loaded %d, %d, %d", x, y, z)
	}
	if list, _ := filepath.Glob(path + ".*"); len(list) > 0 {
		t.Errorf("left behind: %v", list)
	}
}

// TestDamagedStorage: no damage is taken for values, not even in part.
func TestDamagedStorage(t *testing.T) {
	path := filepath.Join(t.TempDir(), "counters.json")
	whole := `{"a":{"x":1,"y":2}}`
	damaged := []string{"", "null", "[]", `{"a":{"x":1,"y":2.5}}`, `{"a":{"x":1,"y":99999999999999999999}}`, `{"a":{"x":1,"y":"2"}}`, whole + whole, "\x00" + whole}
	for i := range whole {
		damaged = append(damaged, whole[:i])
	}
	m := &mainConf{storage: storage{path: path}}
	s := inZone(t, m, "a", true, "x", "y")
	for _, text := range damaged {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		err := m.load()
		if err == nil || !strings.Contains(err.Error(), "the file is damaged") || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: %v", text, err)
		}
		if s.cells["x"].word.Load() != 0 || s.cells["y"].word.Load() != 0 {
			t.Fatalf("%q has given values", text)
		}
	}
	m.storage.path = filepath.Join(path, "below")
	if err := m.save(); err == nil {
		t.Error("a file in a file")
	}
}

func FuzzParseSaved(f *testing.F) {
	f.Add([]byte(`{"a":{"x":1,"y":-2}}`))
	f.Add([]byte(`{"a":null,"":{"":0}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		all, err := parseSaved(text)
		if (err == nil) != (all != nil) {
			t.Fatalf("%q: %v, %v", text, all, err)
		}
		m := &mainConf{}
		z, err := shm.Create(shm.Config{Name: "z", Tag: "t", Size: 256 << 10, Slot: 1})
		if err != nil {
			t.Fatal(err)
		}
		defer z.Close()
		for id, cells := range all {
			s := m.make(id)
			s.survives = true
			for name, n := range cells {
				w, err := z.Counter("c" + id + "\x00" + name)
				if err != nil {
					t.Skipf("more than the zone holds: %v", err)
				}
				s.cell(name).word = w
				w.Store(n)
			}
		}
		again, err := parseSaved(m.text())
		if err != nil {
			t.Fatalf("%q: %v", m.text(), err)
		}
		for id, cells := range all {
			for name, n := range cells {
				if again[id][name] != n {
					t.Errorf("%q %q: %d has become %d", id, name, n, again[id][name])
				}
			}
		}
	})
}
