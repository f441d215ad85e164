// Package referer is ngx_http_referer_module: $invalid_referer tells requests
// that other sites' pages have caused.
package referer

import (
	"bytes"
	"strings"

	"github.com/perigee-server/perigee/server/cycle"
	"github.com/perigee-server/perigee/server/http"
	"github.com/perigee-server/perigee/server/http/script"
	"github.com/perigee-server/perigee/server/re"
)

// settings are the module's of a location.
type settings struct {
	set         bool
	none        bool // no Referer is valid
	blocked     bool // one without a scheme is
	serverNames bool
	names       []name
	regexes     []*re.Regex
	size        cycle.Opt[int]
}

// name is a host, with a wildcard at one end and a path as wished.
type name struct {
	host       string
	head, tail bool // "*.host", "host.*"
	dot        bool // ".host": the host and those below it
	path       string
}

var confs = http.NewLocation(func() *settings { return &settings{} }, func(_ *cycle.Conf, outer, own *settings) error {
	if !own.set {
		size := own.size
		*own = *outer
		own.size = size
	}
	own.size.Merge(&outer.size, 2048)
	return nil
})

func init() {
	const places = cycle.HTTPServer | cycle.HTTPLocation
	size := func(s *settings) *cycle.Opt[int] { return &s.size }
	http.Register(&http.Module{Name: "ngx_http_referer_module", Directives: []cycle.Directive{
		{Name: "valid_referers", In: places, Args: "1+", Set: set, Doc: "The values of Referer with which $invalid_referer is empty: none, blocked, server_names, names and regular expressions."},
		{Name: "referer_hash_max_size", In: places, Args: "1", Set: cycle.SetNumber(confs, size), Doc: "Without effect: the names need no tuning."},
		{Name: "referer_hash_bucket_size", In: places, Args: "1", Set: func(*cycle.Conf) error { return nil }, Doc: "Without effect: the names need no tuning."},
	}, Variables: []http.Variable{{Name: "invalid_referer", Get: invalid, Flags: script.NoCacheable}}})
}

func set(c *cycle.Conf) error {
	s := confs.At(c)
	s.set = true
	for _, a := range c.Args() {
		switch {
		case a == "none":
			s.none = true
		case a == "blocked":
			s.blocked = true
		case a == "server_names":
			s.serverNames = true
		case a[0] == '~':
			x, err := re.Compile(a[1:], re.Options{Caseless: true})
			if err != nil {
				return c.Errorf("%s", err)
			}
			s.regexes = append(s.regexes, x)
		default:
			n, ok := parseName(strings.TrimPrefix(a, "http://"))
			if !ok {
				return c.Errorf("invalid referer %q", a)
			}
			s.names = append(s.names, n)
		}
	}
	return nil
}

func parseName(text string) (name, bool) {
	host, path, cut := strings.Cut(text, "/")
	n := name{host: strings.ToLower(host)}
	if cut {
		n.path = "/" + path
	}
	switch {
	case strings.HasPrefix(n.host, "*."):
		n.head, n.host = true, n.host[1:]
	case strings.HasSuffix(n.host, ".*"):
		n.tail, n.host = true, n.host[:len(n.host)-1]
	case strings.HasPrefix(n.host, "."):
		n.dot = true
	}
	return n, n.host != "" && !strings.Contains(n.host, "*")
}

func (n *name) matches(host, path string) bool {
	switch {
	case n.head && !strings.HasSuffix(host, n.host), n.tail && !strings.HasPrefix(host, n.host):
		return false
	case n.dot && host != n.host[1:] && !strings.HasSuffix(host, n.host):
		return false
	case !n.head && !n.tail && !n.dot && host != n.host:
		return false
	}
	return strings.HasPrefix(path, n.path)
}

// invalid is $invalid_referer.
func invalid(r *http.Request) ([]byte, bool) {
	s := confs.Of(r)
	if !s.set || s.valid(r) {
		return nil, true
	}
	return []byte("1"), true
}

func (s *settings) valid(r *http.Request) bool {
	value := r.Header("referer")
	if value == nil {
		return s.none
	}
	lower := strings.ToLower(string(value))
	at := strings.Index(lower, "://")
	if at < 0 || lower[:at] != "http" && lower[:at] != "https" {
		return s.blocked
	}
	rest := value[at+3:]
	for _, x := range s.regexes {
		if m, err := x.Match(rest, 0, nil); err == nil && m != nil {
			return true
		}
	}
	host, path := strings.ToLower(string(rest)), ""
	if i := bytes.IndexAny(rest, "/?"); i >= 0 {
		host, path = host[:i], string(rest[i:])
	}
	if i := strings.IndexByte(host, ':'); i >= 0 {
		host = host[:i]
	}
	if s.serverNames && r.Server().HasName(host) {
		return true
	}
	for i := range s.names {
		if s.names[i].matches(host, path) {
			return true
		}
	}
	return false
}
