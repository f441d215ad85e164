package realip

import (
	"net/netip"
	"testing"
)

func TestWalk(t *testing.T) {
	from := &trusted{networks: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("10.0.0.0/8")}}
	for _, c := range []struct {
		peer      string
		lists     []string
		recursive bool
		want      string // "": none
	}{
		{"127.0.0.1", nil, false, ""},
		{"127.0.0.1", []string{"1.2.3.4"}, false, "1.2.3.4:0"},
		{"192.0.2.1", []string{"1.2.3.4"}, false, ""},
		{"127.0.0.1", []string{"1.2.3.4, 10.0.0.1"}, false, "10.0.0.1:0"},
		{"127.0.0.1", []string{"1.2.3.4, 10.0.0.1"}, true, "1.2.3.4:0"},
		{"127.0.0.1", []string{"5.6.7.8, 1.2.3.4,10.0.0.1, ,"}, true, "1.2.3.4:0"},
		{"127.0.0.1", []string{"bad, 10.0.0.1"}, true, "10.0.0.1:0"},
		{"127.0.0.1", []string{"bad"}, true, ""},
		{"127.0.0.1", []string{""}, true, ""},
		{"127.0.0.1", []string{"10.0.0.2, 10.0.0.1"}, true, "10.0.0.2:0"},
		{"127.0.0.1", []string{"1.2.3.4", "10.0.0.1"}, true, "1.2.3.4:0"},
		{"127.0.0.1", []string{"1.2.3.4", "5.6.7.8"}, true, "5.6.7.8:0"},
		{"127.0.0.1", []string{"1.2.3.4", "10.0.0.1"}, false, "10.0.0.1:0"},
		{"127.0.0.1", []string{"1.2.3.4:99"}, false, "1.2.3.4:99"},
		{"127.0.0.1", []string{"[::1]:99"}, false, "[::1]:99"},
		{"127.0.0.1", []string{"2001:db8::1"}, false, "[2001:db8::1]:0"},
	} {
		var lists [][]byte
		for _, l := range c.lists {
			lists = append(lists, []byte(l))
		}
		got, ok := from.walk(netip.MustParseAddr(c.peer), lists, c.recursive)
		if ok != (c.want != "") || ok && got.String() != c.want {
			t.Errorf("%s %q %v: %s %v, want %q", c.peer, c.lists, c.recursive, got, ok, c.want)
		}
	}
}

func FuzzWalk(f *testing.F) {
	f.Add([]byte("1.2.3.4, 10.0.0.1"), true)
	f.Add([]byte("[::1]:80 ,,"), false)
	from := &trusted{networks: []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0"), netip.MustParsePrefix("::/0")}}
	f.Fuzz(func(t *testing.T, list []byte, recursive bool) {
		if a, ok := from.walk(netip.MustParseAddr("127.0.0.1"), [][]byte{list}, recursive); ok && !a.Addr().IsValid() {
			t.Errorf("%q gives an invalid address", list)
		}
	})
}
