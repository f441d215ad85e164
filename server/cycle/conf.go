package cycle

import (
	"fmt"

	"github.com/perigee-server/perigee/conf"
	"github.com/perigee-server/perigee/server/log"
)

// Conf is the state while a configuration is applied: where it stands and which
// directive is being set.
type Conf struct {
	Cycle *Cycle
	In    Context
	// Scope is what the place belongs to: *Core in main, the protocol's own
	// type inside of its block.
	Scope any
	Dir   *conf.Directive
}

// Arg is the i-th argument of the directive, from 0.
func (c *Conf) Arg(i int) string { return c.Dir.Args[i] }

// Args are the arguments of the directive.
func (c *Conf) Args() []string { return c.Dir.Args }

// Errorf is an error at the directive: `… in FILE:LINE`.
func (c *Conf) Errorf(format string, args ...any) error { return c.ErrorAt(c.Dir, format, args...) }

// ErrorAt is an error at another directive.
func (c *Conf) ErrorAt(d *conf.Directive, format string, args ...any) error {
	return &conf.Error{Msg: fmt.Sprintf(format, args...), File: d.File, Line: d.Line}
}

// Wrong is nginx's form for what a setter found: `"name" directive …`.
func (c *Conf) Wrong(what string) error {
	return c.Errorf("%q directive %s", c.Dir.Name, what)
}

// Warnf logs a warning at the directive.
func (c *Conf) Warnf(format string, args ...any) { c.say(log.Warn, format, args...) }

// Alertf logs at level alert, with the place of the directive.
func (c *Conf) Alertf(format string, args ...any) { c.say(log.Alert, format, args...) }

// Noticef logs a notice at the directive.
func (c *Conf) Noticef(format string, args ...any) { c.say(log.Notice, format, args...) }

func (c *Conf) say(level log.Level, format string, args ...any) {
	if c.Cycle.Role == Worker || c.Cycle.Told {
		return // the master has said it
	}
	c.Cycle.Log.Print(level, 0, c.Errorf(format, args...).Error(), "")
}

// Block applies the directive's block in another place and scope.
func (c *Conf) Block(in Context, scope any) error { return c.Apply(c.Dir.Block, in, scope) }

// Apply applies directives in a place and scope. Directives that nobody knows
// are collected, so that a user sees all of them at once.
func (c *Conf) Apply(ds []*conf.Directive, in Context, scope any) error {
	saved := *c
	defer func() { *c = saved }()
	for _, d := range ds {
		c.In, c.Scope, c.Dir = in, scope, d
		if err := c.one(d); err != nil {
			return err
		}
	}
	return nil
}

// one finds the row that fits and calls its setter, with nginx's errors.
func (c *Conf) one(d *conf.Directive) error {
	rows := registry[d.Name]
	if len(rows) == 0 {
		c.Cycle.unknown = append(c.Cycle.unknown, c.Errorf("unknown directive %q", d.Name))
		return nil
	}
	for _, row := range rows {
		if row.In&c.In == 0 {
			continue
		}
		a := &row.arity
		if !a.block && !a.raw && d.IsBlock {
			return c.Errorf("directive %q is not terminated by \";\"", d.Name)
		}
		if (a.block || a.raw) && !d.IsBlock && !d.IsRaw {
			return c.Errorf("directive %q has no opening \"{\"", d.Name)
		}
		if !a.fits(len(d.Args)) {
			return c.Errorf("invalid number of arguments in %q directive", d.Name)
		}
		if a.flag {
			if _, ok := flagValue(d.Args[0]); !ok {
				return c.Errorf("invalid value %q in %q directive, it must be \"on\" or \"off\"", d.Args[0], d.Name)
			}
		}
		return row.Set(c)
	}
	return c.Errorf("%q directive is not allowed here", d.Name)
}
