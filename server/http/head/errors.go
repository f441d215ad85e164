package head

import "errors"

// The texts are those that nginx logs at level info before it answers 400, or
// 505 for ErrInvalidVersion.
var (
	// ErrIncomplete asks for more bytes. It is not a mistake of the client.
	ErrIncomplete = errors.New("incomplete")
	// ErrDone is returned by Field.Parse at the blank line that ends a head.
	ErrDone = errors.New("end of header")

	ErrInvalidMethod   = errors.New("client sent invalid method")
	ErrInvalidRequest  = errors.New("client sent invalid request")
	ErrInvalidVersion  = errors.New("client sent invalid version")
	ErrInvalid09Method = errors.New("client sent invalid method in HTTP/0.9 request")
	ErrInvalidHeader   = errors.New("client sent invalid header line")
	ErrInvalidHost     = errors.New("client sent invalid host header")
	ErrInvalidChunk    = errors.New("client sent invalid chunked body")
	// ErrLongTrailers means that the trailer section is longer than allowed.
	ErrLongTrailers = errors.New("client sent too long trailers")
)
