package prometheus

import (
	"slices"
	"strconv"
	"strings"
)

// write appends the metrics of the sets: each with its samples of all sets in one
// place, as the format wants it.
func (s *settings) write(b []byte, sets []*set) []byte {
	sets = slices.DeleteFunc(sets, func(x *set) bool { return !s.wants(x.id) })
	seen := map[string]bool{}
	for _, x := range sets {
		for _, name := range x.names {
			if seen[name] || x.parts[name] {
				continue
			}
			seen[name] = true
			b = s.headline(b, name, s.kind(name))
			for _, y := range sets {
				if v, ok := y.values[name]; ok && !y.parts[name] {
					b = s.sample(b, name, name, v, label("set", y.id))
				}
			}
		}
	}
	clear(seen)
	for _, x := range sets {
		for _, h := range x.histograms {
			if !seen[h.name] {
				seen[h.name] = true
				b = s.writeHistograms(b, h.name, sets)
			}
		}
	}
	return b
}

// writeHistograms appends the histograms of one name.
func (s *settings) writeHistograms(b []byte, name string, sets []*set) []byte {
	var ranged, plain, errors []byte
	for _, x := range sets {
		i := slices.IndexFunc(x.histograms, func(h histogram) bool { return h.name == name })
		if i < 0 {
			continue
		}
		h := &x.histograms[i]
		in := label("set", x.id)
		errors = s.sample(errors, name+"_err", h.err, x.values[h.err], in)
		if !h.ranged() {
			for j, bin := range h.bins {
				plain = s.sample(plain, name+"_bin", bin, x.values[bin], in, label("bin", strconv.Itoa(j)))
			}
			continue
		}
		var sum int64
		for j, bin := range h.bins {
			sum += x.values[bin]
			ranged = s.sample(ranged, name+"_bucket", bin, sum, in, label("le", h.bounds[j]))
		}
		if v, ok := x.values[name+"_sum"]; ok {
			ranged = s.sample(ranged, name+"_sum", name+"_sum", v, in)
		}
		ranged = s.sample(ranged, name+"_count", h.count, sum, in)
	}
	if len(ranged) > 0 {
		b = append(s.headline(b, name, "histogram"), ranged...)
	}
	if len(plain) > 0 {
		b = append(s.headline(b, name+"_bin", "counter"), plain...)
	}
	return append(s.headline(b, name+"_err", "counter"), errors...)
}

// server is what the server says of itself, as metrics by their variables.
var server = []struct{ name, variable, kind, help string }{
	{"nginx_connections_accepted", "cnt_stub_status_accepted", "counter", "Accepted client connections"},
	{"nginx_connections_handled", "cnt_stub_status_handled", "counter", "Handled client connections"},
	{"nginx_http_requests_total", "cnt_stub_status_requests", "counter", "Client requests"},
	{"nginx_connections_active", "cnt_stub_status_active", "gauge", "Active client connections"},
	{"nginx_connections_reading", "cnt_stub_status_reading", "gauge", "Connections whose request is being read"},
	{"nginx_connections_writing", "cnt_stub_status_writing", "gauge", "Connections to which a response is being written"},
	{"nginx_connections_waiting", "cnt_stub_status_waiting", "gauge", "Idle client connections"},
	{"nginx_uptime_seconds", "cnt_uptime", "gauge", "Time since the start of the server"},
	{"nginx_uptime_reload_seconds", "cnt_uptime_reload", "gauge", "Time since the configuration was loaded"},
}

func (s *settings) writeServer(b []byte, variable func(name string) []byte) []byte {
	for _, m := range server {
		v := variable(m.variable)
		if len(v) == 0 {
			continue
		}
		help := m.help
		if own, ok := s.help[m.name]; ok {
			help = own
		}
		b = append(headline(b, m.name, m.kind, help), m.name...)
		b = append(append(append(b, ' '), v...), '\n')
	}
	return b
}

func (s *settings) kind(name string) string {
	if slices.Contains(s.gauges, name) {
		return "gauge"
	}
	return "counter"
}

func (s *settings) headline(b []byte, name, kind string) []byte {
	return headline(b, name, kind, s.help[name])
}

var helpText = strings.NewReplacer("\\", `\\`, "\n", `\n`)

func headline(b []byte, name, kind, help string) []byte {
	if help != "" {
		b = append(b, "# HELP "+name+" "+helpText.Replace(help)+"\n"...)
	}
	return append(b, "# TYPE "+name+" "+kind+"\n"...)
}

var labelText = strings.NewReplacer("\\", `\\`, "\n", `\n`, `"`, `\"`)

func label(name, value string) string { return name + `="` + labelText.Replace(value) + `"` }

// sample appends one value; scaled is the name that a factor is given for.
func (s *settings) sample(b []byte, name, scaled string, v int64, labels ...string) []byte {
	b = append(b, name+"{"+strings.Join(labels, ",")+"} "...)
	if f, ok := s.scale[scaled]; ok {
		return append(strconv.AppendFloat(b, float64(v)*f, 'g', -1, 64), '\n')
	}
	return append(strconv.AppendInt(b, v, 10), '\n')
}
