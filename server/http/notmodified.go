package http

import (
	"bytes"
	"net/http"
	"time"
)

// notModified answers conditional requests (ngx_http_not_modified_filter).
func notModified(r *Request) Status {
	o := &r.Out
	if o.Status != 200 || r != r.Main || r.errorPage && r.errStatus != 0 || o.NoConditions {
		return OK
	}
	if r.in.ius != 0 && !unmodifiedSince(r) {
		return r.precondition(statusPreconditionFailed)
	}
	if r.in.ifMatch != 0 && !r.etagMatches(r.fieldValue(r.in.ifMatch), false) {
		return r.precondition(statusPreconditionFailed)
	}
	if r.in.ims == 0 && r.in.ifNoneMatch == 0 {
		return OK
	}
	if r.in.ims != 0 && modifiedSince(r) {
		return OK
	}
	if r.in.ifNoneMatch != 0 && !r.etagMatches(r.fieldValue(r.in.ifNoneMatch), true) {
		return OK
	}
	o.Status = 304
	o.StatusLine = nil
	o.ContentType, o.typeLower, o.Charset = nil, nil, nil
	o.ClearLength()
	r.allowRanges, r.acceptRanges = false, false
	o.HideField("content-encoding")
	return OK
}

// precondition answers with an error page from inside of the filters.
func (r *Request) precondition(code Status) Status {
	r.Out.Status = 0
	return code
}

func unmodifiedSince(r *Request) bool {
	if r.Out.LastModified.IsZero() {
		return false
	}
	t, ok := parseTime(r.fieldValue(r.in.ius))
	return ok && !t.Before(r.Out.LastModified.Truncate(time.Second))
}

func modifiedSince(r *Request) bool {
	if r.Out.LastModified.IsZero() {
		return true
	}
	mode := r.loc.core.ifModifiedSince.V
	if mode == imsOff {
		return true
	}
	t, ok := parseTime(r.fieldValue(r.in.ims))
	lm := r.Out.LastModified.Truncate(time.Second)
	if ok && t.Equal(lm) {
		return false
	}
	return mode == imsExact || !ok || t.Before(lm)
}

// etagMatches looks for the response's ETag in a list; weak compares weakly.
func (r *Request) etagMatches(list []byte, weak bool) bool {
	etag := r.Out.ETag
	if len(list) == 1 && list[0] == '*' {
		return true
	}
	if len(etag) == 0 {
		return false
	}
	if weak {
		etag = bytes.TrimPrefix(etag, []byte("W/"))
	}
	for len(list) > 0 {
		list = bytes.TrimLeft(list, " \t,")
		if weak {
			list = bytes.TrimPrefix(list, []byte("W/"))
		}
		if bytes.HasPrefix(list, etag) {
			rest := bytes.TrimLeft(list[len(etag):], " \t")
			if len(rest) == 0 || rest[0] == ',' {
				return true
			}
		}
		i := bytes.IndexByte(list, ',')
		if i < 0 {
			return false
		}
		list = list[i+1:]
	}
	return false
}

// parseTime reads a time in any of the three forms of HTTP.
func parseTime(b []byte) (time.Time, bool) {
	t, err := http.ParseTime(string(b))
	return t, err == nil
}

// ParseTime reads a time of a field.
func ParseTime(b []byte) (time.Time, bool) { return parseTime(b) }
