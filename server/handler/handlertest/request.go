package handlertest

import (
	"context"
	"fmt"
	"net/url"
	"strings"

	"github.com/perigee-server/perigee/server/handler"
)

// Request is a made-up request. A test fills it, runs handlers with it, and
// looks at what they have changed. The zero value is a GET of "/".
type Request struct {
	Method     string
	Path       string
	Query      string
	RemoteAddr string
	Header     []handler.Field // of the request
	Response   []handler.Field // of the response, as handlers have set it
	// Vars are variables; SetVar changes only those that are here, as a
	// variable must be defined in the configuration.
	Vars map[string]string
	Ctx  map[string]any // shared with Lua
	Body []byte
	Logs []Log // what handlers have logged
}

// Log is a message of a handler.
type Log struct {
	Level handler.Level
	Text  string
}

// NewRequest makes a request for a target such as "/path?a=1".
func NewRequest(method, target string) *Request {
	path, query, _ := strings.Cut(target, "?")
	r := &Request{Method: method, Path: path, Query: query, Vars: map[string]string{}}
	if values, err := url.ParseQuery(query); err == nil {
		for name, v := range values {
			r.Vars["arg_"+name] = v[0]
		}
	}
	return r
}

// Handler is the request as handlers get it.
func (r *Request) Handler(ctx context.Context) *handler.Request {
	return handler.NewRequest(ctx, func(use func(handler.Host)) error {
		use(host{r})
		return nil
	})
}

// host is the made-up request as a handler.Host.
type host struct{ r *Request }

var _ handler.Host = host{}

func (h host) Method() string {
	if h.r.Method == "" {
		return "GET"
	}
	return h.r.Method
}

func (h host) URI() []byte {
	if h.r.Path == "" {
		return []byte("/")
	}
	return []byte(h.r.Path)
}

func (h host) Args() []byte       { return []byte(h.r.Query) }
func (h host) RemoteAddr() []byte { return []byte(h.r.RemoteAddr) }

func (h host) Fields() []handler.Field     { return append([]handler.Field(nil), h.r.Header...) }
func (h host) SetField(name, value string) { h.r.Header = set(h.r.Header, name, value) }
func (h host) RemoveField(name string)     { h.r.Header = set(h.r.Header, name, "") }

func (h host) OutFields() []handler.Field     { return append([]handler.Field(nil), h.r.Response...) }
func (h host) SetOutField(name, value string) { h.r.Response = set(h.r.Response, name, value) }
func (h host) AddOutField(name, value string) {
	h.r.Response = append(h.r.Response, handler.Field{Name: name, Value: value})
}

// set replaces all fields of a name by one, or by none for an empty value.
func set(fields []handler.Field, name, value string) []handler.Field {
	out := fields[:0:0]
	for _, f := range fields {
		if !strings.EqualFold(f.Name, name) {
			out = append(out, f)
		}
	}
	if value != "" {
		out = append(out, handler.Field{Name: name, Value: value})
	}
	return out
}

func (h host) Var(name string) ([]byte, bool) {
	v, ok := h.r.Vars[strings.ToLower(name)]
	return []byte(v), ok
}

func (h host) SetVar(name string, value []byte) error {
	name = strings.ToLower(name)
	if _, ok := h.r.Vars[name]; !ok {
		return fmt.Errorf("variable %q is not defined in the configuration", name)
	}
	h.r.Vars[name] = string(value)
	return nil
}

func (h host) Ctx(key string) any { return h.r.Ctx[key] }

func (h host) SetCtx(key string, value any) {
	if h.r.Ctx == nil {
		h.r.Ctx = map[string]any{}
	}
	h.r.Ctx[key] = value
}

func (h host) Body() *handler.Body {
	if h.r.Body == nil {
		return nil
	}
	return handler.NewBody(h.r.Body)
}

func (h host) Log(level handler.Level, text string) { h.r.Logs = append(h.r.Logs, Log{level, text}) }
