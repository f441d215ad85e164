// Package headersmore is ngx_headers_more: directives that set and clear any
// field of responses and requests.
package headersmore

import (
	"github.com/perigee-server/perigee/server/cycle"
	"github.com/perigee-server/perigee/server/http"
)

// settings are the module's of a location: the directives that hold in it, the
// outer levels' first.
type settings struct {
	output []*command
	input  []*command
}

var confs = http.NewLocation(func() *settings { return &settings{} }, func(_ *cycle.Conf, outer, own *settings) error {
	own.output = joined(outer.output, own.output)
	own.input = joined(outer.input, own.input)
	return nil
})

func joined(outer, own []*command) []*command {
	if len(own) == 0 {
		return outer
	}
	return append(append([]*command(nil), outer...), own...)
}

// orderTail puts input directives behind every other handler of the rewrite
// phase.
const orderTail = 1000

func init() {
	output := func(s *settings) *[]*command { return &s.output }
	input := func(s *settings) *[]*command { return &s.input }
	http.Register(&http.Module{Name: "ngx_http_headers_more_filter_module", Directives: []cycle.Directive{
		{Name: "more_set_headers", In: cycle.HTTPAllIf, Args: "1+", Set: set(kind{status: true, add: true}, output), Doc: "Sets fields of responses, of some statuses (-s) or media types (-t) only if asked, beside those of the same name with -a."},
		{Name: "more_clear_headers", In: cycle.HTTPAllIf, Args: "1+", Set: set(kind{clear: true, status: true, add: true}, output), Doc: "Takes fields out of responses; a name may end with *."},
		{Name: "more_set_input_headers", In: cycle.HTTPAllIf, Args: "1+", Set: set(kind{replace: true}, input), Doc: "Sets fields of requests at the end of the rewrite phase, with -r only those that are there."},
		{Name: "more_clear_input_headers", In: cycle.HTTPAllIf, Args: "1+", Set: set(kind{clear: true, replace: true}, input), Doc: "Takes fields out of requests at the end of the rewrite phase; a name may end with *."},
	}, Init: func(_ *cycle.Conf, m *http.Main) error {
		m.AddHeaderFilter(http.OrderUser, func(l *http.Location) bool { return len(confs.In(l).output) > 0 }, filter)
		m.AddPhase(http.PhaseHandler{Name: "headers more", Phase: http.Rewrite, Order: orderTail,
			Applies: func(l *http.Location) bool { return len(confs.In(l).input) > 0 }, Run: handle})
		return nil
	}})
}
