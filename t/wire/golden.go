package wire

import (
	"crypto/sha256"
	"fmt"
	"os"
	"strconv"
	"strings"
)

// A golden file has one paragraph per case:
//
//	case NAME
//	sent "…"                      (a digest instead when it is long)
//	200 "body" "location"         one line per answer
//	end closed                    or: end open
//	upstream "…"                  one line per connection
//
// Texts are Go string literals.
const goldenPath = "testdata/golden.txt"

func (o Outcome) lines() string {
	var out strings.Builder
	for _, a := range o.Answers {
		fmt.Fprintf(&out, "%d", a.Status)
		if a.Body != "" || a.Location != "" {
			fmt.Fprintf(&out, " %s", short(a.Body))
		}
		if a.Location != "" {
			fmt.Fprintf(&out, " %q", a.Location)
		}
		out.WriteByte('\n')
	}
	end := "open"
	if o.Closed {
		end = "closed"
	}
	fmt.Fprintf(&out, "end %s\n", end)
	for _, s := range o.Upstream {
		fmt.Fprintf(&out, "upstream %s\n", short(s))
	}
	return out.String()
}

// short quotes a text, or names its length and digest when it is long.
func short(s string) string {
	if len(s) <= 1000 {
		return strconv.Quote(s)
	}
	return fmt.Sprintf("%d bytes %x %s", len(s), sha256.Sum256([]byte(s)), strconv.Quote(s[:60]))
}

func paragraph(c Case, o Outcome) string {
	return "case " + c.Name + "\nsent " + short(c.Send) + "\n" + o.lines()
}

// loadGolden returns the paragraphs of the golden file by the name of the case.
func loadGolden() (map[string]string, error) {
	data, err := os.ReadFile(goldenPath)
	if err != nil {
		return nil, err
	}
	all := map[string]string{}
	for _, p := range strings.Split(strings.TrimSpace(string(data)), "\n\n") {
		p += "\n"
		first, _, _ := strings.Cut(p, "\n")
		name, ok := strings.CutPrefix(first, "case ")
		if !ok || all[name] != "" {
			return nil, fmt.Errorf("%s: bad paragraph %q", goldenPath, first)
		}
		all[name] = p
	}
	return all, nil
}

// expectsClosed and expectsAnswers read from a paragraph what to wait for.
func expectsClosed(p string) bool { return strings.Contains(p, "\nend closed\n") }

func expectsAnswers(p string) int {
	n := 0
	for _, line := range strings.Split(p, "\n") {
		if len(line) > 0 && line[0] >= '0' && line[0] <= '9' {
			n++
		}
	}
	return n
}
