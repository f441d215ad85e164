package echo

import (
	"fmt"
	"strconv"
	"time"

	"github.com/perigee-server/perigee/server/http"
	"github.com/perigee-server/perigee/server/http/script"
)

var variables = []http.Variable{
	{Name: "echo_timer_elapsed", Flags: script.NoCacheable, Get: func(r *http.Request) ([]byte, bool) {
		from := r.Start
		if s := states.Of(r); s != nil {
			from = s.timer
		}
		r.Loop().Update()
		d := max(r.Loop().Now().Sub(from), 0)
		return fmt.Appendf(nil, "%d.%03d", d/time.Second, d%time.Second/time.Millisecond), true
	}},
	{Name: "echo_request_method", Flags: script.NoCacheable, Get: func(r *http.Request) ([]byte, bool) { return r.MethodName, true }},
	{Name: "echo_client_request_method", Get: func(r *http.Request) ([]byte, bool) { return r.Main.MethodName, true }},
	{Name: "echo_client_request_headers", Get: func(r *http.Request) ([]byte, bool) { return r.Main.RawHead(), true }},
	{Name: "echo_cacheable_request_uri", Get: requestURI},
	{Name: "echo_request_uri", Flags: script.NoCacheable, Get: requestURI},
	{Name: "echo_request_body", Get: func(r *http.Request) ([]byte, bool) {
		b := r.Body()
		if !b.Read() || b.Size() == 0 {
			return nil, false
		}
		return bodyOf(b), true
	}},
	{Name: "echo_response_status", Flags: script.NoCacheable, Get: func(r *http.Request) ([]byte, bool) {
		if r.Out.Status == 0 {
			return nil, false
		}
		return strconv.AppendInt(nil, int64(r.Out.Status), 10), true
	}},
	{Name: "echo_incr", Flags: script.NoCacheable, Get: func(r *http.Request) ([]byte, bool) {
		s := stateOf(r.Main)
		s.incr++
		return strconv.AppendInt(nil, int64(s.incr), 10), true
	}},
	{Name: "echo_it", Flags: script.NoCacheable, Get: func(r *http.Request) ([]byte, bool) {
		s := states.Of(r)
		if s == nil || s.each == nil {
			return nil, false
		}
		return s.each.item, true
	}},
}

// requestURI is the URI with arguments as they are now, escaped.
func requestURI(r *http.Request) ([]byte, bool) {
	uri := http.EscapeURI(r.URI)
	if len(r.Args) == 0 {
		return uri, true
	}
	return append(append(append([]byte(nil), uri...), '?'), r.Args...), true
}
