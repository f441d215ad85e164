package spec

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// Response is one answer, read as Test::Nginx::Socket reads it.
type Response struct {
	Version  string
	Code     string
	Head     string // the raw status line and header lines, without the blank one
	Fields   []Field
	Body     string
	Trailers []Field
	Left     string // what followed the response on the connection
	Cut      bool   // the body is shorter than Content-Length says
}

// Field is one header line of a response.
type Field struct{ Name, Value string }

// Header returns the values of all fields of that name, joined by ", ".
func (r *Response) Header(name string) (string, bool) {
	var values []string
	for _, f := range r.Fields {
		if strings.EqualFold(f.Name, name) {
			values = append(values, f.Value)
		}
	}
	return strings.Join(values, ", "), values != nil
}

var statusLine = regexp.MustCompile(`\A(HTTP/\d+\.\d+) (\d{3})(?: [^\n]*)?\n`)

// ParseResponse parses the first response in raw. isHead tells that the
// request was a HEAD, whose answer has no body.
func ParseResponse(raw string, isHead bool) (*Response, error) {
	m := statusLine.FindStringSubmatch(raw)
	if m == nil {
		return nil, fmt.Errorf("no status line in %q", clip(raw))
	}
	r := &Response{Version: m[1], Code: m[2]}
	end := strings.Index(raw, "\r\n\r\n")
	if end < 0 {
		return nil, fmt.Errorf("a response head without its end: %q", clip(raw))
	}
	r.Head = raw[:end+2]
	rest := raw[end+4:]
	for _, line := range strings.Split(strings.TrimSuffix(r.Head, "\r\n"), "\r\n")[1:] {
		name, value, ok := strings.Cut(line, ":")
		if !ok {
			return nil, fmt.Errorf("a header line without a colon: %q", line)
		}
		r.Fields = append(r.Fields, Field{name, strings.Trim(value, " \t")})
	}
	return r, r.readBody(rest, isHead)
}

func (r *Response) readBody(rest string, isHead bool) error {
	if r.Code == "304" || r.Code == "204" || r.Code == "101" || isHead {
		r.Left = rest
		if r.Code == "101" {
			r.Body, r.Left = rest, ""
		}
		return nil
	}
	if coding, ok := r.Header("Transfer-Encoding"); ok && coding == "chunked" {
		return r.readChunked(rest)
	}
	length, ok := r.Header("Content-Length")
	if !ok || length == "" {
		r.Body = rest
		return nil
	}
	n, err := strconv.Atoi(length)
	if err != nil || n < 0 {
		return fmt.Errorf("bad Content-Length %q", length)
	}
	r.Cut = len(rest) < n
	r.Body, r.Left = rest[:min(n, len(rest))], rest[min(n, len(rest)):]
	return nil
}

var chunkLine = regexp.MustCompile(`\A[ \t]*([0-9A-Fa-f]{1,8})[ \t]*\r\n`)

func (r *Response) readChunked(rest string) error {
	var body strings.Builder
	for {
		m := chunkLine.FindStringSubmatch(rest)
		if m == nil {
			r.Body = body.String()
			return fmt.Errorf("bad chunk header at %q after %d bytes of body", clip(rest), body.Len())
		}
		rest = rest[len(m[0]):]
		n, _ := strconv.ParseInt(m[1], 16, 64)
		if n == 0 {
			r.Body = body.String()
			return r.readTrailers(rest)
		}
		if int64(len(rest)) < n+2 || rest[n:n+2] != "\r\n" {
			return fmt.Errorf("a chunk of %d bytes is cut short or has no line end", n)
		}
		body.WriteString(rest[:n])
		rest = rest[n+2:]
	}
}

// readTrailers reads the trailer fields that the head has announced.
func (r *Response) readTrailers(rest string) error {
	for {
		line, after, ok := strings.Cut(rest, "\r\n")
		if !ok {
			return fmt.Errorf("no end after the last chunk: %q", clip(rest))
		}
		rest = after
		if line == "" {
			r.Left = rest
			return nil
		}
		name, value, ok := strings.Cut(line, ": ")
		announced, _ := r.Header("Trailer")
		if !ok || !strings.Contains(strings.ToLower(announced), strings.ToLower(name)) {
			return fmt.Errorf("the trailer %q is not announced", line)
		}
		r.Trailers = append(r.Trailers, Field{name, value})
	}
}
