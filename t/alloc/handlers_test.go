package alloc_test

import (
	"context"

	"github.com/perigee-server/perigee/server/handler"
)

var immutable = []byte("hello\n")

func init() {
	handler.Sync("alloc.same", func(b []byte) []byte { return b })
	handler.Sync("alloc.text", func(s string) string { return s })
	handler.Content("alloc.content", func([]byte) []byte { return immutable })
	handler.Async("alloc.async", func(_ context.Context, b []byte) ([]byte, error) { return b, nil })
}
