// Package proxy is ngx_http_proxy_module: it passes requests to other servers.
package proxy

import (
	"strings"
	"time"

	"github.com/perigee-server/perigee/server/cycle"
	"github.com/perigee-server/perigee/server/http"
	"github.com/perigee-server/perigee/server/upstream"
)

// settings are the module's of a location.
type settings struct {
	pass *target

	version          cycle.Opt[int]
	method           cycle.Opt[*http.Complex]
	body             cycle.Opt[*http.Complex]
	setHeaders       []setHeader
	headers          []setHeader // compiled with the defaults
	passHeaders      cycle.Opt[bool]
	passBody         cycle.Opt[bool]
	hide             []string
	passOut          []string
	hidden           map[string]bool
	ignore           cycle.Opt[uint]
	redirects        []redirect
	redirectOff      bool
	cookieDomains    []cookieRule
	cookiePaths      []cookieRule
	buffering        cycle.Opt[bool]
	requestBuffering cycle.Opt[bool]
	ignoreAbort      cycle.Opt[bool]
	interceptErrors  cycle.Opt[bool]
	connectTimeout   cycle.Opt[time.Duration]
	sendTimeout      cycle.Opt[time.Duration]
	readTimeout      cycle.Opt[time.Duration]
	bufferSize       cycle.Opt[int64]
	buffers          cycle.Opt[cycle.Bufs]
	busy             cycle.Opt[int64]
	maxTemp          cycle.Opt[int64]
	tempWrite        cycle.Opt[int64]
	tempPath         cycle.Opt[http.TempPath]
	limitRate        cycle.Opt[int64]
	next             cycle.Opt[uint]
	nextTries        cycle.Opt[int]
	nextTimeout      cycle.Opt[time.Duration]
	socketKeepalive  cycle.Opt[bool]
	forceRanges      cycle.Opt[bool]
	bind             cycle.Opt[*http.Complex]
}

// target is what proxy_pass names.
type target struct {
	url    string
	group  *upstream.Group // nil until the configuration is read, and with variables
	value  *http.Complex   // with variables
	scheme string
	host   string // host:port as written: $proxy_host
	port   string
	uri    string // behind the host; "" when there is none
	hasURI bool
	line   int
}

type setHeader struct {
	name  string
	value *http.Complex
}

// Bits of proxy_next_upstream.
const (
	nextError = 1 << iota
	nextTimeout
	nextInvalid
	next500
	next502
	next503
	next504
	next403
	next404
	next429
	nextNonIdempotent
	nextOff
)

var nextBits = map[string]uint{"error": nextError, "timeout": nextTimeout, "invalid_header": nextInvalid, "http_500": next500, "http_502": next502,
	"http_503": next503, "http_504": next504, "http_403": next403, "http_404": next404, "http_429": next429, "non_idempotent": nextNonIdempotent, "off": nextOff}

// Bits of proxy_ignore_headers.
const (
	ignoreRedirect = 1 << iota
	ignoreExpires
	ignoreLimitRate
	ignoreBuffering
	ignoreCharset
	ignoreOther
)

var ignoreBits = map[string]uint{"X-Accel-Redirect": ignoreRedirect, "X-Accel-Expires": ignoreExpires, "X-Accel-Limit-Rate": ignoreLimitRate,
	"X-Accel-Buffering": ignoreBuffering, "X-Accel-Charset": ignoreCharset, "Expires": ignoreOther, "Cache-Control": ignoreOther << 1, "Set-Cookie": ignoreOther << 2, "Vary": ignoreOther << 3}

var confs = http.NewLocation(func() *settings { return &settings{} }, merge)

func merge(c *cycle.Conf, outer, own *settings) error {
	if loc := http.ScopeOf(c).Location; own.pass == nil && loc.Nameless && outer.pass != nil {
		own.pass = outer.pass
		loc.Handler = loc.Outer().Handler
	}
	own.version.Merge(&outer.version, 1000)
	own.method.Merge(&outer.method, nil)
	own.body.Merge(&outer.body, nil)
	if own.setHeaders == nil {
		own.setHeaders = outer.setHeaders
	}
	own.passHeaders.Merge(&outer.passHeaders, true)
	own.passBody.Merge(&outer.passBody, true)
	if own.hide == nil {
		own.hide = outer.hide
	}
	if own.passOut == nil {
		own.passOut = outer.passOut
	}
	own.ignore.Merge(&outer.ignore, 0)
	if own.redirects == nil && !own.redirectOff {
		own.redirects, own.redirectOff = outer.redirects, outer.redirectOff
	}
	if own.cookieDomains == nil {
		own.cookieDomains = outer.cookieDomains
	}
	if own.cookiePaths == nil {
		own.cookiePaths = outer.cookiePaths
	}
	own.buffering.Merge(&outer.buffering, true)
	own.requestBuffering.Merge(&outer.requestBuffering, true)
	own.ignoreAbort.Merge(&outer.ignoreAbort, false)
	own.interceptErrors.Merge(&outer.interceptErrors, false)
	own.connectTimeout.Merge(&outer.connectTimeout, time.Minute)
	own.sendTimeout.Merge(&outer.sendTimeout, time.Minute)
	own.readTimeout.Merge(&outer.readTimeout, time.Minute)
	own.bufferSize.Merge(&outer.bufferSize, 4096)
	own.buffers.Merge(&outer.buffers, cycle.Bufs{Num: 8, Size: 4096})
	own.busy.Merge(&outer.busy, 2*max(own.bufferSize.V, own.buffers.V.Size))
	own.maxTemp.Merge(&outer.maxTemp, 1<<30)
	own.tempWrite.Merge(&outer.tempWrite, 2*max(own.bufferSize.V, own.buffers.V.Size))
	own.tempPath.Merge(&outer.tempPath, http.TempPath{Dir: c.Cycle.FullName("proxy_temp"), Levels: []int{1, 2}})
	own.limitRate.Merge(&outer.limitRate, 0)
	own.next.Merge(&outer.next, nextError|nextTimeout)
	own.nextTries.Merge(&outer.nextTries, 0)
	own.nextTimeout.Merge(&outer.nextTimeout, 0)
	own.socketKeepalive.Merge(&outer.socketKeepalive, false)
	own.forceRanges.Merge(&outer.forceRanges, false)
	own.bind.Merge(&outer.bind, nil)
	if own.buffers.V.Num < 2 {
		return c.Errorf("there must be at least 2 \"proxy_buffers\"")
	}
	if own.busy.V < max(own.bufferSize.V, own.buffers.V.Size) {
		return c.Errorf("\"proxy_busy_buffers_size\" must be equal to or greater than the maximum of the value of \"proxy_buffer_size\" and one of the \"proxy_buffers\"")
	}
	if own.busy.V > int64(own.buffers.V.Num-1)*own.buffers.V.Size {
		return c.Errorf("\"proxy_busy_buffers_size\" must be less than the size of all \"proxy_buffers\" minus one buffer")
	}
	own.hidden = hidden(own)
	return own.compileHeaders(c)
}

// hidden are the fields of a response that the client does not get.
func hidden(s *settings) map[string]bool {
	h := map[string]bool{}
	for _, n := range []string{"Date", "Server", "X-Pad", "X-Accel-Expires", "X-Accel-Redirect", "X-Accel-Limit-Rate", "X-Accel-Buffering", "X-Accel-Charset"} {
		h[strings.ToLower(n)] = true
	}
	for _, n := range s.hide {
		h[strings.ToLower(n)] = true
	}
	for _, n := range s.passOut {
		delete(h, strings.ToLower(n))
	}
	return h
}

// compileHeaders adds the fields that are set by default.
func (s *settings) compileHeaders(c *cycle.Conf) error {
	s.headers = nil
	given := map[string]bool{}
	for _, h := range s.setHeaders {
		given[strings.ToLower(h.name)] = true
		s.headers = append(s.headers, h)
	}
	for _, d := range [][2]string{{"Host", "$proxy_host"}, {"Connection", "close"}} {
		if given[strings.ToLower(d[0])] {
			continue
		}
		v, err := http.CompileComplex(c, d[1])
		if err != nil {
			return err
		}
		s.headers = append(s.headers, setHeader{d[0], v})
	}
	return nil
}

func flag(f func(*settings) *cycle.Opt[bool]) cycle.Setter { return cycle.SetFlag(confs, f) }

func init() {
	const all = cycle.HTTPAll
	type S = settings
	http.Register(&http.Module{Name: "ngx_http_proxy_module", Variables: variables, Prefixes: prefixes, Init: resolve, Directives: []cycle.Directive{
		{Name: "proxy_pass", In: cycle.HTTPLocation | cycle.HTTPLocationIf | cycle.HTTPLimitExcept, Args: "1", Set: setPass, Doc: "The server that requests are passed to."},
		{Name: "proxy_http_version", In: all, Args: "1", Set: cycle.SetEnum(confs, func(s *S) *cycle.Opt[int] { return &s.version }, map[string]int{"1.0": 1000, "1.1": 1001}), Doc: "The version of HTTP that is spoken to the server."},
		{Name: "proxy_method", In: all, Args: "1", Set: http.SetComplex(confs, func(s *S) *cycle.Opt[*http.Complex] { return &s.method }), Doc: "The method instead of the client's."},
		{Name: "proxy_set_body", In: all, Args: "1", Set: http.SetComplex(confs, func(s *S) *cycle.Opt[*http.Complex] { return &s.body }), Doc: "The body instead of the client's."},
		{Name: "proxy_set_header", In: all, Args: "2", Set: setSetHeader, Doc: "A field of the request that is passed."},
		{Name: "proxy_pass_request_headers", In: all, Args: "flag", Set: flag(func(s *S) *cycle.Opt[bool] { return &s.passHeaders }), Doc: "Whether the client's fields are passed."},
		{Name: "proxy_pass_request_body", In: all, Args: "flag", Set: flag(func(s *S) *cycle.Opt[bool] { return &s.passBody }), Doc: "Whether the client's body is passed."},
		{Name: "proxy_hide_header", In: all, Args: "1", Set: cycle.SetList(confs, func(s *S) *[]string { return &s.hide }), Doc: "A field of responses that the client does not get."},
		{Name: "proxy_pass_header", In: all, Args: "1", Set: cycle.SetList(confs, func(s *S) *[]string { return &s.passOut }), Doc: "A field that is hidden by default and shall be passed."},
		{Name: "proxy_ignore_headers", In: all, Args: "1+", Set: cycle.SetBits(confs, func(s *S) *cycle.Opt[uint] { return &s.ignore }, ignoreBits), Doc: "Fields of responses that have no effect here."},
		{Name: "proxy_redirect", In: all, Args: "1-2", Set: setRedirect, Doc: "How Location and Refresh of responses are changed."},
		{Name: "proxy_cookie_domain", In: all, Args: "1-2", Set: setCookie(func(s *S) *[]cookieRule { return &s.cookieDomains }), Doc: "How the domain of cookies is changed."},
		{Name: "proxy_cookie_path", In: all, Args: "1-2", Set: setCookie(func(s *S) *[]cookieRule { return &s.cookiePaths }), Doc: "How the path of cookies is changed."},
		{Name: "proxy_buffering", In: all, Args: "flag", Set: flag(func(s *S) *cycle.Opt[bool] { return &s.buffering }), Doc: "Whether a response is read ahead of its client."},
		{Name: "proxy_request_buffering", In: all, Args: "flag", Set: flag(func(s *S) *cycle.Opt[bool] { return &s.requestBuffering }), Doc: "Whether a request's body is read before it is passed."},
		{Name: "proxy_ignore_client_abort", In: all, Args: "flag", Set: flag(func(s *S) *cycle.Opt[bool] { return &s.ignoreAbort }), Doc: "Whether a request goes on when its client has gone."},
		{Name: "proxy_intercept_errors", In: all, Args: "flag", Set: flag(func(s *S) *cycle.Opt[bool] { return &s.interceptErrors }), Doc: "Whether responses from 300 on are handled by error_page."},
		{Name: "proxy_connect_timeout", In: all, Args: "1", Set: cycle.SetMsec(confs, func(s *S) *cycle.Opt[time.Duration] { return &s.connectTimeout }), Doc: "How long connecting may take."},
		{Name: "proxy_send_timeout", In: all, Args: "1", Set: cycle.SetMsec(confs, func(s *S) *cycle.Opt[time.Duration] { return &s.sendTimeout }), Doc: "How long two writes to the server may be apart."},
		{Name: "proxy_read_timeout", In: all, Args: "1", Set: cycle.SetMsec(confs, func(s *S) *cycle.Opt[time.Duration] { return &s.readTimeout }), Doc: "How long two reads from the server may be apart."},
		{Name: "proxy_buffer_size", In: all, Args: "1", Set: cycle.SetSize(confs, func(s *S) *cycle.Opt[int64] { return &s.bufferSize }), Doc: "The size of the buffer for the head of responses."},
		{Name: "proxy_buffers", In: all, Args: "2", Set: cycle.SetBufs(confs, func(s *S) *cycle.Opt[cycle.Bufs] { return &s.buffers }), Doc: "How much of a response is kept in memory."},
		{Name: "proxy_busy_buffers_size", In: all, Args: "1", Set: cycle.SetSize(confs, func(s *S) *cycle.Opt[int64] { return &s.busy }), Doc: "Checked: what a client has not taken counts against proxy_buffers."},
		{Name: "proxy_max_temp_file_size", In: all, Args: "1", Set: cycle.SetOffset(confs, func(s *S) *cycle.Opt[int64] { return &s.maxTemp }), Doc: "How much of a response is kept in a temporary file; 0 turns that off."},
		{Name: "proxy_temp_file_write_size", In: all, Args: "1", Set: cycle.SetSize(confs, func(s *S) *cycle.Opt[int64] { return &s.tempWrite }), Doc: "No effect: what was read is written at once."},
		{Name: "proxy_temp_path", In: all, Args: "1-4", Set: http.SetTempPath(confs, func(s *S) *cycle.Opt[http.TempPath] { return &s.tempPath }), Doc: "The folder for temporary files."},
		{Name: "proxy_limit_rate", In: all, Args: "1", Set: cycle.SetSize(confs, func(s *S) *cycle.Opt[int64] { return &s.limitRate }), Doc: "Bytes a second that are read from the server."},
		{Name: "proxy_next_upstream", In: all, Args: "1+", Set: cycle.SetBits(confs, func(s *S) *cycle.Opt[uint] { return &s.next }, nextBits), Doc: "When a request is passed to the next server."},
		{Name: "proxy_next_upstream_tries", In: all, Args: "1", Set: cycle.SetNumber(confs, func(s *S) *cycle.Opt[int] { return &s.nextTries }), Doc: "How many servers are tried."},
		{Name: "proxy_next_upstream_timeout", In: all, Args: "1", Set: cycle.SetMsec(confs, func(s *S) *cycle.Opt[time.Duration] { return &s.nextTimeout }), Doc: "How long servers are tried."},
		{Name: "proxy_socket_keepalive", In: all, Args: "flag", Set: flag(func(s *S) *cycle.Opt[bool] { return &s.socketKeepalive }), Doc: "Whether SO_KEEPALIVE is set."},
		{Name: "proxy_force_ranges", In: all, Args: "flag", Set: flag(func(s *S) *cycle.Opt[bool] { return &s.forceRanges }), Doc: "Whether ranges are served of any response."},
		{Name: "proxy_bind", In: all, Args: "1-2", Set: setBind, Doc: "The local address of connections."},
		{Name: "proxy_headers_hash_max_size", In: all, Args: "1", Set: cycle.Ignore, Doc: "No effect: Go's maps need no tuning."},
		{Name: "proxy_headers_hash_bucket_size", In: all, Args: "1", Set: cycle.Ignore, Doc: "No effect: Go's maps need no tuning."},
	}})
}

func setSetHeader(c *cycle.Conf) error {
	v, err := http.CompileComplex(c, c.Arg(1))
	if err != nil {
		return err
	}
	s := confs.At(c)
	s.setHeaders = append(s.setHeaders, setHeader{c.Arg(0), v})
	return nil
}

func setBind(c *cycle.Conf) error {
	o := &confs.At(c).bind
	if o.Set {
		return c.Wrong("is duplicate")
	}
	if len(c.Args()) == 2 {
		return c.Errorf("the %q parameter of %q is not supported by this server", c.Arg(1), c.Dir.Name)
	}
	if c.Arg(0) == "off" {
		o.Put(nil)
		return nil
	}
	v, err := http.CompileComplex(c, c.Arg(0))
	o.Put(v)
	return err
}

// setPass reads proxy_pass.
func setPass(c *cycle.Conf) error {
	s := confs.At(c)
	if s.pass != nil {
		return c.Wrong("is duplicate")
	}
	loc := http.ScopeOf(c).Location
	url := c.Arg(0)
	v, err := http.CompileComplex(c, url)
	if err != nil {
		return err
	}
	t := &target{url: url}
	if _, static := v.Static(); !static {
		t.value = v
	} else if err := t.parse(url); err != nil {
		return c.Errorf("%s", err)
	}
	if t.hasURI && (loc.Regex != nil || loc.Kind == http.Named || loc.Nameless) {
		return c.Errorf("\"proxy_pass\" cannot have URI part in location given by regular expression, or inside named location, or inside \"if\" statement, or inside \"limit_except\" block")
	}
	s.pass = t
	upstream.NotePass(c, t.host)
	loc.Handler = handle
	if n := len(loc.Name); n > 0 && loc.Name[n-1] == '/' {
		loc.AutoRedirect = true
	}
	t.line = c.Dir.Line
	return nil
}

// parse takes a URL apart.
func (t *target) parse(url string) error {
	rest := ""
	switch {
	case len(url) >= 7 && strings.EqualFold(url[:7], "http://"):
		t.scheme, rest = "http", url[7:]
		t.port = "80"
	case len(url) >= 8 && strings.EqualFold(url[:8], "https://"):
		return upstream.Error("https protocol requires SSL support")
	default:
		return upstream.Error("invalid URL prefix")
	}
	if path, ok := strings.CutPrefix(rest, "unix:"); ok {
		sock, uri, has := strings.Cut(path, ":")
		t.host, t.port = "unix:"+sock, ""
		t.uri, t.hasURI = uri, has && uri != ""
		return nil
	}
	end := strings.IndexAny(rest, "/?")
	if end < 0 {
		end = len(rest)
	}
	t.host, t.uri = rest[:end], rest[end:]
	t.hasURI = t.uri != ""
	if t.host == "" {
		return upstream.Error("no host in upstream \"" + rest + "\"")
	}
	if i := strings.LastIndexByte(t.host, ':'); i >= 0 && !strings.HasSuffix(t.host, "]") {
		t.port = t.host[i+1:]
	}
	return nil
}

// resolve finds the groups of proxy_pass once every upstream block is read.
func resolve(c *cycle.Conf, m *http.Main) error {
	var failed error
	m.Each(func(l *http.Location) {
		t := confs.In(l).pass
		if t == nil || t.value != nil || t.group != nil || failed != nil {
			return
		}
		failed = t.find(m)
	})
	return failed
}

// find resolves the host: an upstream block, an address, or a name.
func (t *target) find(m *http.Main) error {
	if g := upstream.Find(m, t.host); g != nil {
		t.group = g
		return nil
	}
	addrs, err := upstream.Resolve(t.host, 80)
	if err != nil {
		return upstream.Error(err.Error() + " in upstream \"" + t.host + t.uri + "\"")
	}
	t.group = upstream.Single(t.host, addrs)
	return nil
}
