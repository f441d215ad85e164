package http

import (
	"strings"

	"github.com/perigee-server/perigee/server/cycle"
)

// MediaTypes is a set of media types, as gzip_types and its like have it
// (ngx_http_types_slot). The zero value is not set.
type MediaTypes struct {
	any   bool
	names map[string]struct{}
}

// SetMediaTypes reads media types, or "*"; always are in every set.
func SetMediaTypes[T any](p cycle.Place[T], field func(*T) *MediaTypes, always ...string) cycle.Setter {
	return func(c *cycle.Conf) error {
		m := field(p.At(c))
		if m.any {
			return nil
		}
		if m.names == nil {
			m.add(always)
		}
		for _, a := range c.Args() {
			if a == "*" {
				m.any = true
				return nil
			}
			a = strings.ToLower(a)
			if _, ok := m.names[a]; ok {
				c.Warnf("duplicate MIME type %q", a)
			}
			m.names[a] = struct{}{}
		}
		return nil
	}
}

func (m *MediaTypes) add(names []string) {
	m.names = map[string]struct{}{}
	for _, n := range names {
		m.names[n] = struct{}{}
	}
}

// Merge takes the outer level's set where none was set, and the default one
// where that has none.
func (m *MediaTypes) Merge(outer *MediaTypes, always ...string) {
	switch {
	case m.any || m.names != nil:
	case outer.any || outer.names != nil:
		*m = *outer
	default:
		m.add(always)
	}
}

// TypeIn reports whether the media type of the response, without its
// parameters, is in the set (ngx_http_test_content_type).
func (r *Request) TypeIn(m *MediaTypes) bool {
	t := r.Out.ContentType
	if len(t) == 0 {
		return false
	}
	if m.any {
		return true
	}
	var low [128]byte
	n := 0
	for _, c := range t {
		if c == ';' || c == ' ' || n == len(low) {
			break
		}
		if c >= 'A' && c <= 'Z' {
			c |= 0x20
		}
		low[n] = c
		n++
	}
	_, ok := m.names[string(low[:n])]
	return ok
}
