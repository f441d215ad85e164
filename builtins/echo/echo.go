// Package echo has the directives of echo-nginx-module: text, time and
// subrequests as a location's content.
package echo

import (
	"strings"
	"time"

	"github.com/perigee-server/perigee/conf"
	"github.com/perigee-server/perigee/server/cycle"
	"github.com/perigee-server/perigee/server/http"
	"github.com/perigee-server/perigee/server/log"
)

// settings are the module's of a location.
type settings struct {
	commands []command // content
	before   []command
	after    []command
	status   cycle.Opt[int]
}

// command is one directive.
type command struct {
	name string
	args []*http.Complex
	opt  options
	// wrong is an option that is unknown or lacks its value.
	wrong string
	run   func(r *http.Request, s *state, c *command) http.Status
}

// options are the words with a dash before the arguments.
type options struct {
	noNewline bool // echo -n
	args      *http.Complex
	body      *http.Complex
	file      *http.Complex
}

// state is a request's.
type state struct {
	at    int // the next command
	timer time.Time
	incr  int
	each  *each // inside of echo_foreach_split
	after bool  // echo_after_body has run
}

var confs = http.NewLocation(func() *settings { return &settings{} }, func(_ *cycle.Conf, outer, own *settings) error {
	if own.commands == nil {
		own.commands = outer.commands
	}
	if own.before == nil {
		own.before = outer.before
	}
	if own.after == nil {
		own.after = outer.after
	}
	own.status.Merge(&outer.status, 200)
	return nil
})

var states = http.NewContext[state]()

func stateOf(r *http.Request) *state {
	s := states.Of(r)
	if s == nil {
		s = &state{timer: r.Loop().Now()}
		states.Set(r, s)
	}
	return s
}

const content = cycle.HTTPLocation | cycle.HTTPLocationIf

func init() {
	row := func(name, args, doc string, run func(*http.Request, *state, *command) http.Status) cycle.Directive {
		return cycle.Directive{Name: name, In: content, Args: args, Doc: doc, Set: set(run)}
	}
	http.Register(&http.Module{Name: "ngx_http_echo_module", Variables: variables, Directives: []cycle.Directive{
		row("echo", "0+", "Sends its arguments with spaces between them and a newline; -n leaves that out.", runEcho),
		row("echo_duplicate", "2", "Sends a text several times.", runDuplicate),
		row("echo_flush", "0", "Sends what earlier directives have kept back.", runFlush),
		row("echo_sleep", "1", "Waits for seconds.", runSleep),
		row("echo_blocking_sleep", "1", "Waits for seconds and blocks the worker.", runBlockingSleep),
		row("echo_reset_timer", "0", "Begins the count of $echo_timer_elapsed again.", runResetTimer),
		row("echo_read_request_body", "0", "Reads the request's body.", runReadBody),
		row("echo_request_body", "0", "Sends the request's body, which must have been read.", runRequestBody),
		row("echo_location", "1-2", "Sends the response of a location.", runLocation),
		row("echo_location_async", "1-2", "Sends the response of a location, without waiting for it.", runLocation),
		row("echo_subrequest", "2+", "Sends the response of a subrequest with a method, arguments and a body.", runSubrequest),
		row("echo_subrequest_async", "2+", "Sends the response of a subrequest, without waiting for it.", runSubrequest),
		row("echo_foreach_split", "2-3", "Runs the directives up to echo_end for each part of a text.", runForeach),
		row("echo_end", "0", "Ends echo_foreach_split.", runEnd),
		row("echo_exec", "1-2", "Goes on in another location.", runExec),
		{Name: "echo_status", In: content, Args: "1", Set: cycle.SetNumber(confs, func(s *settings) *cycle.Opt[int] { return &s.status }), Doc: "The status of responses that echo makes."},
		{Name: "echo_before_body", In: cycle.HTTPAllIf, Args: "0+", Set: setAround(func(s *settings) *[]command { return &s.before }), Doc: "Sends text before the body of whatever makes the response."},
		{Name: "echo_after_body", In: cycle.HTTPAllIf, Args: "0+", Set: setAround(func(s *settings) *[]command { return &s.after }), Doc: "Sends text behind the body of whatever makes the response."},
	}, Init: initFilters})
}

// set makes the setter of a content directive.
func set(run func(*http.Request, *state, *command) http.Status) cycle.Setter {
	return func(c *cycle.Conf) error {
		s := confs.At(c)
		cmd, err := compile(c)
		if err != nil {
			return err
		}
		cmd.run = run
		s.commands = append(s.commands, cmd)
		http.ScopeOf(c).Location.Handler = handle
		return nil
	}
}

func setAround(list func(*settings) *[]command) cycle.Setter {
	return func(c *cycle.Conf) error {
		cmd, err := compile(c)
		l := list(confs.At(c))
		*l = append(*l, cmd)
		return err
	}
}

// compile reads options and compiles arguments.
func compile(c *cycle.Conf) (command, error) {
	cmd := command{name: c.Dir.Name}
	args := c.Args()
	var err error
	switch {
	case cmd.name == "echo" || cmd.name == "echo_before_body" || cmd.name == "echo_after_body":
		args = cmd.echoOptions(args)
	case cmd.name == "echo_foreach_split":
		switch {
		case args[0] == "--":
			args = args[1:]
		case len(args[0]) > 1 && args[0][0] == '-':
			cmd.wrong = args[0] // taken for an option; told when the directive runs
		}
		if len(args) != 2 {
			return cmd, c.Errorf("invalid number of arguments in %q directive", cmd.name)
		}
	case strings.HasPrefix(cmd.name, "echo_subrequest"):
		if args, err = cmd.subrequestOptions(c, args); err != nil {
			return cmd, err
		}
	}
	for _, a := range args {
		v, err := http.CompileComplex(c, a)
		if err != nil {
			return cmd, err
		}
		cmd.args = append(cmd.args, v)
	}
	return cmd, nil
}

// echoOptions takes -n, and -- as the end of options.
func (cmd *command) echoOptions(args []string) []string {
	for len(args) > 0 && strings.HasPrefix(args[0], "-") && len(args[0]) > 1 {
		if args[0] == "--" {
			return args[1:]
		}
		if args[0] != "-n" {
			return args
		}
		cmd.opt.noNewline = true
		args = args[1:]
	}
	return args
}

// subrequestOptions takes -q, -b and -f with their values.
func (cmd *command) subrequestOptions(c *cycle.Conf, args []string) ([]string, error) {
	kept := args[:2:2]
	for i := 2; i < len(args); i += 2 {
		if opt := args[i]; opt != "-q" && opt != "-b" && opt != "-f" || i+1 >= len(args) {
			cmd.wrong = opt // told when the directive runs, as in the original
			break
		}
		v, err := http.CompileComplex(c, args[i+1])
		if err != nil {
			return nil, err
		}
		switch args[i] {
		case "-q":
			cmd.opt.args = v
		case "-b":
			cmd.opt.body = v
		case "-f":
			cmd.opt.file = v
		}
	}
	return kept, nil
}

// handle runs the location's commands.
func handle(r *http.Request) http.Status {
	s := stateOf(r)
	list := confs.Of(r).commands
	for s.at < len(list) {
		c := &list[s.at]
		s.at++
		if rc := c.run(r, s, c); rc != http.OK {
			return rc
		}
	}
	if rc := sendHead(r, s); rc != http.OK {
		return rc
	}
	if r.HeadOnly() {
		return http.OK
	}
	return r.SendLast()
}

// sendHead sends the response's head before the first output.
func sendHead(r *http.Request, s *state) http.Status {
	if r.HeaderSent() {
		return http.OK
	}
	r.Out.Status = confs.Of(r).status.V
	if len(r.Out.ContentType) == 0 {
		r.SetContentType()
	}
	r.Out.ClearLength()
	r.Out.ClearModified()
	return r.SendHeader()
}

// output sends a part of the body.
func output(r *http.Request, s *state, b []byte) http.Status {
	if rc := sendHead(r, s); rc != http.OK || r.HeadOnly() {
		return rc
	}
	if len(b) == 0 {
		return http.OK
	}
	return r.Write(b)
}

func runEcho(r *http.Request, s *state, c *command) http.Status {
	return output(r, s, c.text(r))
}

// text is the arguments with spaces between them.
func (c *command) text(r *http.Request) []byte {
	var b []byte
	if len(c.args) > 0 {
		b = r.Scratch(256)[:0]
	}
	for i, a := range c.args {
		if i > 0 {
			b = append(b, ' ')
		}
		b = append(b, a.Eval(r)...)
	}
	if !c.opt.noNewline {
		b = append(b, '\n')
	}
	return b
}

func runDuplicate(r *http.Request, s *state, c *command) http.Status {
	n, ok := parseCount(string(c.args[0].Eval(r)))
	if !ok {
		r.Logf(log.Error, "invalid size specified: %q", c.args[0].Eval(r))
		return 500
	}
	text := c.args[1].Eval(r)
	if len(text) == 0 || n == 0 {
		return output(r, s, nil)
	}
	if rc := sendHead(r, s); rc != http.OK || r.HeadOnly() {
		return rc
	}
	block := make([]byte, 0, min(n*len(text), 64<<10)+len(text))
	for ; n > 0; n-- {
		block = append(block, text...)
		if len(block) >= 64<<10 {
			if rc := write(r, block); rc != http.OK {
				return rc
			}
			block = block[:0]
		}
	}
	return write(r, block)
}

// write sends a large part, waiting for a slow client.
func write(r *http.Request, b []byte) http.Status {
	if rc := r.Write(b); rc != http.OK {
		return rc
	}
	if r.Pending() > 256<<10 {
		if r.WaitDrain(128<<10) != nil {
			return http.Error
		}
	}
	return http.OK
}

// parseCount reads a number that may have underscores between digits.
func parseCount(s string) (int, bool) {
	return cycle.Number(strings.ReplaceAll(s, "_", ""))
}

func runFlush(r *http.Request, s *state, _ *command) http.Status {
	if rc := sendHead(r, s); rc != http.OK || r.HeadOnly() {
		return rc
	}
	return r.Flush()
}

// duration reads seconds with a fraction, as echo_sleep has them.
func duration(s string) (time.Duration, bool) {
	whole, frac, _ := strings.Cut(s, ".")
	if whole == "" {
		whole = "0"
	}
	if ms, ok := conf.Msec(s); ok && strings.Trim(s, "0123456789") != "" {
		return conf.Span(ms, time.Millisecond), true
	}
	n, ok := cycle.Number(whole)
	if !ok {
		return 0, false
	}
	d := time.Duration(n) * time.Second
	frac = (frac + "000")[:3]
	ms, ok := cycle.Number(frac)
	return d + time.Duration(ms)*time.Millisecond, ok
}

func runSleep(r *http.Request, s *state, c *command) http.Status {
	v := string(c.args[0].Eval(r))
	d, ok := duration(v)
	if !ok {
		r.Logf(log.Error, "invalid sleep duration %q", v)
		return 500
	}
	if err := r.Sleep(d); err != nil {
		return http.Error
	}
	return http.OK
}

func runBlockingSleep(r *http.Request, s *state, c *command) http.Status {
	v := string(c.args[0].Eval(r))
	d, ok := duration(v)
	if !ok {
		r.Logf(log.Error, "invalid sleep duration %q", v)
		return 500
	}
	time.Sleep(d)
	r.Loop().Update()
	return http.OK
}

func runResetTimer(r *http.Request, s *state, _ *command) http.Status {
	r.Loop().Update()
	s.timer = r.Loop().Now()
	return http.OK
}
