package wire

import (
	"fmt"
	"strings"
)

// both sends a request with a body to the location that discards it and to the
// one that passes it upstream.
func both(name, fields, body string) []Case {
	var out []Case
	for _, path := range []string{"/d", "/up/d"} {
		out = append(out, Case{
			Name: name + " to " + path,
			Send: "POST " + path + " HTTP/1.1\r\nHost: localhost\r\n" + fields + "\r\n" + body + next,
		})
	}
	return out
}

func lengthCases() []Case {
	var out []Case
	for _, v := range []string{
		"5", "05", "005", "0", "00", "-0", "+0", "-1", "-5", "+5", " 5", "5 ", "\t5", "5\t", "5,5", "5, 5", "5,6", "5;", "5;a=b", "5 5", "0x5", "5x", "x5", "5.0", "5.", "5e0", "5\x00", "\x005", "", " ", "five", "\"5\"", "'5'", "5\x0b", "5\xa0", "½", "9223372036854775807", "9223372036854775808", "18446744073709551616", "99999999999999999999", "340282366920938463463374607431768211456", strings.Repeat("0", 30) + "5", "1000001",
	} {
		out = append(out, both("Content-Length "+quote(v), "Content-Length: "+v+"\r\n", "hello")...)
	}
	for _, f := range []string{
		"Content-Length: 5\r\nContent-Length: 5\r\n", "Content-Length: 5\r\nContent-Length: 6\r\n", "Content-Length: 0\r\nContent-Length: 5\r\n", "Content-Length: 5\r\nContent-Length:\r\n", "Content-Length : 5\r\n", " Content-Length: 5\r\n", "Content-Length\t: 5\r\n", "Content-Length:\r\n 5\r\n", "Content-Length: 5\r\n 0\r\n", "Content_Length: 5\r\n", "Content-Length\x00: 5\r\n", "Content-Length\r: 5\r\n", "content-length: 5\r\n", "CONTENT-LENGTH: 5\r\n", "X: y\nContent-Length: 5\r\n", "X: y\rContent-Length: 5\r\n", "Content-Length:5\r\n", "Content-Length: 5\n", "Content-Length: 5\r\r\n", "Content-Length 5\r\n", "Content-Length= 5\r\n", "Content-LengthX: 5\r\n", "XContent-Length: 5\r\n",
	} {
		out = append(out, both("length fields "+quote(f), f, "hello")...)
	}
	return out
}

const hello = "5\r\nhello\r\n0\r\n\r\n"

func codingCases() []Case {
	var out []Case
	for _, v := range []string{
		"chunked", "Chunked", "CHUNKED", " chunked", "\tchunked", "chunked ", "chunked\t", "chunked,", ",chunked", "chunked, chunked", "chunked,chunked", "gzip, chunked", "chunked, gzip", "gzip", "deflate", "compress", "identity", "identity, chunked", "chunked, identity", "xchunked", "chunkedx", "x-chunked", "\"chunked\"", "'chunked'", "chunked;q=1", "chunked; a=b", "chunk", "chunke", "ch unked", "chunked\x00", "\x00chunked", "\x0bchunked", "chunked\x0b", "chunked\x7f", "\xa0chunked", "", " ", "trailers", "cow", "chunked\r\n x", "chunked\r\n\tchunked",
	} {
		out = append(out, both("Transfer-Encoding "+quote(v), "Transfer-Encoding: "+v+"\r\n", hello)...)
	}
	for _, f := range []string{
		"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", "Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n", "Transfer-Encoding : chunked\r\n", "Transfer-Encoding\t: chunked\r\n", " Transfer-Encoding: chunked\r\n", "Transfer_Encoding: chunked\r\n", "Transfer-Encoding:\r\n chunked\r\n", "transfer-encoding: chunked\r\n", "TRANSFER-ENCODING: chunked\r\n", "Transfer-Encoding:chunked\r\n", "Transfer-Encoding: chunked\n", "X: y\nTransfer-Encoding: chunked\r\n", "X: y\rTransfer-Encoding: chunked\r\n", "Transfer-Encoding\x00: chunked\r\n", "Transfer-Encoding: chunked\r\r\n", "Transfer Encoding: chunked\r\n", "Transfer-Encoding; chunked\r\n", "Transfer-Encoding= chunked\r\n", "\xef\xbb\xbfTransfer-Encoding: chunked\r\n", "Connection: Transfer-Encoding\r\nTransfer-Encoding: chunked\r\n", "TE: chunked\r\n",
	} {
		out = append(out, both("coding fields "+quote(f), f, hello)...)
	}
	for _, version := range []string{"1.0", "0.9", "1.2"} {
		for _, path := range []string{"/d", "/up/d"} {
			out = append(out, Case{
				Name: "chunked in " + version + " to " + path,
				Send: "POST " + path + " HTTP/" + version + "\r\nHost: localhost\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n" + hello + next,
			})
		}
	}
	return out
}

// smugglingCases gives one body two lengths.
func smugglingCases() []Case {
	var out []Case
	lengths := []string{"Content-Length: 15\r\n", "Content-Length: 5\r\n", "Content-Length: 0\r\n", "content-length: 15\r\n", "Content-Length: x\r\n", "Content_Length: 15\r\n"}
	codings := []string{"Transfer-Encoding: chunked\r\n", "transfer-encoding: Chunked\r\n", "Transfer-Encoding: xchunked\r\n", "Transfer-Encoding: identity\r\n", "Transfer_Encoding: chunked\r\n"}
	for _, length := range lengths {
		for _, coding := range codings {
			out = append(out, both("both lengths "+quote(length+coding), length+coding, hello)...)
			out = append(out, both("both lengths "+quote(coding+length), coding+length, hello)...)
		}
	}
	hidden := "GET /hidden HTTP/1.1\r\nHost: localhost\r\n\r\n"
	for _, path := range []string{"/d", "/up/d"} {
		head := "POST " + path + " HTTP/1.1\r\nHost: localhost\r\n"
		out = append(out,
			Case{Name: "a request hidden behind the last chunk to " + path, Send: head + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + hidden},
			Case{Name: "a request hidden in a body to " + path, Send: head + fmt.Sprintf("Content-Length: %d\r\n\r\n", len(hidden)) + hidden + next},
			Case{Name: "a request hidden in a chunk to " + path, Send: head + fmt.Sprintf("Transfer-Encoding: chunked\r\n\r\n%x\r\n", len(hidden)) + hidden + "\r\n0\r\n\r\n" + next},
			Case{Name: "a request hidden in the trailers to " + path, Send: head + "Transfer-Encoding: chunked\r\n\r\n0\r\nX: y\r\n" + hidden + next},
			Case{Name: "a request hidden behind Upgrade to " + path, Send: head + "Upgrade: h2c\r\nConnection: Upgrade\r\nContent-Length: 0\r\n\r\n" + hidden},
			Case{Name: "a body on GET to " + path, Send: strings.Replace(head, "POST", "GET", 1) + "Content-Length: 5\r\n\r\nhello" + next},
			Case{Name: "a chunked body on GET to " + path, Send: strings.Replace(head, "POST", "GET", 1) + "Transfer-Encoding: chunked\r\n\r\n" + hello + next},
		)
	}
	return out
}

func chunkCases() []Case {
	var out []Case
	for _, body := range []string{
		hello, "0\r\n\r\n", "00\r\n\r\n", "000000000000000000000000\r\n\r\n", "5\r\nhello\r\n00000\r\n\r\n", "05\r\nhello\r\n0\r\n\r\n", "0000000000000000000005\r\nhello\r\n0\r\n\r\n", "a\r\n0123456789\r\n0\r\n\r\n", "A\r\n0123456789\r\n0\r\n\r\n", "1\r\nh\r\n1\r\ni\r\n0\r\n\r\n",
		"0x5\r\nhello\r\n0\r\n\r\n", "x5\r\nhello\r\n0\r\n\r\n", "5x\r\nhello\r\n0\r\n\r\n", "+5\r\nhello\r\n0\r\n\r\n", "-5\r\nhello\r\n0\r\n\r\n", "g\r\nhello\r\n0\r\n\r\n", "\r\nhello\r\n0\r\n\r\n", "5.0\r\nhello\r\n0\r\n\r\n", "5,5\r\nhello\r\n0\r\n\r\n", "\"5\"\r\nhello\r\n0\r\n\r\n", "5\x00\r\nhello\r\n0\r\n\r\n", "\x005\r\nhello\r\n0\r\n\r\n",
		" 5\r\nhello\r\n0\r\n\r\n", "\t5\r\nhello\r\n0\r\n\r\n", "5 \r\nhello\r\n0\r\n\r\n", "5\t\r\nhello\r\n0\r\n\r\n", "5  \t \r\nhello\r\n0\r\n\r\n", "5 5\r\nhello\r\n0\r\n\r\n", "5 x\r\nhello\r\n0\r\n\r\n", "5 ;a\r\nhello\r\n0\r\n\r\n", "5\x0b\r\nhello\r\n0\r\n\r\n",
		"5;\r\nhello\r\n0\r\n\r\n", "5;a\r\nhello\r\n0\r\n\r\n", "5;a=b\r\nhello\r\n0\r\n\r\n", "5;a=\"b\"\r\nhello\r\n0\r\n\r\n", "5;a=\"b;\\\"c\"\r\nhello\r\n0\r\n\r\n", "5;;;\r\nhello\r\n0\r\n\r\n", "5;a b\r\nhello\r\n0\r\n\r\n", "5; a = b\r\nhello\r\n0\r\n\r\n", "0;a=b\r\n\r\n", "0 \r\n\r\n", "5;" + strings.Repeat("e", 2000) + "\r\nhello\r\n0\r\n\r\n",
		"5;a\x00\r\nhello\r\n0\r\n\r\n", "5;a\x01\r\nhello\r\n0\r\n\r\n", "5;a\x7f\r\nhello\r\n0\r\n\r\n", "5;a\xff\r\nhello\r\n0\r\n\r\n", "5;a\rb\r\nhello\r\n0\r\n\r\n", "5;a\nhello\r\n0\r\n\r\n", "5;a=\"b\r\nhello\r\n0\r\n\r\n",
		"5\nhello\r\n0\r\n\r\n", "5\r\nhello\n0\r\n\r\n", "5\nhello\n0\n\n", "5\r\nhello\r\n0\n\r\n", "5\r\nhello\r\n0\r\n\n", "5\r\nhello\r\n0\n\n", "0\n\n", "0\r\n\n", "0\n\r\n", "5\rhello\r\n0\r\n\r\n", "5\r\nhello\r0\r\n\r\n", "5\r\r\nhello\r\n0\r\n\r\n", "5\r\nhello\r\r\n0\r\n\r\n", "5\r\nhello\r\n0\r\r\n\r\n", "5\r\nhello\r\n0\r\n\r\r\n",
		"5\r\nhello0\r\n\r\n", "5\r\nhelloo\r\n0\r\n\r\n", "5\r\nhell\r\n0\r\n\r\n", "5\r\nhello\r\n\r\n0\r\n\r\n", "5\r\nhello \r\n0\r\n\r\n", "4\r\nhello\r\n0\r\n\r\n", "6\r\nhello\r\n0\r\n\r\n", "5hello\r\n0\r\n\r\n", "5\r\n\r\nhello\r\n0\r\n\r\n",
		"7fffffffffffffff\r\nhello", "8000000000000000\r\nhello", "ffffffffffffffff\r\nhello", "fffffffffffffffb\r\nhello\r\n0\r\n\r\n", "10000000000000000\r\nhello", "10000000000000005\r\nhello\r\n0\r\n\r\n", "7ffffffffffffff\r\nhello", "f4240\r\nhello", "f4241\r\nhello", "100000000\r\nhello",
		"0\r\nX-A: b\r\n\r\n", "0\r\nX-A: b\r\nX-B: c\r\n\r\n", "0\r\nX-A\r\n\r\n", "0\r\n: b\r\n\r\n", "0\r\n X-A: b\r\n\r\n", "0\r\nX-A : b\r\n\r\n", "0\r\nContent-Length: 7\r\n\r\n", "0\r\nHost: b.test\r\n\r\n", "0\r\nTransfer-Encoding: chunked\r\n\r\n", "0\r\nX-A: \x00\r\n\r\n", "0\r\nX-A: b\n\r\n", "0\r\nX-A: b\n\n", "0\r\nX-A: b\r\r\n\r\n", "0\r\nX-A: b\r\n c\r\n\r\n", "0\r\nX-A: " + strings.Repeat("t", 3000) + "\r\n\r\n", "0\r\n\x01\r\n\r\n",
	} {
		for _, c := range both("chunks "+quote(body), "Transfer-Encoding: chunked\r\n", body) {
			c.Strict = looseChunk(body)
			out = append(out, c)
		}
	}
	return out
}

func expectCases() []Case {
	var out []Case
	for _, v := range []string{"100-continue", "100-Continue", "100-CONTINUE", "100-continue ", "100-continue, x", "100-continued", "100", "x", "", "200-ok", "100-continue\r\nExpect: 100-continue", "100-continue\x00"} {
		out = append(out, both("Expect "+quote(v), "Content-Length: 5\r\nExpect: "+v+"\r\n", "hello")...)
	}
	for _, c := range []struct{ name, head string }{
		{"without a body", "POST /up/x HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\n\r\n"},
		{"with an empty body", "POST /up/x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\nExpect: 100-continue\r\n\r\n"},
		{"in 1.0", "POST /up/x HTTP/1.0\r\nHost: localhost\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n"},
		{"with a body that is too large", "POST /small HTTP/1.1\r\nHost: localhost\r\nContent-Length: 500\r\nExpect: 100-continue\r\n\r\n"},
		{"with a body to come", "POST /up/x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n"},
		{"with a body to come that is discarded", "POST /x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n"},
		{"with chunks to come", "POST /up/x HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n"},
		{"with no such location", "POST /files/none HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n"},
	} {
		out = append(out, Case{Name: "Expect " + c.name, Send: c.head})
	}
	return out
}

func bodyCases() []Case {
	var out []Case
	for _, m := range []string{"GET", "HEAD", "DELETE", "OPTIONS", "PUT", "PATCH", "TRACE", "PROPFIND"} {
		head := " HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhello"
		out = append(out,
			Case{Name: m + " with a body", Send: m + " /d" + head, Head: m == "HEAD"},
			Case{Name: m + " with a body, passed upstream", Send: m + " /up/d" + head, Head: m == "HEAD"},
			Case{Name: m + " with a body, on a file", Send: m + " /files/ten.txt" + head, Head: m == "HEAD"})
	}
	for _, n := range []string{"99", "100", "101", "1000000"} {
		out = append(out, Case{Name: "a body of " + n + " where 100 bytes are allowed", Send: "POST /small HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + n + "\r\n\r\n" + strings.Repeat("b", 100)})
	}
	for _, n := range []int{99, 100, 101} {
		chunked := fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", n, strings.Repeat("b", n))
		for _, path := range []string{"/small", "/smallup"} {
			out = append(out, Case{Name: fmt.Sprintf("a chunk of %d to %s where 100 bytes are allowed", n, path), Send: "POST " + path + " HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked})
		}
	}
	for _, body := range []string{"5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n", "5;x\r\nhello\r\n0\r\nX-T: y\r\n\r\n", "5x\r\nhello\r\n0\r\n\r\n", "5\r\nhelloX\r\n0\r\n\r\n"} {
		out = append(out, Case{Name: "unbuffered chunks " + quote(body), Send: "POST /stream HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n" + body + next})
	}
	out = append(out, Case{Name: "an unbuffered body", Send: "POST /stream HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhello" + next})
	return out
}
