package library

import (
	"bytes"
	"context"
	"image"
	_ "image/gif"  // the formats that convert understands
	_ "image/jpeg" // …
	"image/png"
	"net/url"
	"time"

	"github.com/perigee-server/perigee/server/handler"
)

func init() {
	handler.AsyncOnBody("reqFld", field)
	handler.Async("delay", handler.Typed(wait))
	handler.AsyncContentOnBody("convertToPng", toPng)
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

// toPng converts a posted image in another format. What is no image is answered
// with the server's own page for status 415.
func toPng(_ context.Context, body *handler.Body, _ []byte) (handler.Response, error) {
	picture, _, err := image.Decode(body)
	if err != nil {
		return handler.Response{Status: 415, Header: []handler.Field{{}}}, nil
	}
	var out bytes.Buffer
	if err := png.Encode(&out, picture); err != nil {
		return handler.Response{}, err
	}
	return handler.Response{Body: [][]byte{out.Bytes()}, ContentType: "image/png"}, nil
}
