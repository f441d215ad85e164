package wire

import (
	"fmt"
	"strings"
)

// sizeCases are at both sides of the limits: large_client_header_buffers is
// "4 8k" and client_header_buffer_size "1k".
func sizeCases() []Case {
	var out []Case
	for _, n := range []int{900, 1010, 1023, 1024, 1025, 4000, 8180, 8190, 8191, 8192, 8193, 8200, 10000, 40000} {
		line := "GET /" + strings.Repeat("u", n-len("GET / HTTP/1.1\r\n")) + " HTTP/1.1\r\n"
		out = append(out, Case{Name: fmt.Sprintf("a request line of %d bytes", n), Send: line + "Host: localhost\r\n\r\n"})
		field := "X-L: " + strings.Repeat("l", n-len("X-L: \r\n")) + "\r\n"
		out = append(out, Case{Name: fmt.Sprintf("a field of %d bytes", n), Send: "GET /s HTTP/1.1\r\nHost: localhost\r\n" + field + "\r\n"})
	}
	for _, n := range []int{50, 500, 1000, 1150, 1200, 2000, 5000} {
		out = append(out, Case{Name: fmt.Sprintf("%d fields of 28 bytes", n), Send: "GET /s HTTP/1.1\r\nHost: localhost\r\n" + strings.Repeat("X-Many: 0123456789abcdefgh\r\n", n) + "\r\n"})
	}
	for _, n := range []int{1, 2, 3, 4, 5, 6} {
		field := "X-L: " + strings.Repeat("l", 7000) + "\r\n"
		out = append(out, Case{Name: fmt.Sprintf("%d fields of 7 KB", n), Send: "GET /s HTTP/1.1\r\nHost: localhost\r\n" + strings.Repeat(field, n) + "\r\n"})
	}
	return append(out,
		Case{Name: "an endless method", Send: strings.Repeat("A", 20000)},
		Case{Name: "an endless target", Send: "GET /" + strings.Repeat("a", 20000)},
		Case{Name: "an endless field name", Send: "GET / HTTP/1.1\r\n" + strings.Repeat("a", 20000)},
		Case{Name: "an endless field value", Send: "GET / HTTP/1.1\r\nX: " + strings.Repeat("a", 20000)},
		Case{Name: "an endless row of line ends", Send: strings.Repeat("\r\n", 20000)},
		Case{Name: "a long row of line ends and a request", Send: strings.Repeat("\r\n", 3000) + next},
		Case{Name: "an endless row of spaces in the request line", Send: "GET" + strings.Repeat(" ", 20000)},
		Case{Name: "an endless query", Send: "GET /?" + strings.Repeat("a=b&", 5000) + " HTTP/1.1\r\nHost: localhost\r\n\r\n"},
		Case{Name: "a long field that is passed upstream", Send: request("GET /up/l", "X-L: "+strings.Repeat("l", 5000))},
	)
}

func pipelineCases() []Case {
	get := func(path string, fields ...string) string { return request("GET "+path, fields...) }
	var out []Case
	for _, n := range []int{2, 3, 10, 50} {
		s := ""
		for i := range n {
			s += get(fmt.Sprintf("/p%d", i))
		}
		out = append(out, Case{Name: fmt.Sprintf("%d requests at once", n), Send: s})
	}
	for _, c := range []struct{ name, send string }{
		{"the first one closes", get("/a", "Connection: close") + next},
		{"the second one closes", get("/a") + get("/b", "Connection: close") + next},
		{"the second one is malformed", get("/a") + "BAD\x00\r\n\r\n" + next},
		{"the second one has no Host", get("/a") + "GET /b HTTP/1.1\r\n\r\n" + next},
		{"the second one is in 1.0", get("/a") + "GET /b HTTP/1.0\r\n\r\n" + next},
		{"the second one is in 1.0 and keeps", get("/a") + "GET /b HTTP/1.0\r\nConnection: keep-alive\r\n\r\n" + next},
		{"the second one is in 0.9", get("/a") + "GET /b\r\n" + next},
		{"line ends between them", get("/a") + "\r\n\r\n" + get("/b") + "\n" + next},
		{"a space between them", get("/a") + " " + next},
		{"a body, then a request", "POST /a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nabc" + next},
		{"a body one byte too long", "POST /a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nabcd" + next},
		{"a body followed by a line end", "POST /a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nabc\r\n" + next},
		{"chunks, then a request", "POST /a HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n" + hello + next},
		{"two through upstream", get("/up/a") + get("/up/b") + next},
		{"a body through upstream, then a request", "POST /up/a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nabc" + get("/up/b")},
		{"chunks through upstream, then a request", "POST /up/a HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n" + hello + get("/up/b")},
		{"a file, then a request", get("/files/ten.txt") + next},
		{"a missing file, then a request", get("/files/none") + next},
		{"a refused body, then a request", "POST /small HTTP/1.1\r\nHost: localhost\r\nContent-Length: 200\r\n\r\n" + strings.Repeat("b", 200) + next},
		{"a method that is not allowed, then a request", "POST /files/ten.txt HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nabc" + next},
		{"an incomplete second one", get("/a") + "GET /b HTTP/1.1\r\nHost: loc"},
		{"a different host in the second one", get("/a") + "GET /b HTTP/1.1\r\nHost: b.test\r\n\r\n"},
		{"a long second one", get("/a") + get("/"+strings.Repeat("b", 3000)) + next},
		{"a large head in the second one", get("/a") + get("/b", "X: "+strings.Repeat("x", 5000)) + next},
	} {
		out = append(out, Case{Name: "pipeline: " + c.name, Send: c.send})
	}
	return out
}

func connectionCases() []Case {
	var out []Case
	for _, version := range []string{"1.0", "1.1"} {
		for _, f := range []string{"", "Connection: close\r\n", "Connection: keep-alive\r\n", "Connection: Keep-Alive\r\n", "Connection: CLOSE\r\n", "Connection: close, keep-alive\r\n", "Connection: keep-alive, close\r\n", "Connection: close\r\nConnection: keep-alive\r\n", "Connection: keep-alive\r\nConnection: close\r\n", "Connection: \r\n", "Connection: x\r\n", "Connection: closed\r\n", "Connection: upgrade\r\n", "Connection: x-close\r\n", "Keep-Alive: timeout=5\r\n", "Proxy-Connection: keep-alive\r\n", "Connection: keep-alive\r\nUser-Agent: Mozilla/4.0 (compatible; MSIE 6.0; Windows NT 5.1)\r\n"} {
			out = append(out, Case{Name: fmt.Sprintf("connection fields %s in %s", quote(f), version), Send: "GET /c HTTP/" + version + "\r\nHost: localhost\r\n" + f + "\r\n"})
		}
	}
	return out
}

// finishCases end the sending side in the middle of something.
func finishCases() []Case {
	whole := request("GET /f")
	var out []Case
	for _, n := range []int{0, 1, 3, 4, 6, 7, 15, 16, 17, 20, len(whole) - 3, len(whole) - 2, len(whole) - 1, len(whole)} {
		out = append(out, Case{Name: fmt.Sprintf("the client ends after %d bytes of a request", n), Send: whole[:n], Finish: true})
	}
	for _, c := range []struct{ name, send string }{
		{"in a body", "POST /d HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhe"},
		{"in a body for upstream", "POST /up/d HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhe"},
		{"in a chunk", "POST /d HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhe"},
		{"in a chunk for upstream", "POST /up/d HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhe"},
		{"before the last chunk", "POST /up/d HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"},
		{"in the trailers", "POST /up/d HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: y"},
		{"after two requests", next + next},
		{"in the second request", next + "GET /b HT"},
		{"after a request in 1.0", "GET /f HTTP/1.0\r\n\r\n"},
		{"after a request in 0.9", "GET /f\r\n"},
		{"before a body that it announced", "POST /up/d HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n"},
	} {
		out = append(out, Case{Name: "the client ends " + c.name, Send: c.send, Finish: true})
	}
	return out
}

// rangeCases ask for parts of a file of ten bytes.
func rangeCases() []Case {
	var out []Case
	for _, v := range []string{
		"bytes=0-0", "bytes=0-", "bytes=0-9", "bytes=0-10", "bytes=0-99999", "bytes=9-", "bytes=10-", "bytes=11-20", "bytes=-1", "bytes=-10", "bytes=-11", "bytes=-0", "bytes=5-2", "bytes=", "bytes=-", "bytes", "bytes= 0-1", "bytes=0 -1", "bytes=0- 1", "bytes =0-1", "BYTES=0-1", "Bytes=0-1", "octets=0-1", "bytes=a-b", "bytes=0-b", "bytes=0x0-0x1", "bytes=+0-1", "bytes=0-1,", "bytes=,0-1", "bytes=0-1,3-4", "bytes=0-1, 3-4", "bytes=0-1,20-30", "bytes=20-30,40-50", "bytes=0-9,0-9", "bytes=0-,0-,0-,0-", "bytes=0-1;3-4", "bytes=0--1", "bytes=--1", "bytes=18446744073709551616-", "bytes=0-18446744073709551615", "bytes=-99999999999999999999", "bytes=9223372036854775807-", "bytes=0-1\r\nIf-Range: x", "",
	} {
		out = append(out, Case{Name: "Range " + quote(v), Send: request("GET /files/ten.txt", "Range: "+v)})
	}
	return out
}

func protocolCases() []Case {
	return []Case{
		{Name: "the preface of HTTP/2", Send: "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00"},
		{Name: "an upgrade to HTTP/2", Send: request("GET /u", "Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQAAP__") + next},
		{Name: "a WebSocket handshake to a location without one", Send: request("GET /u", "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version: 13") + next},
		{Name: "a TLS hello", Send: "\x16\x03\x01\x00\x2e\x01\x00\x00\x2a\x03\x03" + strings.Repeat("\x55", 32) + "\x00\x00\x02\x13\x01\x01\x00"},
		{Name: "an SSLv2 hello", Send: "\x80\x2e\x01\x00\x02\x00\x15\x00\x00\x00\x10\x01\x00\x80"},
		{Name: "a PROXY line", Send: "PROXY TCP4 127.0.0.1 127.0.0.1 1 2\r\n" + next},
		{Name: "a PROXY header, version 2", Send: "\r\n\r\n\x00\r\nQUIT\n\x21\x11\x00\x0c\x7f\x00\x00\x01\x7f\x00\x00\x01\x00\x01\x00\x02" + next},
		{Name: "an SMTP greeting", Send: "EHLO localhost\r\n"},
		{Name: "an SSH greeting", Send: "SSH-2.0-x\r\n"},
		{Name: "a response instead of a request", Send: "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"},
		{Name: "a Redis command", Send: "*1\r\n$4\r\nPING\r\n"},
		{Name: "nothing but NUL", Send: strings.Repeat("\x00", 100)},
		{Name: "nothing but high bytes", Send: strings.Repeat("\xff", 100)},
		{Name: "nothing but spaces", Send: strings.Repeat(" ", 100)},
		{Name: "one line end", Send: "\r\n"},
		{Name: "one newline", Send: "\n"},
	}
}
