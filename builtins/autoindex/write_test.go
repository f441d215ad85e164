package autoindex

import (
	"strings"
	"testing"
	"time"
)

// TestSize has nginx's sizes.
func TestSize(t *testing.T) {
	p := &page{}
	for n, want := range map[int64]string{
		0: "      0", 9999: "   9999", 10000: "    10K", 10240: "    10K", 10241: "    10K", 1048063: "  1023K", 1048064: "  1024K",
		1 << 20: "     1M", 3000000: "     3M", 5000000000: "     5G", 10000000000: "     9G",
	} {
		if got := string(p.size(nil, &entry{size: n})); got != want {
			t.Errorf("%d: %q, want %q", n, got, want)
		}
	}
}

func TestLineWidths(t *testing.T) {
	at := time.Date(2020, 1, 2, 3, 4, 5, 0, time.UTC)
	for _, c := range []struct {
		e    entry
		utf8 bool
		want string
	}{
		{entry{name: strings.Repeat("d", 49), dir: true}, false, strings.Repeat("d", 49) + "/</a> 02"},
		{entry{name: strings.Repeat("d", 50), dir: true}, false, strings.Repeat("d", 50) + "</a> 02"},
		{entry{name: strings.Repeat("n", 51)}, false, strings.Repeat("n", 47) + "..&gt;</a> 02"},
		{entry{name: strings.Repeat("ü", 50)}, true, strings.Repeat("ü", 50) + "</a> 02"},
		{entry{name: strings.Repeat("ü", 51)}, true, strings.Repeat("ü", 47) + "..&gt;</a> 02"},
		{entry{name: "a&b"}, false, "a&amp;b</a>" + strings.Repeat(" ", 48) + "02"},
	} {
		c.e.modified = at
		p := &page{exact: true, utf8: c.utf8, zone: time.UTC}
		if got := string(p.line(nil, &c.e)); !strings.Contains(got, ">"+c.want) {
			t.Errorf("%s: %s", c.e.name, got)
		}
	}
}
