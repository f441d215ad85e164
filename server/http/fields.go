package http

import (
	"bytes"

	"github.com/perigee-server/perigee/server/http/head"
	"github.com/perigee-server/perigee/server/log"
)

// addField takes a field of the head. A code other than 0 has been answered.
func (r *Request) addField(name, value []byte, hash uint32) Status {
	r.Fields = append(r.Fields, Header{Name: name, Value: value, Hash: hash})
	n := len(r.Fields)
	in := &r.in
	switch len(name) {
	case 2:
		if head.EqualFold(name, "te") {
			first(&in.te, n)
		}
	case 3:
		if head.EqualFold(name, "via") {
			first(&in.via, n)
		}
	case 4:
		if head.EqualFold(name, "host") {
			if in.host != 0 {
				r.failHead(statusBadRequest, sprintf("client sent duplicate host header: \"%s: %s\", previous value: \"Host: %s\" while reading client request headers", name, escapeLog(value), escapeLog(r.fieldValue(in.host))))
				return statusBadRequest
			}
			in.host = n
			return r.hostField(value)
		}
	case 5:
		if head.EqualFold(name, "range") {
			first(&in.rng, n)
		}
	case 6:
		switch {
		case head.EqualFold(name, "expect"):
			return r.unique(&in.expect, n)
		case head.EqualFold(name, "cookie"):
			first(&in.cookie, n)
		}
	case 7:
		switch {
		case head.EqualFold(name, "referer"):
			first(&in.referer, n)
		case head.EqualFold(name, "upgrade"):
			first(&in.upgrade, n)
		}
	case 8:
		switch {
		case head.EqualFold(name, "if-match"):
			return r.unique(&in.ifMatch, n)
		case head.EqualFold(name, "if-range"):
			return r.unique(&in.ifRange, n)
		}
	case 10:
		switch {
		case head.EqualFold(name, "connection"):
			in.connection = n
			r.connectionField(value)
		case head.EqualFold(name, "user-agent"):
			first(&in.userAgent, n)
			r.browser(value)
		case head.EqualFold(name, "keep-alive"):
			first(&in.keepAlive, n)
		}
	case 12:
		if head.EqualFold(name, "content-type") {
			first(&in.contentType, n)
		}
	case 13:
		switch {
		case head.EqualFold(name, "if-none-match"):
			return r.unique(&in.ifNoneMatch, n)
		case head.EqualFold(name, "authorization"):
			return r.unique(&in.authorization, n)
		}
	case 14:
		if head.EqualFold(name, "content-length") {
			return r.unique(&in.contentLength, n)
		}
	case 15:
		switch {
		case head.EqualFold(name, "accept-encoding"):
			first(&in.acceptEncoding, n)
		case head.EqualFold(name, "x-forwarded-for"):
			first(&in.forwardedFor, n)
		}
	case 17:
		switch {
		case head.EqualFold(name, "if-modified-since"):
			return r.unique(&in.ims, n)
		case head.EqualFold(name, "transfer-encoding"):
			return r.unique(&in.transferEncoding, n)
		}
	case 19:
		if head.EqualFold(name, "if-unmodified-since") {
			return r.unique(&in.ius, n)
		}
	}
	return 0
}

func first(i *int, n int) {
	if *i == 0 {
		*i = n
	}
}

// unique refuses a second field of the same name.
func (r *Request) unique(i *int, n int) Status {
	if *i == 0 {
		*i = n
		return 0
	}
	f := &r.Fields[n-1]
	r.failHead(statusBadRequest, sprintf("client sent duplicate header line: \"%s: %s\", previous value: \"%s: %s\" while reading client request headers",
		f.Name, escapeLog(f.Value), r.Fields[*i-1].Name, escapeLog(r.fieldValue(*i))))
	return statusBadRequest
}

// hostField checks Host; a host in the request line is preferred to it.
func (r *Request) hostField(value []byte) Status {
	if r.hostInLine != nil {
		if _, _, err := head.ValidHost(value); err != nil {
			r.failHead(statusBadRequest, "client sent invalid host header while reading client request headers")
			return statusBadRequest
		}
		return 0
	}
	return r.setHost(value)
}

func (r *Request) connectionField(v []byte) {
	if containsFold(v, "close") {
		r.closeAsked, r.keepAsked = true, false
	} else if containsFold(v, "keep-alive") {
		r.keepAsked, r.closeAsked = true, false
	}
}

// containsFold looks for a word in lower case.
func containsFold(b []byte, lower string) bool {
	for i := 0; i+len(lower) <= len(b); i++ {
		if head.EqualFold(b[i:i+len(lower)], lower) {
			return true
		}
	}
	return false
}

// browser notes the old browsers that some directives know.
func (r *Request) browser(ua []byte) {
	if i := bytes.Index(ua, []byte("MSIE ")); i >= 0 && i+7 < len(ua) {
		r.msie = true
		if ua[i+6] == '.' {
			switch ua[i+5] {
			case '4', '5':
				r.msie6 = true
			case '6':
				r.msie6 = !bytes.Contains(ua[i+8:], []byte("SV1"))
			}
		}
	}
	switch {
	case bytes.Contains(ua, []byte("Opera")):
		r.opera, r.msie, r.msie6 = true, false, false
	case r.msie:
	case bytes.Contains(ua, []byte("Gecko/")):
		r.gecko = true
	case bytes.Contains(ua, []byte("Chrome/")):
		r.chrome = true
	case bytes.Contains(ua, []byte("Safari/")) && bytes.Contains(ua, []byte("Mac OS X")):
		r.safari = true
	case bytes.Contains(ua, []byte("Konqueror")):
		r.konqueror = true
	}
}

// checkHead checks the head as a whole (ngx_http_process_request_header).
func (r *Request) checkHead() Status {
	fail := func(code Status, msg string) Status {
		r.failHead(code, msg+" while reading client request headers")
		return code
	}
	if r.Version >= 1000 && r.in.host == 0 && r.Version > 1000 {
		return fail(statusBadRequest, "client sent HTTP/1.1 request without \"Host\" header")
	}
	if r.Version > 1000 && r.in.host != 0 && len(r.fieldValue(r.in.host)) == 0 && r.Host == nil {
		r.chooseServer(nil)
	}
	if r.Host == nil && r.hostInLine == nil && r.in.host == 0 {
		r.chooseServer(nil)
	}
	if v := r.fieldValue(r.in.contentLength); r.in.contentLength != 0 {
		n, ok := head.ParseContentLength(v)
		if !ok {
			return fail(statusBadRequest, "client sent invalid \"Content-Length\" header")
		}
		r.ContentLength = n
	}
	if r.Method == head.MethodTrace {
		return fail(statusNotAllowed, "client sent TRACE method")
	}
	if r.in.transferEncoding != 0 {
		if r.Version < 1001 {
			return fail(statusBadRequest, "client sent HTTP/1.0 request with \"Transfer-Encoding\" header")
		}
		v := r.fieldValue(r.in.transferEncoding)
		if !head.EqualFold(v, "chunked") {
			return fail(statusNotImplemented, sprintf("client sent unknown \"Transfer-Encoding\": \"%s\"", escapeLog(v)))
		}
		if r.in.contentLength != 0 {
			return fail(statusBadRequest, "client sent \"Content-Length\" and \"Transfer-Encoding\" headers at the same time")
		}
		r.ChunkedBody = true
		r.ContentLength = -1
	}
	r.Upgrade = r.fieldValue(r.in.upgrade)
	r.KeepAlive = r.keepAsked || r.Version > 1000 && !r.closeAsked
	if r.closeAsked {
		r.KeepAlive = false
	}
	return 0
}

// failHead notes that the request is answered with an error page and the
// connection closed.
func (r *Request) failHead(code Status, msg string) {
	r.headError = code
	r.KeepAlive = false
	if msg != "" {
		r.logf(log.Info, "%s", msg)
	}
}

// RemoveField hides all fields of a name from the request, as if they had not
// been sent. Fields that the server itself looks at are forgotten too.
func (r *Request) RemoveField(lower string) {
	kept := r.Fields[:0:0]
	for _, f := range r.Fields {
		if !head.EqualFold(f.Name, lower) {
			kept = append(kept, f)
		}
	}
	if len(kept) != len(r.Fields) {
		r.Fields = kept
		r.reindex()
	}
}

// SetField replaces all fields of a name by one, appended at the end when there
// was none.
func (r *Request) SetField(name, value []byte) {
	lower := string(bytes.ToLower(name))
	for i := range r.Fields {
		if !head.EqualFold(r.Fields[i].Name, lower) {
			continue
		}
		kept := append(r.Fields[:0:0], r.Fields[:i+1]...)
		kept[i].Value = value
		for _, f := range r.Fields[i+1:] {
			if !head.EqualFold(f.Name, lower) {
				kept = append(kept, f)
			}
		}
		r.Fields = kept
		r.reindex()
		return
	}
	r.AppendField(name, value)
}

// AppendField adds a field to the request.
func (r *Request) AppendField(name, value []byte) {
	r.Fields = append(r.Fields[:len(r.Fields):len(r.Fields)], Header{Name: name, Value: value, Hash: head.HashName(string(name))})
	r.reindex()
}

// reindex finds the known fields again after a change of the list.
func (r *Request) reindex() {
	r.in = knownFields{}
	for i := range r.Fields {
		n := i + 1
		name := r.Fields[i].Name
		for _, k := range known {
			if len(name) == len(k.name) && head.EqualFold(name, k.name) {
				first(k.at(&r.in), n)
			}
		}
	}
	if v := r.fieldValue(r.in.host); v != nil {
		if n, upper, err := head.ValidHost(v); err == nil {
			r.Host = v[:n]
			if upper {
				r.Host = head.LowerHost(nil, v[:n])
			}
		}
	}
	if v := r.fieldValue(r.in.contentLength); v != nil {
		if n, ok := head.ParseContentLength(v); ok {
			r.ContentLength = n
		}
	} else if r.in.contentLength == 0 && !r.ChunkedBody {
		r.ContentLength = -1
	}
	r.Upgrade = r.fieldValue(r.in.upgrade)
}

var known = []struct {
	name string
	at   func(*knownFields) *int
}{
	{"host", func(k *knownFields) *int { return &k.host }},
	{"connection", func(k *knownFields) *int { return &k.connection }},
	{"if-modified-since", func(k *knownFields) *int { return &k.ims }},
	{"if-unmodified-since", func(k *knownFields) *int { return &k.ius }},
	{"if-match", func(k *knownFields) *int { return &k.ifMatch }},
	{"if-none-match", func(k *knownFields) *int { return &k.ifNoneMatch }},
	{"user-agent", func(k *knownFields) *int { return &k.userAgent }},
	{"referer", func(k *knownFields) *int { return &k.referer }},
	{"content-length", func(k *knownFields) *int { return &k.contentLength }},
	{"content-type", func(k *knownFields) *int { return &k.contentType }},
	{"range", func(k *knownFields) *int { return &k.rng }},
	{"if-range", func(k *knownFields) *int { return &k.ifRange }},
	{"transfer-encoding", func(k *knownFields) *int { return &k.transferEncoding }},
	{"te", func(k *knownFields) *int { return &k.te }},
	{"expect", func(k *knownFields) *int { return &k.expect }},
	{"upgrade", func(k *knownFields) *int { return &k.upgrade }},
	{"accept-encoding", func(k *knownFields) *int { return &k.acceptEncoding }},
	{"via", func(k *knownFields) *int { return &k.via }},
	{"authorization", func(k *knownFields) *int { return &k.authorization }},
	{"keep-alive", func(k *knownFields) *int { return &k.keepAlive }},
	{"x-forwarded-for", func(k *knownFields) *int { return &k.forwardedFor }},
	{"cookie", func(k *knownFields) *int { return &k.cookie }},
}
