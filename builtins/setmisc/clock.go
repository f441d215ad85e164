package setmisc

import (
	"fmt"
	"time"

	"github.com/perigee-server/perigee/server/http"
)

func localToday(r *http.Request, _ [][]byte) ([]byte, bool) {
	return r.Loop().Now().AppendFormat(nil, time.DateOnly), true
}

func gmtTime(r *http.Request, args [][]byte) ([]byte, bool) {
	return formatted(r.Loop().Now().UTC(), "GMT", args[0])
}

func localTime(r *http.Request, args [][]byte) ([]byte, bool) {
	now := r.Loop().Now().Local()
	zone, _ := now.Zone()
	return formatted(now, zone, args[0])
}

// maxTime is how long a formatted time may be.
const maxTime = 255

func formatted(t time.Time, zone string, format []byte) ([]byte, bool) {
	if len(format) == 0 {
		return nil, true
	}
	out := strftime(nil, t, zone, string(format))
	return out, len(out) > 0 && len(out) <= maxTime
}

// strftime formats as C's function of that name does in the C locale.
func strftime(out []byte, t time.Time, zone, format string) []byte {
	for i := 0; i < len(format); i++ {
		if format[i] != '%' || i+1 == len(format) {
			out = append(out, format[i])
			continue
		}
		i++
		if c := format[i]; (c == 'E' || c == 'O') && i+1 < len(format) {
			i++ // alternative forms are the usual ones
		}
		out = conversion(out, t, zone, format[i])
	}
	return out
}

func conversion(out []byte, t time.Time, zone string, c byte) []byte {
	more := func(format string) []byte { return strftime(out, t, zone, format) }
	number := func(format string, n int) []byte { return fmt.Appendf(out, format, n) }
	switch c {
	case 'a':
		return t.AppendFormat(out, "Mon")
	case 'A':
		return t.AppendFormat(out, "Monday")
	case 'b', 'h':
		return t.AppendFormat(out, "Jan")
	case 'B':
		return t.AppendFormat(out, "January")
	case 'c':
		return more("%a %b %e %H:%M:%S %Y")
	case 'C':
		return number("%02d", t.Year()/100)
	case 'd':
		return number("%02d", t.Day())
	case 'D', 'x':
		return more("%m/%d/%y")
	case 'e':
		return number("%2d", t.Day())
	case 'F':
		return more("%Y-%m-%d")
	case 'g':
		y, _ := t.ISOWeek()
		return number("%02d", y%100)
	case 'G':
		y, _ := t.ISOWeek()
		return number("%d", y)
	case 'H':
		return number("%02d", t.Hour())
	case 'I':
		return number("%02d", twelve(t))
	case 'j':
		return number("%03d", t.YearDay())
	case 'k':
		return number("%2d", t.Hour())
	case 'l':
		return number("%2d", twelve(t))
	case 'm':
		return number("%02d", int(t.Month()))
	case 'M':
		return number("%02d", t.Minute())
	case 'n':
		return append(out, '\n')
	case 'p':
		return t.AppendFormat(out, "PM")
	case 'P':
		return t.AppendFormat(out, "pm")
	case 'r':
		return more("%I:%M:%S %p")
	case 'R':
		return more("%H:%M")
	case 's':
		return fmt.Appendf(out, "%d", t.Unix())
	case 'S':
		return number("%02d", t.Second())
	case 't':
		return append(out, '\t')
	case 'T', 'X':
		return more("%H:%M:%S")
	case 'u':
		return number("%d", (int(t.Weekday())+6)%7+1)
	case 'U':
		return number("%02d", (t.YearDay()+6-int(t.Weekday()))/7)
	case 'V':
		_, w := t.ISOWeek()
		return number("%02d", w)
	case 'w':
		return number("%d", int(t.Weekday()))
	case 'W':
		return number("%02d", (t.YearDay()+6-(int(t.Weekday())+6)%7)/7)
	case 'y':
		return number("%02d", t.Year()%100)
	case 'Y':
		return number("%d", t.Year())
	case 'z':
		return t.AppendFormat(out, "-0700")
	case 'Z':
		return append(out, zone...)
	case '%':
		return append(out, '%')
	}
	return append(out, '%', c)
}

// twelve is the hour on a clock of twelve.
func twelve(t time.Time) int { return (t.Hour()+11)%12 + 1 }
