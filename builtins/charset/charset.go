// Package charset is ngx_http_charset_filter_module: it names the charset of
// responses, and recodes them.
package charset

import (
	"bytes"
	"strings"

	"github.com/perigee-server/perigee/server/cycle"
	"github.com/perigee-server/perigee/server/http"
	"github.com/perigee-server/perigee/server/log"
)

// maps are the charset_map blocks of the http block, by source and destination.
type maps struct {
	tables map[[2]string]*table
}

// settings are the module's of a location.
type settings struct {
	charset  cycle.Opt[*http.Complex] // nil: off
	source   cycle.Opt[*http.Complex]
	override cycle.Opt[bool]
	types    []string
	typeSet  map[string]bool // nil: all types
}

var mains = http.NewMain(func() *maps { return &maps{tables: map[[2]string]*table{}} }, nil)

var defaultTypes = []string{"text/html", "text/xml", "text/plain", "text/vnd.wap.wml", "application/javascript", "application/rss+xml"}

var confs = http.NewLocation(func() *settings { return &settings{} }, func(c *cycle.Conf, outer, own *settings) error {
	own.charset.Merge(&outer.charset, nil)
	own.source.Merge(&outer.source, nil)
	own.override.Merge(&outer.override, false)
	if own.types == nil {
		own.types = outer.types
	}
	if own.types == nil {
		own.types = defaultTypes
	}
	own.typeSet = map[string]bool{"text/html": true}
	for _, t := range own.types {
		if t == "*" {
			own.typeSet = nil
			break
		}
		own.typeSet[strings.ToLower(t)] = true
	}
	return own.check(c)
})

// check makes sure that there is a table between two fixed charsets.
func (s *settings) check(c *cycle.Conf) error {
	if s.charset.V == nil || s.source.V == nil {
		return nil
	}
	to, ok1 := s.charset.V.Static()
	from, ok2 := s.source.V.Static()
	if !ok1 || !ok2 || strings.EqualFold(to, from) {
		return nil
	}
	if mains.At(c).between(from, to) == nil {
		return c.Errorf("no \"charset_map\" between the charsets %q and %q", from, to)
	}
	return nil
}

func init() {
	http.Register(&http.Module{Name: "ngx_http_charset_filter_module", Directives: []cycle.Directive{
		{Name: "charset", In: cycle.HTTPAllIf, Args: "1", Set: set(func(s *settings) *cycle.Opt[*http.Complex] { return &s.charset }), Doc: "The charset that the Content-Type field names."},
		{Name: "source_charset", In: cycle.HTTPAllIf, Args: "1", Set: set(func(s *settings) *cycle.Opt[*http.Complex] { return &s.source }), Doc: "The charset that responses have; they are recoded where charset is another one."},
		{Name: "override_charset", In: cycle.HTTPAllIf, Args: "flag", Set: cycle.SetFlag(confs, func(s *settings) *cycle.Opt[bool] { return &s.override }), Doc: "Whether the charset that an upstream's response names is replaced."},
		{Name: "charset_types", In: cycle.HTTPAll, Args: "1+", Set: cycle.SetList(confs, func(s *settings) *[]string { return &s.types }), Doc: "The media types, besides text/html, whose charset is named; * for all."},
		{Name: "charset_map", In: cycle.HTTP, Args: "2 block", Set: setMap, Doc: "A table between two charsets."},
	}, Init: func(_ *cycle.Conf, m *http.Main) error {
		on := func(l *http.Location) bool { return confs.In(l).charset.V != nil }
		m.AddHeaderFilter(http.OrderCharset, on, header)
		m.AddBodyFilter(http.OrderCharset, on, body)
		return nil
	}})
}

func set(field func(*settings) *cycle.Opt[*http.Complex]) cycle.Setter {
	return func(c *cycle.Conf) error {
		o := field(confs.At(c))
		if o.Set {
			return c.Wrong("is duplicate")
		}
		if c.Arg(0) == "off" && c.Dir.Name == "charset" {
			o.Put(nil)
			return nil
		}
		v, err := http.CompileComplex(c, c.Arg(0))
		if err != nil {
			return err
		}
		o.Put(v)
		return nil
	}
}

// recoding is a request's.
type recoding struct {
	coder coder
}

var recodings = http.NewContext[recoding]()

// header names the charset, and begins recoding where it is another one.
func header(r *http.Request) http.Status {
	s := confs.Of(r)
	o := &r.Out
	ctype, named := mediaType(o.ContentType)
	if len(o.ContentType) == 0 || s.typeSet != nil && !s.typeSet[strings.ToLower(string(ctype))] || o.OutHeader("content-encoding") != nil {
		return http.OK
	}
	to := s.charset.V.Eval(r)
	if len(o.Charset) > 0 {
		named = o.Charset
	}
	from := []byte(nil)
	if s.source.V != nil {
		from = s.source.V.Eval(r)
	}
	if named != nil {
		if !s.override.V {
			return http.OK
		}
		from = named
		o.ContentType = ctype
	}
	if len(to) == 0 {
		return http.OK
	}
	if len(from) > 0 && !bytes.EqualFold(from, to) && o.Status != 206 {
		t := mains.Of(r).between(string(from), string(to))
		if t == nil {
			r.Logf(log.Error, "no \"charset_map\" between the charsets %q and %q", from, to)
		} else {
			recodings.Set(r, &recoding{t.coder(string(from))})
			if t.utf8 {
				o.ClearLength()
				r.DenyRanges()
			}
		}
	}
	o.Charset = append([]byte(nil), to...)
	return http.OK
}

// mediaType cuts a charset off a Content-Type.
func mediaType(v []byte) (ctype, charset []byte) {
	ctype, rest, ok := bytes.Cut(v, []byte(";"))
	ctype = bytes.TrimSpace(ctype)
	for ok {
		var p []byte
		p, rest, ok = bytes.Cut(rest, []byte(";"))
		if k, val, has := bytes.Cut(bytes.TrimSpace(p), []byte("=")); has && bytes.EqualFold(k, []byte("charset")) {
			return ctype, bytes.Trim(val, "\"")
		}
	}
	return ctype, nil
}

// body recodes the body.
func body(r *http.Request, in []http.Buf) ([]http.Buf, error) {
	x := recodings.Of(r)
	if x == nil {
		return in, nil
	}
	out := make([]http.Buf, 0, len(in)+1)
	for _, b := range in {
		if b.File != nil {
			data := make([]byte, b.N)
			if _, err := b.File.ReadAt(data, b.Off); err != nil {
				return nil, err
			}
			b.Mem, b.File = data, nil
		}
		b.Mem = x.coder.code(b.Mem, b.Last)
		b.Stable = true
		out = append(out, b)
	}
	return out, nil
}
