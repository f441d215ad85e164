package library

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/perigee-server/perigee/server/handler"
)

var fixed = []byte("immutable\n")

func registerContent() {
	handler.Content("plain", func(arg []byte) []byte { return fmt.Appendf(nil, "plain %s\n", arg) })
	handler.Content("tracedContent", func(r *handler.Request, arg []byte) ([]byte, error) {
		return append([]byte(nil), arg...), r.Log(handler.Notice, "tracedContent("+string(arg)+")")
	})
	handler.Content("unsafe", func([]byte) []byte { return fixed })
	handler.Content("full", func(arg []byte) (handler.Response, error) { return response(string(arg)) })
	handler.AsyncContent("fullAsync", func(_ context.Context, arg []byte) (handler.Response, error) { return response(string(arg)) })
	handler.AsyncContent("plainAsync", func(_ context.Context, arg []byte) ([]byte, error) { return fmt.Appendf(nil, "async %s\n", arg), nil })
	handler.AsyncContent("slow", handlerOf(func(ctx context.Context, d time.Duration) ([]byte, error) { return delay(ctx, d) }))
	handler.AsyncContentOnBody("echoBody", func(_ context.Context, b *handler.Body, arg []byte) (handler.Response, error) {
		all, err := b.Bytes()
		return handler.Response{Body: [][]byte{arg, all}, ContentType: "text/plain"}, err
	})
	handler.AsyncContentOnBody("bodyStatus", func(_ context.Context, b *handler.Body, _ []byte) (handler.Response, error) {
		all, err := b.Bytes()
		if err != nil {
			return handler.Response{}, err
		}
		return response(string(all))
	})
	handler.Content("boomC", func(arg []byte) []byte { panic("boomC:" + string(arg)) })
	handler.Content("errC", func(arg []byte) ([]byte, error) { return nil, errors.New("errC:" + string(arg)) })
	handler.AsyncContent("boomAC", func(_ context.Context, arg []byte) ([]byte, error) { panic("boomAC:" + string(arg)) })
}

func handlerOf(f func(context.Context, time.Duration) ([]byte, error)) func(context.Context, []byte) ([]byte, error) {
	return handler.Typed(f)
}

// response makes a response of words: the status, then b=chunk, t=type,
// h=name:value (+ is a space, ~ is CR LF, h=: is the empty pair).
func response(words string) (resp handler.Response, err error) {
	for i, w := range strings.Fields(words) {
		w = strings.NewReplacer("+", " ", "~", "\r\n").Replace(w)
		switch {
		case i == 0:
			if resp.Status, err = strconv.Atoi(w); err != nil {
				return resp, err
			}
		case strings.HasPrefix(w, "b="):
			resp.Body = append(resp.Body, []byte(w[2:]))
		case strings.HasPrefix(w, "t="):
			resp.ContentType = w[2:]
		case strings.HasPrefix(w, "h="):
			name, value, _ := strings.Cut(w[2:], ":")
			resp.Header = append(resp.Header, handler.Field{Name: name, Value: value})
		}
	}
	return resp, nil
}
