package handler_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/perigee-server/perigee/server/handler"
)

// A function of the standard library is a handler as it is.
func ExampleSync() {
	handler.Sync("example.toUpper", strings.ToUpper)
	handler.Sync("example.hasPrefix", strings.HasPrefix)
	handler.Sync("example.join", func(words ...string) string { return strings.Join(words, "-") })

	h := handler.Default.Lookup("example.hasPrefix")
	v, err := h.RunSync(nil, [][]byte{[]byte("perigee"), []byte("peri")})
	fmt.Println(string(v.Bytes), err, h.MinArgs)
	// Output: 1 <nil> 2
}

// An asynchronous handler waits for what it needs, and for its context.
func ExampleAsync() {
	handler.Async("example.delay", handler.Typed(func(ctx context.Context, d time.Duration) ([]byte, error) {
		select {
		case <-time.After(d):
			return []byte(d.String()), nil
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}))

	h := handler.Default.Lookup("example.delay")
	v, err := h.RunAsync(context.Background(), nil, nil, []byte("1ms"))
	fmt.Println(string(v), err)
	_, err = h.RunAsync(context.Background(), nil, nil, []byte("soon"))
	fmt.Println(err)
	// Output:
	// 1ms <nil>
	// argument "soon" is not a duration such as 10, 200ms or 1m30s
}

// A handler of the request's body reads it like any stream.
func ExampleAsyncOnBody() {
	handler.AsyncOnBody("example.head", func(_ context.Context, body *handler.Body, _ []byte) ([]byte, error) {
		return io.ReadAll(io.LimitReader(body, 5))
	})

	h := handler.Default.Lookup("example.head")
	v, err := h.RunAsync(context.Background(), nil, handler.NewBody([]byte("hello, "), []byte("world")), nil)
	fmt.Printf("%s %v\n", v, err)
	// Output: hello <nil>
}

// A content handler says status, type and header, or just returns bytes.
func ExampleContent() {
	handler.Content("example.created", func(arg []byte) handler.Response {
		return handler.Response{
			Status: 201, ContentType: "application/json",
			Body:   [][]byte{[]byte(`{"id":`), arg, []byte("}")},
			Header: []handler.Field{{Name: "Location", Value: "/things/" + string(arg)}},
		}
	})

	h := handler.Default.Lookup("example.created")
	r, _ := h.RunContent(context.Background(), nil, nil, []byte("7"))
	fmt.Println(r.Status, r.Size(), r.Header[0].Value)
	// Output: 201 8 /things/7
}

// A typed handler takes JSON, or the text form of a number.
func ExampleTypedSync() {
	sum := handler.TypedSync(func(list []int) ([]byte, error) {
		n := 0
		for _, v := range list {
			n += v
		}
		return fmt.Append(nil, n), nil
	})
	v, err := sum([]byte("[1, 2, 39]"))
	fmt.Println(string(v), err)
	_, err = sum([]byte("x"))
	fmt.Println(err)
	// Output:
	// 42 <nil>
	// argument "x" is not JSON for []int: invalid character 'x' looking for beginning of value
}

// A service sleeps between its results and obeys its context.
func ExampleService() {
	handler.Service("example.clock", func(ctx context.Context, _ []byte, firstRun bool) ([]byte, error) {
		if !firstRun {
			select {
			case <-time.After(time.Second):
			case <-ctx.Done():
				return nil, context.Cause(ctx)
			}
		}
		return time.Now().AppendFormat(nil, time.RFC3339), nil
	})

	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(handler.ErrWorkerExiting)
	_, err := handler.Default.Lookup("example.clock").RunService(ctx, nil, false)
	fmt.Println(errors.Is(err, handler.ErrWorkerExiting))
	// Output: true
}
