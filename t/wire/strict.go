package wire

import "regexp"

// strictOutcome is what perigee does where it is stricter than nginx 1.22.1:
// one answer, the connection closed, and nothing sent upstream.
var strictOutcome = Outcome{Answers: []Answer{{Status: 400}}, Closed: true}

const (
	badPort = "a port is a number up to 65535"
	badHost = "a host has only the characters that RFC 3986 allows, and brackets only round an address"
	bareLF  = "a line of chunked framing ends with CRLF, not with LF alone"
	control = "no control character stands in a chunk extension, and no NUL in a trailer"
)

// looseHost holds values of Host that nginx 1.22.1 accepts.
var looseHost = reasons(
	badPort, "b.test:65536", "b.test:99999", "b.test:999999999999", "b.test:-1", "b.test:+1", "b.test:8a", "b.test:abc",
	"b.test:80:80", "b.test:0x50", "[::1]:x",
).and(
	badHost, "b\\test", "b?test", "b#test", "b@test", "user@b.test", "b\"test", "b|test", "b^test", "b`test", "b{test}", "b<test>",
	"b\x80test", "b\xfftest", "b\xc3\xa9test", "[::1", "[", "]", "[a", "[::1]x", "[::1]80", "[::1]]", "[[::1]]", "[::1%25eth0]",
)

// looseAuthority holds absolute targets that nginx 1.22.1 accepts.
var looseAuthority = reasons(badPort, "http://localhost:65536/a", "http://localhost:99999999/a")

type reasonMap map[string]string

func reasons(why string, inputs ...string) reasonMap { return reasonMap{}.and(why, inputs...) }

func (m reasonMap) and(why string, inputs ...string) reasonMap {
	for _, input := range inputs {
		m[input] = why
	}
	return m
}

var (
	lineFeedAlone   = regexp.MustCompile(`(?:^|[^\r])\n`)
	controlInChunks = regexp.MustCompile(`^5;a[\x00\x01\x7f]\r\n|X-A: \x00`)
)

// shiftedEnd holds bodies whose chunk takes the CR of its own line end as data.
var shiftedEnd = reasons(bareLF, "5\r\nhell\r\n0\r\n\r\n", "6\r\nhello\r\n0\r\n\r\n")

// looseChunk tells why a body that nginx 1.22.1 reads is refused.
func looseChunk(body string) string {
	switch {
	case lineFeedAlone.MatchString(body):
		return bareLF
	case controlInChunks.MatchString(body):
		return control
	}
	return shiftedEnd[body]
}
