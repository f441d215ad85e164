package handler

import "context"

// ContentFunc is the shapes of a content handler. Bytes alone are a response
// with status 200 and the type text/plain.
type ContentFunc interface {
	func([]byte) []byte | func([]byte) ([]byte, error) | func([]byte) Response | func([]byte) (Response, error) |
		func(*Request, []byte) []byte | func(*Request, []byte) ([]byte, error) |
		func(*Request, []byte) Response | func(*Request, []byte) (Response, error)
}

// Content registers a content handler, for the directives handler_content,
// handler_static_content and handler_unsafe_content. It runs in the event loop
// and must not block. With handler_unsafe_content the memory of the body must
// never change.
func Content[F ContentFunc](name string, f F) {
	h := Handler{Name: name, Kind: KindContent, MinArgs: 1, MaxArgs: 1}
	switch f := any(f).(type) {
	case func([]byte) []byte:
		h.RunContent = func(_ context.Context, _ *Request, _ *Body, a []byte) (Response, error) { return plain(f(a), nil) }
	case func([]byte) ([]byte, error):
		h.RunContent = func(_ context.Context, _ *Request, _ *Body, a []byte) (Response, error) { return plain(f(a)) }
	case func([]byte) Response:
		h.RunContent = func(_ context.Context, _ *Request, _ *Body, a []byte) (Response, error) { return f(a), nil }
	case func([]byte) (Response, error):
		h.RunContent = func(_ context.Context, _ *Request, _ *Body, a []byte) (Response, error) { return f(a) }
	case func(*Request, []byte) []byte:
		h.WantsRequest = true
		h.RunContent = func(_ context.Context, r *Request, _ *Body, a []byte) (Response, error) { return plain(f(r, a), nil) }
	case func(*Request, []byte) ([]byte, error):
		h.WantsRequest = true
		h.RunContent = func(_ context.Context, r *Request, _ *Body, a []byte) (Response, error) { return plain(f(r, a)) }
	case func(*Request, []byte) Response:
		h.WantsRequest = true
		h.RunContent = func(_ context.Context, r *Request, _ *Body, a []byte) (Response, error) { return f(r, a), nil }
	case func(*Request, []byte) (Response, error):
		h.WantsRequest = true
		h.RunContent = func(_ context.Context, r *Request, _ *Body, a []byte) (Response, error) { return f(r, a) }
	}
	add(h)
}

// AsyncContentFunc is the shapes of an asynchronous content handler.
type AsyncContentFunc interface {
	func(context.Context, []byte) ([]byte, error) | func(context.Context, []byte) (Response, error) |
		func(context.Context, *Request, []byte) ([]byte, error) | func(context.Context, *Request, []byte) (Response, error)
}

// AsyncContent registers an asynchronous content handler, for the directive
// handler_async_content. It runs on a goroutine of its own.
func AsyncContent[F AsyncContentFunc](name string, f F) {
	h := Handler{Name: name, Kind: KindAsyncContent, MinArgs: 1, MaxArgs: 1}
	switch f := any(f).(type) {
	case func(context.Context, []byte) ([]byte, error):
		h.RunContent = func(ctx context.Context, _ *Request, _ *Body, a []byte) (Response, error) { return plain(f(ctx, a)) }
	case func(context.Context, []byte) (Response, error):
		h.RunContent = func(ctx context.Context, _ *Request, _ *Body, a []byte) (Response, error) { return f(ctx, a) }
	case func(context.Context, *Request, []byte) ([]byte, error):
		h.WantsRequest = true
		h.RunContent = func(ctx context.Context, r *Request, _ *Body, a []byte) (Response, error) { return plain(f(ctx, r, a)) }
	case func(context.Context, *Request, []byte) (Response, error):
		h.WantsRequest = true
		h.RunContent = func(ctx context.Context, r *Request, _ *Body, a []byte) (Response, error) { return f(ctx, r, a) }
	}
	add(h)
}

// AsyncContentOnBodyFunc is AsyncContentFunc with the request's body before the
// argument.
type AsyncContentOnBodyFunc interface {
	func(context.Context, *Body, []byte) ([]byte, error) | func(context.Context, *Body, []byte) (Response, error) |
		func(context.Context, *Request, *Body, []byte) ([]byte, error) |
		func(context.Context, *Request, *Body, []byte) (Response, error)
}

// AsyncContentOnBody registers an asynchronous content handler that is given
// the request's body, for the directive handler_async_content_on_request_body.
func AsyncContentOnBody[F AsyncContentOnBodyFunc](name string, f F) {
	h := Handler{Name: name, Kind: KindAsyncContentOnBody, MinArgs: 1, MaxArgs: 1}
	switch f := any(f).(type) {
	case func(context.Context, *Body, []byte) ([]byte, error):
		h.RunContent = func(ctx context.Context, _ *Request, b *Body, a []byte) (Response, error) { return plain(f(ctx, b, a)) }
	case func(context.Context, *Body, []byte) (Response, error):
		h.RunContent = func(ctx context.Context, _ *Request, b *Body, a []byte) (Response, error) { return f(ctx, b, a) }
	case func(context.Context, *Request, *Body, []byte) ([]byte, error):
		h.WantsRequest = true
		h.RunContent = func(ctx context.Context, r *Request, b *Body, a []byte) (Response, error) {
			return plain(f(ctx, r, b, a))
		}
	case func(context.Context, *Request, *Body, []byte) (Response, error):
		h.WantsRequest = true
		h.RunContent = f
	}
	add(h)
}
