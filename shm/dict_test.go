package shm

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// clock is a dictionary's clock that a test moves.
type clock struct{ ms int64 }

func newDict(t testing.TB, size int64) (*Dict, *clock) {
	t.Helper()
	d, err := NewDict(newZone(t, size))
	if err != nil {
		t.Fatal(err)
	}
	c := &clock{1_700_000_000_000}
	d.Now = func() int64 { return c.ms }
	t.Cleanup(func() {
		if err := d.z.Check(); err != nil {
			t.Error(err)
		}
	})
	return d, c
}

func get(t testing.TB, d *Dict, key string) string {
	t.Helper()
	v, flags, err := d.Get(key, nil)
	if err != nil {
		return err.Error()
	}
	return show(v, flags)
}

func show(v Value, flags uint32) string {
	s := "nil"
	switch v.Type {
	case Bool:
		s = fmt.Sprint(v.Num != 0)
	case Number:
		s = fmt.Sprint(v.Num)
	case String:
		s = fmt.Sprintf("%q", v.Str)
	}
	if flags != 0 {
		s += fmt.Sprintf(" flags %d", flags)
	}
	return s
}

func wantGet(t testing.TB, d *Dict, key, want string) {
	t.Helper()
	if got := get(t, d, key); got != want {
		t.Errorf("%s: %s, want %s", key, got, want)
	}
}

func TestValues(t *testing.T) {
	d, _ := newDict(t, 64<<10)
	for _, tc := range []struct {
		v     Value
		flags uint32
		want  string
	}{
		{StringValue("hello"), 0, `"hello"`},
		{StringValue(""), 0, `""`},
		{StringValue("a\x00b"), 7, `"a\x00b" flags 7`},
		{NumberValue(-1.5e300), 0, "-1.5e+300"},
		{BoolValue(true), 4294967295, "true flags 4294967295"},
		{BoolValue(false), 0, "false"},
		{StringValue("eight ch"), 0, `"eight ch"`},
		{NumberValue(3), 0, "3"},
		{Value{}, 0, "nil"},
	} {
		if _, err := d.Set("k", tc.v, 0, tc.flags); err != nil {
			t.Fatal(err)
		}
		wantGet(t, d, "k", tc.want)
	}
	if n := d.Stats().Entries; n != 0 {
		t.Errorf("%d entries after delete by nil", n)
	}
}

func TestKeys(t *testing.T) {
	d, _ := newDict(t, 1<<20)
	long := strings.Repeat("k", MaxKey)
	if _, err := d.Set(long, NumberValue(1), 0, 0); err != nil {
		t.Fatal(err)
	}
	wantGet(t, d, long, "1")
	for _, key := range []string{"", long + "k"} {
		want := ErrEmptyKey
		if key != "" {
			want = ErrKeyTooLong
		}
		_, e1 := d.Set(key, NumberValue(1), 0, 0)
		_, _, e2 := d.Get(key, nil)
		_, e3 := d.Incr(key, 1)
		_, e4 := d.LPush(key, NumberValue(1))
		_, e5 := d.RPop(key, nil)
		_, e6 := d.LLen(key)
		_, e7 := d.TTL(key)
		for i, err := range []error{e1, e2, e3, e4, e5, e6, e7, d.Expire(key, 1), d.Delete(key)} {
			if err != want {
				t.Errorf("call %d with a key of %d bytes: %v", i, len(key), err)
			}
		}
	}
}

func TestAddAndReplace(t *testing.T) {
	d, c := newDict(t, 64<<10)
	if _, err := d.Replace("k", NumberValue(1), 0, 0); err != ErrNotFound {
		t.Error(err)
	}
	if _, err := d.Add("k", NumberValue(1), 100, 0); err != nil {
		t.Error(err)
	}
	if _, err := d.Add("k", NumberValue(2), 0, 0); err != ErrExists {
		t.Error(err)
	}
	if _, err := d.Replace("k", NumberValue(3), 100, 9); err != nil {
		t.Error(err)
	}
	wantGet(t, d, "k", "3 flags 9")
	c.ms += 100
	if _, err := d.Replace("k", NumberValue(4), 0, 0); err != ErrNotFound {
		t.Error(err)
	}
	if err := d.SafeAdd("k", StringValue("fresh"), 0, 0); err != nil {
		t.Error(err)
	}
	wantGet(t, d, "k", `"fresh"`)
	if _, err := d.Add("n", Value{}, 0, 0); err != ErrNilStore {
		t.Error(err)
	}
	if _, err := d.Set("n", Value{Type: List}, 0, 0); err != ErrBadValue {
		t.Error(err)
	}
}

func TestExpiry(t *testing.T) {
	d, c := newDict(t, 64<<10)
	d.Set("k", StringValue("v"), 100, 3)
	c.ms += 99
	wantGet(t, d, "k", `"v" flags 3`)
	if ttl, err := d.TTL("k"); ttl != 1 || err != nil {
		t.Error(ttl, err)
	}
	c.ms++
	v, flags, stale, err := d.GetStale("k", nil)
	if show(v, flags) != `"v" flags 3` || !stale || err != nil {
		t.Error(v, flags, stale, err)
	}
	if ttl, err := d.TTL("k"); ttl != 0 || err != nil {
		t.Error(ttl, err)
	}
	c.ms += 50
	if ttl, err := d.TTL("k"); ttl != -50 || err != nil {
		t.Error(ttl, err)
	}
	if err := d.Expire("k", 1000); err != nil {
		t.Error(err)
	}
	wantGet(t, d, "k", `"v" flags 3`)
	d.Expire("k", 0)
	if ttl, err := d.TTL("k"); ttl != 0 || err != nil {
		t.Error(ttl, err)
	}
	d.Expire("k", 10)
	c.ms += 10
	wantGet(t, d, "k", "nil") // and its memory is taken back in passing
	if _, err := d.TTL("k"); err != ErrNotFound {
		t.Error(err)
	}
	if err := d.Expire("k", 1); err != ErrNotFound {
		t.Error(err)
	}
}

func TestFlush(t *testing.T) {
	d, c := newDict(t, 64<<10)
	for i := range 10 {
		d.Set(fmt.Sprint("k", i), NumberValue(float64(i)), 0, 0)
	}
	d.FlushAll()
	if n := d.Stats().Entries; n != 7 {
		t.Errorf("%d entries, flush_all frees three at once", n)
	}
	if v, _, stale, _ := d.GetStale("k9", nil); v.Num != 9 || !stale {
		t.Error(v, stale)
	}
	if ttl, err := d.TTL("k9"); err != nil || ttl != 1-c.ms {
		t.Error(ttl, err)
	}
	if err := d.Expire("k9", 0); err != nil {
		t.Error(err)
	}
	wantGet(t, d, "k9", "9")
	d.Set("new", NumberValue(1), 0, 0)
	if n := d.FlushExpired(1); n != 1 {
		t.Error(n)
	}
	d.Set("soon", NumberValue(1), 5, 0)
	c.ms += 5
	d.FlushExpired(0)
	if got := d.Keys(0); !slices.Equal(got, []string{"k9", "new"}) {
		t.Error(got)
	}
}

func TestGetKeys(t *testing.T) {
	d, c := newDict(t, 64<<10)
	if got := d.Keys(0); len(got) != 0 {
		t.Error(got)
	}
	for i := range 5 {
		d.Set(fmt.Sprint("k", i), NumberValue(1), 0, 0)
	}
	d.Set("gone", NumberValue(1), 1, 0)
	c.ms++
	d.Get("k1", nil)
	if got := d.Keys(0); !slices.Equal(got, []string{"k0", "k2", "k3", "k4", "k1"}) {
		t.Error(got)
	}
	if got := d.Keys(2); !slices.Equal(got, []string{"k0", "k2"}) {
		t.Error(got)
	}
}

func TestIncr(t *testing.T) {
	d, c := newDict(t, 64<<10)
	if _, err := d.Incr("n", 1); err != ErrNotFound {
		t.Error(err)
	}
	if sum, forcible, err := d.IncrInit("n", 2, 10, 100); sum != 12 || forcible || err != nil {
		t.Error(sum, forcible, err)
	}
	if sum, _, err := d.IncrInit("n", 0.5, 10, 0); sum != 12.5 || err != nil {
		t.Error(sum, err)
	}
	if ttl, _ := d.TTL("n"); ttl != 100 {
		t.Error("init_ttl changed an existing key", ttl)
	}
	d.Set("f", NumberValue(1), 0, 5)
	d.Incr("f", 1)
	wantGet(t, d, "f", "2 flags 5")
	d.Set("s", StringValue("eight ch"), 10, 5)
	if _, err := d.Incr("s", 1); err != ErrNotNumber {
		t.Error(err)
	}
	c.ms += 10
	if sum, _, err := d.IncrInit("s", 1, 0, 0); sum != 1 || err != nil {
		t.Error(sum, err)
	}
	wantGet(t, d, "s", "1")
	d.LPush("l", NumberValue(1))
	if _, err := d.Incr("l", 1); err != ErrNotNumber {
		t.Error(err)
	}
}

func TestLists(t *testing.T) {
	d, c := newDict(t, 64<<10)
	push := func(n int, err error) string { return fmt.Sprint(n, err) }
	for i, got := range []string{
		push(d.LPush("l", StringValue("b"))), push(d.LPush("l", NumberValue(1.5))), push(d.RPush("l", StringValue(""))),
	} {
		if got != fmt.Sprint(i+1, " <nil>") {
			t.Error(got)
		}
	}
	if _, _, err := d.Get("l", nil); err != ErrIsList {
		t.Error(err)
	}
	for _, want := range []string{"1.5", `"b"`} {
		v, err := d.LPop("l", nil)
		if show(v, 0) != want || err != nil {
			t.Error(show(v, 0), err)
		}
	}
	if n, err := d.LLen("l"); n != 1 || err != nil {
		t.Error(n, err)
	}
	v, _ := d.RPop("l", nil)
	if show(v, 0) != `""` {
		t.Error(show(v, 0))
	}
	if n, err := d.LLen("l"); n != 0 || err != nil || d.Stats().Entries != 0 {
		t.Error("an empty list stays", n, err)
	}
	if v, err := d.LPop("l", nil); v.Type != Nil || err != nil {
		t.Error(v, err)
	}
	d.Set("s", NumberValue(1), 0, 0)
	_, e1 := d.LPush("s", NumberValue(1))
	_, e2 := d.RPop("s", nil)
	_, e3 := d.LLen("s")
	if e1 != ErrNotList || e2 != ErrNotList || e3 != ErrNotList {
		t.Error(e1, e2, e3)
	}
	if _, err := d.LPush("s", BoolValue(true)); err != ErrBadValue {
		t.Error(err)
	}
	for i := range 200 {
		d.RPush("l", NumberValue(float64(i)))
	}
	d.Expire("l", 10)
	c.ms += 10
	if n, err := d.RPush("l", NumberValue(1)); n != 1 || err != nil {
		t.Error("push on an expired list", n, err)
	}
	if _, err := d.Set("l", StringValue("string"), 0, 0); err != nil {
		t.Error(err)
	}
	wantGet(t, d, "l", `"string"`)
}

func TestListNoMemory(t *testing.T) {
	d, _ := newDict(t, 32<<10)
	n := 0
	for {
		got, err := d.RPush("l", StringValue(strings.Repeat("x", 1000)))
		if err != nil {
			if !errors.Is(err, ErrNoMemory) {
				t.Error(err)
			}
			break
		}
		n = got
	}
	if l, _ := d.LLen("l"); l != n || n != 20 { // five pages of four chunks: 1021 bytes go into 1 KB
		t.Errorf("%d elements, %d pushed", l, n)
	}
	if _, err := d.LPush("other", StringValue(strings.Repeat("y", 1000))); err != ErrNoMemory {
		t.Error(err)
	}
	if n := d.Stats().Entries; n != 1 {
		t.Errorf("%d entries: an empty list was left", n)
	}
}

// Origin: t/126-shdict-frag.t of lua-nginx-module, tests 1, 2 and 6: what fits
// into a zone of so many bytes, and what is evicted for it.
func TestCapacityIsNginxs(t *testing.T) {
	d, _ := newDict(t, 20<<10)
	set := func(key string, n int) string {
		forcible, err := d.Set(key, StringValue(strings.Repeat("a", n)), 0, 0)
		return fmt.Sprint(forcible, err)
	}
	for i := range 2 {
		if got := set("foo", 4000); got != fmt.Sprint(i > 0, " <nil>") {
			t.Error("foo", got)
		}
		if got := set("bar", 4001); got != "false <nil>" {
			t.Error("bar", got)
		}
		if got := set("baz", 8102); got != "true <nil>" {
			t.Error("baz", got)
		}
		wantGet(t, d, "foo", "nil")
		wantGet(t, d, "bar", "nil")
		if v, _, _ := d.Get("baz", nil); len(v.Str) != 8102 {
			t.Error("baz", len(v.Str))
		}
	}
	if n := d.FreeSpace(); n != 0 {
		t.Error(n)
	}
	e, _ := newDict(t, 30<<10)
	big := StringValue(strings.Repeat("b", 8100))
	e.Set("foo", big, 0, 0)
	e.Set("bar", big, 0, 0)
	if err := e.SafeSet("baz", big, 0, 0); err != ErrNoMemory {
		t.Error(err)
	}
	if forcible, err := e.Set("huge", StringValue(strings.Repeat("c", 1<<20)), 0, 0); !forcible || err != ErrNoMemory {
		t.Error(forcible, err)
	}
}

func TestEvictionTakesTheOldest(t *testing.T) {
	d, _ := newDict(t, 64<<10)
	n := 0
	for {
		if forcible, err := d.Set(fmt.Sprintf("key%04d", n), StringValue(strings.Repeat("v", 400)), 0, 0); err != nil {
			t.Fatal(err)
		} else if forcible {
			break
		}
		n++
		d.Get("key0000", nil)
	}
	wantGet(t, d, "key0001", "nil")
	if v, _, _ := d.Get("key0000", nil); v.Type != String {
		t.Error("the entry used last was evicted")
	}
	if s := d.Stats(); s.Evicted == 0 || s.Failures != 0 || s.Hits == 0 {
		t.Errorf("%+v", s)
	}
}

func TestCompareAndSet(t *testing.T) {
	d, _ := newDict(t, 64<<10)
	cas := func(old, v Value) error { _, err := d.CompareAndSet("k", old, v, 0, 0); return err }
	if err := cas(Value{}, NumberValue(1)); err != nil {
		t.Error(err)
	}
	if err := cas(Value{}, NumberValue(1)); err != ErrChanged {
		t.Error(err)
	}
	if err := cas(StringValue("1"), NumberValue(2)); err != ErrChanged {
		t.Error(err)
	}
	if err := cas(NumberValue(1), StringValue("two")); err != nil {
		t.Error(err)
	}
	wantGet(t, d, "k", `"two"`)
	if err := cas(StringValue("two"), Value{}); err != nil {
		t.Error(err)
	}
	wantGet(t, d, "k", "nil")
}

func TestPeekLeavesTheOrder(t *testing.T) {
	d, _ := newDict(t, 64<<10)
	d.Set("a", NumberValue(1), 0, 0)
	d.Set("b", NumberValue(1), 0, 0)
	before := d.Stats()
	if v, _, err := d.Peek("a", nil); v.Num != 1 || err != nil {
		t.Error(v, err)
	}
	if got := d.Keys(0); got[0] != "a" || d.Stats() != before {
		t.Error(got)
	}
}

func TestScan(t *testing.T) {
	d, _ := newDict(t, 4<<20)
	for i := range 5000 {
		d.Set(fmt.Sprintf("%c%04d", 'a'+i%5, i), NumberValue(1), 0, 0)
	}
	seen := map[string]int{}
	d.Scan("", func(key string) bool { seen[key]++; d.Delete(key); return true })
	if len(seen) != 5000 || d.Stats().Entries != 0 {
		t.Errorf("%d keys seen, %d left", len(seen), d.Stats().Entries)
	}
	for _, n := range []string{"user:1", "user:2", "used", "x"} {
		d.Set(n, NumberValue(1), 0, 0)
	}
	got := d.KeysWithPrefix("user:")
	slices.Sort(got)
	if !slices.Equal(got, []string{"user:1", "user:2"}) {
		t.Error(got)
	}
	n := 0
	d.Scan("", func(string) bool { n++; return false })
	if n != 1 {
		t.Error("scan goes on after false")
	}
}

// A random walk against a map, with sizes that cross all ways of storing.
func TestDictAgainstMap(t *testing.T) {
	d, _ := newDict(t, 8<<20)
	rng := rand.New(rand.NewPCG(1, 2))
	model := map[string]string{}
	sizes := []int{0, 1, 8, 30, 100, 1000, 1030, 3000, 5000, 70000, 200000}
	steps := 60000
	if testing.Short() {
		steps = 6000
	}
	for i := range steps {
		key := fmt.Sprint("k", rng.IntN(60))
		switch rng.IntN(4) {
		case 0:
			if v := get(t, d, key); v != "nil" {
				if fmt.Sprintf("%q", model[key]) != v {
					t.Fatalf("step %d: %s differs", i, key)
				}
			} else if _, ok := model[key]; ok {
				t.Fatalf("step %d: %s is gone", i, key)
			}
		case 1:
			d.Delete(key)
			delete(model, key)
		default:
			n := sizes[rng.IntN(len(sizes))]
			if n > 5000 && rng.IntN(20) > 0 {
				n = 5000
			}
			v := strings.Repeat(string(rune('a'+rng.IntN(26))), n+rng.IntN(3))
			if forcible, err := d.Set(key, StringValue(v), 0, 0); err != nil || forcible {
				t.Fatalf("step %d: %v %v", i, forcible, err)
			}
			model[key] = v
		}
		if i%1000 == 0 {
			if err := d.z.Check(); err != nil {
				t.Fatalf("step %d: %v", i, err)
			}
		}
	}
	for _, key := range d.Keys(0) {
		d.Delete(key)
	}
	d.Set("x", NumberValue(1), 0, 0)
	d.Delete("x")
	if s := d.z.SlabStats(); s.FreePages != s.Pages-2 {
		t.Errorf("%d of %d pages free", s.FreePages, s.Pages)
	}
}

func TestNoAllocations(t *testing.T) {
	d, _ := newDict(t, 1<<20)
	buf := make([]byte, 0, 128)
	v := StringValue(strings.Repeat("v", 100))
	for name, f := range map[string]func(){
		"set":  func() { d.Set("key", v, 0, 0) },
		"get":  func() { d.Get("key", buf) },
		"incr": func() { d.IncrInit("n", 1, 0, 0) },
		"push": func() { d.LPush("l", v) },
		"pop":  func() { d.LPop("l", buf) },
		"del":  func() { d.Set("other", v, 1000, 0); d.Delete("other") },
	} {
		if n := testing.AllocsPerRun(100, f); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}
