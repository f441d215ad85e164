package shm

import (
	"errors"
	"testing"
)

func declare(t *testing.T, s *Set, name, tag string, size int64) {
	t.Helper()
	if err := s.Declare(Config{Name: name, Tag: tag, Size: size, Slot: AnySlot}); err != nil {
		t.Fatal(err)
	}
}

func TestSetClashes(t *testing.T) {
	s := NewSet()
	declare(t, s, "dogs", "lua", 64<<10)
	declare(t, s, "dogs", "lua", 64<<10)
	declare(t, s, "dogs", "lua", 0)
	for _, tc := range []struct {
		tag  string
		size int64
		want string
	}{
		{"lua", 32 << 10, `the size 32768 of shared memory zone "dogs" conflicts with already declared size 65536`},
		{"limit", 64 << 10, `the shared memory zone "dogs" is already declared for a different use`},
	} {
		err := s.Declare(Config{Name: "dogs", Tag: tc.tag, Size: tc.size})
		if err == nil || err.Error() != tc.want {
			t.Errorf("%v, want %s", err, tc.want)
		}
	}
}

func TestSetKeepsChannels(t *testing.T) {
	old := NewSet()
	events := Config{Name: "events", Tag: "hooks", Size: 64 << 10, Slot: AnySlot, Events: true}
	if err := errors.Join(old.Declare(events), old.Realize(nil)); err != nil {
		t.Fatal(err)
	}
	publish(t, old.Channel("events"), ToAll(), "", "kept")
	next := NewSet()
	if err := errors.Join(next.Declare(events), next.Realize(old), old.CloseUnused(next)); err != nil {
		t.Fatal(err)
	}
	upgraded := NewSet()
	if err := upgraded.AdoptChannel(openEvents(t, next.Channel("events"), AnySlot)); err != nil {
		t.Fatal(err)
	}
	last := NewSet()
	if err := errors.Join(last.Declare(events), last.Realize(upgraded)); err != nil {
		t.Fatal(err)
	}
	wantMessages(t, last.Channel("events").Subscribe(1, FromOldest), "1  kept")
	if last.Channel("other") != nil || NewSet().Channel("events") != nil {
		t.Error("a channel that was not declared")
	}
	if err := next.CloseUnused(nil); err != nil {
		t.Error(err)
	}
	if last.Zone("events").Matches(Config{Name: "events", Tag: "hooks", Size: 64 << 10}) {
		t.Error("a channel would serve as a dictionary's zone")
	}
}

func TestSetKeepsZonesOverReload(t *testing.T) {
	old := NewSet()
	declare(t, old, "keep", "lua", 64<<10)
	declare(t, old, "grow", "lua", 64<<10)
	declare(t, old, "drop", "lua", 64<<10)
	if err := old.Realize(nil); err != nil {
		t.Fatal(err)
	}
	d, err := NewDict(old.Zone("keep"))
	if err != nil {
		t.Fatal(err)
	}
	d.Set("k", NumberValue(1), 0, 0)

	bad := NewSet()
	declare(t, bad, "keep", "lua", 64<<10)
	declare(t, bad, "tiny", "lua", 100)
	if err := bad.Realize(old); !errors.Is(err, ErrTooSmall) {
		t.Error(err)
	}
	wantGet(t, d, "k", "1")

	next := NewSet()
	declare(t, next, "keep", "lua", 64<<10)
	declare(t, next, "grow", "lua", 128<<10)
	if err := next.Realize(old); err != nil {
		t.Fatal(err)
	}
	if next.Zone("keep") != old.Zone("keep") || next.Zone("grow") == old.Zone("grow") {
		t.Error("wrong zones kept")
	}
	if err := old.CloseUnused(next); err != nil {
		t.Error(err)
	}
	wantGet(t, d, "k", "1")
	if n := len(next.Zones()); n != 2 {
		t.Errorf("%d zones", n)
	}
	upgraded := NewSet()
	for _, z := range next.Zones() {
		if err := upgraded.Adopt(again(t, z, AnySlot)); err != nil {
			t.Error(err)
		}
	}
	if !upgraded.Zone("grow").Matches(Config{Name: "grow", Tag: "lua", Size: 128 << 10}) {
		t.Error("an adopted zone is not recognised")
	}
	next.CloseUnused(nil)
}
