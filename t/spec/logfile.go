package spec

import (
	"os"
	"regexp"
	"strings"
	"time"
)

// logFile reads a log that a server is writing. Each check sees the lines that
// were written since the previous one.
type logFile struct {
	path string
	seen int
}

func (l *logFile) all() string {
	data, err := os.ReadFile(l.path)
	if err != nil {
		return ""
	}
	return string(data)
}

// fresh returns the lines behind those that advance has passed.
func (l *logFile) fresh() []string {
	data := l.all()
	if l.seen > len(data) {
		return nil
	}
	return strings.SplitAfter(data[l.seen:], "\n")
}

func (l *logFile) advance() { l.seen = len(l.all()) }

// settle is how long the log phase of a request may take after its response:
// the time that the Perl library waits before it looks.
const settle = 45 * time.Millisecond

// logPattern is one expectation about a log line: a text or an expression.
type logPattern struct {
	text string
	re   *regexp.Regexp
}

func (p logPattern) find(line string) (match string, ok bool) {
	if p.re == nil {
		return p.text, strings.Contains(line, p.text)
	}
	at := p.re.FindStringIndex(line)
	if at == nil {
		return "", false
	}
	return line[at[0]:at[1]], true
}

func (p logPattern) String() string {
	if p.re != nil {
		return "/" + p.re.String() + "/"
	}
	return p.text
}

// logPatterns reads a section of log expectations: each line of a text, or each
// item of a list.
func (x *run) logPatterns(section string) []logPattern {
	v, ok := x.block.Value(section)
	if !ok {
		return nil
	}
	items := v.Items
	switch {
	case v.Kind == Pattern:
		items = []Value{v}
	case v.Kind == Text:
		for _, line := range strings.Split(v.Text, "\n") {
			if line != "" {
				items = append(items, Value{Text: line})
			}
		}
	}
	var out []logPattern
	for _, item := range items {
		p := logPattern{text: item.Text}
		if item.Kind == Pattern {
			re, err := compile(item.Text, item.Flags)
			if err != nil {
				x.report.fail(section, "a pattern that Go and Perl share", err.Error())
				continue
			}
			p.re = re
		}
		out = append(out, p)
	}
	return out
}

// missing returns the patterns that no line matches.
func missing(lines []string, patterns []logPattern) []logPattern {
	var out []logPattern
	for _, p := range patterns {
		if _, _, ok := firstMatch(lines, p); !ok {
			out = append(out, p)
		}
	}
	return out
}

func firstMatch(lines []string, p logPattern) (line, match string, ok bool) {
	for _, line := range lines {
		if match, ok := p.find(line); ok {
			return line, match, true
		}
	}
	return "", "", false
}

// checkErrorLog checks the lines of the error log that are new since the last
// check.
func (x *run) checkErrorLog(repeat int) {
	defer x.errors.advance()
	want, refuse := x.logPatterns("error_log"), x.logPatterns("no_error_log")
	grep, hasGrep := x.block.Value("grep_error_log")
	if len(want)+len(refuse) == 0 && !hasGrep {
		return
	}
	time.Sleep(settle)
	waitFor(func() bool { return len(missing(x.errors.fresh(), want)) == 0 })
	x.demand("error_log", x.errors.fresh(), want)
	x.refuse("no_error_log", x.errors.fresh(), refuse)
	if hasGrep {
		x.grep(grep, repeat)
	}
}

func (x *run) demand(section string, lines []string, patterns []logPattern) {
	for _, p := range missing(lines, patterns) {
		x.report.fail(section, p.String(), "no line with it")
	}
}

func (x *run) refuse(section string, lines []string, patterns []logPattern) {
	for _, p := range patterns {
		if line, _, ok := firstMatch(lines, p); ok {
			x.report.fail(section, "no line with "+p.String(), line)
		}
	}
}

// grep compares what grep_error_log extracts, one match per line of the log.
func (x *run) grep(pattern Value, repeat int) {
	if pattern.Kind == List {
		pattern, _ = pattern.At(repeat, false)
	}
	p := logPattern{text: strings.TrimSuffix(pattern.Text, "\n")}
	if pattern.Kind == Pattern {
		re, err := compile(pattern.Text, pattern.Flags)
		if err != nil {
			x.report.fail("grep_error_log", "a pattern that Go and Perl share", err.Error())
			return
		}
		p.re = re
	}
	want, _ := x.block.Value("grep_error_log_out")
	if want.Kind == List {
		want, _ = want.At(repeat, false)
	}
	text, err := x.layout.expand(want.Text)
	if err != nil {
		x.report.fail("grep_error_log_out", "", err.Error())
		return
	}
	matches := func() string {
		var out strings.Builder
		for _, line := range x.errors.fresh() {
			if match, ok := p.find(line); ok && !strings.Contains(match, "\n") {
				out.WriteString(match + "\n")
			}
		}
		return out.String()
	}
	if want.Kind == Pattern {
		re, err := compile(want.Text, want.Flags)
		if err != nil {
			x.report.fail("grep_error_log_out", "a pattern that Go and Perl share", err.Error())
			return
		}
		waitFor(func() bool { return re.MatchString(matches()) })
		if got := matches(); !re.MatchString(got) {
			x.report.fail("grep_error_log_out", "matches "+re.String(), got)
		}
		return
	}
	waitFor(func() bool { return matches() == text })
	x.report.equal("grep_error_log_out", text, matches())
}

// checkAccessLog checks the whole access log.
func (x *run) checkAccessLog() {
	want, refuse := x.logPatterns("access_log"), x.logPatterns("no_access_log")
	if len(want)+len(refuse) == 0 {
		return
	}
	time.Sleep(settle)
	waitFor(func() bool { return len(missing(x.access.fresh(), want)) == 0 })
	x.demand("access_log", x.access.fresh(), want)
	x.refuse("no_access_log", x.access.fresh(), refuse)
}

// checkShutdownLog checks what the server has logged while it ended.
func (x *run) checkShutdownLog() {
	x.demand("shutdown_error_log", x.errors.fresh(), x.logPatterns("shutdown_error_log"))
	x.refuse("no_shutdown_error_log", x.errors.fresh(), x.logPatterns("no_shutdown_error_log"))
}

var trouble = regexp.MustCompile(`(?m)^.*(?:\[alert\]|\[emerg\]).*$|^panic: .*$|^fatal error: .*$|^goroutine \d+ .*$|^.*\bAssertion .*failed.*$`)

// checkTrouble fails a block whose server logged an alert, an emergency or the
// trace of a panic that the block does not announce in error_log.
func (x *run) checkTrouble() {
	expected := x.block.Text("error_log")
	if v, _ := x.block.Value("error_log"); v.Kind == List {
		for _, item := range v.Items {
			expected += item.Text
		}
	}
	for _, line := range trouble.FindAllString(x.errors.all()+"\n"+x.server.Output(), -1) {
		switch {
		case strings.Contains(line, "[emerg]") && (x.block.Has("must_die") || strings.Contains(expected, "emerg")):
		case strings.Contains(line, "[alert]") && strings.Contains(expected, "alert"):
		default:
			x.report.fail("log", "no alert, emerg or panic", line)
			return
		}
	}
}
