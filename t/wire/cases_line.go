package wire

import (
	"fmt"
	"strings"
)

func methodCases() []Case {
	var out []Case
	for _, m := range []string{
		"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "TRACE", "CONNECT", "PATCH", "PROPFIND", "PROPPATCH", "MKCOL",
		"COPY", "MOVE", "LOCK", "UNLOCK", "PURGE", "get", "Get", "gET", "G", "GE", "GETS", "GET1", "1GET", "G-T", "G_T", "-", "_", "__",
		"G.T", "G:T", "G/T", "G\x00T", "G\tT", "G\x7fT", "G\xc3T", "\"GET\"", "G\rT", "GE\nT", "", strings.Repeat("M", 33), strings.Repeat("M", 300),
	} {
		out = append(out, Case{Name: "method " + quote(m), Send: request(m + " /m"), Head: m == "HEAD"})
	}
	return out
}

func versionCases() []Case {
	var out []Case
	for _, v := range []string{
		"HTTP/1.1", "HTTP/1.0", "HTTP/0.9", "HTTP/0.0", "HTTP/1.2", "HTTP/1.9", "HTTP/1.10", "HTTP/1.99", "HTTP/1.999", "HTTP/1.1000", "HTTP/2.0", "HTTP/2", "HTTP/3.0",
		"HTTP/9.9", "HTTP/10.0", "HTTP/99.1", "HTTP/1.", "HTTP/.1", "HTTP/1", "HTTP/", "HTTP", "HTT", "H", "HTTP1.1", "HTTP 1.1", "http/1.1", "Http/1.1", "HTTPS/1.1",
		"HTTP/1.1x", "HTTP/1.1 x", "HTTP/1.1 ", "HTTP/1.1   ", "HTTP/1.1\t", "HTTP/01.1", "HTTP/1.01", "HTTP/-1.1", "HTTP/1,1", "HTTP/1.1.1", "HTTP/a.b", "HTTP/1.a", "HTTP/1 .1",
		"HTTP/\x001.1", "HTTP/1.1\x00", "ICY/1.1", "SHTTP/1.1", "HTTP\\1.1",
	} {
		out = append(out, Case{Name: "version " + quote(v), Send: "GET /v " + v + "\r\nHost: localhost\r\n\r\n"})
	}
	return out
}

func lineCases() []Case {
	var out []Case
	const rest = "Host: localhost\r\n\r\n"
	for _, line := range []string{
		"GET /l HTTP/1.1\n", "GET /l HTTP/1.1\r", "GET /l HTTP/1.1\r\r\n", "GET /l HTTP/1.1\r\n\r\n", "GET /l HTTP/1.1\n\r\n",
		"\r\nGET /l HTTP/1.1\r\n", "\r\n\r\n\r\nGET /l HTTP/1.1\r\n", "\nGET /l HTTP/1.1\r\n", "\n\n\nGET /l HTTP/1.1\r\n", "\rGET /l HTTP/1.1\r\n",
		" GET /l HTTP/1.1\r\n", "\tGET /l HTTP/1.1\r\n", "\x00GET /l HTTP/1.1\r\n", "\xef\xbb\xbfGET /l HTTP/1.1\r\n",
		"GET  /l HTTP/1.1\r\n", "GET   /l   HTTP/1.1\r\n", "GET\t/l HTTP/1.1\r\n", "GET /l\tHTTP/1.1\r\n", "GET /l  HTTP/1.1\r\n", "GET /lHTTP/1.1\r\n",
		"GET/l HTTP/1.1\r\n", "GET HTTP/1.1\r\n", "GET  HTTP/1.1\r\n", "GET\r\n", "GET \r\n", "GET", " \r\n", "GET /l\r\n", "GET /l \r\n", "GET /l\n", "GET /l  \r\n", "HEAD /l\r\n", "POST /l\r\n",
		"GET /a b HTTP/1.1\r\n", "GET /a HTTP/1.1 HTTP/1.1\r\n", "GET /a /b HTTP/1.1\r\n", "GET /a H/b HTTP/1.1\r\n", "GET /a\x0bHTTP/1.1\r\n", "GET /a\x0cb HTTP/1.1\r\n", "GET /a\r/b HTTP/1.1\r\n",
	} {
		out = append(out, Case{Name: "request line " + quote(line), Send: line + rest, Head: strings.HasPrefix(line, "HEAD")})
	}
	return out
}

// targets are request targets whose normalisation is subtle.
var targets = []string{
	"/", "//", "///a", "/a//b", "/a///b//", "/./a", "/a/.", "/a/./", "/a/./b", "/a/..", "/a/../", "/a/../b", "/..", "/../", "/../a", "/a/../../b", "/a/b/../../c", "/a/b/../../../c",
	"/...", "/.../a", "/a/...", "/.a", "/..a", "/a../b", "/a./b", "/a/.b", "/a//../b", "/a//./b", "//..", "/a/%2e%2e/b", "/a/%2E%2e/b", "/a/%2e/b", "/%2e%2e/a", "/a/.%2e/b", "/a/%2e./b",
	"/a%2fb", "/a%2Fb", "/a%2f..%2fb", "/a%5cb", "/a\\b", "/a/..\\b", "/%41%42", "/%61", "/a%20b", "/a%zz", "/a%", "/a%2", "/a%2g", "/a%g2", "/%%", "/%25", "/%2541", "/%00", "/a%00b", "/a%00", "/%0a", "/%0d%0a", "/%09", "/%7f", "/%80", "/%ff", "/%c3%a9", "/\xc3\xa9", "/\xff", "/\x7f", "/\x01", "/a\x00b",
	"/a?b=c", "/a?", "/a??", "/a?b?c", "/a?/../b", "/a?%00", "/a?%zz", "/a?b#c", "/a#b", "/a#b?c", "/#", "/a%23b", "/a%3fb", "/a%3Fb?c", "/a+b", "/a%2bb?c+d", "/a;b=c", "/a:b", "/a@b", "/a&b", "/a=b", "/a\"b", "/a<b>", "/a'b", "/a(b)", "/a*b", "/a~b", "/a|b", "/a^b", "/a`b", "/a{b}", "/a[b]", "/a$b", "/a,b", "/a!b",
	"a", "a/b", "?a", "#a", "*", "%2f", "./a", "../a", "\\a", "-", "_a", "1/a", "a:b", "a:/b", "@/", "", ":80", "/a?\x01", "/a?\x00", "/a?\x7f", "/a?\xff", "/a?b\\c", "/a/%2e%2e", "/a/%2e%2e?b", "/a/..?b", "/a/.?b", "/a/../..?b", "/..?b", "/a//?b//c", "/%2e", "/a/b/%2e%2e/%2e%2e/%2e%2e/c",
}

func targetCases() []Case {
	var out []Case
	for _, t := range targets {
		out = append(out, Case{Name: "target " + quote(t), Send: request("GET " + t)})
		if strings.Contains(t, "//") {
			out = append(out, Case{Name: "target with slashes kept " + quote(t), Send: request("GET " + t), Loose: true})
		}
	}
	for _, t := range []string{"/up/%2e%2e/up/x", "/up/a%20b?c=%20d", "/up//a", "/up/./a", "/up/a?b#c", "/up/a#b", "/up/%41", "/up/\xff", "/up/%ff", "/up/a%2fb", "/up/a+b", "/up?x", "/as/a%20b", "/as/a%2fb", "/as/../as/a", "/as/%41%3f%23%25", "/as/a?b=c d"} {
		out = append(out, Case{Name: "target passed upstream " + quote(t), Send: request("GET " + t)})
	}
	for n := 1; n <= 4; n++ {
		t := strings.Repeat("/a", n) + strings.Repeat("/..", n+1) + "/b"
		out = append(out, Case{Name: fmt.Sprintf("target that leaves the root after %d levels", n), Send: request("GET " + t)})
	}
	return out
}

func absoluteCases() []Case {
	var out []Case
	for _, t := range []string{
		"http://localhost/a", "HTTP://localhost/a", "hTTp://LOCALHOST/a", "https://localhost/a", "ftp://localhost/a", "x://localhost/a", "http://localhost", "http://localhost?b", "http://localhost?b=/c", "http://localhost#b", "http://localhost/", "http://b.test/a", "http://B.TEST/a",
		"http://localhost:80/a", "http://localhost:/a", "http://localhost:0/a", "http://localhost:65535/a", "http://localhost:65536/a", "http://localhost:99999999/a", "http://localhost:abc/a", "http://localhost:-1/a", "http://localhost:8 0/a",
		"http:///a", "http://", "http:/a", "http:a", "http:", "http", "://localhost/a", "//localhost/a", "http//localhost/a", "h-t+t.p://localhost/a", "1ttp://localhost/a", "http://user@localhost/a", "http://user:pw@localhost/a",
		"http://[::1]/a", "http://[::1]:80/a", "http://[::1/a", "http://[]/a", "http://[zz]/a", "http://[::1]x/a", "http://127.0.0.1/a", "http://.localhost/a", "http://localhost./a", "http://local..host/a", "http://local_host/a", "http://local%20host/a", "http://lo\xc3\xa9/a", "http://local\x00host/a", "http://local\\host/a", "http://localhost\\a", "http://localhost:80:80/a", "http://-/a", "http://a,b/a", "http://localhost/a/../b", "http://localhost/%2e%2e/a", "http://localhost//a",
		"localhost:80", "localhost", "b.test:443",
	} {
		out = append(out, Case{Name: "absolute target " + quote(t), Send: request("GET " + t), Strict: looseAuthority[t]})
	}
	return append(out,
		Case{Name: "absolute target wins over Host", Send: request("GET http://b.test/a")},
		Case{Name: "absolute target without Host in 1.0", Send: "GET http://b.test/a HTTP/1.0\r\n\r\n"},
		Case{Name: "absolute target without Host in 1.1", Send: "GET http://b.test/a HTTP/1.1\r\n\r\n"},
		Case{Name: "absolute target in 0.9", Send: "GET http://b.test/a\r\n"},
		Case{Name: "absolute target and an invalid Host", Send: "GET http://b.test/a HTTP/1.1\r\nHost: a/b\r\n\r\n"},
		Case{Name: "absolute target passed upstream", Send: request("GET http://b.test/up/a?b")},
		Case{Name: "OPTIONS *", Send: request("OPTIONS *")},
		Case{Name: "CONNECT with an authority", Send: request("CONNECT localhost:443")},
		Case{Name: "CONNECT with an absolute target", Send: request("CONNECT http://localhost/a")},
	)
}
