// Package stubstatus is ngx_http_stub_status_module.
package stubstatus

import (
	"strconv"

	"github.com/perigee-server/perigee/server/cycle"
	"github.com/perigee-server/perigee/server/http"
	"github.com/perigee-server/perigee/server/http/head"
	"github.com/perigee-server/perigee/server/http/script"
)

func init() {
	number := func(f func(r *http.Request) int) func(r *http.Request) ([]byte, bool) {
		return func(r *http.Request) ([]byte, bool) { return strconv.AppendInt(nil, int64(f(r)), 10), true }
	}
	active := func(r *http.Request) int { n, _ := r.HTTP().Active(); return n }
	waiting := func(r *http.Request) int { _, n := r.HTTP().Active(); return n }
	http.Register(&http.Module{Name: "ngx_http_stub_status_module", Directives: []cycle.Directive{
		{Name: "stub_status", In: cycle.HTTPServer | cycle.HTTPLocation, Args: "0-1", Set: set, Doc: "Answers with the number of connections and requests of the answering worker."},
	}, Variables: []http.Variable{
		{Name: "connections_active", Get: number(active), Flags: script.NoCacheable},
		{Name: "connections_waiting", Get: number(waiting), Flags: script.NoCacheable},
		{Name: "connections_writing", Get: number(func(r *http.Request) int { return active(r) - waiting(r) }), Flags: script.NoCacheable},
		{Name: "connections_reading", Get: number(func(*http.Request) int { return 0 }), Flags: script.NoCacheable},
	}})
}

func set(c *cycle.Conf) error {
	http.ScopeOf(c).Location.Handler = handle
	return nil
}

func handle(r *http.Request) http.Status {
	if r.Method&(head.MethodGet|head.MethodHead) == 0 {
		return 405
	}
	r.DiscardBody()
	st := r.HTTP().Stats()
	n, waiting := r.HTTP().Active()
	var b []byte
	b = strconv.AppendInt(append(b, "Active connections: "...), int64(n), 10)
	b = append(b, " \nserver accepts handled requests\n "...)
	for _, v := range []uint64{st.Accepted, st.Handled, st.Requests} {
		b = append(strconv.AppendUint(b, v, 10), ' ')
	}
	b = strconv.AppendInt(append(b, "\nReading: 0 Writing: "...), int64(n-waiting), 10)
	b = strconv.AppendInt(append(b, " Waiting: "...), int64(waiting), 10)
	b = append(b, " \n"...)
	r.Out.ContentType = []byte("text/plain")
	r.Out.ContentLength = int64(len(b))
	r.Out.Status = 200
	if rc := r.SendHeader(); rc != http.OK || r.HeadOnly() {
		return rc
	}
	return r.Send(b)
}
