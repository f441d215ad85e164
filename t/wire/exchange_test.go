package wire

import (
	"reflect"
	"strings"
	"testing"
)

func TestAnswers(t *testing.T) {
	for _, c := range []struct {
		name string
		one  Case
		got  string
		want []Answer
	}{
		{"two answers", Case{}, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nabHTTP/1.1 404 Not Found\r\nContent-Length: 1\r\n\r\nx",
			[]Answer{{Status: 200, Body: "ab"}, {Status: 404}}},
		{"an interim answer", Case{}, "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
			[]Answer{{Status: 100}, {Status: 200}}},
		{"no bodies after HEAD", Case{Head: true}, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", []Answer{{Status: 200}}},
		{"a redirect", Case{}, "HTTP/1.1 301 Moved\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n", []Answer{{Status: 301, Location: "/x"}}},
		{"no head", Case{}, "just text <hr><center>some/1.0</center>", []Answer{{Body: "just text <hr><center> SERVER </center>"}}},
		{"a body that is cut short", Case{}, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab",
			[]Answer{{Body: "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab"}}},
		{"nothing", Case{}, "", nil},
	} {
		cl := &client{one: c.one, got: []byte(c.got)}
		if got := cl.answers(); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %+v, expected %+v", c.name, got, c.want)
		}
	}
}

// Whatever differs between two outcomes shows in the paragraph that is compared.
func TestParagraphShowsEveryDifference(t *testing.T) {
	c := Case{Name: "n", Send: "s"}
	base := Outcome{Answers: []Answer{{Status: 200, Body: "b"}}, Closed: true, Upstream: []string{"u"}}
	seen := map[string]bool{paragraph(c, base): true}
	for name, o := range map[string]Outcome{
		"status":    {Answers: []Answer{{Status: 201, Body: "b"}}, Closed: true, Upstream: []string{"u"}},
		"body":      {Answers: []Answer{{Status: 200, Body: "c"}}, Closed: true, Upstream: []string{"u"}},
		"location":  {Answers: []Answer{{Status: 200, Body: "b", Location: "l"}}, Closed: true, Upstream: []string{"u"}},
		"number":    {Answers: []Answer{{Status: 200, Body: "b"}, {Status: 200}}, Closed: true, Upstream: []string{"u"}},
		"end":       {Answers: []Answer{{Status: 200, Body: "b"}}, Upstream: []string{"u"}},
		"upstream":  {Answers: []Answer{{Status: 200, Body: "b"}}, Closed: true, Upstream: []string{"v"}},
		"no upload": {Answers: []Answer{{Status: 200, Body: "b"}}, Closed: true},
		"long body": {Answers: []Answer{{Status: 200, Body: strings.Repeat("b", 2000)}}, Closed: true, Upstream: []string{"u"}},
		"long end":  {Answers: []Answer{{Status: 200, Body: strings.Repeat("b", 1999) + "c"}}, Closed: true, Upstream: []string{"u"}},
	} {
		p := paragraph(c, o)
		if seen[p] {
			t.Errorf("%s does not show:\n%s", name, p)
		}
		seen[p] = true
	}
}

func TestExpectationsOfAParagraph(t *testing.T) {
	p := paragraph(Case{Name: "200 in the name", Send: "200 x"}, Outcome{Answers: []Answer{{Status: 200, Body: "1\n2"}, {Status: 400}}, Closed: true})
	if n := expectsAnswers(p); n != 2 || !expectsClosed(p) {
		t.Errorf("%d answers are expected, closed: %v, of\n%s", n, expectsClosed(p), p)
	}
}

func TestUpstreamKnowsWholeRequests(t *testing.T) {
	for got, want := range map[string]bool{
		"GET / HTTP/1.0\r\n":                                                       false,
		"GET / HTTP/1.0\r\n\r\n":                                                   true,
		"POST / HTTP/1.0\r\nContent-Length: 3\r\n\r\nab":                           false,
		"POST / HTTP/1.0\r\nContent-Length: 3\r\n\r\nabc":                          true,
		"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n":          false,
		"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n": true,
		"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n":           true,
	} {
		if complete(got) != want {
			t.Errorf("%q: complete is not %v", got, want)
		}
	}
}

// The stricter expectations are what perigee promises and nginx does not do;
// each names its reason.
func TestStricterCases(t *testing.T) {
	count := map[string]int{}
	for _, c := range Cases() {
		if c.Strict != "" {
			count[c.Strict]++
		}
	}
	for _, why := range []string{badPort, badHost, bareLF, control} {
		if count[why] < 4 {
			t.Errorf("only %d cases because %s", count[why], why)
		}
	}
	for input := range looseHost {
		if c := "Host " + quote(input); !hasCase(c) {
			t.Errorf("there is no case %s", c)
		}
	}
	for input := range looseAuthority {
		if c := "absolute target " + quote(input); !hasCase(c) {
			t.Errorf("there is no case %s", c)
		}
	}
}

func hasCase(name string) bool {
	for _, c := range Cases() {
		if c.Name == name {
			return true
		}
	}
	return false
}
