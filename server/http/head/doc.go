// Package head reads the head of an HTTP/1 request as strictly as nginx: the
// request line, header fields, the host, URI normalisation, chunked framing,
// and the status line of upstreams' responses.
// It is the only authority on these bytes; nothing else may parse them again.
//
// All scanners are incremental. The caller keeps a growing buffer and calls
// Parse again, with the same beginning and more bytes, as long as it gets
// ErrIncomplete; where the bytes were cut never changes a result. A mistake is
// reported with the byte that makes it one, without waiting for the line's end.
// Nothing is allocated: results are slices of the buffer of the last call and
// live as long as its contents.
//
// The rules are those of nginx 1.22.1, except that chunked framing wants CRLF
// everywhere and that the Host header may hold only what RFC 3986 allows, as in
// newer versions of nginx.
package head
