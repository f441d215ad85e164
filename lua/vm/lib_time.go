package vm

import (
	"fmt"
	"strings"
	"time"

	lua "github.com/yuin/gopher-lua"
)

// openTime replaces os.date and os.time.
func openTime(L *lua.LState) {
	register(L, library(L, "os"), map[string]lua.LGFunction{
		"date":     osDate,
		"time":     osTime,
		"difftime": func(L *lua.LState) int { L.Push(lua.LNumber(CheckNumber(L, 1) - CheckNumber(L, 2))); return 1 },
	})
}

// osDate is os.date(format?, time?): a leading "!" is UTC, "*t" a table.
func osDate(L *lua.LState) int {
	format := "%c"
	if L.Get(1) != lua.LNil {
		format = CheckText(L, 1)
	}
	when := time.Now()
	if L.Get(2) != lua.LNil {
		when = time.Unix(int64(CheckNumber(L, 2)), 0)
	}
	zone := ""
	if rest, utc := strings.CutPrefix(format, "!"); utc {
		format, when, zone = rest, when.UTC(), "GMT"
	} else {
		when = when.Local()
		zone, _ = when.Zone()
	}
	if strings.HasPrefix(format, "*t") {
		L.Push(dateTable(L, when))
		return 1
	}
	L.Push(lua.LString(strftime(format, when, zone)))
	return 1
}

func dateTable(L *lua.LState, when time.Time) *lua.LTable {
	table := L.CreateTable(0, 9)
	for name, value := range map[string]int{
		"year":  when.Year(),
		"month": int(when.Month()),
		"day":   when.Day(),
		"hour":  when.Hour(),
		"min":   when.Minute(),
		"sec":   when.Second(),
		"wday":  int(when.Weekday()) + 1,
		"yday":  when.YearDay(),
	} {
		table.RawSetString(name, lua.LNumber(value))
	}
	table.RawSetString("isdst", lua.LBool(when.IsDST()))
	return table
}

// strftime is C's in the C locale; "E" and "O" in front of a letter are
// skipped, and what is no conversion stays.
func strftime(format string, when time.Time, zone string) string {
	var b strings.Builder
	for i := 0; i < len(format); i++ {
		if format[i] != '%' || i+1 >= len(format) {
			b.WriteByte(format[i])
			continue
		}
		start := i
		i++
		if (format[i] == 'E' || format[i] == 'O') && i+1 < len(format) {
			i++
		}
		word, ok := dateField(format[i], when, zone)
		if !ok {
			word = format[start : i+1]
		}
		b.WriteString(word)
	}
	return b.String()
}

// layouts are the conversions that Go's package time writes.
var layouts = map[byte]string{
	'a': "Mon", 'A': "Monday", 'b': "Jan", 'B': "January", 'c': "Mon Jan _2 15:04:05 2006", 'd': "02",
	'D': "01/02/06", 'e': "_2", 'F': "2006-01-02", 'h': "Jan", 'H': "15", 'I': "03", 'm': "01", 'M': "04", 'p': "PM",
	'r': "03:04:05 PM", 'R': "15:04", 'S': "05", 'T': "15:04:05", 'x': "01/02/06", 'X': "15:04:05", 'y': "06",
	'Y': "2006", 'z': "-0700",
}

func dateField(verb byte, when time.Time, zone string) (string, bool) {
	if layout, ok := layouts[verb]; ok {
		return when.Format(layout), true
	}
	year, week := when.ISOWeek()
	weekday := int(when.Weekday())
	switch verb {
	case '%':
		return "%", true
	case 'n':
		return "\n", true
	case 't':
		return "\t", true
	case 'C':
		return fmt.Sprintf("%02d", when.Year()/100), true
	case 'g':
		return fmt.Sprintf("%02d", year%100), true
	case 'G':
		return fmt.Sprint(year), true
	case 'j':
		return fmt.Sprintf("%03d", when.YearDay()), true
	case 'k':
		return fmt.Sprintf("%2d", when.Hour()), true
	case 'l':
		return fmt.Sprintf("%2d", (when.Hour()+11)%12+1), true
	case 'P':
		return strings.ToLower(when.Format("PM")), true
	case 's':
		return fmt.Sprint(when.Unix()), true
	case 'u':
		return fmt.Sprint((weekday+6)%7 + 1), true
	case 'U':
		return fmt.Sprintf("%02d", (when.YearDay()+6-weekday)/7), true
	case 'V':
		return fmt.Sprintf("%02d", week), true
	case 'w':
		return fmt.Sprint(weekday), true
	case 'W':
		return fmt.Sprintf("%02d", (when.YearDay()+6-(weekday+6)%7)/7), true
	case 'Z':
		return zone, true
	}
	return "", false
}

// osTime is os.time(table?); the fields may lie outside their ranges.
func osTime(L *lua.LState) int {
	if L.Get(1) == lua.LNil {
		L.Push(lua.LNumber(time.Now().Unix()))
		return 1
	}
	table := CheckTable(L, 1)
	field := func(name string, standard int) int {
		switch v := L.GetField(table, name).(type) {
		case lua.LNumber:
			return int(v)
		case lua.LString:
			if value, ok := ParseNumber(string(v)); ok {
				return int(value)
			}
		}
		if standard < 0 {
			L.RaiseError("field '%s' missing in date table", name)
		}
		return standard
	}
	// in the order in which LuaJIT reads them
	second, minute, hour := field("sec", 0), field("min", 0), field("hour", 12)
	day, month, year := field("day", -1), field("month", -1), field("year", -1)
	when := time.Date(year, time.Month(month), day, hour, minute, second, 0, time.Local)
	L.Push(lua.LNumber(when.Unix()))
	return 1
}
