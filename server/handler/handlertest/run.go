package handlertest

import (
	"context"
	"fmt"

	"github.com/perigee-server/perigee/server/handler"
)

// Panic is the error that a handler's panic becomes, as the server would log it.
type Panic struct{ Value any }

// Error words it.
func (p *Panic) Error() string { return fmt.Sprintf("the handler panicked: %v", p.Value) }

// lookup finds a handler of one of the kinds.
func lookup(name string, kinds ...handler.Kind) (*handler.Handler, error) {
	h := handler.Default.Lookup(name)
	if h == nil {
		return nil, fmt.Errorf("handler %q is not registered", name)
	}
	for _, k := range kinds {
		if h.Kind == k {
			return h, nil
		}
	}
	return nil, fmt.Errorf("handler %q is of the kind %q, not %q", name, h.Kind, kinds[0])
}

// guard calls f and makes an error of its panic.
func guard[T any](f func() (T, error)) (v T, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = &Panic{p}
		}
	}()
	return f()
}

// Sync runs a synchronous handler for an empty request.
func Sync(name string, args ...string) (string, error) { return new(Request).Sync(name, args...) }

// Sync runs a synchronous handler for the request and returns the variable's
// value.
func (r *Request) Sync(name string, args ...string) (string, error) {
	h, err := lookup(name, handler.KindSync)
	if err != nil {
		return "", err
	}
	if n := len(args); n < h.MinArgs || h.MaxArgs >= 0 && n > h.MaxArgs {
		return "", fmt.Errorf("handler %q does not take %d arguments", name, n)
	}
	var list [][]byte
	for _, a := range args {
		list = append(list, []byte(a))
	}
	req := r.Handler(context.Background())
	defer req.Release()
	v, err := guard(func() (handler.Value, error) { return h.RunSync(req, list) })
	if v.Bytes != nil {
		return string(v.Bytes), err
	}
	return v.Text, err
}

// Async runs an asynchronous handler of a variable, with or without body, for
// the request, and returns the variable's value.
func (r *Request) Async(ctx context.Context, name, arg string) (string, error) {
	h, err := lookup(name, handler.KindAsync, handler.KindAsyncOnBody)
	if err != nil {
		return "", err
	}
	req := r.Handler(ctx)
	defer req.Release()
	v, err := guard(func() ([]byte, error) { return h.RunAsync(ctx, req, handler.NewBody(r.Body), []byte(arg)) })
	return string(v), err
}

// Async runs an asynchronous handler for an empty request.
func Async(ctx context.Context, name, arg string) (string, error) {
	return new(Request).Async(ctx, name, arg)
}

// Result is the response of a content handler.
type Result struct {
	Status      int
	ContentType string
	Header      []handler.Field
	Body        string
}

// Content runs a content handler of any kind for the request.
func (r *Request) Content(ctx context.Context, name, arg string) (Result, error) {
	h, err := lookup(name, handler.KindContent, handler.KindAsyncContent, handler.KindAsyncContentOnBody)
	if err != nil {
		return Result{}, err
	}
	req := r.Handler(ctx)
	defer req.Release()
	resp, err := guard(func() (handler.Response, error) {
		return h.RunContent(ctx, req, handler.NewBody(r.Body), []byte(arg))
	})
	if err != nil {
		return Result{Status: 500}, err
	}
	out := Result{Status: resp.Status, ContentType: resp.ContentType, Header: resp.Header}
	if out.Status == 0 {
		out.Status = 200
	}
	for _, c := range resp.Chunks(nil) {
		out.Body += string(c)
	}
	return out, nil
}

// Content runs a content handler for an empty request.
func Content(ctx context.Context, name, arg string) (Result, error) {
	return new(Request).Content(ctx, name, arg)
}

// Hook runs a service hook and returns what it reports.
func Hook(name, arg string) (string, error) {
	h, err := lookup(name, handler.KindHook)
	if err != nil {
		return "", err
	}
	v, err := guard(func() ([]byte, error) { return h.RunHook([]byte(arg)) })
	return string(v), err
}

// Init runs all initialisation hooks that are registered.
func Init(args ...string) error {
	for _, h := range handler.Default.Inits() {
		if _, err := guard(func() (struct{}, error) { return struct{}{}, h.Run(args) }); err != nil {
			return fmt.Errorf("init hook at %s: %w", h.Place, err)
		}
	}
	return nil
}
