package headersmore

import (
	"bytes"
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

// setOutput sets or clears one field. It returns false for a length that is
// none.
func (x *command) setOutput(r *http.Request, f *field, v []byte) bool {
	if f.wildcard {
		f.setWildcard(&r.Out, v)
		return true
	}
	return r.SetOut([]byte(f.name), f.lower, v, x.add)
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
