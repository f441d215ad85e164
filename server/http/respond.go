package http

import (
	"bytes"
	"strconv"
)

// Respond sends a whole response: status, media type (nil for the one of the
// URI) and a text, nil for none; for redirects the text is the target
// (ngx_http_send_response).
func (r *Request) Respond(status int, ctype []byte, text *Complex) Status {
	if rc := r.discardBody(); rc != OK {
		return rc
	}
	var body []byte
	if text != nil {
		body = text.Eval(r)
	}
	switch status {
	case 301, 302, 303, 307, 308:
		r.Out.Location = body
		return Status(status)
	}
	r.Out.Status = status
	r.Out.ContentLength = int64(len(body))
	if ctype != nil {
		r.Out.ContentType = ctype
	} else {
		r.SetContentType()
	}
	rc := r.SendHeader()
	if rc != OK || r.headOnly {
		return rc.orDone()
	}
	return r.Send(body).orDone()
}

// orDone makes OK end the rewrite phases too.
func (s Status) orDone() Status {
	if s == OK {
		return Sent
	}
	return s
}

// SetArgs replaces the arguments.
func (r *Request) SetArgs(args []byte) {
	r.Args, r.HasArgs = args, len(args) > 0
	r.ValidURI = false
}

// escapeURI escapes the bytes that a URI in a redirect must not have.
func escapeURI(b []byte) []byte {
	n := 0
	for _, c := range b {
		if mustEscape(c) {
			n++
		}
	}
	if n == 0 {
		return b
	}
	const hex = "0123456789ABCDEF"
	out := make([]byte, 0, len(b)+2*n)
	for _, c := range b {
		if mustEscape(c) {
			out = append(out, '%', hex[c>>4], hex[c&15])
			continue
		}
		out = append(out, c)
	}
	return out
}

// UnescapeURI decodes %XX up to the arguments; what is no escape stays.
func UnescapeURI(b []byte) []byte {
	if bytes.IndexByte(b, '%') < 0 {
		return b
	}
	out := make([]byte, 0, len(b))
	for i := 0; i < len(b); i++ {
		if b[i] == '?' {
			return append(out, b[i:]...)
		}
		if b[i] == '%' && i+2 < len(b) {
			if v, err := strconv.ParseUint(string(b[i+1:i+3]), 16, 8); err == nil {
				out = append(out, byte(v))
				i += 2
				continue
			}
		}
		out = append(out, b[i])
	}
	return out
}

func mustEscape(c byte) bool {
	return c <= ' ' || c >= 0x7f || bytes.IndexByte([]byte(`"%<>\^`+"`"+`{|}#?`), c) >= 0
}
