package http

import (
	"strings"

	"github.com/perigee-server/perigee/server/cycle"
	"github.com/perigee-server/perigee/server/http/script"
	"github.com/perigee-server/perigee/server/log"
	"github.com/perigee-server/perigee/server/re"
)

// Regex is a regular expression of the configuration. A match sets $1, $2, …
// and the variables of named groups.
type Regex struct {
	rx     *re.Regex
	groups []group
	vars   *Variables
}

// group is a named group and its variable.
type group struct{ n, index int }

// CompileRegex compiles a regular expression of the configuration and defines
// variables for its named groups.
func CompileRegex(c *cycle.Conf, pattern string, caseless bool) (*Regex, error) {
	rx, err := re.Compile(pattern, re.Options{Caseless: caseless})
	if err != nil {
		return nil, c.Errorf("%s", err)
	}
	m := scope(c).Main
	x := &Regex{rx: rx, vars: m.Vars}
	for _, g := range rx.Names() {
		name := strings.ToLower(g.Name)
		_, err := m.Vars.Add(Variable{Name: name, Flags: script.Changeable | script.Weak, Get: func(*Request) ([]byte, bool) { return nil, false }})
		if err != nil {
			return nil, c.Errorf("%s", err)
		}
		x.groups = append(x.groups, group{g.Group, m.Vars.Index(name)})
	}
	return x, nil
}

// Match matches subject and, when it does, keeps the captures.
func (r *Request) Match(x *Regex, subject []byte) bool {
	ov, err := x.rx.Match(subject, 0, r.ovector[:0])
	if err != nil {
		r.Logf(log.Alert, "%s while matching %q against %q", err, x.rx.String(), subject)
	}
	if ov == nil {
		return false
	}
	r.ovector = ov
	r.captured = append(r.Scratch(len(subject))[:0], subject...)
	for _, g := range x.groups {
		v := r.Capture(g.n)
		r.vars[g.index] = script.Value{Data: v, Valid: true, NotFound: v == nil}
	}
	return true
}

// Test reports whether subject matches, and keeps nothing.
func (x *Regex) Test(subject []byte) bool {
	ov, err := x.rx.Match(subject, 0, nil)
	return err == nil && ov != nil
}

// Capture returns the n-th capture of the last match, nil without.
func (r *Request) Capture(n int) []byte {
	if 2*n+1 >= len(r.ovector) || r.ovector[2*n] < 0 {
		return nil
	}
	return r.captured[r.ovector[2*n]:r.ovector[2*n+1]]
}

// Captures is the number of groups that the last match had, the whole match
// included.
func (r *Request) Captures() int { return len(r.ovector) / 2 }
