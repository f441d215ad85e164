package headersmore

import (
	"bytes"
	"strconv"
	"strings"

	"github.com/perigee-server/perigee/server/http"
	"github.com/perigee-server/perigee/server/log"
)

// filter changes the fields of a response.
func filter(r *http.Request) http.Status {
	if r.Debugging() {
		r.Logf(log.Debug, "headers more header filter, uri \"%s\"", r.URI)
	}
	for _, x := range confs.Of(r).output {
		if !x.matches(bareType(r.Out.ContentType), r.Out.Status) {
			continue
		}
		for i := range x.fields {
			f := &x.fields[i]
			if !x.setOutput(r, f, f.eval(r)) {
				return http.Error
			}
		}
	}
	return http.OK
}

// bareType is a media type without its charset, which the response keeps apart.
func bareType(t []byte) []byte {
	if i := bytes.Index(t, []byte("; charset=")); i >= 0 {
		return t[:i]
	}
	return t
}

// setOutput sets or clears one field; those that the server makes itself are
// parts of the response. It returns false for a length that is none.
func (x *command) setOutput(r *http.Request, f *field, v []byte) bool {
	o := &r.Out
	if f.wildcard {
		f.setWildcard(o, v)
		return true
	}
	switch f.lower {
	case "server":
		o.SetServer(v, len(v) == 0)
	case "date":
		o.SetDate(v, len(v) == 0)
	case "content-type":
		o.ContentType = v
		o.SetCharsetOfType()
	case "content-length":
		if len(v) == 0 {
			o.ClearLength()
			return true
		}
		n, err := strconv.ParseInt(string(v), 10, 64)
		if err != nil || n < 0 {
			return false
		}
		o.ContentLength = n
	case "last-modified":
		o.ClearModified()
		if len(v) > 0 {
			o.LastModifiedText, o.KeepModified = v, true
		}
	case "location":
		o.HideField(f.lower)
		o.Location = v
	case "content-range":
		o.ContentRange = v
	case "accept-ranges":
		if len(v) == 0 {
			r.DenyRanges()
		}
		x.setGeneric(o, f, v)
	case "etag":
		o.ETag = v
		o.HideField(f.lower)
	case "e-tag":
		o.ETag = nil
		x.setGeneric(o, f, v)
	default:
		x.setGeneric(o, f, v)
	}
	return true
}

// setGeneric sets a field of the list: the first of the name gets the value,
// the others go.
func (x *command) setGeneric(o *http.Response, f *field, v []byte) {
	done := false
	for i := range o.Fields {
		h := &o.Fields[i]
		if x.add || h.Hidden || !f.is(h.Name) {
			continue
		}
		if len(v) == 0 || done {
			h.Hidden = true
		}
		h.Value = v
		done = true
	}
	if !done && len(v) > 0 {
		o.Add([]byte(f.name), v)
	}
}

// setWildcard clears every field whose name begins like that, those of an
// upstream that the response keeps apart included. A value is the first one's
// new value.
func (f *field) setWildcard(o *http.Response, v []byte) {
	done := false
	for i := range o.Fields {
		h := &o.Fields[i]
		if h.Hidden || !f.is(h.Name) {
			continue
		}
		h.Hidden = len(v) == 0 || done
		h.Value = v
		done = true
	}
	take := func(name string, at *[]byte) {
		if *at == nil || !strings.HasPrefix(name, f.lower) {
			return
		}
		*at = v
		if done {
			*at = nil
		}
		done = true
	}
	take("etag", &o.ETag)
	take("location", &o.Location)
	take("last-modified", &o.LastModifiedText)
	if o.Server != nil && strings.HasPrefix("server", f.lower) {
		o.SetServer(v, len(v) == 0)
		done = true
	}
	if !done && len(v) > 0 {
		o.Add([]byte(f.name), v)
	}
}
