package handler

// Response is what a content handler answers with.
type Response struct {
	// Body is the body in chunks, which are sent without being joined. The
	// server owns them.
	Body        [][]byte
	ContentType string // empty: none
	Status      int    // 100 to 999; 0 means 200
	// Header is added to the server's own. Content-Length is the body's, always;
	// Server, Date, Connection and the like replace the server's. A field whose
	// name and value are both empty asks for a response as the server itself
	// makes it for the status (a page, error_page, a redirect) when Body is empty.
	Header []Field

	whole []byte // the body of a handler that returns bytes
}

// Field is a header field.
type Field struct{ Name, Value string }

// Chunks appends the chunks of the body to dst.
func (r *Response) Chunks(dst [][]byte) [][]byte {
	if r.whole != nil {
		dst = append(dst, r.whole)
	}
	return append(dst, r.Body...)
}

// Only returns the body when it is one chunk.
func (r *Response) Only() ([]byte, bool) {
	switch {
	case r.whole != nil && len(r.Body) == 0:
		return r.whole, true
	case r.whole == nil && len(r.Body) == 1:
		return r.Body[0], true
	}
	return nil, false
}

// Size is the length of the body in bytes.
func (r *Response) Size() int64 {
	n := int64(len(r.whole))
	for _, c := range r.Body {
		n += int64(len(c))
	}
	return n
}

// plain makes a response of bytes.
func plain(b []byte, err error) (Response, error) {
	return Response{whole: b, ContentType: "text/plain"}, err
}
