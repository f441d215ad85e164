package handler

import (
	"net/netip"
	"strings"
	"testing"
	"time"
)

func TestParseDuration(t *testing.T) {
	for s, want := range map[string]time.Duration{
		"1": time.Second, "200ms": 200 * time.Millisecond, "1m30s": 90 * time.Second, "1m 30": 90 * time.Second,
		"1d2h": 26 * time.Hour, "0": 0, " 5s ": 5 * time.Second, "1s1ms": 1001 * time.Millisecond,
	} {
		if d, ok := ParseDuration(s); !ok || d != want {
			t.Errorf("%q is %v, %v; want %v", s, d, ok, want)
		}
	}
	for _, s := range []string{"", "x", "1x", "s", "1s2m", "1s1s", "-1", "1.5s", "99999999999999999999", "1000y", "5 5", "1ms1"} {
		if d, ok := ParseDuration(s); ok {
			t.Errorf("%q is taken as %v", s, d)
		}
	}
}

func TestDecode(t *testing.T) {
	type point struct{ X, Y int }
	if p, err := Decode[point]([]byte(`{"x":1,"y":2}`)); err != nil || p != (point{1, 2}) {
		t.Error(p, err)
	}
	if _, err := Decode[point]([]byte(`{"x":1} {}`)); err == nil {
		t.Error("two values are taken as one")
	}
	if n, err := Decode[int8]([]byte("127")); err != nil || n != 127 {
		t.Error(n, err)
	}
	if _, err := Decode[int8]([]byte("128")); err == nil || !strings.Contains(err.Error(), "integer of 8 bits") {
		t.Error(err)
	}
	if a, err := Decode[netip.Addr]([]byte("::1")); err != nil || a != netip.IPv6Loopback() {
		t.Error(a, err)
	}
	if a, err := Decode[netip.Addr]([]byte(`"::1"`)); err != nil || a != netip.IPv6Loopback() {
		t.Error(a, err)
	}
	if b, err := Decode[bool]([]byte("off")); err != nil || b {
		t.Error(b, err)
	}
	if s, err := Decode[string]([]byte(`{x`)); err != nil || s != "{x" {
		t.Error(s, err)
	}
	if l, err := Decode[*[]string]([]byte(`["a"]`)); err != nil || len(*l) != 1 {
		t.Error(l, err)
	}
	if f, err := Decode[float32]([]byte("1e3")); err != nil || f != 1000 {
		t.Error(f, err)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte("1m30s"))
	f.Add([]byte(`{"a":[1]}`))
	f.Fuzz(func(t *testing.T, arg []byte) {
		Decode[map[string]any](arg)
		Decode[uint16](arg)
		if d, err := Decode[time.Duration](arg); err == nil && d < 0 {
			t.Errorf("%q is %v", arg, d)
		}
	})
}
