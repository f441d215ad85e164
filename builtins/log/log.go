// Package log is ngx_http_log_module: log_format and access_log.
package log

import (
	"strings"
	"time"

	"github.com/perigee-server/perigee/conf"
	"github.com/perigee-server/perigee/server/cycle"
	"github.com/perigee-server/perigee/server/http"
)

// formats are the log formats of the http block.
type formats struct {
	byName map[string]*format
}

// settings are the module's of a location.
type settings struct {
	logs []*target
	off  bool
}

// target is one access_log.
type target struct {
	path   *http.Complex // with variables; nil for a fixed one
	out    *writer
	format *format
	cond   *http.Complex
}

var mains = http.NewMain(func() *formats {
	return &formats{byName: map[string]*format{}}
}, nil)

var confs = http.NewLocation(func() *settings { return &settings{} }, func(c *cycle.Conf, outer, own *settings) error {
	if own.logs != nil || own.off {
		return nil
	}
	own.logs, own.off = outer.logs, outer.off
	if own.logs != nil || own.off {
		return nil
	}
	f, err := combined(c)
	if err != nil {
		return err
	}
	t := &target{out: &writer{sink: c.Cycle.OpenFile("logs/access.log")}, format: f}
	own.logs = []*target{t}
	outer.logs = own.logs
	return nil
})

func init() {
	const in = cycle.HTTPAllIf | cycle.HTTPLimitExcept
	http.Register(&http.Module{Name: "ngx_http_log_module", Variables: variables, Directives: []cycle.Directive{
		{Name: "log_format", In: cycle.HTTP, Args: "2+", Set: setFormat, Doc: "A named form of lines of access logs."},
		{Name: "access_log", In: in, Args: "1+", Set: setLog, Doc: "A file or syslog server for lines about requests."},
		{Name: "open_log_file_cache", In: cycle.HTTPAll, Args: "1-4", Set: cycle.Ignore, Doc: "No effect: log files named by variables are kept open for a minute in any case."},
	}, Init: func(_ *cycle.Conf, m *http.Main) error {
		m.AddPhase(http.PhaseHandler{Name: "log", Phase: http.Log, Order: 100, Run: handle,
			Applies: func(l *http.Location) bool { return len(confs.In(l).logs) > 0 }})
		return nil
	}, Start: start})
}

const combinedText = `$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent"`

func combined(c *cycle.Conf) (*format, error) {
	f := mains.At(c)
	if f.byName["combined"] == nil {
		x, err := compile(c, escapeDefault, combinedText)
		if err != nil {
			return nil, err
		}
		f.byName["combined"] = x
	}
	return f.byName["combined"], nil
}

func setFormat(c *cycle.Conf) error {
	f := mains.At(c)
	name := c.Arg(0)
	if f.byName[name] != nil || name == "combined" {
		return c.Errorf("duplicate \"log_format\" name %q", name)
	}
	args := c.Args()[1:]
	esc := escapeDefault
	if v, ok := strings.CutPrefix(args[0], "escape="); ok {
		switch v {
		case "default":
		case "json":
			esc = escapeJSON
		case "none":
			esc = escapeNone
		default:
			return c.Errorf("unknown log format escaping %q", v)
		}
		args = args[1:]
	}
	x, err := compile(c, esc, strings.Join(args, ""))
	if err != nil {
		return err
	}
	f.byName[name] = x
	return nil
}

func setLog(c *cycle.Conf) error {
	s := confs.At(c)
	args := c.Args()
	if args[0] == "off" {
		s.off = true
		if len(args) > 1 {
			return c.Errorf("invalid parameter %q", args[1])
		}
		return nil
	}
	t := &target{}
	var err error
	name := ""
	o := writerOptions{}
	for i, a := range args[1:] {
		key, v, ok := strings.Cut(a, "=")
		switch {
		case !ok && i == 0:
			name = a
		case key == "buffer":
			n, ok := conf.Size(v)
			if !ok || n == 0 {
				return c.Errorf("invalid buffer size %q", v)
			}
			o.buffer = int(n)
		case key == "flush":
			n, ok := conf.Msec(v)
			if !ok || n == 0 {
				return c.Errorf("invalid flush time %q", v)
			}
			o.flush = conf.Span(n, time.Millisecond)
		case key == "gzip" || a == "gzip":
			o.gzip = 1
			if ok {
				n, ok := cycle.Number(v)
				if !ok || n < 1 || n > 9 {
					return c.Errorf("invalid compression level %q", v)
				}
				o.gzip = n
			}
			if o.buffer == 0 {
				o.buffer = 64 << 10
			}
		case key == "if":
			if t.cond, err = http.CompileComplex(c, v); err != nil {
				return err
			}
		default:
			return c.Errorf("invalid parameter %q", a)
		}
	}
	if o.flush > 0 && o.buffer == 0 {
		return c.Errorf("no buffer is defined for access_log %q", args[0])
	}
	if err := t.open(c, args[0], o); err != nil {
		return err
	}
	if name == "" || name == "combined" {
		t.format, err = combined(c)
		s.logs = append(s.logs, t)
		return err
	}
	if t.format = mains.At(c).byName[name]; t.format == nil {
		return c.Errorf("unknown log format %q", name)
	}
	s.logs = append(s.logs, t)
	return nil
}

// open finds the sink of a log.
func (t *target) open(c *cycle.Conf, name string, o writerOptions) error {
	if p, ok := strings.CutPrefix(name, "syslog:"); ok {
		s, err := cycle.NewSyslog(c, p)
		t.out = &writer{sink: s}
		return err
	}
	v, err := http.CompileComplex(c, name)
	if err != nil {
		return err
	}
	if _, static := v.Static(); !static {
		if o.buffer > 0 {
			return c.Errorf("buffered logs cannot have variables in name")
		}
		t.path = v
		return nil
	}
	f := c.Cycle.OpenFile(name)
	if w := shared(c.Cycle, f); w != nil {
		if w.o != o {
			return c.Errorf("access_log %q already defined with conflicting parameters", name)
		}
		t.out = w
		return nil
	}
	t.out = newWriter(c.Cycle, f, o)
	return nil
}

// handle logs a request.
func handle(r *http.Request) http.Status {
	for _, t := range confs.Of(r).logs {
		if t.cond != nil {
			if v := t.cond.Eval(r); len(v) == 0 || string(v) == "0" {
				continue
			}
		}
		t.write(r)
	}
	return http.OK
}
