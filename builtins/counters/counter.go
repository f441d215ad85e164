package counters

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/perigee-server/perigee/conf"
	"github.com/perigee-server/perigee/server/cycle"
	"github.com/perigee-server/perigee/server/http"
	"github.com/perigee-server/perigee/server/log"
)

// change is what a request does to a counter in a location: it adds a number and
// the values of variables, or sets the counter to their sum.
type change struct {
	cell  *cell
	early bool
	sets  bool
	undo  bool // forget what was said before
	n     int64
	vars  []operand
	dir   *conf.Directive
}

// operand is a variable that is added.
type operand struct {
	index    int
	negative bool
}

// locationConf is the module's settings of a location.
type locationConf struct {
	own     []change // declared here
	changes []change // with those of the levels around

	ownBins []binning
	bins    []binning
}

var locations = http.NewLocation(func() *locationConf { return &locationConf{} }, mergeLocation)

func mergeLocation(c *cycle.Conf, outer, own *locationConf) error {
	own.changes = append([]change(nil), outer.changes...)
	for _, x := range own.own {
		if err := own.apply(c, x); err != nil {
			return err
		}
	}
	own.bins = append([]binning(nil), outer.bins...)
	for _, b := range own.ownBins {
		own.applyBins(b)
	}
	return nil
}

// apply adds a declaration to those before it.
func (l *locationConf) apply(c *cycle.Conf, x change) error {
	for i := range l.changes {
		old := &l.changes[i]
		switch {
		case old.cell != x.cell:
			continue
		case old.early != x.early:
			return c.ErrorAt(x.dir, "custom counter was set both normal and early in the same scope")
		case x.undo:
			l.changes = append(l.changes[:i:i], l.changes[i+1:]...)
		case x.sets:
			*old = x
		default:
			old.n += x.n
			old.vars = append(old.vars[:len(old.vars):len(old.vars)], x.vars...)
		}
		return nil
	}
	if !x.undo {
		l.changes = append(l.changes, x)
	}
	return nil
}

func (l *locationConf) has(early bool) bool {
	for i := range l.changes {
		if l.changes[i].early == early {
			return true
		}
	}
	return !early && len(l.bins) > 0
}

// setCounter is counter and early_counter.
func setCounter(early bool) cycle.Setter {
	return func(c *cycle.Conf) error {
		name, err := variableName(c, c.Arg(0))
		if err != nil {
			return err
		}
		s, err := setOf(c)
		if err != nil {
			return err
		}
		vars := http.ScopeOf(c).Main.Vars
		if err := mains.At(c).variable(vars, name, value(name)); err != nil {
			return c.Errorf("%s", err)
		}
		x := change{cell: s.cell(name), early: early, dir: c.Dir}
		args := c.Args()[1:]
		if len(args) == 0 { // only declared
			return nil
		}
		switch args[0] {
		case "set":
			x.sets = true
		case "inc":
		case "undo":
			if len(args) > 1 {
				return c.Errorf("counter operation \"undo\" does not accept arguments")
			}
			x.undo = true
		default:
			return c.Errorf("unknown counter operation %q", args[0])
		}
		if !x.undo {
			if err := x.operand(c, vars, args[1:]); err != nil {
				return err
			}
		}
		l := locations.At(c)
		l.own = append(l.own, x)
		return nil
	}
}

// operand reads what is added or set: a number, a variable, or 1.
func (x *change) operand(c *cycle.Conf, vars *http.Variables, args []string) (err error) {
	if len(args) == 0 {
		x.n = 1
		return nil
	}
	text, negative := strings.CutPrefix(args[0], "-")
	if strings.HasPrefix(text, "$") {
		name, err := variableName(c, text)
		if err == nil {
			x.vars = []operand{{vars.Index(name), negative}}
		}
		return err
	}
	if x.n, err = strconv.ParseInt(args[0], 10, 64); err != nil {
		return c.Errorf("not a number %q", args[0])
	}
	return nil
}

func runEarly(r *http.Request) http.Status {
	run(r, true)
	return http.Declined
}

func runLog(r *http.Request) http.Status {
	run(r, false)
	return http.OK
}

// run changes counters and fills bins.
func run(r *http.Request, early bool) {
	l := locations.Of(r)
	for i := range l.changes {
		if x := &l.changes[i]; x.early == early {
			x.run(r)
		}
	}
	if early {
		return
	}
	for i := range l.bins {
		l.bins[i].run(r)
	}
}

func (x *change) run(r *http.Request) {
	n := x.n
	for _, o := range x.vars {
		v, ok := o.value(r)
		if !ok {
			return
		}
		n += v
	}
	switch {
	case x.sets:
		x.cell.word.Store(n)
	case n != 0:
		x.cell.word.Add(n)
	}
}

// value is the variable's number; a variable without a value leaves the counter
// as it is, and so does one that is no number, which is logged.
func (o operand) value(r *http.Request) (n int64, ok bool) {
	vars := r.HTTP().Vars
	v := vars.Get(r, o.index)
	if v.NotFound {
		return 0, false
	}
	n, ok = integer(v.Data)
	if !ok {
		r.LogLine(log.Warn, fmt.Sprintf("[custom counters] variable %q has value %q which is not a number", vars.At(o.index).Name, v.Data))
	}
	if o.negative {
		n = -n
	}
	return n, ok
}

// integer reads decimal digits with an optional sign.
func integer(b []byte) (n int64, ok bool) {
	digits := b
	if len(b) > 1 && b[0] == '-' {
		digits = b[1:]
	}
	if len(digits) == 0 || len(digits) > 18 {
		return 0, false
	}
	for _, c := range digits {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int64(c-'0')
	}
	if len(digits) < len(b) {
		n = -n
	}
	return n, true
}
