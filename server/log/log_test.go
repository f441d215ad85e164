package log

import (
	"regexp"
	"syscall"
	"testing"
)

type sink []string

func (s *sink) WriteLine(_ Level, line []byte) { *s = append(*s, string(line)) }

func TestLineForm(t *testing.T) {
	var all, few sink
	l := &Logger{}
	l.Add(&all, Info)
	l.Add(&few, Error)
	l.Print(Error, 7, "it broke", ", client: 127.0.0.1")
	l.Printf(Info, "just %d", 1)
	l.Printf(Debug, "never")
	if len(all) != 2 || len(few) != 1 {
		t.Fatalf("targets got %d and %d lines, want 2 and 1", len(all), len(few))
	}
	want := regexp.MustCompile(`^\d{4}/\d\d/\d\d \d\d:\d\d:\d\d \[error\] (\d+)#(\d+): \*7 it broke, client: 127\.0\.0\.1\n$`)
	if !want.MatchString(few[0]) {
		t.Fatalf("line %q", few[0])
	}
}

func TestErrnoWording(t *testing.T) {
	for e, want := range map[error]string{
		syscall.ENOENT:       `open() "x" failed (2: No such file or directory)`,
		syscall.ECONNREFUSED: `open() "x" failed (111: Connection refused)`,
		syscall.ENOTCONN:     `open() "x" failed (107: Transport endpoint is not connected)`,
	} {
		if got := Errno(`open() "x" failed`, e); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestParseLevel(t *testing.T) {
	if l, ok := ParseLevel("notice"); !ok || l != Notice {
		t.Error("notice")
	}
	if _, ok := ParseLevel("loud"); ok {
		t.Error("loud is no level")
	}
}
