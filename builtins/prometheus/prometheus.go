// Package prometheus shows counters (nginx-custom-counters-module) to Prometheus,
// in its text format. It reads them as variables in JSON.
package prometheus

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/perigee-server/perigee/server/cycle"
	"github.com/perigee-server/perigee/server/http"
	"github.com/perigee-server/perigee/server/http/head"
	"github.com/perigee-server/perigee/server/log"
)

const levels = cycle.HTTP | cycle.HTTPServer | cycle.HTTPLocation

func init() {
	http.Register(&http.Module{Name: "prometheus", Directives: []cycle.Directive{
		{Name: "prometheus_metrics", In: cycle.HTTPLocation, Args: "0+", Set: setMetrics, Doc: "Answers with the counters of all sets, or of those named, in Prometheus' text format."},
		{Name: "prometheus_help", In: levels, Args: "2", Set: setHelp, Doc: "The text that explains a metric."},
		{Name: "prometheus_gauge", In: levels, Args: "1+", Set: setGauges, Doc: "Metrics that are gauges and no counters."},
		{Name: "prometheus_scale", In: levels, Args: "2", Set: setScale, Doc: "Multiplies the values of a metric by a factor."},
	}})
}

// settings are those of a location; outer ones come first.
type settings struct {
	sets   []string
	help   map[string]string
	gauges []string
	scale  map[string]float64
}

var locations = http.NewLocation(func() *settings {
	return &settings{help: map[string]string{}, scale: map[string]float64{}}
}, merge)

func merge(_ *cycle.Conf, outer, own *settings) error {
	for name, text := range outer.help {
		if _, ok := own.help[name]; !ok {
			own.help[name] = text
		}
	}
	for name, factor := range outer.scale {
		if _, ok := own.scale[name]; !ok {
			own.scale[name] = factor
		}
	}
	own.gauges = append(outer.gauges[:len(outer.gauges):len(outer.gauges)], own.gauges...)
	return nil
}

func setMetrics(c *cycle.Conf) error {
	locations.At(c).sets = c.Args()
	http.ScopeOf(c).Location.Handler = serve
	return nil
}

func setHelp(c *cycle.Conf) error {
	s := locations.At(c)
	if _, ok := s.help[metric(c.Arg(0))]; ok {
		return c.Wrong("is duplicate")
	}
	s.help[metric(c.Arg(0))] = c.Arg(1)
	return nil
}

func setGauges(c *cycle.Conf) error {
	for _, name := range c.Args() {
		locations.At(c).gauges = append(locations.At(c).gauges, metric(name))
	}
	return nil
}

func setScale(c *cycle.Conf) error {
	s := locations.At(c)
	if _, ok := s.scale[metric(c.Arg(0))]; ok {
		return c.Wrong("is duplicate")
	}
	f, err := strconv.ParseFloat(c.Arg(1), 64)
	if err != nil || math.IsInf(f, 0) || math.IsNaN(f) {
		return c.Errorf("invalid factor %q", c.Arg(1))
	}
	s.scale[metric(c.Arg(0))] = f
	return nil
}

// metric is the name of a metric, which may be written as the variable.
func metric(name string) string { return strings.TrimPrefix(name, "$") }

func (s *settings) wants(set string) bool { return len(s.sets) == 0 || slices.Contains(s.sets, set) }

var contentType = []byte("text/plain; version=0.0.4; charset=utf-8")

// serve answers with all metrics.
func serve(r *http.Request) http.Status {
	if r.Method&(head.MethodGet|head.MethodHead) == 0 {
		return 405
	}
	if rc := r.DiscardBody(); rc != http.OK {
		return rc
	}
	variable := func(name string) []byte {
		v, _, _ := r.HTTP().Vars.ByName(r, name)
		return append([]byte(nil), v...)
	}
	sets, err := readSets(variable("cnt_collection"), variable("cnt_histograms"))
	if err != nil {
		r.LogLine(log.Error, "prometheus_metrics: "+err.Error())
		return 500
	}
	s := locations.Of(r)
	b := s.write(nil, sets)
	b = s.writeServer(b, variable)
	o := &r.Out
	o.Status, o.ContentType, o.ContentLength = 200, contentType, int64(len(b))
	if rc := r.SendHeader(); rc != http.OK || r.HeadOnly() {
		return rc
	}
	if len(b) == 0 {
		return r.SendLast()
	}
	return r.Send(b)
}
