package api

import (
	"bytes"
	"strings"
	"testing"
)

// readPieces gives a socket text in pieces and returns what one read takes, and
// whether it has come to its end. What is left over is in the socket's buffer.
func readPieces(s *tcpSocket, mode readMode, rest int, pieces []string) (string, bool) {
	s.mode, s.rest = mode, rest
	s.acc.Reset()
	for _, piece := range pieces {
		b := []byte(piece)
		for len(b) > 0 {
			n, done := s.take(b)
			b = b[n:]
			if done {
				return string(s.result()), true
			}
		}
	}
	return string(s.result()), false
}

// cut cuts a text into pieces of n bytes.
func cut(text string, n int) []string {
	var pieces []string
	for len(text) > n {
		pieces = append(pieces, text[:n])
		text = text[n:]
	}
	return append(pieces, text)
}

func FuzzUntil(f *testing.F) {
	f.Add("aabaac", "aabaabaabaacx", uint8(1), false)
	f.Add("--b", "----b", uint8(2), true)
	f.Add("aa", "aba", uint8(3), false)
	f.Add("\r\n\r\n", "a\r\n\r\r\n\r\nb", uint8(1), true)
	f.Fuzz(func(t *testing.T, pattern, text string, size uint8, inclusive bool) {
		if pattern == "" {
			return
		}
		want, _, found := strings.Cut(text, pattern)
		if found && inclusive {
			want += pattern
		}
		u := &untilPattern{pattern: pattern, inclusive: inclusive}
		u.compile()
		s := &tcpSocket{until: u}
		got, done := readPieces(s, readUntil, 0, cut(text, int(size)+1))
		if done != found {
			t.Fatalf("%q in %q: found is %v", pattern, text, done)
		}
		if !found { // a part of the pattern may still be in the matcher
			got += pattern[:u.state]
		}
		if got != want {
			t.Fatalf("until %q in %q came %q, not %q", pattern, text, got, want)
		}
	})
}

func FuzzLine(f *testing.F) {
	f.Add("one\r\ntwo", uint8(1))
	f.Add("\r\r\n", uint8(0))
	f.Fuzz(func(t *testing.T, text string, size uint8) {
		want, _, found := strings.Cut(text, "\n")
		want = strings.ReplaceAll(want, "\r", "")
		got, done := readPieces(&tcpSocket{}, readLine, 0, cut(text, int(size)+1))
		if done != found || got != want {
			t.Fatalf("a line of %q is %q (%v), not %q (%v)", text, got, done, want, found)
		}
	})
}

// TestChunk reads sizes that span pieces.
func TestChunk(t *testing.T) {
	for size := 1; size <= 10; size++ {
		got, done := readPieces(&tcpSocket{}, readChunk, 7, cut("0123456789", size))
		if got != "0123456" || !done {
			t.Errorf("with pieces of %d: %q %v", size, got, done)
		}
	}
}

// TestReadAllocates holds reads of what is in the buffer to the one string that
// the script gets.
func TestReadAllocates(t *testing.T) {
	s := &tcpSocket{}
	line := []byte("+PONG\r\nrest")
	n := testing.AllocsPerRun(100, func() {
		s.mode = readLine
		if _, done := s.take(line); !done || !bytes.Equal(s.piece, line[:5]) {
			t.Fatal("no line")
		}
		s.piece = nil
	})
	if n != 0 {
		t.Errorf("taking a line allocates %.0f times", n)
	}
}

func TestParseHost(t *testing.T) {
	for _, c := range []struct {
		host, name string
		port       int
		bad        string
	}{
		{"a.example", "a.example", 80, ""},
		{"a.example:81", "a.example", 81, ""},
		{"[::1]", "[::1]", 80, ""},
		{"[::1]:82", "[::1]", 82, ""},
		{"[::1", "", 0, "invalid host"},
		{"[x]", "", 0, "invalid IPv6 address"},
		{"::1", "", 0, "invalid port"},
		{"a:0", "", 0, "invalid port"},
		{"", "", 0, "no host"},
		{"UNIX:/a", "unix:/a", 0, ""},
		{"unix:", "", 0, "no path in the unix domain socket"},
		{"unix:" + strings.Repeat("x", 200), "", 0, "too long path in the unix domain socket"},
	} {
		if name, port, bad := parseHost(c.host, 80); name != c.name || port != c.port || bad != c.bad {
			t.Errorf("%q: %q %d %q", c.host, name, port, bad)
		}
	}
}
