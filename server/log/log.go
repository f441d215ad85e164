// Package log writes the error log in nginx's form: one line per message,
//
//	2006/01/02 15:04:05 [level] pid#tid: *connection message, client: …
//
// It imports nothing of the server. A Logger is made while a configuration is
// read and is immutable afterwards, but for the descriptors of its outputs.
package log

import (
	"fmt"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// Level is a severity; smaller is more severe, as in nginx.
type Level int

// The levels of error_log.
const (
	Stderr Level = iota
	Emerg
	Alert
	Crit
	Error
	Warn
	Notice
	Info
	Debug
)

var names = [...]string{"stderr", "emerg", "alert", "crit", "error", "warn", "notice", "info", "debug"}

// String is the level's name as it stands in the log.
func (l Level) String() string { return names[l] }

// ParseLevel returns the level of that name, as the last word of error_log has
// it; the debug_* masks of nginx all mean Debug.
func ParseLevel(s string) (Level, bool) {
	for i, n := range names[1:] {
		if n == s {
			return Level(i + 1), true
		}
	}
	switch s {
	case "debug_core", "debug_alloc", "debug_mutex", "debug_event", "debug_http", "debug_mail", "debug_stream":
		return Debug, true
	}
	return 0, false
}

// Writer takes whole lines. Files of the cycle and syslog targets implement it.
type Writer interface {
	WriteLine(level Level, line []byte)
}

// Logger is what one error_log level of the configuration resolves to: the
// targets with the level up to which each wants messages.
type Logger struct {
	targets []target
	max     Level
}

type target struct {
	w   Writer
	max Level
}

// Add appends a target that wants messages up to level max.
func (l *Logger) Add(w Writer, max Level) {
	l.targets = append(l.targets, target{w, max})
	if max > l.max {
		l.max = max
	}
}

// Enabled reports whether any target wants messages of this level. Check it
// before building an expensive message.
func (l *Logger) Enabled(level Level) bool { return level <= l.max }

// Level is the highest level that any target wants.
func (l *Logger) Level() Level { return l.max }

var lines = sync.Pool{New: func() any { b := make([]byte, 0, 2048); return &b }}

// Print writes one line. conn is the connection's number, 0 for none; suffix
// goes behind the message ("", or ", client: …").
func (l *Logger) Print(level Level, conn uint64, msg, suffix string) {
	if level > l.max {
		return
	}
	p := lines.Get().(*[]byte)
	b := appendHead((*p)[:0], level, conn)
	b = append(b, msg...)
	b = append(b, suffix...)
	b = append(b, '\n')
	for _, t := range l.targets {
		if level <= t.max {
			t.w.WriteLine(level, b)
		}
	}
	if w := tap.Load(); w != nil {
		(*w).WriteLine(level, b)
	}
	*p = b
	lines.Put(p)
}

var tap atomic.Pointer[Writer]

// Tap gives every line of the process that any target gets to w too, until the
// next call. Nil ends that. Any goroutine may write.
func Tap(w Writer) {
	if w == nil {
		tap.Store(nil)
		return
	}
	tap.Store(&w)
}

// Printf writes one line that belongs to no connection.
func (l *Logger) Printf(level Level, format string, args ...any) {
	if level <= l.max {
		l.Print(level, 0, fmt.Sprintf(format, args...), "")
	}
}

// stamp is the cached text of the present second.
var stamp atomic.Pointer[second]

type second struct {
	unix int64
	text string
}

func appendHead(b []byte, level Level, conn uint64) []byte {
	now := time.Now()
	s := stamp.Load()
	if s == nil || s.unix != now.Unix() {
		s = &second{now.Unix(), now.Format("2006/01/02 15:04:05")}
		stamp.Store(s)
	}
	b = append(b, s.text...)
	b = append(b, " ["...)
	if level != Stderr { // which nginx leaves empty
		b = append(b, names[level]...)
	}
	b = append(b, "] "...)
	b = append(b, pid...)
	b = append(b, '#')
	b = append(b, pid...)
	b = append(b, ": "...)
	if conn != 0 {
		b = append(b, '*')
		b = strconv.AppendUint(b, conn, 10)
		b = append(b, ' ')
	}
	return b
}

var pid = strconv.Itoa(os.Getpid())

// Console is the target for messages before any log is open, and for `error_log
// stderr`.
type Console struct{}

// WriteLine writes to standard error.
func (Console) WriteLine(_ Level, line []byte) { os.Stderr.Write(line) }

// Early returns a logger on standard error for messages up to notice.
func Early() *Logger {
	l := &Logger{}
	l.Add(Console{}, Notice)
	return l
}
