package handler

import "context"

// AsyncFunc is the shapes of an asynchronous handler: bytes to bytes, with or
// without the request.
type AsyncFunc interface {
	func(context.Context, []byte) ([]byte, error) | func(context.Context, *Request, []byte) ([]byte, error)
}

// Async registers an asynchronous handler, for the directive handler_run_async.
// It runs on a goroutine of its own while the request waits, and owns its
// argument. It may end the request by returning what [Finalize] makes.
func Async[F AsyncFunc](name string, f F) {
	h := Handler{Name: name, Kind: KindAsync, MinArgs: 1, MaxArgs: 1}
	switch f := any(f).(type) {
	case func(context.Context, []byte) ([]byte, error):
		h.RunAsync = func(ctx context.Context, _ *Request, _ *Body, arg []byte) ([]byte, error) { return f(ctx, arg) }
	case func(context.Context, *Request, []byte) ([]byte, error):
		h.WantsRequest = true
		h.RunAsync = func(ctx context.Context, r *Request, _ *Body, arg []byte) ([]byte, error) { return f(ctx, r, arg) }
	}
	add(h)
}

// AsyncOnBodyFunc is AsyncFunc with the request's body before the argument.
type AsyncOnBodyFunc interface {
	func(context.Context, *Body, []byte) ([]byte, error) | func(context.Context, *Request, *Body, []byte) ([]byte, error)
}

// AsyncOnBody registers an asynchronous handler that is given the request's
// body, for the directive handler_run_async_on_request_body. A request without
// a body has an empty one.
func AsyncOnBody[F AsyncOnBodyFunc](name string, f F) {
	h := Handler{Name: name, Kind: KindAsyncOnBody, MinArgs: 1, MaxArgs: 1}
	switch f := any(f).(type) {
	case func(context.Context, *Body, []byte) ([]byte, error):
		h.RunAsync = func(ctx context.Context, _ *Request, b *Body, arg []byte) ([]byte, error) { return f(ctx, b, arg) }
	case func(context.Context, *Request, *Body, []byte) ([]byte, error):
		h.WantsRequest = true
		h.RunAsync = f
	}
	add(h)
}
