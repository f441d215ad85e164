package handlers

import (
	"bytes"
	"context"
	"fmt"
	"strings"

	"github.com/perigee-server/perigee/server/handler"
	"github.com/perigee-server/perigee/server/http"
	"github.com/perigee-server/perigee/server/http/head"
	"github.com/perigee-server/perigee/server/http/script"
	"github.com/perigee-server/perigee/server/log"
)

// host shows a request to native handlers. Its methods are called with the
// baton.
type host struct{ r *http.Request }

var _ handler.Host = host{}

// inline makes the Request of a handler that runs with the baton.
func inline(r *http.Request) *handler.Request {
	h := host{r}
	return handler.NewRequest(context.Background(), func(use func(handler.Host)) error {
		use(h)
		return nil
	})
}

// beside makes the Request of a handler that runs beside the loop: each use of
// it takes the baton.
func beside(ctx context.Context, r *http.Request, j *job) *handler.Request {
	h := host{r}
	if j.h.Held {
		return handler.NewRequest(ctx, func(use func(handler.Host)) error {
			if j.over {
				return handler.ErrRequestGone
			}
			use(h)
			return nil
		})
	}
	l, worker := r.Loop(), mains.Of(r).ctx
	return handler.NewRequest(ctx, func(use func(handler.Host)) error {
		result := make(chan error, 1)
		l.Post(func() {
			if j.over {
				result <- handler.ErrRequestGone
				return
			}
			use(h)
			result <- nil
		})
		select {
		case err := <-result:
			return err
		case <-worker.Done():
			return handler.ErrRequestGone
		}
	})
}

// HTTP is the request itself, for modules of this server.
func (h host) HTTP() *http.Request { return h.r }

func (h host) Method() string     { return string(h.r.MethodName) }
func (h host) URI() []byte        { return h.r.URI }
func (h host) Args() []byte       { return h.r.Args }
func (h host) RemoteAddr() []byte { return h.r.Conn().RemoteAddr() }

func (h host) Fields() []handler.Field { return fieldsOf(h.r.Fields) }

func fieldsOf(list []http.Header) []handler.Field {
	out := make([]handler.Field, 0, len(list))
	for i := range list {
		if f := &list[i]; !f.Hidden {
			out = append(out, handler.Field{Name: string(f.Name), Value: string(f.Value)})
		}
	}
	return out
}

func (h host) SetField(name, value string) {
	switch strings.ToLower(name) {
	case "host":
		h.r.ChangeHost([]byte(value))
	case "user-agent":
		h.r.ChangeBrowser([]byte(value))
	}
	h.r.SetField([]byte(name), []byte(value))
}

func (h host) RemoveField(name string) { h.r.RemoveField(strings.ToLower(name)) }

func (h host) OutFields() []handler.Field {
	out := fieldsOf(h.r.Out.Fields)
	if t := h.r.Out.ContentType; len(t) > 0 {
		out = append(out, handler.Field{Name: "Content-Type", Value: string(t)})
	}
	return out
}

func (h host) SetOutField(name, value string) {
	if setSpecial(h.r, name, value) {
		return
	}
	o := &h.r.Out
	done := false
	for i := range o.Fields {
		f := &o.Fields[i]
		if !bytes.EqualFold(f.Name, []byte(name)) {
			continue
		}
		f.Value, f.Hidden = []byte(value), done || value == ""
		done = true
	}
	if !done && value != "" {
		o.Add([]byte(name), []byte(value))
	}
}

func (h host) AddOutField(name, value string) {
	if !setSpecial(h.r, name, value) {
		h.r.Out.Add([]byte(name), []byte(value))
	}
}

// setSpecial sets a field that the server makes itself. It returns false for
// any other one.
func setSpecial(r *http.Request, name, value string) bool {
	o := &r.Out
	switch strings.ToLower(name) {
	case "server":
		o.SetServer([]byte(value), value == "")
	case "date":
		o.SetDate([]byte(value), value == "")
	case "content-type":
		o.ContentType = []byte(value)
		o.SetCharsetOfType()
	case "connection", "keep-alive":
		if head.EqualFold([]byte(value), "close") {
			r.KeepAlive = false
		}
	case "content-length", "transfer-encoding": // the server knows better
	default:
		return false
	}
	return true
}

func (h host) Var(name string) ([]byte, bool) {
	v, found, ok := h.r.HTTP().Vars.ByName(h.r, strings.ToLower(name))
	return v, found && ok
}

func (h host) SetVar(name string, value []byte) error {
	vars := h.r.HTTP().Vars
	v := vars.Lookup(name)
	if v == nil || v.Get == nil {
		return fmt.Errorf("variable %q is not defined in the configuration", name)
	}
	if v.Set != nil {
		v.Set(h.r, value)
		return nil
	}
	if v.Flags&script.Changeable == 0 || v.IndexOf() < 0 {
		return fmt.Errorf("variable %q can not be changed", name)
	}
	vars.Assign(h.r, v.IndexOf(), value, true)
	return nil
}

func (h host) Ctx(key string) any           { return h.r.Shared().Get(key) }
func (h host) SetCtx(key string, value any) { h.r.Shared().Set(key, value) }

func (h host) Body() *handler.Body {
	b := h.r.Body()
	if !b.Read() {
		return nil
	}
	if f := b.File(); f != nil {
		return handler.NewFileBody(f, b.Size())
	}
	return handler.NewBody(b.Detach())
}

func (h host) Log(level handler.Level, text string) {
	h.r.LogLine(log.Level(min(max(level, handler.Emerg), handler.Debug)), oneLine(text))
}
