package conf

import (
	"math"
	"time"
)

// Size reads a size in bytes with an optional k or m, as ngx_parse_size does.
func Size(s string) (int64, bool) { return scaled(s, false) }

// Offset reads a size in bytes with an optional k, m or g, as ngx_parse_offset
// does.
func Offset(s string) (int64, bool) { return scaled(s, true) }

func scaled(s string, giga bool) (int64, bool) {
	if s == "" {
		return 0, false
	}
	scale := int64(1)
	switch s[len(s)-1] {
	case 'k', 'K':
		scale = 1 << 10
	case 'm', 'M':
		scale = 1 << 20
	case 'g', 'G':
		if !giga {
			return 0, false
		}
		scale = 1 << 30
	}
	if scale > 1 {
		s = s[:len(s)-1]
	}
	n, ok := digits(s)
	if !ok || n > math.MaxInt64/scale {
		return 0, false
	}
	return n * scale, true
}

// digits reads decimal digits and nothing else; overflow is an error.
func digits(s string) (int64, bool) {
	if s == "" {
		return 0, false
	}
	var n int64
	for i := 0; i < len(s); i++ {
		c := s[i] - '0'
		if c > 9 || n > (math.MaxInt64-int64(c))/10 {
			return 0, false
		}
		n = n*10 + int64(c)
	}
	return n, true
}

// Msec reads a time in milliseconds, as ngx_parse_time does: "500ms", "1m30s",
// "2h 5m". A number without a unit is seconds. Years and months are refused.
func Msec(s string) (int64, bool) { return span(s, true) }

// Sec reads a time in seconds, as ngx_parse_time does: "1y", "1M2w", "30s". A
// number without a unit is seconds; milliseconds are refused.
func Sec(s string) (int64, bool) { return span(s, false) }

// century is longer than any server runs.
const century = 100 * 365 * 24 * time.Hour

// Span is n units of time, from Msec or Sec. More than a hundred years are a
// hundred years, so that the result fits, also when the present time is added.
func Span(n int64, unit time.Duration) time.Duration {
	return time.Duration(min(n, int64(century/unit))) * unit
}

// Units of time in their order. A unit must stand behind all larger ones.
const (
	unitNone = iota
	unitYear
	unitMonth
	unitWeek
	unitDay
	unitHour
	unitMinute
	unitSecond
	unitMsec
	unitBlank // "30 ": seconds that a space ends; not after s or ms
)

func span(s string, msec bool) (int64, bool) {
	last := unitNone
	if msec {
		last = unitMonth
	}
	second := int64(1)
	if msec {
		second = 1000
	}

	var total, value int64
	valid := false
	add := func(scale int64) bool {
		if value > math.MaxInt64/scale || total > math.MaxInt64-value*scale {
			return false
		}
		total += value * scale
		value = 0
		return true
	}

	for i := 0; i < len(s); i++ {
		if c := s[i] - '0'; c <= 9 {
			if value > (math.MaxInt64-int64(c))/10 {
				return 0, false
			}
			value = value*10 + int64(c)
			valid = true
			continue
		}
		unit, scale := timeUnit(s[i])
		if unit == unitMinute && i+1 < len(s) && s[i+1] == 's' {
			if !msec {
				return 0, false
			}
			unit, scale = unitMsec, 1
			i++
		} else {
			scale *= second
		}
		if unit == unitNone || last >= unit || !add(scale) {
			return 0, false
		}
		if unit == unitBlank && last >= unitSecond {
			return 0, false
		}
		last = unit
		for i+1 < len(s) && s[i+1] == ' ' {
			i++
		}
	}
	if !valid || !add(second) {
		return 0, false
	}
	return total, true
}

// timeUnit returns the place of a unit in the order and its seconds.
func timeUnit(c byte) (unit int, seconds int64) {
	const day = 24 * 60 * 60
	switch c {
	case 'y':
		return unitYear, 365 * day
	case 'M':
		return unitMonth, 30 * day
	case 'w':
		return unitWeek, 7 * day
	case 'd':
		return unitDay, day
	case 'h':
		return unitHour, 60 * 60
	case 'm':
		return unitMinute, 60
	case 's':
		return unitSecond, 1
	case ' ':
		return unitBlank, 1
	}
	return unitNone, 0
}
