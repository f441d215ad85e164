package shm

import (
	"errors"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

func newZone(t testing.TB, size int64) *Zone {
	t.Helper()
	z, err := Create(Config{Name: "test", Tag: "tag", Size: size})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { z.Close() })
	return z
}

// again opens the zone a second time in this process, in another slot.
func again(t testing.TB, z *Zone, slot int) *Zone {
	t.Helper()
	fd, err := unix.Dup(int(z.File().Fd()))
	if err != nil {
		t.Fatal(err)
	}
	y, err := Open(fd, slot)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { y.Close() })
	return y
}

// Sizes and page counts as ngx_slab_init computes them.
func TestPagesAreNginxs(t *testing.T) {
	for _, tc := range []struct{ size, pages uint64 }{
		{0, 0}, {704, 0}, {4096, 0}, {8192, 1}, {20 << 10, 4}, {25 << 10, 5}, {30 << 10, 6},
		{32 << 10, 7}, {200 << 10, 49}, {1 << 20, 254}, {10 << 20, 2544},
	} {
		if got := nginxPages(tc.size); got != tc.pages {
			t.Errorf("%d bytes: %d pages, want %d", tc.size, got, tc.pages)
		}
	}
}

func TestCreateRefusesBadInput(t *testing.T) {
	for _, tc := range []struct {
		cfg  Config
		want error
		text string
	}{
		{Config{Name: "a", Size: 1}, ErrTooSmall, `create zone "a": zone is too small`},
		{Config{Name: "a", Size: -5}, ErrTooSmall, ""},
		{Config{Name: "a", Size: 1 << 50}, ErrTooLarge, ""},
		{Config{Name: "", Size: 1 << 20}, nil, "name and tag must have"},
		{Config{Name: strings.Repeat("n", MaxName+1), Size: 1 << 20}, nil, "name and tag must have"},
		{Config{Name: "a", Size: 1 << 20, Slot: MaxSlots}, nil, "out of range"},
	} {
		z, err := Create(tc.cfg)
		if err == nil {
			z.Close()
			t.Errorf("%+v: no error", tc.cfg)
			continue
		}
		if tc.want != nil && !errors.Is(err, tc.want) || !strings.Contains(err.Error(), tc.text) {
			t.Errorf("%+v: %v", tc.cfg, err)
		}
	}
}

func TestOpenRefusesWhatIsNoZone(t *testing.T) {
	z := newZone(t, 64<<10)
	damage := func(name string, off int64, b byte, want error) {
		t.Helper()
		fd, err := unix.MemfdCreate("copy", unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING)
		if err != nil {
			t.Fatal(err)
		}
		image := append([]byte(nil), z.mem...)
		if off >= 0 {
			image[off] ^= b
		}
		if _, err := unix.Write(fd, image); err != nil {
			t.Fatal(err)
		}
		if _, err := unix.FcntlInt(uintptr(fd), unix.F_ADD_SEALS, unix.F_SEAL_SHRINK); err != nil {
			t.Fatal(err)
		}
		y, err := Open(fd, 5)
		if err == nil {
			y.Close()
		} else {
			unix.Close(fd)
		}
		if !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", name, err, want)
		}
	}
	damage("untouched", -1, 0, nil)
	damage("magic", hdrMagic, 1, ErrNotZone)
	damage("version", hdrVersion, 2, ErrVersion)
	damage("checksum", hdrChecksum, 1, ErrDamaged)
	damage("arena", hdrArena+1, 0x10, ErrDamaged)
	damage("name", hdrName, 1, ErrDamaged)

	empty, err := unix.MemfdCreate("empty", 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(empty)
	if _, err := Open(empty, 5); !errors.Is(err, ErrNotZone) {
		t.Errorf("empty file: %v", err)
	}
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	if _, err := Open(int(r.Fd()), 5); err == nil {
		t.Error("a pipe was opened as a zone")
	}
}

func TestZoneIsSealed(t *testing.T) {
	z := newZone(t, 64<<10)
	if err := unix.Ftruncate(int(z.File().Fd()), 0); !errors.Is(err, unix.EPERM) {
		t.Errorf("shrinking: %v", err)
	}
	var st unix.Stat_t
	if err := unix.Fstat(int(z.File().Fd()), &st); err != nil {
		t.Fatal(err)
	}
	if uint64(st.Blocks)*512 < z.total {
		t.Errorf("%d bytes allocated of %d", st.Blocks*512, z.total)
	}
}

func TestSlots(t *testing.T) {
	z := newZone(t, 64<<10)
	y := again(t, z, 3)
	if !z.SlotAlive(3) || z.SlotAlive(4) || !y.SlotAlive(0) {
		t.Error("liveness is wrong")
	}
	if y.SlotPid(0) != os.Getpid() {
		t.Errorf("pid of slot 0: %d", y.SlotPid(0))
	}
	fd, _ := unix.Dup(int(z.File().Fd()))
	if _, err := Open(fd, 3); !errors.Is(err, ErrSlotBusy) {
		t.Errorf("slot taken twice: %v", err)
	}
	unix.Close(fd)
	x := again(t, z, AnySlot)
	if x.Slot() != MaxSlots-1 {
		t.Errorf("any slot: %d", x.Slot())
	}
	first := y.token
	y.Close()
	if z.SlotAlive(3) || z.alive(first) {
		t.Error("slot outlives its holder")
	}
	y = again(t, z, 3)
	if y.token == first || z.alive(first) || !z.alive(y.token) {
		t.Error("successor can not be told from its predecessor")
	}
}

func TestConstructRunsOnce(t *testing.T) {
	z := newZone(t, 64<<10)
	fails := errors.New("no luck")
	if err := z.Construct(func(bool) error { return fails }); err != fails {
		t.Fatal(err)
	}
	var seen []bool
	for range 2 {
		if err := z.Construct(func(existed bool) error { seen = append(seen, existed); return nil }); err != nil {
			t.Fatal(err)
		}
	}
	y := again(t, z, 1)
	if err := y.Construct(func(existed bool) error { seen = append(seen, existed); return nil }); err != nil {
		t.Fatal(err)
	}
	if len(seen) != 3 || seen[0] || !seen[1] || !seen[2] {
		t.Errorf("existed: %v", seen)
	}
}

func TestPanicInSectionIsTakenBack(t *testing.T) {
	z := newZone(t, 64<<10)
	d, err := NewDict(z)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Set("key", StringValue("value"), 0, 0); err != nil {
		t.Fatal(err)
	}
	defer func() { failHook = nil }()
	for fp := range failpoints {
		if fp == failLocked || fp == failBeforeCommit || fp == failCommitted {
			continue // between sections, where nothing can panic
		}
		failHook = func(at failpoint) {
			if at == fp {
				failHook = nil
				panic("in a section")
			}
		}
		func() {
			defer func() { recover() }()
			d.Set("key", StringValue("other"), 0, 0)
			d.Set("more", StringValue("new"), 0, 0)
		}()
		failHook = nil
		if err := z.Check(); err != nil {
			t.Fatalf("failpoint %d: %v", fp, err)
		}
		d.Set("key", StringValue("value"), 0, 0)
		d.Delete("more")
	}
	if got := z.load64(ctlFreePages); got == 0 {
		t.Error("pages leaked")
	}
}

func TestCounters(t *testing.T) {
	z := newZone(t, 64<<10)
	if _, err := NewDict(z); err != nil {
		t.Fatal(err)
	}
	c, err := z.Counter("requests")
	if err != nil {
		t.Fatal(err)
	}
	other, _ := again(t, z, 1).Counter("requests")
	if c.Add(5) != 5 || other.Add(-7) != -2 || c.Load() != -2 {
		t.Error("two handles of one counter disagree")
	}
	if !c.CompareAndSwap(-2, 9) || other.Load() != 9 || other.CompareAndSwap(1, 2) {
		t.Error("compare and swap")
	}
	if d, _ := z.Counter("another"); d.Load() != 0 {
		t.Error("a new counter is not zero")
	}
	if err := z.Check(); err != nil {
		t.Error(err)
	}
}
