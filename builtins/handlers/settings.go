package handlers

import (
	"context"
	"strings"
	"sync/atomic"

	"github.com/perigee-server/perigee/conf"
	"github.com/perigee-server/perigee/server/cycle"
	"github.com/perigee-server/perigee/server/event"
	"github.com/perigee-server/perigee/server/handler"
	"github.com/perigee-server/perigee/server/http"
	"github.com/perigee-server/perigee/server/http/script"
	"github.com/perigee-server/perigee/server/log"
)

// mainConf is the module's settings of the http block, and its state in a
// worker.
type mainConf struct {
	variables []*variable
	byName    map[string]*variable
	uses      []*use
	habits    map[*handler.Handler]*event.Habit
	tokenName string
	libraries libraries

	noCache, compensate, emptyOnError, noHash []mention

	services    map[string]*service
	serviceList []*service
	callbacks   []*callback
	zone        *serviceZone
	shared      map[string]*shared
	inShm       []mention
	ignoreEmpty []mention
	updateHooks []*updateHook
	hooks       []*hook
	hookZone    *hookZone

	calls  atomic.Int32 // of services, that run now
	args   [][]byte     // arguments of the synchronous handlers that run
	tokens tokens
	loop   *event.Loop
	log    *log.Logger
	wake   *cycle.Channel // tells workers of hooks and of changed variables
	// leaving is set when the worker quits.
	leaving bool
	// failing is set when a service ends the worker.
	failing bool
	ctx     context.Context // of the worker; cancelled as it exits
}

// mention is a variable's name in a directive.
type mention struct {
	name string
	dir  *conf.Directive
}

// locationConf is the module's settings of a location.
type locationConf struct {
	own     []*entry // declared here
	vars    []*entry // those of the levels around too
	byVar   []*entry // by variable
	content *content
	hook    *hook

	readTempFile cycle.Opt[bool]
	ignoreAbort  cycle.Opt[bool]
}

var mains = http.NewMain(func() *mainConf {
	return &mainConf{byName: map[string]*variable{}, tokenName: defaultToken}
}, finishMain)

var locations = http.NewLocation(func() *locationConf { return &locationConf{} }, merge)

// merge inherits declarations: all but volatile ones, which only a server hands
// down. An `if` block also inherits the content handler.
func merge(c *cycle.Conf, outer, own *locationConf) error {
	own.readTempFile.Merge(&outer.readTempFile, false)
	own.ignoreAbort.Merge(&outer.ignoreAbort, false)
	for _, e := range outer.vars {
		if own.declares(e.v) || e.strict == strictVolatile && e.inLocation {
			continue
		}
		own.vars = append(own.vars, e)
	}
	own.vars = append(own.vars, own.own...)
	if l := http.ScopeOf(c).Location; l != nil && l.Nameless && own.content == nil && own.hook == nil {
		own.content, own.hook = outer.content, outer.hook
	}
	return nil
}

func (l *locationConf) declares(v *variable) bool {
	for _, e := range l.own {
		if e.v == v {
			return true
		}
	}
	return false
}

func (l *locationConf) index(variables int) {
	if len(l.vars) == 0 {
		return
	}
	l.byVar = make([]*entry, variables)
	for _, e := range l.vars {
		l.byVar[e.v.id] = e
	}
}

// entryOf is the declaration of a variable that holds here, nil for none.
func (l *locationConf) entryOf(v *variable) *entry {
	if v.id >= len(l.byVar) {
		return nil
	}
	return l.byVar[v.id]
}

// eager reports whether something runs before the rewrite directives.
func (l *locationConf) eager() bool {
	return l.has(strictEarly) || l.has(strictVolatile) || l.has(strictTask)
}

func (l *locationConf) has(s strictness) bool {
	for _, e := range l.vars {
		if e.strict == s {
			return true
		}
	}
	return false
}

// setNames collects names of variables, which are looked up when all of the
// configuration is read.
func setNames(list func(m *mainConf) *[]mention) cycle.Setter {
	return func(c *cycle.Conf) error {
		l := list(mains.At(c))
		for _, a := range c.Args() {
			name, err := variableName(c, a)
			if err != nil {
				return err
			}
			*l = append(*l, mention{name, c.Dir})
		}
		return nil
	}
}

// variableName takes the "$" off a name.
func variableName(c *cycle.Conf, s string) (string, error) {
	if len(s) < 2 || s[0] != '$' {
		return "", c.Errorf("invalid variable name %q", strings.TrimPrefix(s, "$"))
	}
	return strings.ToLower(s[1:]), nil
}

// finishMain applies what was said about variables by name, and finds the
// handlers.
func finishMain(c *cycle.Conf, m *mainConf) error {
	vars := http.ScopeOf(c).Main.Vars
	for _, n := range m.noCache {
		v := vars.Lookup(n.name)
		if v == nil {
			m.sayUndeclared(c, n)
			continue
		}
		if own := m.byName[n.name]; own != nil {
			if own.volatile {
				return c.ErrorAt(n.dir, "strict volatile variable %q cannot be set as nocacheable, probably it has already been declared in another context", n.name)
			}
			own.noCache = true
		}
		v.Flags |= script.NoCacheable
	}
	for _, n := range m.compensate {
		m.mark(c, vars, n, func(v *variable) bool { v.compensate = !v.task; return !v.task })
	}
	for _, n := range m.emptyOnError {
		m.mark(c, vars, n, func(v *variable) bool { v.emptyOnError = true; return true })
	}
	for _, n := range m.noHash {
		m.hide(c, vars, n)
	}
	if err := m.finishServices(c); err != nil {
		return err
	}
	return m.resolve(c)
}

// mark sets something of a variable of this module.
func (m *mainConf) mark(c *cycle.Conf, vars *http.Variables, n mention, f func(v *variable) bool) {
	v := m.byName[n.name]
	switch {
	case v == nil && vars.Lookup(n.name) == nil:
		m.sayUndeclared(c, n)
	case v == nil || !f(v):
		sayAt(c, log.Error, n.dir, "variable %q has incompatible get handler", n.name)
	}
}

func (m *mainConf) sayUndeclared(c *cycle.Conf, n mention) {
	sayAt(c, log.Error, n.dir, "variable %q was not declared", n.name)
}

// sayAt logs a message about a directive, unless the master has done so.
func sayAt(c *cycle.Conf, level log.Level, d *conf.Directive, format string, args ...any) {
	if c.Cycle.Role != cycle.Worker && !c.Cycle.Told {
		c.Cycle.Log.Print(level, 0, c.ErrorAt(d, format, args...).Error(), "")
	}
}

// hide takes variables out of the table of names.
func (m *mainConf) hide(c *cycle.Conf, vars *http.Variables, n mention) {
	prefix, wild := strings.CutSuffix(n.name, "*")
	if !wild {
		v := vars.Lookup(n.name)
		if v == nil {
			m.sayUndeclared(c, n)
			return
		}
		v.Flags |= script.NoHash
		return
	}
	found := false
	vars.Each(func(v *http.Variable) {
		if strings.HasPrefix(v.Name, prefix) {
			v.Flags |= script.NoHash
			found = true
		}
	})
	if !found {
		sayAt(c, log.Warn, n.dir, "no variable matches wildcard %q", n.name)
	}
}
