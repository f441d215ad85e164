package main

import (
	"slices"
	"strings"
)

// benchCase is one comparison.
type benchCase struct {
	name    string
	server  string // directives of the server block
	http    string // directives of the http block
	workers int    // 2 unless it says otherwise
	path    string
	tls     bool
	close   bool   // a new connection for every request
	peer    string // the peer's server block, where it has no such directives
	post    int    // bytes of a body that the client sends
	backend bool   // needs the upstream server at $BACKEND
}

const upstreamBlock = `
    upstream backend { server $BACKEND; keepalive 64; keepalive_requests 100000000; }`

var cases = append([]benchCase{
	{name: "return", path: "/", server: `location / { return 200 "hello, world\n"; }`},
	{name: "echo", path: "/", server: `location / { echo "hello, world"; }`},
	{name: "static", path: "/1k.txt", server: `location / { root $ROOT/html; }`},
	{name: "proxy", path: "/", http: upstreamBlock, backend: true,
		server: `location / { proxy_pass http://backend; proxy_http_version 1.1; proxy_set_header Connection ""; }`},
	{name: "connect", path: "/", close: true, workers: 8, server: `location / { return 200 "hello, world\n"; }`},
	{name: "tls", path: "/", tls: true, server: `location / { return 200 "hello, world\n"; }`},
	{name: "handshake", path: "/", tls: true, close: true, server: `location / { return 200 "hello, world\n"; }`},
}, append(handlerCases, luaCases...)...)

func caseNamed(name string) (benchCase, bool) {
	i := slices.IndexFunc(cases, func(c benchCase) bool { return c.name == name })
	if i < 0 {
		return benchCase{}, false
	}
	return cases[i], true
}

func caseNames() string {
	var names []string
	for _, c := range cases {
		names = append(names, c.name)
	}
	return strings.Join(names, ", ")
}
