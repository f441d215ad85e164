package handlers

import (
	"strings"

	"github.com/perigee-server/perigee/server/cycle"
	"github.com/perigee-server/perigee/server/handler"
	"github.com/perigee-server/perigee/server/http"
	"github.com/perigee-server/perigee/server/http/script"
)

// variable is a variable of handler_run or handler_run_async, whatever levels
// declare it.
type variable struct {
	id    int // in locationConf.byVar
	index int // in the request's variables
	name  string
	vars  *http.Variables

	task         bool // of asynchronous handlers
	volatile     bool // declared as <~$v
	noCache      bool
	compensate   bool
	emptyOnError bool
}

// strictness says when a variable is evaluated.
type strictness uint8

const (
	strictLazy     strictness = iota // when its value is wanted
	strictEarly                      // <!$v: before the rewrite directives, once
	strictVolatile                   // <~$v: the same, in every location
	strictLate                       // !$v: in the log phase
	strictTask                       // an asynchronous handler
)

// entry is the declaration of a variable in one level.
type entry struct {
	v          *variable
	use        *use // nil for the handler "!"
	args       []*http.Complex
	alias      int // index of the variable of <<$v, else -1
	strict     strictness
	body       bool // the handler is given the request's body
	inLocation bool
}

// declare makes the variable, or finds it, and adds the entry to the level that
// is being configured.
func declare(c *cycle.Conf, e *entry, name string) error {
	name, err := variableName(c, name)
	if err != nil {
		return err
	}
	m, sc := mains.At(c), http.ScopeOf(c)
	task, volatile := e.strict == strictTask, e.strict == strictVolatile
	v := m.byName[name]
	switch {
	case v == nil:
		if v, err = m.newVariable(c, name, task, volatile); err != nil {
			return err
		}
	case v.task != task:
		return c.Errorf("variable %q has been already defined with another variable handler", name)
	case volatile && !v.volatile:
		return c.Errorf("strict volatile variable %q cannot be set as nocacheable, probably it has already been declared in another context", name)
	case v.volatile && !volatile:
		c.Warnf("variable %q has nocacheable bit set, probably it has already been declared as strict volatile", name)
	}
	l := locations.At(c)
	if l.declares(v) {
		return c.Errorf("multiple declarations of variable %q in a single configuration level", name)
	}
	e.v = v
	e.inLocation = c.In != cycle.HTTPServer
	l.own = append(l.own, e)
	if sc.Location == nil {
		return c.Wrong("is not allowed here")
	}
	return nil
}

func (m *mainConf) newVariable(c *cycle.Conf, name string, task, volatile bool) (*variable, error) {
	vars := http.ScopeOf(c).Main.Vars
	if old := vars.Lookup(name); old != nil && old.Get != nil {
		return nil, c.Errorf("variable %q has been already defined with another variable handler", name)
	}
	v := &variable{id: len(m.variables), name: name, vars: vars, task: task, volatile: volatile}
	x := http.Variable{Name: name, Get: func(r *http.Request) ([]byte, bool) { return v.get(r, m) }}
	if volatile || task { // the value of a task is assigned
		x.Flags |= script.NoCacheable
	}
	if _, err := vars.Add(x); err != nil {
		return nil, c.Errorf("%s", err)
	}
	v.index = vars.Index(name)
	m.variables = append(m.variables, v)
	m.byName[name] = v
	return v, nil
}

// get evaluates the variable as the request's present location declares it.
func (v *variable) get(r *http.Request, m *mainConf) ([]byte, bool) {
	e := locations.Of(r).entryOf(v)
	if e == nil || v.task {
		return nil, false
	}
	if v.compensate && r.Internal() {
		r.ResetURIChanges()
	}
	if !v.noCache {
		return e.value(r, m), true
	}
	s := stateOf(r)
	for _, k := range s.kept {
		if k.v == v {
			return k.value, true
		}
	}
	b := e.value(r, m)
	s.kept = append(s.kept, kept{v, b})
	return b, true
}

// state is the module's of a request. An internal redirect clears it.
type state struct {
	// kept are the values of variables that an internal redirect forgets.
	kept []kept
}

type kept struct {
	v     *variable
	value []byte
}

var states = http.NewContext[state]()

func stateOf(r *http.Request) *state {
	s := states.Of(r)
	if s == nil {
		s = &state{}
		states.Set(r, s)
	}
	return s
}

// value runs the synchronous handler of the declaration.
func (e *entry) value(r *http.Request, m *mainConf) []byte {
	if e.use == nil {
		return e.arg(r, 0)
	}
	from := len(m.args)
	for i := range e.args {
		a := e.arg(r, i) // may run other handlers, which use m.args too
		if i == 0 && e.use.pointer && !e.use.h.WantsRequest {
			a = withToken(r, a)
		}
		m.args = append(m.args, a)
	}
	v, err := e.call(r, m.args[from:len(m.args):len(m.args)])
	clear(m.args[from:])
	m.args = m.args[:from]
	if err != nil {
		return e.failed(r, err, "")
	}
	if v.Bytes != nil || v.Text == "" {
		return v.Bytes
	}
	b := r.Scratch(len(v.Text))
	copy(b, v.Text)
	return b
}

// arg is an argument of the declaration.
func (e *entry) arg(r *http.Request, i int) []byte {
	if e.alias >= 0 {
		return e.v.vars.Get(r, e.alias).Data
	}
	return e.args[i].Eval(r)
}

// call runs the handler and catches its panic.
func (e *entry) call(r *http.Request, args [][]byte) (v handler.Value, err error) {
	h := e.use.h
	done := false
	defer func() {
		if !done {
			err = recovered(recover())
		}
	}()
	if !h.WantsRequest {
		v, err = h.RunSync(nil, args)
		done = true
		return v, err
	}
	req := inline(r)
	defer req.Release()
	v, err = h.RunSync(req, args)
	done = true
	return v, err
}

// setRun is handler_run.
func setRun(c *cycle.Conf) error { return addRun(c, c.Args()) }

// setAlias is a short form of handler_run.
func setAlias(name, prefix string) cycle.Setter {
	return func(c *cycle.Conf) error { return addRun(c, []string{name, prefix + c.Arg(0), c.Arg(1)}) }
}

// prefixes of variables in handler_run.
var prefixes = []struct {
	text   string
	strict strictness
}{{"<!", strictEarly}, {"<~", strictVolatile}, {"!", strictLate}}

func addRun(c *cycle.Conf, args []string) error {
	if len(args) < 3 {
		return c.Errorf("too few arguments")
	}
	name, target, texts := args[0], args[1], args[2:]
	e := &entry{alias: -1}
	for _, p := range prefixes {
		if rest, ok := strings.CutPrefix(target, p.text); ok {
			target, e.strict = rest, p.strict
			break
		}
	}
	if rest, ok := strings.CutPrefix(target, "<<"); ok {
		target = rest
		if err := e.transitional(c, name, texts); err != nil {
			return err
		}
	}
	if name == "!" {
		if len(texts) != 1 {
			return c.Errorf("bang handler accepts exactly one argument")
		}
	} else {
		e.use = mains.At(c).mentionOf(c, name, len(texts), handler.KindSync)
	}
	if err := e.compile(c, texts); err != nil {
		return err
	}
	return declare(c, e, target)
}

// transitional reads the argument of <<$v: a variable's name with any characters.
func (e *entry) transitional(c *cycle.Conf, name string, texts []string) error {
	if len(texts) != 1 {
		return c.Errorf("transitional handlers accept exactly one argument")
	}
	if strings.HasSuffix(name, "(r)") {
		return c.Errorf("transitional handlers do not accept request pointers")
	}
	source, err := variableName(c, texts[0])
	if err != nil {
		return err
	}
	e.alias = http.ScopeOf(c).Main.Vars.Index(source)
	return nil
}

// compile compiles the arguments.
func (e *entry) compile(c *cycle.Conf, texts []string) error {
	for _, t := range texts {
		if e.alias >= 0 {
			t = ""
		}
		x, err := http.CompileComplex(c, t)
		if err != nil {
			return err
		}
		e.args = append(e.args, x)
	}
	return nil
}
