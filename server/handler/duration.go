package handler

import (
	"strings"
	"time"
)

// units of time, as the configuration writes them, from the largest down.
var units = []struct {
	name string
	d    time.Duration
}{
	{"y", 365 * 24 * time.Hour}, {"M", 30 * 24 * time.Hour}, {"w", 7 * 24 * time.Hour}, {"d", 24 * time.Hour},
	{"h", time.Hour}, {"m", time.Minute}, {"s", time.Second}, {"ms", time.Millisecond},
}

// most is the largest number that is taken into account: nine digits and more to
// come would not fit any unit.
const most = 1_000_000_000

// ParseDuration reads a time as nginx writes it: numbers with the units y, M, w,
// d, h, m, s and ms, from larger to smaller, with spaces between them or without;
// a last number without a unit is seconds.
func ParseDuration(s string) (d time.Duration, ok bool) {
	s = strings.TrimSpace(s)
	if s == "" {
		return 0, false
	}
	at := 0 // units before it are used up
	for s != "" {
		n := 0
		i := 0
		for ; i < len(s) && s[i] >= '0' && s[i] <= '9'; i++ {
			if n > most {
				return 0, false
			}
			n = n*10 + int(s[i]-'0')
		}
		if i == 0 {
			return 0, false
		}
		s = s[i:]
		j, size := unit(s, at)
		if j < 0 {
			return 0, false
		}
		part := time.Duration(n) * units[j].d
		if n != 0 && part/time.Duration(n) != units[j].d || d+part < d {
			return 0, false
		}
		d += part
		at = j + 1
		s = strings.TrimLeft(s[size:], " ")
	}
	return d, true
}

// unit finds the unit at the begin of s behind those used up, and its length.
func unit(s string, from int) (index, size int) {
	if s == "" {
		if from > len(units)-2 {
			return -1, 0
		}
		return len(units) - 2, 0 // seconds
	}
	for i := len(units) - 1; i >= from; i-- {
		if u := units[i]; strings.HasPrefix(s, u.name) {
			return i, len(u.name)
		}
	}
	return -1, 0
}
