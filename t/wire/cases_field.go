package wire

import (
	"fmt"
	"strings"
)

func hostCases() []Case {
	var out []Case
	for _, h := range []string{
		"localhost", "LOCALHOST", "b.test", "B.Test", "b.test.", "b.test..", ".b.test", "b..test", "b.test:80", "b.test:", "b.test:0", "b.test:65535", "b.test:65536", "b.test:99999", "b.test:999999999999", "b.test:-1", "b.test:+1", "b.test:8a", "b.test:abc", "b.test: 80", "b.test:80:80", "b.test:80 ", "b.test:0x50", ":80", ":", ".", "..", "-", "_", "a_b", "1.2.3.4", "1.2.3.4:80",
		"", " ", "b test", "b\ttest", "b/test", "b\\test", "b?test", "b#test", "b@test", "user@b.test", "b,test", "b.test, localhost", "b;test", "b%test", "b%20test", "b%2ftest", "b$test", "b!test", "b&test", "b'test", "b\"test", "b(test)", "b*test", "b+test", "b=test", "b~test", "b|test", "b^test", "b`test", "b{test}", "b<test>", "http://b.test", "b.test/", "b.test/a",
		"b\x00test", "b\x01test", "b\x08test", "b\x0btest", "b\x1ftest", "b\x7ftest", "b\x80test", "b\xfftest", "b\xc3\xa9test", "b.test\x00", "\x00b.test",
		"[::1]", "[::1]:80", "[::1]:", "[::1]:x", "[::1", "::1]", "::1", "[]", "[", "]", "[a", "[::1]x", "[::1]80", "[b.test]", "[::1]]", "[[::1]]", "[::1/64]", "[::1%25eth0]", "[v1.a:b]", "[ ]", "[\x01]",
		strings.Repeat("a", 255), strings.Repeat("a.", 200), strings.Repeat("a", 8000),
	} {
		out = append(out, Case{Name: "Host " + quote(h), Send: "GET /h HTTP/1.1\r\nHost: " + h + "\r\n\r\n", Strict: looseHost[h]})
	}
	for _, fields := range []string{
		"", "Host: localhost\r\nHost: localhost\r\n", "Host: localhost\r\nHost: b.test\r\n", "Host: localhost\r\nhost: localhost\r\n", "Host:\r\nHost: localhost\r\n", "Host: localhost\r\nHost:\r\n", "Host:localhost\r\n", "Host:    localhost   \r\n", "Host:\tlocalhost\r\n", "Host : localhost\r\n", " Host: localhost\r\n", "Host\t: localhost\r\n", "HOST: b.test\r\n", "hOsT: b.test\r\n", "Host: b.test\r\n X: y\r\n", "Host: local\r\n host\r\n", "X-Host: b.test\r\n", "Host\x00: localhost\r\n", "Host_: localhost\r\n", "Host; localhost\r\n", "Host\r\n",
	} {
		for _, version := range []string{"1.1", "1.0"} {
			out = append(out, Case{Name: fmt.Sprintf("Host fields %s in %s", quote(fields), version), Send: "GET /h HTTP/" + version + "\r\n" + fields + "\r\n"})
		}
	}
	return append(out, Case{Name: "Host twice, passed upstream", Send: "GET /up/h HTTP/1.1\r\nHost: b.test\r\nHost: localhost\r\n\r\n"})
}

// nameCases puts every kind of byte into the name of a field that is passed
// upstream.
func nameCases() []Case {
	var out []Case
	for _, c := range []byte("\x00\x01\x08\t\n\x0b\r\x1f !\"#$%&'()*+,-./059;<=>?@AZ[\\]^_`az{|}~\x7f\x80\xff") {
		for _, loose := range []bool{false, true} {
			name := fmt.Sprintf("field name with %q", string([]byte{c}))
			if loose {
				name += ", invalid ones not ignored"
			}
			out = append(out, Case{Name: name, Send: request("GET /up/n", "X"+string([]byte{c})+"Y: v", "X-End: e"), Loose: loose})
		}
	}
	return out
}

// valueCases puts every control character into a value that is passed upstream.
func valueCases() []Case {
	var out []Case
	for c := range 256 {
		if c > 0x20 && c < 0x7e || c > 0x81 && c < 0xfe {
			continue
		}
		out = append(out, Case{
			Name: fmt.Sprintf("field value with %q", string([]byte{byte(c)})),
			Send: request("GET /up/v", "X-A: a"+string([]byte{byte(c)})+"b", "X-End: e"),
		})
	}
	return out
}

func fieldCases() []Case {
	var out []Case
	for _, f := range []string{
		"X-A:v", "X-A:", "X-A: ", "X-A:   v   ", "X-A:\tv\t", "X-A : v", "X-A\t: v", " X-A: v", "\tX-A: v", "X-A", "X-A v", ":", ": v", ":v", "X-A:: v", "X-A: v\r\n w", "X-A: v\r\n\tw", "X-A: v\r\n ", "X-A: v\r\n :w", "X-A: v\n", "X-A: v\nX-B: w", "X-A: v\r", "X-A: v\r\r", "X-A: v\rX-B: w", "X-A: v\n\r", "X-A\r\n: v", "X-A\n: v", "X-A:\r\n v", "X-A:\n v",
		"X-A: v\x00", "X-A: \x00", "X-A\x00: v", "x_a: v", "X-A_B: v", "_: v", "-: v", "1: v", "X-A: v: w", "X-A: \"v", "X-A: v\r\nX-A: w", "X-A: v, w", "Connection: X-A\r\nX-A: v", "Keep-Alive: 5\r\nX-A: v", "Upgrade: x\r\nX-A: v", "Proxy: v", "Te: trailers", "Trailer: X-A", "Content-Type: a\r\nContent-Type: b", "Cookie: a\r\nCookie: b", "Cookie: a; b\x7f",
		"X-Forwarded-For: 1\r\nX-Forwarded-For: 2", "Authorization: a\r\nAuthorization: b", "Range: bytes=0-1\r\nRange: bytes=2-3", "If-Modified-Since: a\r\nIf-Modified-Since: b", "User-Agent: a\r\nUser-Agent: b", "Referer: a\r\nReferer: b",
	} {
		out = append(out, Case{Name: "field " + quote(f), Send: request("GET /up/f", f, "X-End: e")})
	}
	for _, end := range []string{"\n", "\n\n", "\r\n\n", "\n\r\n", "\r\r\n", "\r\n\r", "\r\n\r\r\n", "\r", "\r\n \r\n", "\r\n\t\r\n\r\n", "\r\n\x00\r\n\r\n"} {
		out = append(out, Case{Name: "end of the head " + quote(end), Send: "GET /up/e HTTP/1.1\r\nHost: localhost" + end + next})
	}
	return out
}
