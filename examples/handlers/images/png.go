// Package images is the handler of the example in this folder that converts
// pictures, which is nothing for Lua.
package images

import (
	"bytes"
	"context"
	"image"
	_ "image/gif"  // the formats that convert understands
	_ "image/jpeg" // …
	"image/png"

	"github.com/perigee-server/perigee/server/handler"
)

func init() { handler.AsyncContentOnBody("convertToPng", toPng) }

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
