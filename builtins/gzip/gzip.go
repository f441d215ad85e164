// Package gzip is ngx_http_gzip_filter_module and ngx_http_gzip_static_module:
// compressed responses.
package gzip

import (
	"github.com/perigee-server/perigee/conf"
	"github.com/perigee-server/perigee/server/cycle"
	"github.com/perigee-server/perigee/server/http"
	"github.com/perigee-server/perigee/server/re"
)

// settings are the module's of a location.
type settings struct {
	on       cycle.Opt[bool]
	noBuffer cycle.Opt[bool]
	bufs     cycle.Opt[cycle.Bufs]
	types    http.MediaTypes
	level    cycle.Opt[int]
	window   cycle.Opt[int64]
	memory   cycle.Opt[int64]
	postpone cycle.Opt[int64]
	min      cycle.Opt[int64]

	vary    cycle.Opt[bool]
	version cycle.Opt[int]
	proxied cycle.Opt[uint]
	disable *disabled
	static  cycle.Opt[int]
}

// disabled is gzip_disable.
type disabled struct {
	msie6    bool
	degraded bool
	browsers []*re.Regex
}

// The values of gzip_proxied.
const (
	proxiedOff uint = 1 << iota
	proxiedExpired
	proxiedNoCache
	proxiedNoStore
	proxiedPrivate
	proxiedNoLastModified
	proxiedNoETag
	proxiedAuth
	proxiedAny
)

// The values of gzip_static.
const (
	staticOff = iota
	staticOn
	staticAlways
)

const htmlType = "text/html"

var confs = http.NewLocation(func() *settings { return &settings{} }, func(_ *cycle.Conf, outer, own *settings) error {
	own.on.Merge(&outer.on, false)
	own.noBuffer.Merge(&outer.noBuffer, false)
	own.bufs.Merge(&outer.bufs, cycle.Bufs{Num: 32, Size: 4096})
	own.types.Merge(&outer.types, htmlType)
	own.level.Merge(&outer.level, 1)
	own.window.Merge(&outer.window, 32<<10)
	own.memory.Merge(&outer.memory, 128<<10)
	own.postpone.Merge(&outer.postpone, 0)
	own.min.Merge(&outer.min, 20)
	own.vary.Merge(&outer.vary, false)
	own.version.Merge(&outer.version, 1001)
	own.proxied.Merge(&outer.proxied, proxiedOff)
	own.static.Merge(&outer.static, staticOff)
	if own.disable == nil {
		own.disable = outer.disable
	}
	return nil
})

func init() {
	type S = settings
	const in = cycle.HTTPAll
	flag := func(f func(*S) *cycle.Opt[bool]) cycle.Setter { return cycle.SetFlag(confs, f) }
	http.Register(&http.Module{Name: "ngx_http_gzip_filter_module", Directives: []cycle.Directive{
		{Name: "gzip", In: cycle.HTTPAllIf, Args: "flag", Set: flag(func(s *S) *cycle.Opt[bool] { return &s.on }), Doc: "Whether responses are compressed."},
		{Name: "gzip_types", In: in, Args: "1+", Set: http.SetMediaTypes(confs, func(s *S) *http.MediaTypes { return &s.types }, htmlType), Doc: "The media types that are compressed besides text/html, or *."},
		{Name: "gzip_comp_level", In: in, Args: "1", Set: setLevel, Doc: "How hard to compress, from 1 to 9."},
		{Name: "gzip_min_length", In: in, Args: "1", Set: cycle.SetSize(confs, func(s *S) *cycle.Opt[int64] { return &s.min }), Doc: "The length from which on responses are compressed; those of unknown length always are."},
		{Name: "gzip_buffers", In: in, Args: "2", Set: cycle.SetBufs(confs, func(s *S) *cycle.Opt[cycle.Bufs] { return &s.bufs }), Doc: "No effect: a response has one buffer, which grows to what one part of the body becomes."},
		{Name: "gzip_window", In: in, Args: "1", Set: setPower(func(s *S) *cycle.Opt[int64] { return &s.window }, 512, 32<<10, "512, 1k, 2k, 4k, 8k, 16k, or 32k"), Doc: "No effect: the window is 32k."},
		{Name: "gzip_hash", In: in, Args: "1", Set: setPower(func(s *S) *cycle.Opt[int64] { return &s.memory }, 512, 128<<10, "512, 1k, 2k, 4k, 8k, 16k, 32k, 64k, or 128k"), Doc: "No effect: the compressor chooses its memory."},
		{Name: "postpone_gzipping", In: in, Args: "1", Set: cycle.SetSize(confs, func(s *S) *cycle.Opt[int64] { return &s.postpone }), Doc: "No effect: the compressor gathers small parts itself."},
		{Name: "gzip_no_buffer", In: in, Args: "flag", Set: flag(func(s *S) *cycle.Opt[bool] { return &s.noBuffer }), Doc: "Sends each part of the body as soon as it is compressed."},
		{Name: "gzip_vary", In: in, Args: "flag", Set: flag(func(s *S) *cycle.Opt[bool] { return &s.vary }), Doc: "Adds Vary: Accept-Encoding to what could be compressed."},
		{Name: "gzip_http_version", In: in, Args: "1", Set: cycle.SetEnum(confs, func(s *S) *cycle.Opt[int] { return &s.version }, map[string]int{"1.0": 1000, "1.1": 1001}), Doc: "The lowest version of HTTP that is served compressed."},
		{Name: "gzip_proxied", In: in, Args: "1+", Set: cycle.SetBits(confs, func(s *S) *cycle.Opt[uint] { return &s.proxied }, map[string]uint{
			"off": proxiedOff, "expired": proxiedExpired, "no-cache": proxiedNoCache, "no-store": proxiedNoStore, "private": proxiedPrivate,
			"no_last_modified": proxiedNoLastModified, "no_etag": proxiedNoETag, "auth": proxiedAuth, "any": proxiedAny,
		}), Doc: "Which responses to proxies (requests with Via) are compressed."},
		{Name: "gzip_disable", In: in, Args: "1+", Set: setDisable, Doc: "Regular expressions of user agents that get no compression; msie6 is MSIE 4 to 6."},
		{Name: "gzip_static", In: in, Args: "1", Set: cycle.SetEnum(confs, func(s *S) *cycle.Opt[int] { return &s.static }, map[string]int{"off": staticOff, "on": staticOn, "always": staticAlways}), Doc: "Serves NAME.gz, where there is one, instead of NAME."},
	}, Variables: []http.Variable{{Name: "gzip_ratio", Get: ratio}}, Init: func(_ *cycle.Conf, m *http.Main) error {
		on := func(l *http.Location) bool { return confs.In(l).on.V }
		m.AddHeaderFilter(http.OrderGzip, on, header)
		m.AddBodyFilter(http.OrderGzip, on, body)
		m.AddPhase(http.PhaseHandler{Name: "gzip static", Phase: http.Content, Order: 90, Run: serve,
			Applies: func(l *http.Location) bool { return confs.In(l).static.V != staticOff }})
		return nil
	}})
}

func setLevel(c *cycle.Conf) error {
	o := &confs.At(c).level
	if o.Set {
		return c.Wrong("is duplicate")
	}
	n, ok := cycle.Number(c.Arg(0))
	if !ok {
		return c.Wrong("invalid number")
	}
	if n < 1 || n > 9 {
		return c.Errorf("value must be between 1 and 9")
	}
	o.Put(n)
	return nil
}

// setPower reads a size that is a power of two.
func setPower(field func(*settings) *cycle.Opt[int64], low, high int64, names string) cycle.Setter {
	return func(c *cycle.Conf) error {
		o := field(confs.At(c))
		if o.Set {
			return c.Wrong("is duplicate")
		}
		n, ok := conf.Size(c.Arg(0))
		if !ok {
			return c.Wrong("invalid value")
		}
		if n < low || n > high || n&(n-1) != 0 {
			return c.Wrong("must be " + names)
		}
		o.Put(n)
		return nil
	}
}

func setDisable(c *cycle.Conf) error {
	s := confs.At(c)
	if s.disable == nil {
		s.disable = &disabled{}
	}
	for _, a := range c.Args() {
		switch a {
		case "msie6":
			s.disable.msie6 = true
			continue
		case "degradation":
			s.disable.degraded = true // memory never degrades here
			continue
		}
		rx, err := re.Compile(a, re.Options{Caseless: true})
		if err != nil {
			return c.Errorf("%s", err)
		}
		s.disable.browsers = append(s.disable.browsers, rx)
	}
	return nil
}

// is tells whether a client gets no compression.
func (d *disabled) is(r *http.Request) bool {
	if d == nil {
		return false
	}
	if d.msie6 && r.OldBrowser() {
		return true
	}
	if len(d.browsers) == 0 {
		return false
	}
	agent, ok := r.Field("user-agent")
	if !ok {
		return false
	}
	for _, rx := range d.browsers {
		if ov, err := rx.Match(agent, 0, nil); err == nil && ov != nil {
			return true
		}
	}
	return false
}
