package main

import "fmt"

// benchHandlers is a library that the server to measure links in by itself.
const benchHandlers = `
    handler compile $ROOT/bench.go 'package bench

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/perigee-server/perigee/server/handler"
)

var text = []byte("hello, world")

func init() {
	handler.Sync("upper", strings.ToUpper)
	handler.Content("plain", func([]byte) []byte { return bytes.Clone(text) })
	handler.Content("fixed", func([]byte) []byte { return text })
	handler.Async("now", func(_ context.Context, arg []byte) ([]byte, error) { return arg, nil })
	handler.AsyncContent("content", func(_ context.Context, arg []byte) ([]byte, error) { return text, nil })
	handler.AsyncOnBody("length", func(_ context.Context, b *handler.Body, _ []byte) ([]byte, error) {
		return fmt.Append(nil, b.Len()), nil
	})
	handler.Service("clock", func(ctx context.Context, _ []byte, first bool) ([]byte, error) {
		if !first {
			select {
			case <-time.After(time.Second):
			case <-ctx.Done():
				return nil, context.Cause(ctx)
			}
		}
		return []byte("hello, world"), nil
	})
}
';
`

// benchLibrary is the same in Lua.
const benchLibrary = `
    handler compile lua $ROOT/bench.lua '
        local handler = require "handler"
        handler.sync("lua_upper", string.upper)
        handler.async("lua_now", function(arg) return arg end)
    ';
`

// plainPeer is what native handlers are compared with: the cheapest response of
// the peer.
const plainPeer = `location / { return 200 "hello, world\n"; }`

// handlerCase is a case of native handlers.
func handlerCase(name, server string) benchCase {
	return benchCase{name: name, path: "/", peer: plainPeer, http: benchHandlers, server: fmt.Sprintf("location / { %s }", server)}
}

var handlerCases = []benchCase{
	handlerCase("handler_run", `handler_run upper $v "hello, world"; echo $v;`),
	handlerCase("handler_content", `handler_content plain;`),
	handlerCase("handler_static", `handler_static_content plain;`),
	handlerCase("handler_unsafe", `handler_unsafe_content fixed;`),
	handlerCase("handler_async", `handler_run_async now $v "hello, world"; echo $v;`),
	handlerCase("handler_async3", `handler_run_async now $v "hello, world"; handler_run_async now $w $v; handler_run_async now $x $w; echo $x;`),
	handlerCase("handler_async_content", `handler_async_content content;`),
	onBody(handlerCase("handler_body", `handler_run_async_on_request_body length $v ""; echo $v;`)),
	withService(handlerCase("handler_service", `echo $clock;`)),
	inLua(handlerCase("handler_lua_run", `handler_run lua_upper $v "hello, world"; echo $v;`)),
	inLua(handlerCase("handler_lua_async", `handler_run_async lua_now $v "hello, world"; echo $v;`)),
}

// inLua replaces the library by the one in Lua.
func inLua(c benchCase) benchCase {
	c.http = benchLibrary
	return c
}

// onBody has the client send a body of 1 KB.
func onBody(c benchCase) benchCase {
	c.post = 1024
	return c
}

// withService adds a shared service variable.
func withService(c benchCase) benchCase {
	c.http += "    handler_run_service clock $clock;\n    handler_service_var_in_shm clock 64k $ROOT $clock;\n"
	return c
}
