package spec

import "testing"

func TestRequests(t *testing.T) {
	const host, closing = "Host: localhost\r\n", "Connection: close\r\n"
	for _, c := range []struct{ name, body, want string }{
		{"defaults", "--- request\nGET\n", "GET / HTTP/1.1\r\n" + host + closing + "\r\n"},
		{"target", "--- request: GET /a?b\n", "GET /a?b HTTP/1.1\r\n" + host + closing + "\r\n"},
		{"version", "--- request: GET /a HTTP/1.0\n", "GET /a HTTP/1.0\r\n" + host + closing + "\r\n"},
		{"body", "--- request\nPOST /a\nsome body\n",
			"POST /a HTTP/1.1\r\n" + host + closing + "Content-Length: 9\r\n\r\nsome body"},
		{"own length", "--- request\nPOST /a\nbody\n--- more_headers\nContent-Length: 2\n",
			"POST /a HTTP/1.1\r\n" + host + closing + "Content-Length: 2\r\n\r\nbody\n"},
		{"chunked", "--- request eval\n\"POST /a\\n0\\r\\n\\r\\n\"\n--- more_headers\nTransfer-Encoding: chunked\n",
			"POST /a HTTP/1.1\r\n" + host + closing + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
		{"host and connection", "--- request: GET /\n--- more_headers\nHost: x\nConnection: keep-alive\n",
			"GET / HTTP/1.1\r\nHost: x\r\nConnection: keep-alive\r\n\r\n"},
		{"comment", "--- request\n# a comment\nGET /\n", "GET / HTTP/1.1\r\n" + host + closing + "\r\n"},
		{"raw", "--- raw_request eval\n[\"GET\", \" /\\r\\n\"]\n", "GET /\r\n"},
		{"pipelined", "--- pipelined_requests eval\n['GET /a', 'GET /b']\n",
			"GET /a HTTP/1.1\r\n" + host + "Connection: keep-alive\r\n\r\n" +
				"GET /b HTTP/1.1\r\n" + host + closing + "\r\n"},
		{"packets", "--- request eval\n[[\"POST /\\nab\", {value => \"cd\", delay_before => 0.1}, \"ef\"]]\n",
			"POST / HTTP/1.1\r\n" + host + closing + "Content-Length: 6\r\n\r\nabcdef"},
	} {
		b, _ := parseOne(t, c.body)
		got, err := b.requests(func(s string) (string, error) { return s, nil })
		if err != nil || len(got) != 1 || got[0].bytes() != c.want {
			t.Errorf("%s: %+v (%v), expected %q", c.name, got, err, c.want)
		}
	}
}

func TestPacketsKeepTheirCuts(t *testing.T) {
	b, _ := parseOne(t, "--- request eval\n[[\"POST /\\nab\", {value => \"cd\", delay_before => 0.1}, \"ef\"]]\n")
	got, err := b.requests(nil)
	if err != nil {
		t.Fatal(err)
	}
	p := got[0].packets
	if len(p) != 3 || p[1].Text != "cd" || !p[1].HasDelay || p[2].Text != "ef" {
		t.Errorf("the packets are %+v", p)
	}
}
