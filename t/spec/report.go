package spec

import (
	"fmt"
	"strings"
)

// Report is the outcome of one block.
type Report struct {
	Block     *Block
	Root      string // of a server root that was kept
	Config    string
	Exchanges []Exchange
	ErrorLog  string
	Failures  []Failure
	Notes     []string
}

// Exchange is what went over one connection.
type Exchange struct{ Sent, Got string }

// Failure is one expectation that did not hold.
type Failure struct{ Section, Want, Got string }

// Failed tells whether an expectation did not hold.
func (r *Report) Failed() bool { return len(r.Failures) > 0 }

func (r *Report) fail(section, want, got string) {
	r.Failures = append(r.Failures, Failure{section, want, got})
}

func (r *Report) note(format string, args ...any) {
	r.Notes = append(r.Notes, fmt.Sprintf(format, args...))
}

func (r *Report) equal(section, want, got string) {
	if want != got {
		r.fail(section, want, got)
	}
}

// maxShown bounds how much of a text a report shows.
const maxShown = 8 << 10

// String prints the failures and what is needed to understand them: the
// configuration, each request and answer, and the error log.
func (r *Report) String() string {
	var out strings.Builder
	fmt.Fprintf(&out, "%s:%d: %s\n", r.Block.File, r.Block.Line, r.Block.Name)
	for _, f := range r.Failures {
		fmt.Fprintf(&out, "--- %s\n%s", f.Section, difference(f.Want, f.Got))
	}
	for _, note := range r.Notes {
		fmt.Fprintf(&out, "--- note: %s\n", note)
	}
	fmt.Fprintf(&out, "--- configuration\n%s", indent(r.Config))
	for i, e := range r.Exchanges {
		fmt.Fprintf(&out, "--- request %d\n%s--- answer %d\n%s", i, indent(shown(e.Sent)), i, indent(shown(e.Got)))
	}
	fmt.Fprintf(&out, "--- error log\n%s", indent(withoutDebug(r.ErrorLog)))
	if r.Root != "" {
		fmt.Fprintf(&out, "--- server root: %s\n", r.Root)
	}
	return out.String()
}

func shown(s string) string {
	if len(s) > maxShown {
		s = fmt.Sprintf("%s… (%d bytes)", s[:maxShown], len(s))
	}
	return printable(s)
}

// printable shows carriage returns and bytes that are not text as escapes.
func printable(s string) string {
	var out strings.Builder
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\r':
			out.WriteString(`\r`)
		case c == '\n' || c == '\t' || c >= ' ' && c < 127:
			out.WriteByte(c)
		default:
			fmt.Fprintf(&out, `\x%02x`, c)
		}
	}
	return out.String()
}

func indent(s string) string {
	if s == "" {
		return ""
	}
	return "    " + strings.ReplaceAll(strings.TrimSuffix(s, "\n"), "\n", "\n    ") + "\n"
}

// difference shows two texts, line by line from the first line that differs.
func difference(want, got string) string {
	w, g := strings.SplitAfter(want, "\n"), strings.SplitAfter(got, "\n")
	same := 0
	for same < len(w) && same < len(g) && w[same] == g[same] {
		same++
	}
	var out strings.Builder
	if same > 0 {
		fmt.Fprintf(&out, "    (%d lines are equal)\n", same)
	}
	show := func(sign string, lines []string) {
		for i, line := range lines {
			if i == 40 {
				fmt.Fprintf(&out, "  %s … %d more lines\n", sign, len(lines)-i)
				return
			}
			if line == "" && len(lines) > 1 {
				continue
			}
			fmt.Fprintf(&out, "  %s %s\n", sign, printable(strings.ReplaceAll(shorten(line), "\n", `\n`)))
		}
	}
	show("- expected", w[same:])
	show("+ got     ", g[same:])
	return out.String()
}

func shorten(line string) string {
	if len(line) > 600 {
		return fmt.Sprintf("%s… (%d bytes)", line[:600], len(line))
	}
	return line
}

// withoutDebug drops debug lines and keeps the last 64 KiB.
func withoutDebug(log string) string {
	var out strings.Builder
	for _, line := range strings.SplitAfter(log, "\n") {
		if !strings.Contains(line, " [debug] ") {
			out.WriteString(line)
		}
	}
	text := out.String()
	if len(text) > 64<<10 {
		text = text[len(text)-64<<10:]
	}
	return text
}
