package conf

import (
	"testing"
	"time"
)

const bad = -1 // no valid value of any unit

func TestSize(t *testing.T) {
	for _, c := range []struct {
		text         string
		size, offset int64
	}{
		{"", bad, bad}, {"k", bad, bad}, {"-1", bad, bad}, {"1kk", bad, bad}, {"1 k", bad, bad}, {"0x1", bad, bad},
		{"0", 0, 0}, {"12", 12, 12}, {"1k", 1024, 1024}, {"1K", 1024, 1024}, {"2m", 2 << 20, 2 << 20}, {"2M", 2 << 20, 2 << 20},
		{"1g", bad, 1 << 30}, {"1G", bad, 1 << 30}, {"1t", bad, bad},
		{"9223372036854775807", 1<<63 - 1, 1<<63 - 1}, {"9223372036854775808", bad, bad},
		{"9007199254740991k", 9007199254740991 << 10, 9007199254740991 << 10}, {"9007199254740992k", bad, bad},
	} {
		check(t, "Size", Size, c.text, c.size)
		check(t, "Offset", Offset, c.text, c.offset)
	}
}

// The rows were compared with nginx 1.22.1: client_body_timeout for Msec, the
// max-age that expires sends for Sec.
func TestTime(t *testing.T) {
	for _, c := range []struct {
		text      string
		msec, sec int64
	}{
		{"", bad, bad}, {"s", bad, bad}, {" ", bad, bad}, {"-1", bad, bad}, {"1x", bad, bad},
		{"0", 0, 0}, {"30", 30000, 30}, {"30s", 30000, 30}, {"1m30s", 90000, 90}, {"1h 30m", 5400000, 5400}, {"1h  30", 3630000, 3630},
		{"1ms", 1, bad}, {"1s1ms", 1001, bad}, {"1ms1s", bad, bad}, {"1ms5", 5001, bad}, {"1s1s", bad, bad}, {"1m1h", bad, bad},
		{"1d", 86400000, 86400}, {"1w1d", 691200000, 691200}, {"1M", bad, 2592000}, {"1y", bad, 31536000}, {"1y 1M", bad, 34128000},
		{"1y1y", bad, bad}, {"1y1", bad, 31536001}, {" 1", 1000, 1}, {"1 ", 1000, 1}, {"1 1", 2000, 2}, {"1 1s", bad, bad}, {"s   1  ", bad, bad},
		{"d    15  ", 15000, 15}, {"15h mms2", 15*3600000 + 2000, bad},
		{"106751991167d", 106751991167 * 86400000, 106751991167 * 86400}, {"10675199116730d", bad, 10675199116730 * 86400},
		{"9223372036854775807", bad, 1<<63 - 1}, {"9223372036854775808", bad, bad}, {"9223372036854775807s1", bad, bad},
	} {
		check(t, "Msec", Msec, c.text, c.msec)
		check(t, "Sec", Sec, c.text, c.sec)
	}
}

func TestSpan(t *testing.T) {
	for _, c := range []struct {
		n          int64
		unit, want time.Duration
	}{
		{0, time.Second, 0}, {1500, time.Millisecond, 1500 * time.Millisecond}, {1 << 62, time.Millisecond, century},
		{1<<63 - 1, time.Second, century}, {60, time.Second, time.Minute},
	} {
		if got := Span(c.n, c.unit); got != c.want {
			t.Errorf("Span(%d, %s) = %s, want %s", c.n, c.unit, got, c.want)
		}
	}
}

func check(t *testing.T, name string, f func(string) (int64, bool), text string, want int64) {
	t.Helper()
	got, ok := f(text)
	if !ok {
		got = bad
	}
	if got != want {
		t.Errorf("%s(%q) = %d, want %d", name, text, got, want)
	}
}

func FuzzUnits(f *testing.F) {
	f.Add("1h 30m")
	f.Add("9223372036854775807s1")
	f.Fuzz(func(t *testing.T, s string) {
		for _, read := range []func(string) (int64, bool){Size, Offset, Msec, Sec} {
			if n, ok := read(s); n < 0 || !ok && n != 0 {
				t.Fatalf("%q gives %d, %v", s, n, ok)
			}
		}
	})
}
