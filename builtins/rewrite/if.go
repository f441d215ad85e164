package rewrite

import (
	"os"
	"strings"

	"github.com/perigee-server/perigee/server/cycle"
	"github.com/perigee-server/perigee/server/http"
)

// ifCode is an if block: code of its own, and in a location settings that hold
// from then on.
type ifCode struct {
	cond  condition
	inner *http.Location // nil for a block in server
}

// condition is the text between the parentheses.
type condition func(r *http.Request) bool

func setIf(c *cycle.Conf) error {
	cond, err := parseCondition(c)
	if err != nil {
		return err
	}
	outer := confs.At(c)
	in := cycle.HTTPLocationIf
	if c.In == cycle.HTTPServer {
		in = cycle.HTTPServerIf
	}
	inner := http.NewNested(c)
	if err := c.Block(in, http.Inner(c, inner)); err != nil {
		return err
	}
	outer.code = append(outer.code, &ifCode{cond, inner})
	return nil
}

func (x *ifCode) run(s *state) outcome {
	if !x.cond(s.r) {
		return next
	}
	s.r.SetLocation(x.inner)
	return execute(s, confs.In(x.inner).code)
}

// parseCondition reads `($x)`, `($x = y)`, `($x ~ y)`, `(-f x)` and their like.
func parseCondition(c *cycle.Conf) (condition, error) {
	args := append([]string(nil), c.Args()...)
	last := len(args) - 1
	if args[0] == "" || args[0][0] != '(' {
		return nil, c.Errorf("invalid condition %q", args[0])
	}
	if !strings.HasSuffix(args[last], ")") {
		return nil, c.Errorf("invalid condition %q", args[last])
	}
	if args[0] = args[0][1:]; args[0] == "" {
		args = args[1:]
	}
	last = len(args) - 1
	if last < 0 {
		return nil, c.Errorf("invalid condition %q", ")")
	}
	if args[last] = args[last][:len(args[last])-1]; args[last] == "" {
		args = args[:last]
	}
	if len(args) == 0 {
		return nil, c.Errorf("invalid condition %q", "")
	}
	first := args[0]
	switch {
	case len(first) > 1 && first[0] == '$':
		return variableCondition(c, args)
	case len(first) == 2 && first[0] == '-' || len(first) == 3 && first[0] == '!' && first[1] == '-':
		return fileCondition(c, args)
	}
	return nil, c.Errorf("invalid condition %q", first)
}

func variableCondition(c *cycle.Conf, args []string) (condition, error) {
	v, err := http.CompileComplex(c, args[0])
	if err != nil {
		return nil, err
	}
	if len(args) == 1 {
		return func(r *http.Request) bool {
			b := v.Eval(r)
			return len(b) > 0 && string(b) != "0"
		}, nil
	}
	if len(args) != 3 {
		return nil, c.Errorf("invalid condition %q", args[len(args)-1])
	}
	switch op := args[1]; op {
	case "=", "!=":
		w, err := http.CompileComplex(c, args[2])
		if err != nil {
			return nil, err
		}
		return func(r *http.Request) bool { return (string(v.Eval(r)) == string(w.Eval(r))) == (op == "=") }, nil
	case "~", "~*", "!~", "!~*":
		rx, err := http.CompileRegex(c, args[2], strings.HasSuffix(op, "*"))
		if err != nil {
			return nil, err
		}
		want := op[0] != '!'
		return func(r *http.Request) bool { return r.Match(rx, v.Eval(r)) == want }, nil
	}
	return nil, c.Errorf("unexpected %q in condition", args[1])
}

func fileCondition(c *cycle.Conf, args []string) (condition, error) {
	if len(args) != 2 {
		return nil, c.Errorf("invalid condition %q", args[len(args)-1])
	}
	v, err := http.CompileComplex(c, args[1])
	if err != nil {
		return nil, err
	}
	op := strings.TrimPrefix(args[0], "!")
	want := op == args[0]
	var test func(st os.FileInfo) bool
	switch op {
	case "-f":
		test = func(st os.FileInfo) bool { return st.Mode().IsRegular() }
	case "-d":
		test = os.FileInfo.IsDir
	case "-e":
		test = func(os.FileInfo) bool { return true }
	case "-x":
		test = func(st os.FileInfo) bool { return st.Mode()&0o111 != 0 }
	default:
		return nil, c.Errorf("invalid condition %q", args[0])
	}
	return func(r *http.Request) bool {
		st, err := os.Stat(string(v.Eval(r)))
		return (err == nil && test(st)) == want
	}, nil
}
