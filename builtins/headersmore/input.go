package headersmore

import (
	"strconv"

	"github.com/perigee-server/perigee/server/http"
	"github.com/perigee-server/perigee/server/log"
)

// handle changes the fields of a request at the end of the rewrite phase.
func handle(r *http.Request) http.Status {
	if r.Debugging() {
		r.Logf(log.Debug, "headers more rewrite handler, uri \"%s\"", r.URI)
	}
	if r.Version < 1000 || r.Main.Unparsed == nil { // the request line was malformed
		return http.Declined
	}
	for _, x := range confs.Of(r).input {
		if len(x.types) > 0 {
			t, ok := r.Field("content-type")
			if !ok || !x.hasType(t) {
				continue
			}
		}
		for i := range x.fields {
			f := &x.fields[i]
			if !x.setInput(r, f, f.eval(r)) {
				return http.Error
			}
		}
	}
	return http.Declined
}

// setInput sets or clears one field, and what the server has taken from it
// earlier. It returns false for a value that the server can not take.
func (x *command) setInput(r *http.Request, f *field, v []byte) bool {
	if f.wildcard && len(v) == 0 {
		f.removeAll(r)
		return true
	}
	switch f.lower {
	case "host":
		if !r.ChangeHost(v) {
			return false
		}
	case "user-agent":
		r.ChangeBrowser(v)
	case "content-length":
		if len(v) > 0 {
			if n, err := strconv.ParseInt(string(v), 10, 64); err != nil || n < 0 {
				return false
			}
		}
	}
	if len(v) == 0 {
		r.RemoveField(f.lower)
		return true
	}
	if r.ReplaceField(f.lower, v) || x.replace {
		return true
	}
	r.AppendField([]byte(f.name), v)
	if wellKnown[f.lower] {
		r.ShareFields()
	}
	return true
}

// wellKnown are the fields that nginx itself looks at: one that a subrequest
// adds is the main request's too.
var wellKnown = map[string]bool{
	"host": true, "connection": true, "if-modified-since": true, "if-unmodified-since": true, "if-match": true,
	"if-none-match": true, "user-agent": true, "referer": true, "content-length": true, "content-type": true,
	"range": true, "if-range": true, "transfer-encoding": true, "expect": true, "upgrade": true,
	"accept-encoding": true, "via": true, "authorization": true, "keep-alive": true, "x-real-ip": true,
	"depth": true, "destination": true, "overwrite": true, "date": true,
}

// removeAll removes the fields whose names begin like that.
func (f *field) removeAll(r *http.Request) {
	for i := 0; i < len(r.Fields); {
		if !f.is(r.Fields[i].Name) {
			i++
			continue
		}
		r.RemoveField(lowerOf(r.Fields[i].Name))
	}
}

func lowerOf(name []byte) string {
	b := make([]byte, len(name))
	for i, c := range name {
		if c >= 'A' && c <= 'Z' {
			c |= 0x20
		}
		b[i] = c
	}
	return string(b)
}
