package spec

import (
	"crypto/md5"
	"crypto/sha1"
	"fmt"
	"regexp"
	"strings"
)

// expectation returns the value of a section for one request.
func (x *run) expectation(name string, index int, single bool) (Value, bool) {
	v, ok := x.block.Value(name)
	if !ok {
		return Value{}, false
	}
	one, ok := v.At(index, single)
	if !ok {
		x.report.fail(name, fmt.Sprintf("a list with an item for request %d", index), v.Text)
	}
	return one, ok
}

// pattern compiles a section's regular expression for one request.
func (x *run) pattern(name string, index int, single bool, flags string) *regexp.Regexp {
	v, ok := x.expectation(name, index, single)
	if !ok {
		return nil
	}
	text := x.layout.own(v.Text)
	if v.Kind == Pattern {
		flags = v.Flags
	}
	re, err := compile(text, flags)
	if err != nil {
		x.report.fail(name, "a pattern that Go and Perl share", err.Error())
		return nil
	}
	return re
}

func (x *run) like(section string, index int, single bool, flags, got string) {
	if re := x.pattern(section, index, single, flags); re != nil && !re.MatchString(got) {
		x.report.fail(section, "matches "+re.String(), got)
	}
}

func (x *run) unlike(section string, index int, single bool, flags, got string) {
	if re := x.pattern(section, index, single, flags); re != nil && re.MatchString(got) {
		x.report.fail(section, "does not match "+re.String(), got)
	}
}

// checkResponse checks everything that a block says of one response.
func (x *run) checkResponse(r *Response, index int, single bool) {
	if r.Left != "" && single {
		x.report.note("extra bytes after the response: %q", clip(r.Left))
	}
	if r.Cut && !x.block.Has("abort") {
		x.report.note("the body is shorter than Content-Length")
	}
	x.checkCode(r, index, single)
	x.like("raw_response_headers_like", index, single, "s", r.Head)
	x.unlike("raw_response_headers_unlike", index, single, "s", r.Head)
	x.checkHeaders(r, index, single)
	x.checkBody(r, index, single)
}

func (x *run) checkCode(r *Response, index int, single bool) {
	if x.block.Has("error_code_like") {
		x.like("error_code_like", index, single, "sm", r.Code)
		return
	}
	want := "200"
	if v, ok := x.expectation("error_code", index, single); ok {
		want = strings.TrimSpace(v.Text)
	}
	x.report.equal("error_code", want, r.Code)
}

// checkHeaders checks response_headers ("Name: value", "!Name" for one that
// must be absent) and response_headers_like, where the value is a pattern.
func (x *run) checkHeaders(r *Response, index int, single bool) {
	if v, ok := x.expectation("response_headers", index, single); ok {
		for _, line := range headerLines(v.Text) {
			if line.absent {
				if _, ok := r.Header(line.name); ok {
					x.report.fail("response_headers", "no "+line.name, r.Head)
				}
				continue
			}
			got, _ := r.Header(line.name)
			x.report.equal("response_headers "+line.name, x.layout.own(line.value), got)
		}
		return
	}
	v, ok := x.expectation("response_headers_like", index, single)
	if !ok {
		return
	}
	for _, line := range headerLines(v.Text) {
		got, _ := r.Header(line.name)
		re, err := compile("^(?:"+line.value+")$", "")
		if err != nil {
			x.report.fail("response_headers_like", "a pattern that Go and Perl share", err.Error())
			continue
		}
		if !re.MatchString(got) {
			x.report.fail("response_headers_like "+line.name, line.value, got)
		}
	}
}

type headerLine struct {
	name, value string
	absent      bool
}

func headerLines(text string) []headerLine {
	var out []headerLine
	for _, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		if name, ok := strings.CutPrefix(line, "!"); ok {
			out = append(out, headerLine{name: strings.TrimSpace(name), absent: true})
			continue
		}
		name, value, _ := strings.Cut(line, ":")
		out = append(out, headerLine{name: strings.TrimSpace(name), value: strings.TrimSpace(value)})
	}
	return out
}

func (x *run) checkBody(r *Response, index int, single bool) {
	body := x.filterBody(r.Body)
	v, ok := x.expectation("response_body", index, single)
	if !ok {
		x.like("response_body_like", index, single, "s", body)
		x.unlike("response_body_unlike", index, single, "s", body)
		return
	}
	if v.Kind == Pattern {
		x.like("response_body", index, single, v.Flags, body)
		return
	}
	want, err := x.layout.expand(x.layout.own(v.Text))
	if err != nil {
		x.report.fail("response_body", "", err.Error())
		return
	}
	x.report.equal("response_body", want, body)
}

// filterBody applies response_body_filters.
func (x *run) filterBody(body string) string {
	v, ok := x.block.Value("response_body_filters")
	if !ok {
		return body
	}
	names := strings.Fields(v.Text)
	for _, item := range v.Items {
		names = append(names, item.Text)
	}
	for _, name := range names {
		filter := bodyFilters[name]
		if filter == nil {
			x.report.fail("response_body_filters", "a known filter", name)
			return body
		}
		body = filter(body)
	}
	return body
}

var bodyFilters = map[string]func(string) string{
	"md5_hex":  func(s string) string { return fmt.Sprintf("%x", md5.Sum([]byte(s))) },
	"sha1_hex": func(s string) string { return fmt.Sprintf("%x", sha1.Sum([]byte(s))) },
	"length":   func(s string) string { return fmt.Sprint(len(s)) },
	"uc":       strings.ToUpper,
	"lc":       strings.ToLower,
}
