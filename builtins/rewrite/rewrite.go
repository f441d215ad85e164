// Package rewrite is ngx_http_rewrite_module: rewrite, return, if, set, break.
package rewrite

import (
	"strings"

	"github.com/perigee-server/perigee/server/cycle"
	"github.com/perigee-server/perigee/server/http"
	"github.com/perigee-server/perigee/server/http/script"
	"github.com/perigee-server/perigee/server/log"
)

// conf is the module's settings of a location: its code.
type conf struct {
	code []code
	log  cycle.Opt[bool]
	warn cycle.Opt[bool]
	idle *state // of an earlier run
}

// outcome is what a piece of code says to the ones behind it.
type outcome int

const (
	next   outcome = iota
	leave          // no more code (break, last)
	answer         // the request ends with the state's status
)

// code is one directive, compiled.
type code interface {
	run(s *state) outcome
}

// state is one run of a location's code.
type state struct {
	r      *http.Request
	c      *conf
	status http.Status
}

var confs = http.NewLocation(func() *conf { return &conf{} }, func(_ *cycle.Conf, outer, own *conf) error {
	own.log.Merge(&outer.log, false)
	own.warn.Merge(&outer.warn, true)
	return nil
})

const places = cycle.HTTPServer | cycle.HTTPServerIf | cycle.HTTPLocation | cycle.HTTPLocationIf

func init() {
	http.Register(&http.Module{Name: "ngx_http_rewrite_module", Init: initialise, Directives: []cycle.Directive{
		{Name: "rewrite", In: places, Args: "2-3", Set: setRewrite, Doc: "Changes the URI, or redirects, where it matches a regular expression."},
		{Name: "return", In: places, Args: "1-2", Set: setReturn, Doc: "Ends the request with a status, a text or a redirect."},
		{Name: "break", In: places, Args: "0", Set: setBreak, Doc: "Ends the directives of this module for the present location."},
		{Name: "if", In: cycle.HTTPServer | cycle.HTTPLocation, Args: "1+ block", Set: setIf, Doc: "Settings and directives for requests that meet a condition."},
		{Name: "set", In: places, Args: "2", Set: setSet, Doc: "Sets a variable."},
		{Name: "rewrite_log", In: places | cycle.HTTP, Args: "flag", Set: cycle.SetFlag(confs, func(c *conf) *cycle.Opt[bool] { return &c.log }), Doc: "Whether rewrites are logged at level notice."},
		{Name: "uninitialized_variable_warn", In: places | cycle.HTTP, Args: "flag", Set: cycle.SetFlag(confs, func(c *conf) *cycle.Opt[bool] { return &c.warn }), Doc: "Whether the use of variables that were not set is logged."},
	}})
}

func initialise(_ *cycle.Conf, m *http.Main) error {
	has := func(l *http.Location) bool { return len(confs.In(l).code) > 0 }
	m.AddPhase(http.PhaseHandler{Name: "rewrite", Phase: http.ServerRewrite, Applies: has, Run: handle})
	m.AddPhase(http.PhaseHandler{Name: "rewrite", Phase: http.Rewrite, Applies: has, Run: handle})
	return nil
}

// handle runs the code of the present location.
func handle(r *http.Request) http.Status {
	c := confs.Of(r)
	s := c.idle
	if s == nil {
		s = &state{}
	}
	c.idle = nil
	*s = state{r: r, c: c, status: http.Declined}
	execute(s, c.code)
	status := s.status
	*s = state{}
	c.idle = s
	return status
}

func execute(s *state, list []code) outcome {
	for _, c := range list {
		if o := c.run(s); o != next {
			return o
		}
	}
	return next
}

// add appends code to the location that is being configured.
func add(c *cycle.Conf, x code) {
	l := confs.At(c)
	l.code = append(l.code, x)
}

// breakCode is break.
type breakCode struct{}

func (breakCode) run(s *state) outcome {
	s.r.StopURIChange()
	return leave
}

func setBreak(c *cycle.Conf) error {
	add(c, breakCode{})
	return nil
}

// returnCode is return.
type returnCode struct {
	status int
	text   *http.Complex
}

func setReturn(c *cycle.Conf) error {
	args := c.Args()
	x := &returnCode{}
	n, ok := cycle.Number(args[0])
	switch {
	case ok:
		x.status = n
	case len(args) == 2 || !isURL(args[0]):
		return c.Errorf("invalid return code %q", args[0])
	default:
		x.status = 302
	}
	if ok && n > 999 {
		return c.Errorf("invalid return code %q", args[0])
	}
	text := ""
	if len(args) == 2 {
		text = args[1]
	} else if !ok {
		text = args[0]
	}
	if len(args) == 2 || !ok {
		v, err := http.CompileComplex(c, text)
		if err != nil {
			return err
		}
		x.text = v
	}
	add(c, x)
	return nil
}

func isURL(s string) bool {
	return strings.HasPrefix(s, "http://") || strings.HasPrefix(s, "https://") || strings.HasPrefix(s, "$")
}

func (x *returnCode) run(s *state) outcome {
	s.status = x.respond(s.r)
	return answer
}

func (x *returnCode) respond(r *http.Request) http.Status {
	if x.status == 444 || x.text == nil && x.status >= 400 {
		return http.Status(x.status)
	}
	return r.Respond(x.status, nil, x.text)
}

// setCode is set.
type setCode struct {
	vars  *http.Variables
	index int
	value *http.Complex
}

func setSet(c *cycle.Conf) error {
	index, vars, err := define(c, c.Arg(0))
	if err != nil {
		return err
	}
	v, err := http.CompileComplex(c, c.Arg(1))
	if err != nil {
		return err
	}
	add(c, &setCode{vars, index, v})
	return nil
}

// define makes a variable that set may change, or finds one.
func define(c *cycle.Conf, name string) (int, *http.Variables, error) {
	if len(name) < 2 || name[0] != '$' {
		return 0, nil, c.Errorf("invalid variable name %q", name)
	}
	vars := http.ScopeOf(c).Main.Vars
	name = strings.ToLower(name[1:])
	v := http.Variable{Name: name, Flags: script.Changeable | script.Weak}
	if !prefixed(name) {
		v.Get = func(r *http.Request) ([]byte, bool) {
			if confs.Of(r).warn.V {
				r.Logf(log.Warn, "using uninitialized %q variable", name)
			}
			return nil, true
		}
	}
	if _, err := vars.Add(v); err != nil {
		return 0, nil, c.Errorf("%s", err)
	}
	return vars.Index(name), vars, nil
}

// prefixed tells variables of a family, which have a value before set gives
// them one.
func prefixed(name string) bool {
	for _, p := range []string{"arg_", "cookie_", "http_", "sent_http_", "sent_trailer_", "upstream_http_", "upstream_cookie_", "upstream_trailer_"} {
		if strings.HasPrefix(name, p) {
			return true
		}
	}
	return false
}

func (x *setCode) run(s *state) outcome {
	x.vars.Assign(s.r, x.index, x.value.Eval(s.r), true)
	return next
}

// rewriteCode is rewrite.
type rewriteCode struct {
	rx       *http.Regex
	pattern  string
	to       *http.Complex
	args     *http.Complex // what follows "?" in the replacement, nil without
	redirect int           // a status, or 0
	flag     rewriteFlag
	addArgs  bool
}

type rewriteFlag int

const (
	flagNone rewriteFlag = iota
	flagLast
	flagBreak
)

func setRewrite(c *cycle.Conf) error {
	args := c.Args()
	rx, err := http.CompileRegex(c, args[0], false)
	if err != nil {
		return err
	}
	x := &rewriteCode{rx: rx, pattern: args[0], addArgs: true}
	to := args[1]
	if to == "" {
		return c.Errorf("empty replacement")
	}
	if strings.HasPrefix(to, "http://") || strings.HasPrefix(to, "https://") || strings.HasPrefix(to, "$scheme") {
		x.redirect = 302
		x.flag = flagBreak
	}
	if len(args) == 3 {
		switch args[2] {
		case "last":
			x.flag = flagLast
		case "break":
			x.flag = flagBreak
		case "redirect":
			x.redirect = 302
		case "permanent":
			x.redirect = 301
		default:
			return c.Errorf("invalid parameter %q", args[2])
		}
	}
	if strings.HasSuffix(to, "?") {
		to = to[:len(to)-1]
		x.addArgs = false
	}
	to, query, hasArgs := strings.Cut(to, "?")
	if x.to, err = http.CompileComplex(c, to); err != nil {
		return err
	}
	if hasArgs {
		if x.args, err = http.CompileComplex(c, query); err != nil {
			return err
		}
	}
	add(c, x)
	return nil
}

func (x *rewriteCode) run(s *state) outcome {
	r := s.r
	if !r.Match(x.rx, r.URI) {
		if s.c.log.V {
			r.Logf(log.Notice, "%q does not match %q", x.pattern, r.URI)
		}
		return next
	}
	if s.c.log.V {
		r.Logf(log.Notice, "%q matches %q", x.pattern, r.URI)
	}
	quote := r.QuotedURI()
	uri := append([]byte(nil), x.to.EvalEscaped(r, quote && x.redirect != 0)...)
	var args []byte
	if x.args != nil {
		args = append(args, x.args.EvalEscaped(r, quote)...)
	}
	if x.addArgs && len(r.Args) > 0 {
		if x.args != nil {
			args = append(args, '&')
		}
		args = append(args, r.Args...)
	}
	if x.redirect != 0 {
		target := unescapeRedirect(uri)
		if x.args != nil || x.addArgs && len(r.Args) > 0 {
			target = append(append(target, '?'), args...)
		}
		if s.c.log.V {
			r.Logf(log.Notice, "rewritten redirect: %q", target)
		}
		r.Out.Location = target
		s.status = http.Status(x.redirect)
		return answer
	}
	if x.args != nil || !x.addArgs {
		r.SetArgs(args)
	}
	if s.c.log.V {
		r.Logf(log.Notice, "rewritten data: %q, args: %q", uri, r.Args)
	}
	if len(uri) == 0 {
		r.Logf(log.Error, "the rewritten URI has a zero length")
		s.status = 500
		return answer
	}
	r.SetInternal()
	r.SetURI(uri, x.flag != flagBreak)
	if x.flag == flagBreak {
		r.StopURIChange()
	}
	if x.flag != flagNone {
		return leave
	}
	return next
}

// unescapeRedirect decodes what need not be escaped in the path of a redirect
// (NGX_UNESCAPE_REDIRECT).
func unescapeRedirect(b []byte) []byte {
	out := b[:0]
	for i := 0; i < len(b); i++ {
		if b[i] == '?' {
			return append(out, b[i:]...)
		}
		if b[i] == '%' && i+2 < len(b) {
			hi, ok1 := hex(b[i+1])
			lo, ok2 := hex(b[i+2])
			if c := hi<<4 | lo; ok1 && ok2 && c > '%' && c < 0x7f {
				out = append(out, c)
				i += 2
				if c == '?' {
					return append(out, b[i+1:]...)
				}
				continue
			}
		}
		out = append(out, b[i])
	}
	return out
}

func hex(c byte) (byte, bool) {
	switch {
	case c >= '0' && c <= '9':
		return c - '0', true
	case c|0x20 >= 'a' && c|0x20 <= 'f':
		return c | 0x20 - 'a' + 10, true
	}
	return 0, false
}
