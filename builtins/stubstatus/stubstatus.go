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
	number := func(f func(s http.Stats) int64) func(r *http.Request) ([]byte, bool) {
		return func(r *http.Request) ([]byte, bool) { return strconv.AppendInt(nil, f(r.HTTP().Stats()), 10), true }
	}
	http.Register(&http.Module{Name: "ngx_http_stub_status_module", Directives: []cycle.Directive{
		{Name: "stub_status", In: cycle.HTTPServer | cycle.HTTPLocation, Args: "0-1", Set: set, Doc: "Answers with the number of connections and requests of all workers."},
	}, Variables: []http.Variable{
		{Name: "connections_active", Get: number(func(s http.Stats) int64 { return s.Active }), Flags: script.NoCacheable},
		{Name: "connections_waiting", Get: number(func(s http.Stats) int64 { return s.Waiting }), Flags: script.NoCacheable},
		{Name: "connections_writing", Get: number(func(s http.Stats) int64 { return s.Writing }), Flags: script.NoCacheable},
		{Name: "connections_reading", Get: number(func(s http.Stats) int64 { return s.Reading }), Flags: script.NoCacheable},
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
	var b []byte
	b = strconv.AppendInt(append(b, "Active connections: "...), st.Active, 10)
	b = append(b, " \nserver accepts handled requests\n "...)
	for _, v := range []int64{st.Accepted, st.Handled, st.Requests} {
		b = append(strconv.AppendInt(b, v, 10), ' ')
	}
	b = strconv.AppendInt(append(b, "\nReading: "...), st.Reading, 10)
	b = strconv.AppendInt(append(b, " Writing: "...), st.Writing, 10)
	b = strconv.AppendInt(append(b, " Waiting: "...), st.Waiting, 10)
	b = append(b, " \n"...)
	r.Out.ContentType = []byte("text/plain")
	r.Out.ContentLength = int64(len(b))
	r.Out.Status = 200
	if rc := r.SendHeader(); rc != http.OK || r.HeadOnly() {
		return rc
	}
	return r.Send(b)
}
