package handler

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
)

// Request is the request that a handler runs for. In a synchronous handler it
// is borrowed until the handler returns. In an asynchronous one each method
// waits for its turn in the event loop, so that it sees the request as it is
// then. After that, and after the request's end, all methods return
// ErrRequestGone. Several goroutines may use it.
type Request struct {
	ctx   context.Context
	enter func(use func(Host)) error
	over  atomic.Bool
}

// NewRequest makes a Request: enter calls its argument where the host may be
// used, or returns an error. It is what servers, and package handlertest, do.
func NewRequest(ctx context.Context, enter func(use func(Host)) error) *Request {
	return &Request{ctx: ctx, enter: enter}
}

// Release makes all further calls return ErrRequestGone.
func (r *Request) Release() { r.over.Store(true) }

// Use calls f with the server's own view of the request, where it may be used.
// It is for modules that bring handlers of another language.
func (r *Request) Use(f func(Host)) error {
	if r.over.Load() {
		return ErrRequestGone
	}
	return r.enter(f)
}

// Context is the handler's context.
func (r *Request) Context() context.Context { return r.ctx }

// Method is the request's method, such as GET.
func (r *Request) Method() (method string, err error) {
	err = r.Use(func(h Host) { method = h.Method() })
	return method, err
}

// URI is the normalised path of the request ($uri).
func (r *Request) URI() (uri string, err error) {
	err = r.Use(func(h Host) { uri = string(h.URI()) })
	return uri, err
}

// Args is the request's query string, without the question mark ($args).
func (r *Request) Args() (args string, err error) {
	err = r.Use(func(h Host) { args = string(h.Args()) })
	return args, err
}

// RemoteAddr is the client's address ($remote_addr).
func (r *Request) RemoteAddr() (addr string, err error) {
	err = r.Use(func(h Host) { addr = string(h.RemoteAddr()) })
	return addr, err
}

// Header returns the values of the request's header fields of that name.
func (r *Request) Header(name string) (values []string, err error) {
	err = r.Use(func(h Host) { values = named(h.Fields(), name) })
	return values, err
}

// Headers returns all header fields of the request, in their order.
func (r *Request) Headers() (fields []Field, err error) {
	err = r.Use(func(h Host) { fields = h.Fields() })
	return fields, err
}

// SetHeader replaces the request's header fields of that name by one; an empty
// value removes them. Upstreams and later handlers see the change.
func (r *Request) SetHeader(name, value string) error {
	return r.Use(func(h Host) {
		if value == "" {
			h.RemoveField(name)
			return
		}
		h.SetField(name, value)
	})
}

// ResponseHeader returns the values of the response's custom header fields of
// that name.
func (r *Request) ResponseHeader(name string) (values []string, err error) {
	err = r.Use(func(h Host) { values = named(h.OutFields(), name) })
	return values, err
}

// SetResponseHeader replaces the response's header fields of that name by one;
// an empty value removes them.
func (r *Request) SetResponseHeader(name, value string) error {
	return r.checked(name, value, func(h Host) { h.SetOutField(name, value) })
}

// AddResponseHeader appends a header field to the response.
func (r *Request) AddResponseHeader(name, value string) error {
	return r.checked(name, value, func(h Host) { h.AddOutField(name, value) })
}

// checked refuses what would end the line of a field.
func (r *Request) checked(name, value string, f func(Host)) error {
	if !ValidField(name, value) {
		return fmt.Errorf("invalid header field %q: %q", name, value)
	}
	return r.Use(f)
}

// ValidField reports whether a header field can be sent: its name is not empty
// and has neither a colon, nor a space, nor a control character, its value no
// CR, LF or NUL.
func ValidField(name, value string) bool {
	for i := range len(name) {
		if c := name[i]; c <= ' ' || c == ':' || c >= 0x7f {
			return false
		}
	}
	return name != "" && !strings.ContainsAny(value, "\r\n\x00")
}

// Var returns the value of a variable, nil when it has none.
func (r *Request) Var(name string) (value []byte, err error) {
	err = r.Use(func(h Host) {
		if v, ok := h.Var(name); ok {
			value = append([]byte{}, v...)
		}
	})
	return value, err
}

// SetVar assigns a variable that the configuration defines, as `set` does. It
// returns an error for one that can not be changed.
func (r *Request) SetVar(name string, value []byte) error {
	var failed error
	if err := r.Use(func(h Host) { failed = h.SetVar(name, append([]byte(nil), value...)) }); err != nil {
		return err
	}
	return failed
}

// Ctx returns a value that SetCtx, or Lua in ngx.ctx, has stored under the key,
// nil without.
func (r *Request) Ctx(key string) (value any, err error) {
	err = r.Use(func(h Host) { value = h.Ctx(key) })
	return value, err
}

// SetCtx stores a value that lives as long as the request; strings, numbers and
// truth values are seen by Lua in ngx.ctx.
func (r *Request) SetCtx(key string, value any) error {
	return r.Use(func(h Host) { h.SetCtx(key, value) })
}

// Body is the request's body, nil unless something has read it.
func (r *Request) Body() (body *Body, err error) {
	err = r.Use(func(h Host) { body = h.Body() })
	return body, err
}

// Log writes a message about the request to the error log; the arguments are
// those of fmt.Sprint.
func (r *Request) Log(level Level, args ...any) error {
	text := fmt.Sprint(args...)
	return r.Use(func(h Host) { h.Log(level, text) })
}

func named(fields []Field, name string) (values []string) {
	for _, f := range fields {
		if strings.EqualFold(f.Name, name) {
			values = append(values, f.Value)
		}
	}
	return values
}
