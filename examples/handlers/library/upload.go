package library

import (
	"context"
	"net/url"
	"time"

	"github.com/perigee-server/perigee/server/handler"
)

func init() {
	handler.AsyncOnBody("reqFld", field)
	handler.Async("delay", handler.Typed(wait))
}

// field is the value of a field of a posted form.
func field(_ context.Context, body *handler.Body, name []byte) ([]byte, error) {
	text, err := body.Bytes()
	if err != nil {
		return nil, err
	}
	form, err := url.ParseQuery(string(text))
	if err != nil {
		return nil, err
	}
	return []byte(form.Get(string(name))), nil
}

// wait sleeps and says how long, in seconds.
func wait(ctx context.Context, d time.Duration) ([]byte, error) {
	select {
	case <-time.After(d):
		return []byte(d.String()), nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}
